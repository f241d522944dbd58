//! The decision at ten million blocked emails, identifiers already hashed, keys in random order.
//! `INTERDICT_BENCH_ENTRIES` sets another number. Prints the bytes an entry and the time of the load.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark, which measures real time and may stop at any surprise"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use criterion::{Criterion, criterion_group, criterion_main};
use interdict_decision::{Attempt, Index, Lookup, decide};
use interdict_domain::change::{CustomerFact, EntryFact, Fact, Linked};
use interdict_domain::clock::Timestamp;
use interdict_domain::customer::ListStatus;
use interdict_domain::entry::{List, Strength};
use interdict_domain::identifier::{IdentifierKey, Kind, Rule, WiderText};
use interdict_domain::ids::{CustomerId, EntryId, Ksuid};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::scopes::{Initiator, Scopes};
use interdict_domain::window::Window;

const MERCHANT: MerchantNumber = MerchantNumber(1);
const CHUNK: u64 = 100_000;

fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0x1234_5678_9ABC_DEF1);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// As the keyed hash would give it: 128 evenly distributed bits.
fn key(space: u64, number: u64) -> IdentifierKey {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&mix(number ^ space << 48).to_le_bytes());
    bytes[8..].copy_from_slice(&mix(!number ^ space << 40).to_le_bytes());
    IdentifierKey(bytes)
}

fn ksuid(space: u64, number: u64) -> Ksuid {
    let mut bytes = [0; 20];
    bytes[4..].copy_from_slice(&key(space, number).0);
    Ksuid::from_bytes(bytes)
}

const EMAILS: u64 = 1;
const OTHERS: u64 = 2;
const ENTRIES: u64 = 3;
const CUSTOMERS: u64 = 4;
const PHONES: u64 = 5;

fn entry(number: u64) -> Fact {
    Fact::EntryPut(EntryFact {
        id: EntryId::from_parts(List::Block, ksuid(ENTRIES, number)),
        kind: Kind::Email,
        key: key(EMAILS, number),
        scopes: Scopes::BOTH,
        strength: Strength::Hard,
        window: Window::ALWAYS,
        range: None,
        former: None,
        max_amount: None,
        reason: None,
        public_message: None,
    })
}

/// Customers have emails of their own: the restricted ones are blocked, the others are not.
fn customer(number: u64, restricted: bool) -> Fact {
    let linked = |key| Some(Linked { key, value: None });
    Fact::CustomerPut(CustomerFact {
        id: CustomerId::from_ksuid(ksuid(CUSTOMERS, number)),
        merchant: MERCHANT,
        email: linked(key(CUSTOMERS, number)),
        phone: linked(key(PHONES, number)),
        merchant_ref: None,
        restrict_cit: restricted,
        restrict_mit: restricted,
        restrict_reason: None,
        list_status: ListStatus::Normal,
        list_scopes: Scopes::BOTH,
        list_window: Window::ALWAYS,
        list_reason: None,
    })
}

fn load(entries: u64, customers: u64) -> Index {
    let index = Index::with_capacity(usize::try_from(entries).unwrap());
    let mut facts = Vec::new();
    let mut applying = 0.0;
    for start in (0..entries).step_by(usize::try_from(CHUNK).unwrap()) {
        facts.clear();
        facts.extend((start..entries.min(start + CHUNK)).map(entry));
        let before = Instant::now();
        index.apply(&facts);
        applying += before.elapsed().as_secs_f64();
    }
    println!("load: {entries} entries applied in {applying:.2} s");
    let held = index.statistics();
    #[expect(clippy::cast_precision_loss, reason = "printed to one digit")]
    let each = |bytes: usize| bytes as f64 / held.entries as f64;
    println!("bytes an entry: key table {:.1}, entry {:.1}", each(held.key_bytes), each(held.source_bytes));
    let before = Instant::now();
    for number in 0..customers {
        index.apply(&[customer(number, number.is_multiple_of(2))]);
    }
    println!("load: {customers} customers in {:.2} s", before.elapsed().as_secs_f64());
    index.advance(1);
    index
}

