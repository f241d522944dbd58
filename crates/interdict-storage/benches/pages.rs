//! The pages of a dashboard over a million customers and a million entries, on both engines, in process: medians
//! against 20 ms. `cargo bench -p interdict-storage --bench pages -- [ROWS] [sqlite|postgres|write]`; `write` times
//! mutations of 200,000 rows alone, to be compared with another version in the same hour.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "a benchmark, which measures real time and may stop at any surprise"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use interdict_domain::actor::Actor;
use interdict_domain::change::Action;
use interdict_domain::clock::{Clock, Random, Timestamp};
use interdict_domain::customer::{Customer, ListStanding, ListStatus, Profile, Restriction};
use interdict_domain::entry::{Entry, EntrySource, List, Strength};
use interdict_domain::identifier::{Email, Kind, MerchantRef, Pepper, Phone};
use interdict_domain::ids::{CustomerId, EntryId, Ksuid};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::scopes::Scopes;
use interdict_domain::text::{Name, Reason};
use interdict_domain::window::Window;
use interdict_storage::{
    Authorship, CustomerFilter, Durability, EntryFilter, MerchantView, NumberedRows, PageRequest, Place,
    PostgresServer, Schema, SchemaName, SearchState, StorageError, Store, StoreOptions, View,
};
use interdict_test_support::Postgres;

const MERCHANT: MerchantNumber = MerchantNumber(1);
const RUNS: usize = 21;
const FIRST: [&str; 8] = ["anna", "peter", "john", "maria", "yusuf", "chen", "olga", "tunde"];
const LAST: [&str; 6] = ["smith", "okafor", "mueller", "ivanova", "garcia", "wang"];

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        now()
    }

    fn uptime(&self) -> Duration {
        Duration::ZERO
    }
}

struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        hasher.finalize_xof().fill(bytes);
    }
}

fn now() -> Timestamp {
    Timestamp::from_micros(1_790_000_000_000_000)
}

fn pepper() -> Pepper {
    Pepper::from_bytes([7; 32])
}

fn open(place: Place) -> Store {
    Store::open(StoreOptions {
        take_over: false,
        lease_term: Some(Duration::from_hours(1)),
        place,
        schema: Schema::Mode,
        pepper: pepper(),
        clock: Arc::new(Still),
        random: Arc::new(Counting(AtomicU64::new(0))),
        durability: Durability::ControlWithoutFlush,
        observer: None,
    })
    .unwrap()
}

fn email(number: u64, of: u64) -> String {
    // Some letters that only one row in ten thousand has.
    let rare = if number.is_multiple_of(10_000) { "xylophon" } else { "" };
    let (first, last) = (FIRST[(number % 8) as usize], LAST[(number % 6) as usize]);
    // A company whose people all came at the beginning.
    let domain = match (number % 4, number < of / 20) {
        (0, true) => "acme-old.example",
        (0 | 1, _) => "gmail.com",
        (2, _) => "yahoo.com",
        _ => "outlook.com",
    };
    format!("{first}.{last}{rare}{number}@{domain}")
}

fn at(number: u64, of: u64) -> Timestamp {
    Timestamp::from_micros(now().micros() - i64::try_from(of - number).unwrap() * 1_000)
}

fn customer(number: u64, of: u64, random: &dyn Random) -> Customer {
    let is = |nth: u64| number.is_multiple_of(nth);
    let at = at(number, of);
    Customer {
        id: CustomerId::generate(at, random),
        merchant: MERCHANT,
        profile: Profile {
            email: Some(Email::from_stored(email(number, of))),
            phone: Some(Phone::from_stored(format!("+234801{number:07}"))),
            name: Some(Name::from_stored(format!("{} {}", FIRST[(number % 8) as usize], number))),
            merchant_ref: Some(MerchantRef::from_stored(format!("ref-{number}"))),
            ..Profile::default()
        },
        restriction: Restriction { cit: is(200), mit: is(300), reason: None },
        standing: ListStanding {
            status: if is(100) { ListStatus::Blacklisted } else { ListStatus::Normal },
            ..ListStanding::NORMAL
        },
        created_at: at,
        updated_at: at,
    }
}

