//! Data folders with many blocked emails, filled past the service and kept for the next run: rows straight into the
//! real schema, under the keys that the service looks up.
//!
//! Deliberately not here: changes. An index is loaded from the entries alone, so the feed stays empty.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use interdict_domain::actor::Actor;
use interdict_domain::entry::{EntrySource, List, Strength};
use interdict_domain::identifier::{Kind, Pepper};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::scopes::Scopes;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::Bench;
use crate::process;
use crate::workspace::read;

/// Written last: a folder without it was not finished.
const MARKER: &str = "bench.json";
const REASON: &str = "chargeback";
/// Each millisecond has one entry, from a day in 2023 on.
const FIRST_AT_MS: u64 = 1_700_000_000_000;
/// KSUIDs count seconds from here.
const KSUID_EPOCH_S: u64 = 1_400_000_000;
const PROGRESS_EVERY: u64 = 100_000;

/// A data folder and the key for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Data {
    pub folder: PathBuf,
    pub merchant: i64,
    /// A secret key of the test mode.
    pub secret: String,
    /// The migrations that the folder was made by.
    schema: Vec<(i64, Vec<u8>)>,
}

/// The benchmark's emails: as long as people's are, and countable.
pub fn email(name: &str, number: u64) -> String {
    format!("{name}-{number:012}@example.com")
}

/// A merchant's number, and its secret key of the test mode.
pub struct Merchant {
    pub number: i64,
    pub secret: String,
}

/// Makes a merchant where the further words of the command say.
pub fn create_merchant(bench: &Bench, further: impl FnOnce(&mut Command)) -> Result<Merchant> {
    #[derive(Deserialize)]
    struct Created {
        number: i64,
        keys: Keys,
    }
    #[derive(Deserialize)]
    struct Keys {
        test: ModeKeys,
    }
    #[derive(Deserialize)]
    struct ModeKeys {
        secret: String,
    }
    let mut command = Command::new(&bench.interdict);
    command.args(["merchant", "create", "--name", "bench", "--json"]).current_dir(&bench.folder);
    further(&mut command);
    let printed = process::output(&mut command)?;
    let created: Created = serde_json::from_str(&printed).context("another answer than expected")?;
    Ok(Merchant { number: created.number, secret: created.keys.test.secret })
}

/// A folder with a merchant and nothing else. The folder must not be there, or be empty.
pub fn fresh(bench: &Bench, folder: &Path) -> Result<Data> {
    let merchant = create_merchant(bench, |command| {
        command.arg("--data-dir").arg(folder);
    })?;
    let schema = schema(&open(folder)?)?;
    Ok(Data { folder: folder.to_owned(), merchant: merchant.number, secret: merchant.secret, schema })
}

