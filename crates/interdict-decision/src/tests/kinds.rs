//! Index ≡ oracle over every kind as it really is: canonical values, ranges, mailboxes and the customers beside them,
//! with all windows, scopes, strengths and list statuses.
//!
//! The oracle is shown whatever is wider by a plain look at the texts; the index what it says that it reaches.
//! Deliberately not here: what the explanation lists of lookups that found nothing.

use std::sync::Arc;

use interdict_domain::change::{CustomerFact, EntryFact, Fact, FormerFact, Linked, RangeFact};
use interdict_domain::customer::ListStatus;
use interdict_domain::entry::{List, Strength};
use interdict_domain::identifier::{
    EmailMatching, Generation, Identifier, Kind, Pepper, Reach, Reaches, Rule, WiderText,
};
use interdict_domain::scopes::{Initiator, Scopes};
use ipnet::IpNet;
use proptest::prelude::*;

use super::equivalence::{fold, outages, scopes, texts, windows};
use super::world::*;
use crate::oracle::{Oracle, verdict};
use crate::{Attempt, FormerKey, Index, Lookup, decide};

/// Few of each kind, so that they meet: some lie in others, some are one mailbox.
const IDENTIFIERS: [(Kind, &str); 28] = [
    (Kind::Email, "a@b.co"),
    (Kind::Email, "a+x@b.co"),
    (Kind::Email, "a@m.b.co"),
    (Kind::Email, "j.d@gmail.com"),
    (Kind::Email, "jd+y@googlemail.com"),
    (Kind::EmailDomain, "b.co"),
    (Kind::EmailDomain, "m.b.co"),
    (Kind::EmailDomain, "gmail.com"),
    (Kind::Phone, "+2348031234567"),
    (Kind::Phone, "+4930901820"),
    (Kind::Ip, "10.0.0.1"),
    (Kind::Ip, "10.0.1.1"),
    (Kind::Ip, "10.0.0.0/24"),
    (Kind::Ip, "10.0.0.0/15"),
    (Kind::Ip, "0.0.0.0/0"),
    (Kind::Ip, "2001:db8::1"),
    (Kind::Ip, "2001:db8::/32"),
    (Kind::Device, "d-1"),
    (Kind::Device, "a@b.co"),
    (Kind::CardFingerprint, "d-1"),
    (Kind::Bin, "424242"),
    (Kind::Bin, "42424242"),
    (Kind::Bin, "42424242123"),
    (Kind::Iban, "DE89370400440532013000"),
    (Kind::Iban, "GB82WEST12345698765432"),
    (Kind::MerchantRef, "r-1"),
    (Kind::MerchantRef, "r-2"),
    (Kind::Country, "NG"),
];
/// Two lists, and three policies for an email.
const NUMBERS: u8 = 6 * 28;

/// The pepper of this world, and two of before.
fn peppers() -> Pepper {
    Pepper::from_bytes([7; 32]).rotated([8; 32]).rotated([9; 32])
}

/// Some stand under a former pepper, as what has no plain text does behind a rotation.
fn former(number: u8) -> Option<Generation> {
    match number % 7 {
        3 => Some(Generation(2)),
        5 => Some(Generation(1)),
        _ => None,
    }
}

/// An entry never changes its key: its number says which it is.
fn numbered(number: u8) -> EntryFact {
    let (kind, value) = IDENTIFIERS[usize::from(number / 6)];
    let matching = EmailMatching::ALL[usize::from(number / 2 % 3)];
    let identifier = Identifier::parse(kind, value).unwrap().matched(matching);
    let (reach, generation) = (identifier.reach(), former(number));
    let peppers = peppers();
    let of = peppers.all().find(|one| Some(one.generation()) == generation).unwrap_or(&peppers);
    EntryFact {
        key: identifier.key(of, OURS),
        former: generation.map(|generation| FormerFact { merchant: OURS, generation }),
        range: (reach != Reach::One).then_some(RangeFact { merchant: OURS, reach }),
        ..entry(List::ALL[usize::from(number % 2)], number, kind, value)
    }
}

prop_compose! {
    fn entries()(
        number in 0..NUMBERS,
        strength in prop::sample::select(Strength::ALL.to_vec()),
        scopes in scopes(),
        window in windows(),
        reason in texts(),
        public_message in texts(),
    ) -> EntryFact {
        EntryFact { scopes, strength, window, reason, public_message, ..numbered(number) }
    }
}

