//! The decision on six identifiers, wider ones included, parsed and hashed already, at ten million entries of all kinds.
//! `INTERDICT_BENCH_ENTRIES` sets another number.
//!
//! Deliberately not here: one identifier, customers and a writer beside, which `decide.rs` measures.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark, which may stop at any surprise"
)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use interdict_decision::{Attempt, Index, Lookup, Outcome, decide};
use interdict_domain::change::{EntryFact, Fact, RangeFact};
use interdict_domain::clock::Timestamp;
use interdict_domain::entry::{List, Strength};
use interdict_domain::identifier::{IdentifierKey, Kind, Reach, Rule, WiderText};
use interdict_domain::ids::{EntryId, Ksuid};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::scopes::{Initiator, Scopes};
use interdict_domain::window::Window;

const MERCHANT: MerchantNumber = MerchantNumber(1);
const CHUNK: u64 = 100_000;
/// Attempts that are made up in advance.
const ATTEMPTS: u64 = 1 << 16;

/// What an attempt is looked up with: six identifiers, then what is wider as far as a usual merchant's entries reach: two
/// domains, two lengths of BINs, two sizes of ranges.
const LOOKUPS: [(Kind, Rule); 12] = [
    (Kind::Email, Rule::Exact),
    (Kind::Phone, Rule::Exact),
    (Kind::Device, Rule::Exact),
    (Kind::CardFingerprint, Rule::Exact),
    (Kind::Ip, Rule::Exact),
    (Kind::Bin, Rule::Exact),
    (Kind::EmailDomain, Rule::Domain),
    (Kind::EmailDomain, Rule::Subdomain),
    (Kind::Ip, Rule::Range),
    (Kind::Ip, Rule::Range),
    (Kind::Bin, Rule::Prefix),
    (Kind::Bin, Rule::Prefix),
];

fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0x1234_5678_9ABC_DEF1);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// As the keyed hash would give it: 128 evenly distributed bits.
fn bits(space: u64, number: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    let (front, back) = bytes.split_at_mut(8);
    front.copy_from_slice(&mix(number ^ space << 48).to_le_bytes());
    back.copy_from_slice(&mix(!number ^ space << 40).to_le_bytes());
    bytes
}

/// Keys that are listed, and keys that are not.
const LISTED: u64 = 1;
const OTHERS: u64 = 2;
const IDS: u64 = 3;

/// How far an entry of a kind reaches; every other one of those that may reach further does.
fn reach(kind: Kind, number: u64) -> Reach {
    match kind {
        Kind::EmailDomain => Reach::Domain,
        Kind::Bin => Reach::Digits(if number.is_multiple_of(2) { 6 } else { 8 }),
        Kind::Ip if number.is_multiple_of(2) => Reach::V4(if number.is_multiple_of(4) { 24 } else { 16 }),
        Kind::Ip
        | Kind::Email
        | Kind::Phone
        | Kind::Device
        | Kind::CardFingerprint
        | Kind::Iban
        | Kind::MerchantRef
        | Kind::Country => Reach::One,
    }
}

/// The kinds in turn.
fn entry(number: u64) -> Fact {
    let kind = *Kind::ALL.get(usize::try_from(number % 10).unwrap()).unwrap();
    let reach = reach(kind, number / 10);
    let [.., a, b, c, d] = bits(IDS, number);
    let mut id = [0; 20];
    let (front, back) = id.split_at_mut(16);
    front.copy_from_slice(&bits(IDS, number));
    back.copy_from_slice(&[a, b, c, d]);
    Fact::EntryPut(EntryFact {
        id: EntryId::from_parts(List::Block, Ksuid::from_bytes(id)),
        kind,
        key: IdentifierKey(bits(LISTED, number)),
        scopes: Scopes::BOTH,
        strength: Strength::Hard,
        window: Window::ALWAYS,
        range: (reach != Reach::One).then_some(RangeFact { merchant: MERCHANT, reach }),
        former: None,
        max_amount: None,
        reason: None,
        public_message: None,
    })
}

fn load(entries: u64) -> Index {
    let index = Index::with_capacity(usize::try_from(entries).unwrap());
    for start in (0..entries).step_by(usize::try_from(CHUNK).unwrap()) {
        let facts: Vec<Fact> = (start..entries.min(start + CHUNK)).map(entry).collect();
        index.apply(&facts);
    }
    index.advance(1);
    index
}

/// Each attempt's lookups; where one is to hit, it is the one at this place.
fn attempts(entries: u64, hit: Option<u64>) -> Vec<[Lookup<'static>; 12]> {
    let of = |attempt: u64| {
        let mut place = 0;
        LOOKUPS.map(|(kind, rule)| {
            let drawn = mix(attempt * 12 + place);
            let space = if hit == Some(place) { LISTED } else { OTHERS };
            place += 1;
            let key = IdentifierKey(bits(space, drawn % entries));
            Lookup { kind, key, value: WiderText::Part("value"), rule, verified: true }
        })
    };
    (0..ATTEMPTS).map(of).collect()
}

/// As the service asks: the processor fetches what the lookups lead to before the first of them is wanted.
fn ask(index: &Index, lookups: &[Lookup<'_>]) -> Outcome {
    index.fetch(lookups);
    let attempt = Attempt {
        merchant: MERCHANT,
        initiator: Initiator::Customer,
        now: Timestamp::from_micros(1_700_000_000_000_000),
        money: None,
        customer: None,
        lookups,
        as_of: 1,
        former: &[],
        of_own: None,
        explain: false,
    };
    let decision = decide(index, black_box(&attempt));
    black_box(&decision).as_ref().unwrap().outcome
}

fn bench(criterion: &mut Criterion) {
    let entries = std::env::var("INTERDICT_BENCH_ENTRIES").map_or(10_000_000, |text| text.parse().unwrap());
    let index = load(entries);
    println!("load: {} entries of all kinds", index.statistics().entries);
    let mut group = criterion.benchmark_group("decide on six identifiers");
    for (name, hit, outcome) in [
        ("miss", None, Outcome::Allow),
        ("hit by the first", Some(0), Outcome::Block),
        ("hit by the last", Some(11), Outcome::Block),
    ] {
        let attempts = attempts(entries, hit);
        let mut turn = attempts.iter().cycle();
        group.bench_function(name, |b| {
            b.iter(|| assert_eq!(ask(&index, turn.next().unwrap()), outcome));
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