fn ask(index: &Index, customer: Option<CustomerId>, key: Option<&IdentifierKey>) -> bool {
    let value = WiderText::Part("a@example.com");
    let lookup = key.map(|&key| Lookup { kind: Kind::Email, key, value, rule: Rule::Exact, verified: true });
    let attempt = Attempt {
        merchant: MERCHANT,
        initiator: Initiator::Customer,
        now: Timestamp::from_micros(1_700_000_000_000_000),
        money: None,
        customer,
        lookups: lookup.as_slice(),
        as_of: 1,
        former: &[],
        of_own: None,
        explain: false,
    };
    let decision = decide(index, black_box(&attempt));
    black_box(&decision).as_ref().unwrap().outcome == interdict_decision::Outcome::Block
}

/// Random numbers below a bound, drawn outside of what is measured.
fn draws(bound: u64) -> Vec<u64> {
    (0..1_u64 << 20).map(|number| mix(number ^ 0xABCD) % bound).collect()
}

/// What one access to memory costs that no cache holds, each at an address that the one before gave: a
/// miss makes one, a hit two.
fn bench_memory(criterion: &mut Criterion, entries: u64) {
    let words: Vec<u64> = (0..entries * 8).map(mix).collect();
    let (mut at, mut turn) = (0_u64, 0_u64);
    criterion.bench_function("memory/one access", |b| {
        b.iter(|| {
            // With the turn in it: by itself it would soon go in a circle, which a cache holds.
            turn += 1;
            at = words[usize::try_from(mix(at ^ turn) % (entries * 8)).unwrap()];
            at
        });
    });
}

fn bench(criterion: &mut Criterion) {
    let entries = std::env::var("INTERDICT_BENCH_ENTRIES").map_or(10_000_000, |text| text.parse().unwrap());
    bench_memory(criterion, entries);
    let customers = entries / 10;
    let index = Arc::new(load(entries, customers));

    let hits: Vec<IdentifierKey> = draws(entries).into_iter().map(|number| key(EMAILS, number)).collect();
    let misses: Vec<IdentifierKey> = draws(entries).into_iter().map(|number| key(OTHERS, number)).collect();
    let normal: Vec<IdentifierKey> =
        draws(customers / 2).into_iter().map(|number| key(CUSTOMERS, number * 2 + 1)).collect();
    let restricted: Vec<CustomerId> = draws(customers / 2)
        .into_iter()
        .map(|number| CustomerId::from_ksuid(ksuid(CUSTOMERS, number * 2)))
        .collect();

    let run = |criterion: &mut Criterion, suffix: &str| {
        let mut group = criterion.benchmark_group(format!("decide{suffix}"));
        let mut at = 0_usize;
        let mut next = || {
            at = (at + 1) % hits.len();
            at
        };
        group.bench_function("hit", |b| b.iter(|| assert!(ask(&index, None, Some(&hits[next()])))));
        group.bench_function("miss", |b| b.iter(|| assert!(!ask(&index, None, Some(&misses[next()])))));
        group.bench_function("miss of a normal customer's email", |b| {
            b.iter(|| assert!(!ask(&index, None, Some(&normal[next()]))));
        });
        group.bench_function("hit by customer id", |b| {
            b.iter(|| assert!(ask(&index, Some(restricted[next()]), None)));
        });
        group.finish();
    };
    run(criterion, "");

    let stop = Arc::new(AtomicBool::new(false));
    let applied = Arc::new(AtomicU64::new(0));
    let writer = std::thread::spawn({
        let (index, stop, applied) = (Arc::clone(&index), Arc::clone(&stop), Arc::clone(&applied));
        move || {
            let mut number = 0;
            while !stop.load(Ordering::Relaxed) {
                number += 1;
                let place = mix(number) % entries;
                index.apply(&[entry(place)]);
                index.apply(&[customer(place % customers, (place % customers).is_multiple_of(2))]);
                applied.fetch_add(2, Ordering::Relaxed);
            }
        }
    });
    let before = Instant::now();
    run(criterion, " beside a writer");
    stop.store(true, Ordering::Relaxed);
    writer.join().unwrap();
    #[expect(clippy::cast_precision_loss, reason = "printed as a whole number")]
    let rate = applied.load(Ordering::Relaxed) as f64 / before.elapsed().as_secs_f64();
    println!("the writer applied {rate:.0} facts a second beside");
}

criterion_group!(benches, bench);
criterion_main!(benches);
