//! A small world: few customers and few identifiers, so that they meet.

use std::sync::Arc;

use interdict_domain::change::{CustomerFact, EntryFact, Fact, Linked, RangeFact};
use interdict_domain::clock::Timestamp;
use interdict_domain::customer::ListStatus;
use interdict_domain::entry::{List, Strength};
use interdict_domain::identifier::{EmailMatching, IdentifierKey, Kind, Pepper, Rule, WiderText};
use interdict_domain::ids::{CustomerId, EntryId, Ksuid};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::scopes::{Initiator, Scopes};
use interdict_domain::window::Window;

use crate::{Attempt, DecideError, Decision, Index, Lookup, decide};

pub const OURS: MerchantNumber = MerchantNumber(1);
pub const OTHERS: MerchantNumber = MerchantNumber(2);

/// How many cases a property is tried on: some, or as many as somebody has time for.
#[allow(clippy::disallowed_methods, reason = "tests read their length from the environment")]
pub fn cases(usual: u32) -> u32 {
    std::env::var("INTERDICT_PROPTEST_CASES").map_or(usual, |cases| cases.parse().expect("a number of cases"))
}

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000).plus_seconds(seconds)
}

/// From and until, in seconds from now.
pub fn window(from: Option<i64>, until: Option<i64>) -> Window {
    Window::new(from.map(at), until.map(at)).unwrap()
}

pub fn pepper() -> Pepper {
    Pepper::from_bytes([9; 32])
}

pub fn key_of(merchant: MerchantNumber, kind: Kind, value: &str) -> IdentifierKey {
    pepper().key(merchant, kind, value)
}

pub fn key(kind: Kind, value: &str) -> IdentifierKey {
    key_of(OURS, kind, value)
}

fn ksuid(number: u8) -> Ksuid {
    let mut bytes = [number; 20];
    bytes[0] = 1;
    Ksuid::from_bytes(bytes)
}

pub fn customer_id(number: u8) -> CustomerId {
    CustomerId::from_ksuid(ksuid(number))
}

pub fn entry_id(list: List, number: u8) -> EntryId {
    EntryId::from_parts(list, ksuid(number))
}

#[expect(clippy::unnecessary_wraps, reason = "as the fields of a fact want it")]
pub fn linked(kind: Kind, value: &str) -> Option<Linked> {
    Some(Linked { key: key(kind, value), value: Some(Arc::from(value)) })
}

/// A customer against whom nothing stands, with nothing that identifies it but its id.
pub fn customer(number: u8) -> CustomerFact {
    CustomerFact {
        id: customer_id(number),
        merchant: OURS,
        email: None,
        phone: None,
        merchant_ref: None,
        restrict_cit: false,
        restrict_mit: false,
        restrict_reason: None,
        list_status: ListStatus::Normal,
        list_scopes: Scopes::BOTH,
        list_window: Window::ALWAYS,
        list_reason: None,
    }
}

/// An entry that counts always and for everybody; hard if it blocks.
pub fn entry(list: List, number: u8, kind: Kind, value: &str) -> EntryFact {
    EntryFact {
        id: entry_id(list, number),
        range: RangeFact::of(OURS, kind, EmailMatching::Exact, value),
        former: None,
        kind,
        key: key(kind, value),
        scopes: Scopes::BOTH,
        strength: Strength::Hard,
        window: Window::ALWAYS,
        max_amount: None,
        reason: None,
        public_message: None,
    }
}

pub fn put(entry: EntryFact) -> Fact {
    Fact::EntryPut(entry)
}

pub fn index(facts: &[Fact]) -> Index {
    let index = Index::new();
    for fact in facts {
        index.apply(std::slice::from_ref(fact));
    }
    index
}

/// The merchant's word.
pub fn given(kind: Kind, value: &str) -> Lookup<'_> {
    Lookup { kind, key: key(kind, value), value: WiderText::Part(value), rule: Rule::Exact, verified: true }
}

/// What a payer typed.
pub fn typed(kind: Kind, value: &str) -> Lookup<'_> {
    Lookup { verified: false, ..given(kind, value) }
}

pub fn attempt<'a>(customer: Option<u8>, lookups: &'a [Lookup<'a>]) -> Attempt<'a> {
    Attempt {
        merchant: OURS,
        initiator: Initiator::Customer,
        now: at(0),
        money: None,
        customer: customer.map(customer_id),
        lookups,
        former: &[],
        as_of: 0,
        of_own: None,
        explain: true,
    }
}

pub fn decided<'a>(index: &Index, customer: Option<u8>, lookups: &'a [Lookup<'a>]) -> Decision<'a> {
    decide(index, &Attempt { as_of: index.revision(), ..attempt(customer, lookups) }).unwrap()
}

pub fn refused(index: &Index, customer: Option<u8>, lookups: &[Lookup<'_>]) -> DecideError {
    decide(index, &attempt(customer, lookups)).unwrap_err()
}