fn link(kind: Kind) -> impl Strategy<Value = Option<Linked>> {
    let all: Vec<&str> = IDENTIFIERS.iter().filter(|(of, _)| *of == kind).map(|(_, value)| *value).collect();
    // Mostly with its value, sometimes erased.
    let linked = (prop::sample::select(all), prop::bool::weighted(0.8));
    prop::option::of(linked).prop_map(move |link| {
        let (value, kept) = link?;
        Some(Linked { key: key(kind, value), value: kept.then(|| Arc::from(value)) })
    })
}

prop_compose! {
    fn customers()(
        number in 1_u8..=5,
        links in (link(Kind::Email), link(Kind::Phone), link(Kind::MerchantRef)),
        restrict in (prop::bool::weighted(0.2), prop::bool::weighted(0.2)),
        list_status in prop::sample::select(ListStatus::ALL.to_vec()),
        list_scopes in scopes(),
        list_window in windows(),
        reasons in (texts(), texts()),
    ) -> CustomerFact {
        let (email, phone, merchant_ref) = links;
        CustomerFact {
            email, phone, merchant_ref, list_status, list_scopes, list_window,
            // The fifth is another merchant's.
            merchant: if number == 5 { OTHERS } else { OURS },
            restrict_cit: restrict.0,
            restrict_mit: restrict.1,
            restrict_reason: reasons.0,
            list_reason: reasons.1,
            ..customer(number)
        }
    }
}

fn facts() -> impl Strategy<Value = Fact> {
    prop_oneof![
        3 => customers().prop_map(Fact::CustomerPut),
        1 => (1_u8..=5).prop_map(|number| Fact::CustomerRemoved(customer_id(number))),
        6 => entries().prop_map(Fact::EntryPut),
        2 => (0..NUMBERS).prop_map(|number| {
            let entry = numbered(number);
            Fact::EntryRemoved { id: entry.id, key: entry.key }
        }),
        1 => outages(),
    ]
}

