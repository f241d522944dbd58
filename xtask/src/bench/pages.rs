//! The dashboard's pages over many customers and as many entries, on SQLite and moved to PostgreSQL, asked for one after
//! the other: how long each takes from the first byte sent to the last one received, and how large it is as it comes,
//! compressed.
//!
//! Deliberately not here: what a browser does with them.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use interdict_domain::entry::List;
use interdict_domain::identifier::Kind;
use interdict_domain::ids::{EntryId, Ksuid};
use interdict_domain::merchant::MerchantNumber;
use interdict_test_support::{Binaries, Fsync, Postgres, PostgresSettings, wait_until};
use rusqlite::params;

use super::data::{Data, copied, ksuid, mix, open, pepper, pepper_file};
use super::report::{Report, Target};
use super::server::{Cores, Server, interdict, node};
use super::{Bench, client, machine};
use crate::process;

const PART: &str = "pages";
/// Milliseconds, at the median.
const LIMIT_MS: f64 = 20.0;
/// A page with all that it loads.
const LIMIT_KB: f64 = 150.0;
/// Asked for so often in each round.
const TIMES: usize = 11;
/// Each millisecond has one customer.
const FIRST_AT_MS: u64 = 1_700_000_000_000;
const INDEXED_WITHIN: Duration = Duration::from_mins(20);
/// The indexes by parts that PostgreSQL has once they are whole.
const COUNT_TEXT_INDEXES: &str = "SELECT COUNT(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'test' AND i.indisvalid AND c.relname IN ('customer_text', 'entry_text')";
const EMAIL: &str = "bench@example.com";
const PASSWORD: &str = "nothing here is a secret";
const FIRST: [&str; 8] = ["anna", "peter", "john", "maria", "yusuf", "chen", "olga", "tunde"];
const LAST: [&str; 5] = ["smith", "okafor", "mueller", "ivanova", "garcia"];

pub fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let data = copied(bench, &format!("pages-{}", bench.entries), |data| prepare(bench, data))?;
    let paths = paths(bench, &data)?;
    let server = interdict(bench, &data.folder, Cores::One)?;
    let cookie = sign_in(&server)?;
    let assets_kb = assets(&server, &cookie)?;
    report.figure(PART, "assets, compressed", "kB", vec![assets_kb], Target::None);
    for (name, path) in &paths {
        let asked = ask_often(bench, &server, &cookie, path)?;
        let sizes = asked.kb.iter().map(|size| size + assets_kb).collect();
        report.figure(PART, format!("{name}: server and socket"), "ms", asked.ms, Target::AtMost(LIMIT_MS));
        report.figure(PART, format!("{name}: with assets"), "kB", sizes, Target::AtMost(LIMIT_KB));
    }
    drop(server);
    let moved = Moved::of(bench, &data).context("the same on PostgreSQL")?;
    let cookie = sign_in(&moved.node)?;
    for (name, path) in &paths {
        let times = ask_often(bench, &moved.node, &cookie, path)?.ms;
        report.figure(PART, format!("{name}: on PostgreSQL"), "ms", times, Target::AtMost(LIMIT_MS));
    }
    Ok(())
}

/// What a page took, and how large it was.
#[derive(Default)]
struct Asked {
    ms: Vec<f64>,
    kb: Vec<f64>,
}

/// Each round's median.
fn ask_often(bench: &Bench, server: &Server, cookie: &str, path: &str) -> Result<Asked> {
    let mut asked = Asked::default();
    for _ in 0..bench.rounds {
        let mut round = Vec::new();
        for _ in 0..TIMES {
            let started = machine::now();
            let answer = ask(server, cookie, path)?;
            round.push(started.elapsed().as_secs_f64() * 1e3);
            ensure!(answer.status == 200, "{path} answered with {}", answer.status);
            asked.kb.push(kb(answer.body.len()));
        }
        round.sort_by(f64::total_cmp);
        asked.ms.push(round.get(TIMES / 2).copied().unwrap_or(f64::NAN));
    }
    Ok(asked)
}

/// The same data in PostgreSQL, moved there as an operator does, and a node over it.
struct Moved {
    node: Server,
    /// Ends after the node.
    _postgres: Postgres,
}

