//! What stands for many: an entry counts for whatever lies within it, as a plain look at the values says.

use std::net::IpAddr;

use interdict_domain::change::{EntryFact, FormerFact, RangeFact};
use interdict_domain::entry::{List, Strength};
use interdict_domain::identifier::{EmailMatching, Identifier, Kind, Pepper, Reach, Reaches, Rule};
use proptest::prelude::*;

use super::world::*;
use crate::{Attempt, Code, Decision, FormerKey, Index, Lookup, decide};

/// All that an attempt is looked up with.
pub(super) fn widened<'a>(reaches: Reaches, given: &[(Kind, &'a str, bool)]) -> Vec<Lookup<'a>> {
    let pepper = pepper();
    let mut lookups: Vec<_> = given
        .iter()
        .map(|&(kind, value, verified)| Lookup::given(OURS, &pepper, kind, value, verified))
        .collect();
    for &(kind, value, verified) in given {
        Lookup::for_each_wider((OURS, &pepper, reaches), kind, value, verified, |lookup| {
            lookups.push(lookup);
        });
    }
    lookups
}

pub(super) fn asked<'a>(index: &Index, lookups: &'a [Lookup<'a>]) -> Decision<'a> {
    decided(index, None, lookups)
}

#[test]
fn the_answer_names_the_range_and_the_rule() {
    let index = index(&[
        put(entry(List::Block, 1, Kind::EmailDomain, "example.com")),
        put(entry(List::Block, 2, Kind::Ip, "203.0.113.0/24")),
        put(entry(List::Block, 3, Kind::Bin, "424242")),
    ]);
    for (kind, value, named, rule) in [
        (Kind::Email, "a@mail.example.com", (Kind::EmailDomain, "example.com"), Rule::Subdomain),
        (Kind::Email, "a@example.com", (Kind::EmailDomain, "example.com"), Rule::Domain),
        (Kind::Ip, "203.0.113.7", (Kind::Ip, "203.0.113.0/24"), Rule::Range),
        (Kind::Bin, "42424242", (Kind::Bin, "424242"), Rule::Prefix),
        (Kind::Bin, "424242", (Kind::Bin, "424242"), Rule::Exact),
    ] {
        let lookups = widened(index.reaches(OURS), &[(kind, value, true)]);
        let decision = asked(&index, &lookups);
        assert_eq!(decision.code, Code::IdentifierBlacklisted, "{value}");
        let source = &decision.sources[0];
        assert_eq!((source.kind.unwrap(), &**source.value.as_ref().unwrap()), named);
        let explanation = decision.explanation.unwrap();
        let hits: Vec<_> = explanation.lookups.iter().filter(|lookup| lookup.hit).collect();
        assert_eq!(hits.len(), 1);
        assert_eq!((hits[0].rule, hits[0].entry), (rule, source.entry));
    }
    let lookups = widened(index.reaches(OURS), &[(Kind::Email, "a@notexample.com", true)]);
    assert_eq!(asked(&index, &lookups).code, Code::Default);
}

/// An explained decision and a short one name the same rule, whichever way of the two led to the entry.
#[test]
fn what_is_typed_and_known_besides_counts_as_what_is_known() {
    let index = index(&[put(entry(List::Allow, 1, Kind::Ip, "203.0.113.0/24"))]);
    let typed = [(Kind::Ip, "203.0.113.7", true), (Kind::Ip, "203.0.113.0/24", false)];
    let lookups = widened(index.reaches(OURS), &typed);
    let explained = asked(&index, &lookups);
    let short = decide(&index, &Attempt { explain: false, ..attempt(None, &lookups) }).unwrap();
    assert_eq!(explained.code, Code::IdentifierWhitelisted);
    assert_eq!((explained.sources[0].rule, &explained.sources), (Rule::Range, &short.sources));
}

/// Incident 13: an address that is allowed lies in a range that is blocked.
#[test]
fn incident_13_a_blocked_range_does_not_swallow_an_allowed_address() {
    let soft = EntryFact { strength: Strength::Soft, ..entry(List::Block, 1, Kind::Ip, "203.0.113.0/24") };
    let index = index(&[put(soft), put(entry(List::Allow, 2, Kind::Ip, "203.0.113.7"))]);
    for (address, verified, code) in [
        ("203.0.113.7", true, Code::IdentifierWhitelisted),
        ("203.0.113.8", true, Code::IdentifierBlacklisted),
        ("203.0.113.7", false, Code::IdentifierBlacklisted),
    ] {
        let lookups = widened(index.reaches(OURS), &[(Kind::Ip, address, verified)]);
        assert_eq!(asked(&index, &lookups).code, code, "{address}");
    }
}

/// Incident 2: 69 % of a thousand suspended accounts were plus-addresses.
#[test]
fn an_entry_counts_for_the_addresses_that_its_own_policy_takes_for_one() {
    let listed = |number, matching: EmailMatching, address: &str| {
        let identifier = Identifier::parse(Kind::Email, address).unwrap().matched(matching);
        let range = Some(RangeFact { merchant: OURS, reach: identifier.reach() });
        let range = range.filter(|range| range.reach != Reach::One);
        put(EntryFact {
            key: identifier.key(&pepper(), OURS),
            range,
            ..entry(List::Block, number, Kind::Email, address)
        })
    };
    let index = index(&[
        listed(1, EmailMatching::PlusAlias, "ann+a@shop.example"),
        listed(2, EmailMatching::Provider, "b.o.b+x@gmail.com"),
        listed(3, EmailMatching::Exact, "cy+1@shop.example"),
    ]);
    for (address, rule) in [
        ("ann+other@shop.example", Some(Rule::PlusAlias)),
        ("ann@shop.example", Some(Rule::PlusAlias)),
        ("a.nn@shop.example", None),
        ("bob@googlemail.com", Some(Rule::Provider)),
        ("b.ob+y@gmail.com", Some(Rule::Provider)),
        ("b.o.b@shop.example", None),
        ("cy+1@shop.example", Some(Rule::Exact)),
        ("cy@shop.example", None),
        ("cy+2@shop.example", None),
    ] {
        let lookups = widened(index.reaches(OURS), &[(Kind::Email, address, true)]);
        let explanation = asked(&index, &lookups).explanation.unwrap();
        let hit = explanation.lookups.iter().find(|lookup| lookup.hit);
        assert_eq!(hit.map(|lookup| lookup.rule), rule, "{address}");
    }
    // A customer's own address, too.
    let mut known = customer(1);
    known.email = linked(Kind::Email, "ann+new@shop.example");
    index.apply(&[interdict_domain::change::Fact::CustomerPut(known)]);
    let pepper = pepper();
    let of_own = Some((&pepper, index.reaches(OURS)));
    let decision = decide(&index, &Attempt { of_own, ..attempt(Some(1), &[]) }).unwrap();
    assert_eq!(decision.sources[0].value.as_deref(), Some("ann@shop.example"));
}

#[test]
fn a_named_customers_own_domain_counts() {
    let mut known = customer(1);
    known.email = linked(Kind::Email, "a@mail.example.com");
    let index = index(&[
        interdict_domain::change::Fact::CustomerPut(known),
        put(entry(List::Block, 1, Kind::EmailDomain, "example.com")),
    ]);
    let pepper = pepper();
    let attempt = Attempt { of_own: Some((&pepper, index.reaches(OURS))), ..attempt(Some(1), &[]) };
    let decision = decide(&index, &attempt).unwrap();
    assert_eq!(decision.code, Code::IdentifierBlacklisted);
    let source = &decision.sources[0];
    assert_eq!((source.kind, source.value.as_deref()), (Some(Kind::EmailDomain), Some("example.com")));
    // The same domain, sent along, is looked up once.
    let lookups = widened(index.reaches(OURS), &[(Kind::EmailDomain, "example.com", false)]);
    let decision = decide(&index, &Attempt { lookups: &lookups, ..attempt }).unwrap();
    let domains = decision.explanation.unwrap().lookups.into_iter().filter(|it| it.kind == Kind::EmailDomain);
    assert_eq!(domains.count(), 2, "mail.example.com and example.com");
}

/// What an erasure has left, and a rotation could not hash anew.
#[test]
fn what_stands_under_a_former_pepper_blocks_and_shows_what_the_attempt_says() {
    let now = Pepper::from_bytes([8; 32]).rotated([9; 32]);
    let before = now.former().next().unwrap();
    let left = |number, kind, value: &str| {
        put(EntryFact {
            key: before.key(OURS, kind, value),
            range: None,
            former: Some(FormerFact { merchant: OURS, generation: before.generation() }),
            ..entry(List::Block, number, kind, value)
        })
    };
    let mut known = customer(1);
    known.email = linked(Kind::Email, "own@example.com");
    known.phone = linked(Kind::Phone, "+4930901820");
    known.merchant_ref = linked(Kind::MerchantRef, "r-1");
    let index = index(&[
        interdict_domain::change::Fact::CustomerPut(known),
        left(1, Kind::Email, "a@example.com"),
        left(2, Kind::Phone, "+4930901820"),
        left(3, Kind::MerchantRef, "r-1"),
    ]);
    let reaches = index.reaches(OURS);
    assert!(reaches.has_former() && !index.reaches(OTHERS).has_former());
    let ask = |explain, customer, kind, value| {
        let lookups = widened(reaches, &[(kind, value, true)]);
        let mut former = Vec::new();
        FormerKey::for_each((OURS, &now, reaches), &lookups, |key| former.push(key));
        let of_own = Some((&now, reaches));
        let attempt = Attempt { explain, former: &former, of_own, ..attempt(customer, &lookups) };
        let decision = decide(&index, &attempt).unwrap();
        let source = |source: &crate::Source<'_>| {
            (source.kind.unwrap(), source.value.as_deref().map(str::to_owned).unwrap())
        };
        let lookups = decision.explanation.map(|explanation| explanation.lookups.len());
        (decision.code, decision.sources.iter().map(source).collect::<Vec<_>>(), lookups)
    };
    for explain in [false, true] {
        let (code, sources, lookups) = ask(explain, None, Kind::Email, "a@example.com");
        assert_eq!(code, Code::IdentifierBlacklisted);
        assert_eq!(sources, [(Kind::Email, "a@example.com".to_owned())]);
        assert_eq!(lookups, explain.then_some(1), "shown as one");
        assert_eq!(ask(explain, None, Kind::Email, "b@example.com").0, Code::Default);
        // A device is not looked up there: nothing of the kind stands there.
        assert_eq!(ask(explain, None, Kind::Device, "a@example.com").0, Code::Default);
        // A named customer brings its own along, and is named by a ref that something stands on.
        let own = vec![(Kind::Phone, "+4930901820".to_owned()), (Kind::MerchantRef, "r-1".to_owned())];
        let mut found = ask(explain, Some(1), Kind::Device, "d");
        found.1.sort();
        assert_eq!((found.0, &found.1), (Code::IdentifierBlacklisted, &own));
        let mut found = ask(explain, None, Kind::MerchantRef, "r-1");
        found.1.sort();
        assert_eq!((found.0, &found.1), (Code::IdentifierBlacklisted, &own));
    }
}