/// A folder with so many blocked emails, `customer-…`; from an earlier run if it is still of this schema.
pub fn filled(bench: &Bench, entries: u64) -> Result<Data> {
    let folder = bench.folder.join(format!("blocked-{entries}"));
    let unused = tempfile::tempdir_in(&bench.folder)?;
    let current = fresh(bench, &unused.path().join("data"))?.schema;
    if let Ok(text) = read(&folder.join(MARKER))
        && let Ok(data) = serde_json::from_str::<Data>(&text)
        && data.schema == current
        && data.folder == folder
    {
        forget_hits(&data)?;
        return Ok(data);
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    let data = fresh(bench, &folder)?;
    fill(&data, entries).with_context(|| format!("cannot fill {}", folder.display()))?;
    let text = serde_json::to_string(&data).context("the marker is no JSON")?;
    std::fs::write(folder.join(MARKER), text).context("cannot write the marker")?;
    Ok(data)
}

/// A copy of the folder of [`filled`] under another name, prepared further; from an earlier run if it is still of this
/// schema.
pub fn copied(bench: &Bench, name: &str, prepare: impl FnOnce(&Data) -> Result<()>) -> Result<Data> {
    let from = filled(bench, bench.entries)?;
    let folder = bench.folder.join(name);
    if let Ok(text) = read(&folder.join(MARKER))
        && let Ok(data) = serde_json::from_str::<Data>(&text)
        && data.schema == from.schema
        && data.folder == folder
    {
        return Ok(data);
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder)?;
    for file in std::fs::read_dir(&from.folder)? {
        let file = file?;
        if file.file_name() != MARKER && file.file_type()?.is_file() {
            std::fs::copy(file.path(), folder.join(file.file_name()))?;
        }
    }
    let data = Data { folder, ..from };
    prepare(&data)?;
    let text = serde_json::to_string(&data).context("the marker is no JSON")?;
    std::fs::write(data.folder.join(MARKER), text).context("cannot write the marker")?;
    Ok(data)
}

/// Each run begins without what the last one counted, and with an empty log.
fn forget_hits(data: &Data) -> Result<()> {
    let connection = open(&data.folder)?;
    connection.execute_batch("DELETE FROM entry_hit; PRAGMA wal_checkpoint(TRUNCATE)")?;
    Ok(())
}

/// The database of the test mode.
pub fn open(folder: &Path) -> Result<Connection> {
    let file = folder.join("test.db");
    Connection::open(&file).with_context(|| format!("cannot open {}", file.display()))
}

/// The file with the pepper of a folder.
pub fn pepper_file(folder: &Path) -> PathBuf {
    folder.join("pepper")
}

/// The pepper under the keys of a folder.
pub fn pepper(folder: &Path) -> Result<Pepper> {
    Pepper::parse(&read(&pepper_file(folder))?).context("not a pepper")
}

fn schema(connection: &Connection) -> Result<Vec<(i64, Vec<u8>)>> {
    let mut statement = connection.prepare("SELECT version, digest FROM migration ORDER BY version")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Without indices first, which are built over sorted keys at the end: twice as fast, and better packed.
fn fill(data: &Data, entries: u64) -> Result<()> {
    let mut connection = open(&data.folder)?;
    connection.pragma_update(None, "synchronous", "off")?;
    connection.pragma_update(None, "cache_size", -262_144)?;
    let transaction = connection.transaction()?;
    let indices: Vec<(String, String)> = transaction
        .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'entry' AND sql NOT NULL")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (name, _) in &indices {
        transaction.execute_batch(&format!("DROP INDEX {name}"))?;
    }
    insert(&transaction, data, entries)?;
    for (name, sql) in &indices {
        eprint!("\r  building {name} …                    ");
        transaction.execute_batch(sql)?;
    }
    transaction.commit()?;
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").context("the log cannot be cut")?;
    eprintln!("\r  {entries} blocked emails are in place          ");
    Ok(())
}

fn insert(connection: &Connection, data: &Data, entries: u64) -> Result<()> {
    let (pepper, actor) = (pepper(&data.folder)?, Actor::cli());
    let mut statement = connection.prepare(
        "INSERT INTO entry (id, merchant, list, kind, identifier_key, value, reason, scopes, strength, source,
                            actor_type, actor_id, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13)",
    )?;
    for number in 0..entries {
        let email = email("customer", number);
        let key = pepper.key(MerchantNumber(data.merchant), Kind::Email, &email);
        let at_ms = FIRST_AT_MS + number;
        statement.execute(params![
            ksuid(at_ms, number)?,
            data.merchant,
            List::Block.as_str(),
            Kind::Email.code(),
            key.0,
            email,
            REASON,
            Scopes::BOTH.bits(),
            Strength::Hard.as_str(),
            EntrySource::Api.as_str(),
            actor.kind.as_str(),
            actor.id,
            i64::try_from(at_ms * 1_000)?,
        ])?;
        if number % PROGRESS_EVERY == 0 {
            eprint!("\r  filling: {number} of {entries} blocked emails");
            std::io::stderr().flush()?;
        }
    }
    Ok(())
}

/// An id as the service would have made it, in the order of time, unlike every other.
pub fn ksuid(at_ms: u64, number: u64) -> Result<[u8; 20]> {
    let seconds = u32::try_from(at_ms / 1_000 - KSUID_EPOCH_S)?.to_be_bytes();
    let mut id = [0; 20];
    let parts = seconds.into_iter().chain(number.to_be_bytes()).chain(mix(number).to_be_bytes());
    for (place, byte) in id.iter_mut().zip(parts) {
        *place = byte;
    }
    Ok(id)
}

/// Bits that look random, and are the same in each run (splitmix64).
pub fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_the_order_of_their_numbers() {
        let ids: Vec<_> = (0..3_000).map(|number| ksuid(FIRST_AT_MS + number, number).unwrap()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn emails_are_normal_already() {
        let email = email("customer", 7);
        assert_eq!(Kind::Email.normalise(&email).unwrap(), email);
    }
}