impl Moved {
    fn of(bench: &Bench, data: &Data) -> Result<Self> {
        let settings = PostgresSettings { fsync: Fsync::On, ..PostgresSettings::default() };
        let postgres = Postgres::try_start(&settings)?;
        let url = postgres.try_create_database("pages")?;
        let mut migrate = Command::new(&bench.interdict);
        migrate.args(["migrate", "--to", &url, "--from"]).arg(&data.folder);
        process::output(&mut migrate)?;
        let node = node(bench, &url, &pepper_file(&data.folder), Cores::One, "pages.log")?;
        let psql = Binaries::find().context("PostgreSQL is not installed")?.program("psql");
        let is_indexed = || {
            let mut ask = Command::new(&psql);
            ask.args(["--no-psqlrc", "--tuples-only", "--no-align", "--command", COUNT_TEXT_INDEXES, &url]);
            process::output(&mut ask).is_ok_and(|count| count.trim() == "2")
        };
        wait_until(is_indexed, INDEXED_WITHIN)
            .map_err(|_| anyhow::anyhow!("the indexes were not made in time"))?;
        node.settle()?;
        Ok(Self { node, _postgres: postgres })
    }
}

/// The pages, by what they show.
fn paths(bench: &Bench, data: &Data) -> Result<Vec<(&'static str, String)>> {
    let middle = bench.entries / 2;
    let connection = open(&data.folder)?;
    let id: String =
        connection.query_row("SELECT value FROM meta WHERE name = 'bench_customer'", [], |row| row.get(0))?;
    let entry: Vec<u8> = connection.query_row("SELECT id FROM entry LIMIT 1", [], |row| row.get(0))?;
    let entry = <[u8; 20]>::try_from(entry).map_err(|_| anyhow::anyhow!("an entry's id has 20 bytes"))?;
    let entry = EntryId::from_parts(List::Block, Ksuid::from_bytes(entry));
    let page = |rest: &str| format!("/dashboard/test{rest}");
    Ok(vec![
        ("overview", page("")),
        ("customers", page("/customers")),
        ("customers, oldest first", page("/customers?sort=oldest")),
        ("customers, restricted", page("/customers?restricted=on")),
        ("customers by a rare part of an email", page(&format!("/customers?query=garcia{middle}@"))),
        ("customers by a common part", page("/customers?query=smith")),
        ("restricted customers by a common part", page("/customers?query=smith&restricted=on")),
        (
            "restricted customers by a part that none of them has",
            page("/customers?query=peter.smith1&restricted=on"),
        ),
        ("customers by a part that nobody has", page("/customers?query=xylophone")),
        ("customers by two letters", page("/customers?query=ch")),
        ("a customer", page(&format!("/customers/{id}"))),
        ("blacklist", page("/blacklist")),
        ("blacklist by a rare part", page(&format!("/blacklist?query=r-{middle:012}@"))),
        ("blacklist by a common part", page("/blacklist?query=example")),
        ("blacklist, ending soon", page("/blacklist?show=ending")),
        ("blacklist, never matched", page("/blacklist?show=unmatched")),
        ("blacklist, customers", page("/blacklist?tab=customers")),
        ("whitelist", page("/whitelist")),
        ("payments", page("/payments")),
        ("decisions", page("/decisions")),
        (
            "try a decision",
            page(&format!("/decisions/try?initiator=customer&email=r-{middle:012}%40example.com")),
        ),
        ("an entry", page(&format!("/entries/{entry}"))),
        ("look up", page(&format!("/look-up?kind=email&value=anna.smith{middle}%40gmail.example"))),
        ("persons", page("/persons")),
        ("persons, suggestions", page("/persons?tab=suggestions")),
        ("approvals", page("/approvals")),
        ("report: never matched", page("/reports?report=never-matched")),
        ("report: expired", page("/reports?report=expired")),
        ("report: good customers", page("/reports?report=good-customers-blocked")),
        ("imports", page("/imports")),
        ("audit", page("/audit")),
        ("keys", page("/keys")),
        ("settings", page("/settings")),
        ("team", "/dashboard/team".to_owned()),
        ("account", "/dashboard/account".to_owned()),
    ])
}

/// As a browser asks.
fn ask(server: &Server, cookie: &str, path: &str) -> Result<client::Answer> {
    client::ask(
        server.port,
        &format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nCookie: {cookie}\r\nAccept-Encoding: gzip\r\n\
             Connection: close\r\n\r\n",
            server.port
        ),
    )
}

