//! The incidents of other systems that are about the decision, each as a test.

use interdict_domain::change::{CustomerFact, EntryFact, Fact};
use interdict_domain::customer::ListStatus;
use interdict_domain::entry::{List, Strength};
use interdict_domain::identifier::Kind;

use super::world::*;
use crate::{Attempt, Code, Outcome, SourceKind, Tier, decide};

#[test]
fn incident_4_a_window_counts_from_its_start_and_not_at_its_end() {
    let blocked = EntryFact { window: window(Some(10), Some(20)), ..entry(List::Block, 1, Kind::Email, "a") };
    let listed = CustomerFact {
        list_status: ListStatus::Blacklisted,
        list_window: window(Some(10), Some(20)),
        ..customer(1)
    };
    let index = index(&[put(blocked), Fact::CustomerPut(listed)]);
    let lookups = [given(Kind::Email, "a")];
    for (now, outcome) in
        [(9, Outcome::Allow), (10, Outcome::Block), (19, Outcome::Block), (20, Outcome::Allow)]
    {
        for attempt in [attempt(None, &lookups), attempt(Some(1), &[])] {
            let decision = decide(&index, &Attempt { now: at(now), ..attempt }).unwrap();
            assert_eq!(decision.outcome, outcome, "at {now}");
        }
    }
}

#[test]
fn incident_7_an_exemption_must_not_rest_on_a_typed_email() {
    let soft = EntryFact { strength: Strength::Soft, ..entry(List::Block, 1, Kind::Ip, "192.0.2.1") };
    let index = index(&[put(soft), put(entry(List::Allow, 2, Kind::Email, "vip"))]);
    let claimed = [typed(Kind::Email, "vip"), given(Kind::Ip, "192.0.2.1")];
    assert_eq!(decided(&index, None, &claimed).outcome, Outcome::Block);
    let vouched = [given(Kind::Email, "vip"), given(Kind::Ip, "192.0.2.1")];
    assert_eq!(decided(&index, None, &vouched).outcome, Outcome::Allow);
}

#[test]
fn incident_7_a_whitelist_must_not_rest_on_a_typed_ref() {
    let trusted = CustomerFact {
        email: linked(Kind::Email, "vip"),
        merchant_ref: linked(Kind::MerchantRef, "r"),
        list_status: ListStatus::Whitelisted,
        ..customer(1)
    };
    let facts = [Fact::CustomerPut(trusted), put(entry(List::Allow, 2, Kind::Email, "vip"))];
    let index = index(&facts);
    let by_ref = [typed(Kind::MerchantRef, "r")];
    let claimed = decided(&index, None, &by_ref);
    assert_eq!((claimed.code, claimed.customer), (Code::Default, Some(customer_id(1))));
    let by_ref = [given(Kind::MerchantRef, "r")];
    let vouched = decided(&index, None, &by_ref);
    assert_eq!(vouched.code, Code::CustomerWhitelisted);
    let both = [typed(Kind::MerchantRef, "r"), typed(Kind::Email, "vip")];
    assert_eq!(decided(&index, None, &both).code, Code::Default);
}

#[test]
fn incident_11_taking_one_block_away_leaves_the_others() {
    let person = CustomerFact { email: linked(Kind::Email, "a"), ..customer(1) };
    let restricted = CustomerFact { restrict_cit: true, ..person.clone() };
    let blocked = entry(List::Block, 1, Kind::Email, "a");
    let another = entry(List::Block, 2, Kind::Email, "a");
    let gone = |entry: &EntryFact| Fact::EntryRemoved { id: entry.id, key: entry.key };
    let index = index(&[Fact::CustomerPut(restricted), put(blocked.clone()), put(another.clone())]);
    let tiers = || -> Vec<Tier> { decided(&index, Some(1), &[]).sources.iter().map(|it| it.tier).collect() };
    assert_eq!(tiers(), [Tier::Restriction, Tier::HardBlock, Tier::HardBlock]);
    index.apply(&[gone(&blocked)]);
    assert_eq!(tiers(), [Tier::Restriction, Tier::HardBlock]);
    index.apply(&[Fact::CustomerPut(person)]);
    assert_eq!(tiers(), [Tier::HardBlock]);
    index.apply(&[gone(&another), gone(&another)]);
    assert_eq!(tiers(), []);
}

#[test]
fn incident_14_a_decision_names_the_entry_the_identifier_and_the_rule() {
    let allow = entry(List::Allow, 1, Kind::Email, "a");
    let block = entry(List::Block, 2, Kind::Phone, "p");
    let index = index(&[put(allow.clone()), put(block.clone())]);
    let lookups = [given(Kind::Email, "a"), given(Kind::Phone, "p")];
    let decision = decided(&index, None, &lookups);
    assert_eq!((decision.outcome, decision.tier), (Outcome::Block, Tier::HardBlock));
    let named: Vec<_> = decision
        .sources
        .iter()
        .map(|it| (it.what, it.entry, it.kind, it.value.as_deref(), it.code()))
        .collect();
    let wanted = [
        (SourceKind::Entry, Some(block.id), Some(Kind::Phone), Some("p"), Code::IdentifierBlacklisted),
        (SourceKind::Entry, Some(allow.id), Some(Kind::Email), Some("a"), Code::IdentifierWhitelisted),
    ];
    assert_eq!(named, wanted);
}