/// Who would pay, when, and what is known of them.
#[derive(Clone, Debug)]
struct Question {
    initiator: Initiator,
    customer: Option<u8>,
    seconds: i64,
    shown: Vec<(Kind, &'static str, bool)>,
}

prop_compose! {
    fn questions()(
        initiator in prop::sample::select(Initiator::ALL.to_vec()),
        customer in prop::option::weighted(0.4, 1_u8..=6),
        seconds in -2_i64..=2,
        shown in prop::collection::vec((prop::sample::select(IDENTIFIERS.to_vec()), any::<bool>()), 0..7),
    ) -> Question {
        let shown = shown.into_iter().map(|((kind, value), verified)| (kind, value, verified)).collect();
        Question { initiator, customer, seconds, shown }
    }
}

/// Whatever is wider than a value, by a plain look at it.
fn wider(kind: Kind, value: &str) -> Vec<(Kind, EmailMatching, String)> {
    let exact = |kind, value: &str| (kind, EmailMatching::Exact, value.to_owned());
    let suffixes = |domain: &str| -> Vec<String> {
        let labels: Vec<&str> = domain.split('.').collect();
        (0..labels.len() - 1).map(|from| labels[from..].join(".")).collect()
    };
    match kind {
        Kind::Email => {
            let folded = [EmailMatching::PlusAlias, EmailMatching::Provider]
                .map(|matching| (kind, matching, matching.fold(value).into_owned()));
            let domains = suffixes(value.split('@').next_back().unwrap());
            folded.into_iter().chain(domains.iter().map(|domain| exact(Kind::EmailDomain, domain))).collect()
        }
        Kind::EmailDomain => suffixes(value).iter().skip(1).map(|domain| exact(kind, domain)).collect(),
        Kind::Bin => (6..value.len()).map(|digits| exact(kind, value.get(..digits).unwrap())).collect(),
        Kind::Ip => {
            let range: IpNet =
                value.parse().unwrap_or_else(|_| IpNet::from(value.parse::<std::net::IpAddr>().unwrap()));
            let around = |bits| IpNet::new(range.addr(), bits).unwrap().trunc().to_string();
            (0..range.prefix_len()).map(|bits| exact(kind, &around(bits))).collect()
        }
        Kind::Phone
        | Kind::Device
        | Kind::CardFingerprint
        | Kind::Iban
        | Kind::MerchantRef
        | Kind::Country => Vec::new(),
    }
}

/// As the oracle is asked: everything that is shown, everything wider, and what is wider than a named customer's email.
fn oracles(
    oracle: &Oracle,
    question: &Question,
    attempt: &Attempt<'_>,
) -> Vec<(Kind, EmailMatching, String, bool)> {
    let shown = &question.shown;
    let mut all: Vec<_> = shown
        .iter()
        .map(|&(kind, value, verified)| (kind, EmailMatching::Exact, value.to_owned(), verified))
        .collect();
    for &(kind, value, verified) in shown {
        all.extend(
            wider(kind, value).into_iter().map(|(kind, matching, text)| (kind, matching, text, verified)),
        );
    }
    let own = oracle.named(attempt).ok().flatten().and_then(|named| named.email.as_ref()?.value.clone());
    let trusted = question.customer.is_some()
        || shown.iter().any(|(kind, _, verified)| *kind == Kind::MerchantRef && *verified);
    if let Some(own) = own {
        let own = wider(Kind::Email, &own);
        all.extend(own.into_iter().map(|(kind, matching, text)| (kind, matching, text, trusted)));
    }
    all
}

fn compare(index: &Index, oracle: &Oracle, question: &Question) -> Result<(), TestCaseError> {
    let (pepper, reaches) = (peppers(), index.reaches(OURS));
    let mut lookups: Vec<Lookup<'_>> = Vec::new();
    for &(kind, value, verified) in &question.shown {
        lookups.push(Lookup::given(OURS, &pepper, kind, value, verified));
    }
    for &(kind, value, verified) in &question.shown {
        let push = |lookup| lookups.push(lookup);
        Lookup::for_each_wider((OURS, &pepper, reaches), kind, value, verified, push);
    }
    let mut former = Vec::new();
    FormerKey::for_each((OURS, &pepper, reaches), &lookups, |key| former.push(key));
    let of_own = (reaches.is_of_emails() || reaches.has_former()).then_some((&pepper, reaches));
    let (initiator, now) = (question.initiator, at(question.seconds));
    let attempt = Attempt { initiator, now, of_own, former: &former, ..attempt(question.customer, &lookups) };
    let real = decide(index, &attempt);

    let plain_texts = oracles(oracle, question, &attempt);
    let plain: Vec<Lookup<'_>> = plain_texts
        .iter()
        .map(|(kind, matching, text, verified)| Lookup {
            kind: *kind,
            key: pepper.matched_key(OURS, *kind, *matching, text),
            value: WiderText::Part(text),
            rule: Rule::Exact,
            verified: *verified,
        })
        .collect();
    // Under every pepper, whatever stands there.
    let mut former = Vec::new();
    for (lookup, (kind, matching, text, _)) in plain_texts.iter().enumerate() {
        former.extend(
            pepper
                .former()
                .map(|one| FormerKey { lookup, key: one.matched_key(OURS, *kind, *matching, text) }),
        );
    }
    let of_own = Some((&pepper, Reaches::EVERY));
    let mut wanted = oracle.decide(&Attempt { lookups: &plain, former: &former, of_own, ..attempt });
    let mut found = real.as_ref().map(verdict).map_err(|error| *error);
    // More is looked up for the oracle, and finds nothing.
    for verdict in [&mut wanted, &mut found].into_iter().flatten() {
        verdict.lookups.retain(|(.., is_hit)| *is_hit);
        for (_, value, ..) in &mut verdict.lookups {
            *value = None;
        }
    }
    prop_assert_eq!(&found, &wanted);
    let silent = decide(index, &Attempt { explain: false, ..attempt });
    if let (Ok(real), Ok(silent)) = (real, silent) {
        prop_assert_eq!(real.sources, silent.sources);
        prop_assert_eq!((real.tier, real.customer), (silent.tier, silent.customer));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(512)))]

    #[test]
    fn every_kind_counts_as_the_oracle_says(
        history in prop::collection::vec(facts().prop_map(|fact| vec![fact]), 0..32),
        questions in prop::collection::vec(questions(), 1..8),
    ) {
        let (index, oracle, _) = fold(history);
        for question in &questions {
            compare(&index, &oracle, question)?;
        }
    }
}

#[test]
fn what_is_listed_here_is_canonical_and_of_every_kind() {
    for (kind, value) in IDENTIFIERS {
        assert_eq!(kind.normalise(value).as_deref(), Ok(value));
    }
    for kind in Kind::ALL {
        assert!(IDENTIFIERS.iter().any(|(of, _)| *of == kind), "{}", kind.as_str());
    }
    let ids: std::collections::HashSet<_> = (0..NUMBERS).map(|number| numbered(number).id).collect();
    assert_eq!(ids.len(), usize::from(NUMBERS));
    assert_eq!(numbered(0).scopes, Scopes::BOTH);
}