fn entry(number: u64, of: u64, random: &dyn Random) -> Entry {
    let at = at(number, of);
    let list = if number.is_multiple_of(20) { List::Allow } else { List::Block };
    let kind = if number.is_multiple_of(50) { Kind::Device } else { Kind::Email };
    let value = email(number, of);
    let ends = number
        .is_multiple_of(100)
        .then(|| Timestamp::from_micros(now().micros() + i64::try_from(number).unwrap()));
    Entry {
        id: EntryId::generate(list, at, random),
        kind,
        key: pepper().key(MERCHANT, kind, &value),
        value: Some(value),
        reason: Some(Reason::from_stored(format!("reported in case {}", number % 1_000))),
        reason_code: None,
        public_message: None,
        scopes: Scopes::BOTH,
        strength: Strength::Hard,
        window: Window::new(None, ends).unwrap(),
        source: EntrySource::Api,
        created_by: Actor::system(),
        created_at: at,
        updated_at: at,
        erased_customer: None,
        generation: None,
        limits: interdict_domain::limits::Limits::NONE,
        matching: interdict_domain::identifier::EmailMatching::Exact,
    }
}

/// Puts customers, and then entries; microseconds a row of each.
fn fill(store: &Store, rows: u64) -> [f64; 2] {
    let random = Arc::new(Counting(AtomicU64::new(1 << 40)));
    [true, false].map(|customers| {
        let begun = Instant::now();
        for start in (0..rows).step_by(500) {
            let random = Arc::clone(&random);
            let put =
                move |transaction: &mut interdict_storage::Transaction<'_>| -> Result<(), StorageError> {
                    let actor = Actor::system();
                    let by = Authorship::new(&actor, now(), random.as_ref());
                    let mut transaction = transaction.merchant(MERCHANT);
                    for number in start..(start + 500).min(rows) {
                        if customers {
                            let customer = customer(number, rows, random.as_ref());
                            transaction.put_customer(&by, Action::CustomerCreated, None, &customer)?;
                        } else {
                            let entry = entry(number, rows, random.as_ref());
                            transaction.put_entry(&by, Action::EntryCreated, None, &entry)?;
                        }
                    }
                    Ok(())
                };
            store.write_blocking(put).unwrap();
        }
        begun.elapsed().as_secs_f64() * 1e6 / rows as f64
    })
}

fn state(view: &View<'_>) -> Result<SearchState, StorageError> {
    view.search_state()
}

fn wait_for_index(store: &Store) -> Duration {
    let begun = Instant::now();
    while store.read_blocking(state).unwrap() != SearchState::Indexed {
        std::thread::sleep(Duration::from_millis(200));
    }
    begun.elapsed()
}

fn page<'a>(
    page: impl Fn(&MerchantView<'_>, PageRequest) -> Result<Vec<(Timestamp, Ksuid)>, StorageError> + 'a,
    pages: usize,
) -> impl Fn(&Store, &mut Vec<Duration>) -> usize + 'a {
    move |store, times| {
        let (mut position, mut found) = (None, 0);
        for number in 1..=pages {
            let begun = Instant::now();
            let request = PageRequest::After { position, limit: 51 };
            let rows = store.read_blocking(|view| page(&view.merchant(MERCHANT), request)).unwrap();
            if number == pages {
                times.push(begun.elapsed());
                found = rows.len();
            }
            position = rows.get(49).or(rows.last()).copied().or(position);
        }
        found
    }
}

/// Asks, notes how long the last page took, and says how many rows it had.
type Ask = Box<dyn Fn(&Store, &mut Vec<Duration>) -> usize>;

fn customers(filter: CustomerFilter, pages: usize) -> Ask {
    Box::new(page(
        move |view, request| {
            let rows = view.customers(&filter, request)?;
            Ok(rows.into_iter().map(|row| (row.created_at, row.id.ksuid())).collect())
        },
        pages,
    ))
}

fn entries(filter: EntryFilter, pages: usize) -> Ask {
    Box::new(page(
        move |view, request| {
            let rows = view.entries(&filter, request)?;
            Ok(rows.into_iter().map(|row| (row.entry.created_at, row.entry.id.ksuid())).collect())
        },
        pages,
    ))
}