fn sign_in(server: &Server) -> Result<String> {
    let form = format!("email={EMAIL}&password={}", PASSWORD.replace(' ', "+"));
    let origin = format!("127.0.0.1:{}", server.port);
    let request = format!(
        "POST /dashboard/sign-in HTTP/1.1\r\nHost: {origin}\r\nOrigin: http://{origin}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    let answer = client::ask(server.port, &request)?;
    let cookie = answer.header("set-cookie").and_then(|value| value.split(';').next());
    Ok(cookie.with_context(|| format!("not signed in: {}", answer.status))?.to_owned())
}

/// What a page loads besides itself, as it comes.
fn assets(server: &Server, cookie: &str) -> Result<f64> {
    let plain = format!(
        "GET /dashboard/account HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n",
        server.port
    );
    let page = client::ask(server.port, &plain)?;
    let text = String::from_utf8_lossy(&page.body).into_owned();
    let mut all = 0;
    for path in text.split('"').filter(|word| word.starts_with("/dashboard/assets/")) {
        all += ask(server, cookie, path)?.body.len();
    }
    ensure!(all > 0, "the page names no assets");
    Ok(kb(all))
}

#[allow(clippy::cast_precision_loss, reason = "a size to be read")]
fn kb(bytes: usize) -> f64 {
    bytes as f64 / 1_000.0
}

/// Customers beside the entries, somebody who signs in, and all of it in the index that is searched.
fn prepare(bench: &Bench, data: &Data) -> Result<()> {
    insert(data, bench.entries)?;
    make_user(bench, data)?;
    let server = interdict(bench, &data.folder, Cores::Every)?;
    eprint!("\r  the index of parts is being filled …              ");
    let connection = open(&data.folder)?;
    let is_filled = || {
        let filling = "SELECT COUNT(*) FROM meta WHERE name = 'search_filling'";
        let begun = "SELECT COUNT(*) FROM meta WHERE name = 'search_mark'";
        let count = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap_or(-1);
        count(begun) == 1 && count(filling) == 0
    };
    wait_until(is_filled, INDEXED_WITHIN).map_err(|_| anyhow::anyhow!("the index was not filled in time"))?;
    eprintln!("\r  the index of parts is filled                       ");
    drop(server);
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").context("the log cannot be cut")?;
    Ok(())
}

/// Rows past the service, as the entries are.
fn insert(data: &Data, customers: u64) -> Result<()> {
    let mut connection = open(&data.folder)?;
    connection.pragma_update(None, "synchronous", "off")?;
    connection.pragma_update(None, "cache_size", -262_144)?;
    let pepper = pepper(&data.folder)?;
    let transaction = connection.transaction()?;
    let mut put = transaction.prepare(
        "INSERT INTO customer (id, merchant, email, email_key, name, metadata, restrict_cit, restrict_mit, list_status,
                               list_scopes, search, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, '{}', ?6, 0, ?7, 3, ?8, ?9, ?9)",
    )?;
    for number in 0..customers {
        let random = mix(number);
        let pick = |of: &[&'static str]| {
            let length = of.len() as u64;
            usize::try_from(random % length).ok().and_then(|at| of.get(at).copied()).unwrap_or_default()
        };
        let (first, last) = (pick(&FIRST), pick(&LAST));
        let email = format!("{first}.{last}{number}@gmail.example");
        let name = format!("{first} {last}");
        let key = pepper.key(MerchantNumber(data.merchant), Kind::Email, &email);
        let at = i64::try_from((FIRST_AT_MS + number) * 1_000)?;
        let status = if number % 300 == 0 { "blacklisted" } else { "normal" };
        let search = format!("{email}\n{name}");
        put.execute(params![
            ksuid(FIRST_AT_MS + number, number)?,
            data.merchant,
            email,
            key.0,
            name,
            i64::from(number % 200 == 0),
            status,
            search,
            at
        ])?;
        if number % 100_000 == 0 {
            eprint!("\r  filling: {number} of {customers} customers             ");
            std::io::stderr().flush()?;
        }
    }
    drop(put);
    // Totals and the index of parts know nothing of rows that came past the service: they are made anew.
    transaction.execute("DELETE FROM meta WHERE name IN ('counted', 'search_mark', 'search_filling')", [])?;
    transaction.execute(
        "INSERT INTO meta (name, value) VALUES ('bench_customer', ?1)",
        [customer_id(customers / 2)?],
    )?;
    transaction.commit()?;
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").context("the log cannot be cut")?;
    Ok(())
}

fn customer_id(number: u64) -> Result<String> {
    let ksuid = Ksuid::from_bytes(ksuid(FIRST_AT_MS + number, number)?);
    Ok(interdict_domain::ids::CustomerId::from_ksuid(ksuid).to_string())
}

fn make_user(bench: &Bench, data: &Data) -> Result<()> {
    let mut child = Command::new(&bench.interdict)
        .args(["user", "create", "--email", EMAIL, "--role", "owner", "--merchant"])
        .arg(data.merchant.to_string())
        .arg("--data-dir")
        .arg(Path::new(&data.folder))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .context("the user cannot be made")?;
    let mut input = child.stdin.take().context("no standard input")?;
    writeln!(input, "{PASSWORD}")?;
    drop(input);
    ensure!(child.wait()?.success(), "the user cannot be made");
    Ok(())
}