#[test]
fn what_was_listed_after_the_lookups_were_made_is_not_said_to_be_seen() {
    let index = index(&[]);
    index.advance(7);
    let as_of = index.revision();
    let lookups = widened(index.reaches(OURS), &[(Kind::Ip, "203.0.113.7", true)]);
    index.apply_change(8, &[put(entry(List::Block, 1, Kind::Ip, "203.0.113.0/24"))]);
    let decision = decide(&index, &Attempt { as_of, ..attempt(None, &lookups) }).unwrap();
    assert_eq!((decision.code, decision.revision), (Code::Default, 7));
}

#[test]
fn one_merchants_ranges_are_not_anothers() {
    let index = index(&[put(entry(List::Block, 1, Kind::Ip, "203.0.113.0/24"))]);
    assert_eq!(index.reaches(OTHERS), Reaches::default());
    assert_ne!(index.reaches(OURS), Reaches::default());
}

fn address() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..4_u8, 0..4_u8).prop_map(|(a, b)| format!("10.0.{a}.{b}")),
        (0..4_u8, 0..4_u8).prop_map(|(a, b)| format!("2001:db8::{a}:{b}")),
    ]
}

fn listed() -> impl Strategy<Value = (Kind, String)> {
    let normal = |kind: Kind, text: String| (kind, kind.normalise(&text).unwrap().into_owned());
    prop_oneof![
        (address(), 0..=32_u8).prop_map(move |(address, bits)| normal(Kind::Ip, format!("{address}/{bits}"))),
        "[12]{6,9}".prop_map(move |digits| normal(Kind::Bin, digits)),
        "[ab]\\.[ab]{1,2}(\\.[ab]{1,2})?".prop_map(move |domain| normal(Kind::EmailDomain, domain)),
    ]
}