fn other(read: impl Fn(&MerchantView<'_>) -> Result<usize, StorageError> + 'static) -> Ask {
    Box::new(move |store, times| {
        let begun = Instant::now();
        let found = store.read_blocking(|view| read(&view.merchant(MERCHANT))).unwrap();
        times.push(begun.elapsed());
        found
    })
}

fn queries(rows: u64) -> Vec<(String, Ask)> {
    let nobody = CustomerFilter { query: None, list_status: None, restricted: None, email: None, now: now() };
    let nothing =
        EntryFilter { list: None, kind: None, query: None, active: None, identifier: None, now: now() };
    let mut all: Vec<(String, Ask)> = Vec::new();
    let parts = [
        None,
        Some("gmail"),
        Some("xylophon"),
        Some("okafor777"),
        Some("acme-old"),
        Some("nosuchthing"),
        Some("com.gmail"),
        Some("zq"),
    ];
    for part in parts {
        for pages in [1, 10] {
            let name = |of: &str| format!("{of} {}, page {pages}", part.unwrap_or("newest"));
            let query = part.map(str::to_owned);
            let filter = CustomerFilter { query: query.clone(), ..nobody.clone() };
            all.push((name("customers"), customers(filter, pages)));
            let filter = EntryFilter { query, ..nothing.clone() };
            all.push((name("entries"), entries(filter, pages)));
        }
    }
    for part in [None, Some("gmail"), Some("xylophon"), Some("nosuchthing")] {
        let query = part.map(str::to_owned);
        let text = part.unwrap_or("newest");
        let listed = Some(ListStatus::Blacklisted);
        let filter = CustomerFilter { query: query.clone(), list_status: listed, ..nobody.clone() };
        all.push((format!("customers blacklisted {text}"), customers(filter, 1)));
        let filter = CustomerFilter { query: query.clone(), restricted: Some(true), ..nobody.clone() };
        all.push((format!("customers restricted {text}"), customers(filter, 1)));
        let filter = EntryFilter { query: query.clone(), kind: Some(Kind::Device), ..nothing.clone() };
        all.push((format!("entries of a kind {text}"), entries(filter, 1)));
        let filter = EntryFilter { query, active: Some(false), ..nothing.clone() };
        all.push((format!("entries inactive {text}"), entries(filter, 1)));
    }
    all.push(("totals".to_owned(), other(|view| view.totals().map(|_| 1))));
    let everybody = nobody.clone();
    all.push((
        "count of customers".to_owned(),
        other(move |view| view.count_customers(&everybody).map(|_| 1)),
    ));
    let middle = NumberedRows { offset: i64::try_from(rows / 2).unwrap(), limit: 50, ascending: false };
    let numbered =
        move |view: &MerchantView<'_>| Ok(view.customers(&nobody, PageRequest::Numbered(middle))?.len());
    all.push(("customers, numbered page in the middle".to_owned(), other(numbered)));
    let soon = Timestamp::from_micros(now().micros() + 1_000_000);
    let of_list = EntryFilter::of(List::Block, now());
    let expiring = {
        let filter = of_list.clone();
        move |view: &MerchantView<'_>| Ok(view.entries_ending(&filter, (now(), None), soon, 51)?.len())
    };
    all.push(("entries expiring soon".to_owned(), other(expiring)));
    let unmatched = move |view: &MerchantView<'_>| Ok(view.entries_never_matched(&of_list, None, 51)?.len());
    all.push(("entries never matched".to_owned(), other(unmatched)));
    all
}

fn measure(engine: &str, store: &Store, rows: u64) {
    let [of_customer, of_entry] = fill(store, rows);
    println!("{engine}: filled {rows} customers at {of_customer:.1} us and entries at {of_entry:.1} us");
    println!("{engine}: the index was ready {:.1} s later", wait_for_index(store).as_secs_f64());
    // What the chore has not reached yet, or what is still to be sorted in, is none of the figures.
    std::thread::sleep(Duration::from_secs(10));
    for (name, query) in queries(rows) {
        let mut times = Vec::new();
        let mut found = 0;
        let begun = Instant::now();
        while times.len() < RUNS && (times.len() < 3 || begun.elapsed() < Duration::from_secs(5)) {
            found = query(store, &mut times);
        }
        times.sort_unstable();
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let (median, worst) = (ms(times[times.len() / 2]), ms(times[times.len() - 1]));
        let verdict = if median <= 20.0 { "" } else { "  over 20 ms" };
        println!(
            "{engine}  {name:42} {found:>7} rows  median {median:8.2} ms  worst {worst:8.2} ms{verdict}"
        );
    }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let rows = words.iter().find_map(|word| word.parse().ok()).unwrap_or(1_000_000);
    let wants = |what: &str| {
        words.iter().all(|word| word.parse::<u64>().is_ok()) || words.iter().any(|word| word == what)
    };
    if words.iter().any(|word| word == "write") {
        for _ in 0..3 {
            let folder = tempfile::tempdir().unwrap();
            let store = open(Place::Sqlite(folder.path().join("test.db")));
            let [of_customer, of_entry] = fill(&store, 200_000);
            println!("sqlite: customers {of_customer:.2} us, entries {of_entry:.2} us");
        }
        return;
    }
    if wants("sqlite") {
        let folder = tempfile::tempdir().unwrap();
        let store = open(Place::Sqlite(folder.path().join("test.db")));
        measure("sqlite", &store, rows);
    }
    if wants("postgres") {
        let postgres = Postgres::start();
        let server = PostgresServer::parse(&postgres.url()).unwrap();
        let store = open(Place::Postgres(server, SchemaName::Test));
        measure("postgres", &store, rows);
    }
}