fn shown() -> impl Strategy<Value = (Kind, String)> {
    prop_oneof![
        address().prop_map(|address| (Kind::Ip, Kind::Ip.normalise(&address).unwrap().into_owned())),
        "[12]{6,11}".prop_map(|digits| (Kind::Bin, digits)),
        "x@([ab]\\.){1,3}[ab]{1,2}".prop_map(|email| (Kind::Email, email)),
    ]
}

/// As somebody would say it who has never heard of keys.
fn lies_in((kind, value): (Kind, &str), (of, range): (Kind, &str)) -> bool {
    match (kind, of) {
        (Kind::Email, Kind::EmailDomain) => {
            let domain = value.split('@').next_back().unwrap();
            domain == range || domain.ends_with(&format!(".{range}"))
        }
        (Kind::Bin, Kind::Bin) => value.starts_with(range),
        (Kind::Ip, Kind::Ip) => {
            let address: IpAddr = value.parse().unwrap();
            let whole = |range: &str| range.parse::<ipnet::IpNet>().map(|range| range.contains(&address));
            whole(range).unwrap_or_else(|_| range.parse() == Ok(address))
        }
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(2_000)))]

    #[test]
    fn an_entry_counts_for_what_lies_within_it(
        entries in prop::collection::vec(listed(), 1..8),
        given in prop::collection::vec(shown(), 1..4),
    ) {
        let index = Index::new();
        for (number, (kind, value)) in (1..).zip(&entries) {
            index.apply(&[put(entry(List::Block, number, *kind, value))]);
        }
        let given: Vec<_> = given.iter().map(|(kind, value)| (*kind, value.as_str(), true)).collect();
        let lookups = widened(index.reaches(OURS), &given);
        let decision = asked(&index, &lookups);
        let mut found: Vec<_> = decision.sources.iter().map(|source| source.entry.unwrap()).collect();
        found.sort_unstable();
        let mut wanted: Vec<_> = (1..)
            .zip(&entries)
            .filter(|(_, (of, range))| given.iter().any(|(kind, value, _)| lies_in((*kind, value), (*of, range))))
            .map(|(number, _)| entry_id(List::Block, number))
            .collect();
        wanted.sort_unstable();
        prop_assert_eq!(found, wanted);
    }
}
