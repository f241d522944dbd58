//! Index ≡ oracle, incremental ≡ rebuilt, and every small world.

use std::sync::Arc;

use interdict_domain::change::{CustomerFact, EntryFact, Fact, Linked};
use interdict_domain::customer::ListStatus;
use interdict_domain::entry::{List, Strength};
use interdict_domain::identifier::Kind;
use interdict_domain::money::{Currency, Money};
use interdict_domain::scopes::{Initiator, Scopes};
use interdict_domain::settings::{OnOutage, OutagePolicies};
use interdict_domain::window::Window;
use proptest::prelude::*;

use super::world::*;
use crate::oracle::{Oracle, verdict};
use crate::{Attempt, Index, Lookup, decide};

const KINDS: [Kind; 4] = [Kind::Email, Kind::Phone, Kind::MerchantRef, Kind::Device];
const VALUES: [&str; 3] = ["x", "y", "z"];

pub fn windows() -> impl Strategy<Value = Window> {
    prop_oneof![
        4 => Just(Window::ALWAYS),
        1 => Just(window(Some(0), None)),
        1 => Just(window(None, Some(0))),
        1 => Just(window(None, Some(1))),
        1 => Just(window(Some(1), Some(9))),
        1 => Just(window(Some(-9), Some(-1))),
    ]
}

pub fn scopes() -> impl Strategy<Value = Scopes> {
    prop_oneof![2 => Just(Scopes::BOTH), 1 => Just(Scopes::CIT), 1 => Just(Scopes::MIT)]
}

pub fn texts() -> impl Strategy<Value = Option<Arc<str>>> {
    prop::option::of(prop::sample::select(vec!["one", "two"]).prop_map(Arc::from))
}

fn link(kind: Kind) -> impl Strategy<Value = Option<Linked>> {
    let value = prop::sample::select(VALUES.to_vec());
    // Mostly with its value, sometimes erased.
    prop::option::of((value, prop::bool::weighted(0.8))).prop_map(move |link| {
        let (value, kept) = link?;
        Some(Linked { key: key(kind, value), value: kept.then(|| Arc::from(value)) })
    })
}

prop_compose! {
    fn customers()(
        number in 1_u8..=5,
        email in link(Kind::Email),
        phone in link(Kind::Phone),
        merchant_ref in link(Kind::MerchantRef),
        restrict in (prop::bool::weighted(0.2), prop::bool::weighted(0.2)),
        status in prop::sample::select(ListStatus::ALL.to_vec()),
        list_scopes in scopes(),
        list_window in windows(),
        reasons in (texts(), texts()),
    ) -> CustomerFact {
        CustomerFact {
            email, phone, merchant_ref, list_scopes, list_window,
            // The fifth is another merchant's; its keys would be other keys.
            merchant: if number == 5 { OTHERS } else { OURS },
            restrict_cit: restrict.0,
            restrict_mit: restrict.1,
            restrict_reason: reasons.0,
            list_status: status,
            list_reason: reasons.1,
            ..customer(number)
        }
    }
}

/// An entry never changes its key: its number says which it is. There are two of each.
fn numbered(number: u8) -> EntryFact {
    let list = List::ALL[usize::from(number % 2)];
    let kind = KINDS[usize::from(number / 2 % 4)];
    entry(list, number, kind, VALUES[usize::from(number / 8 % 3)])
}

/// Few, so that many are the same.
fn sums() -> impl Strategy<Value = Money> {
    let currency = |code| Currency::parse(code).unwrap();
    (1_i64..=3, prop::sample::select(vec![currency("NGN"), currency("EUR")]))
        .prop_map(|(amount, currency)| Money::new(amount, currency).unwrap())
}

prop_compose! {
    fn entries()(
        number in 0_u8..48,
        strength in prop::sample::select(Strength::ALL.to_vec()),
        scopes in scopes(),
        window in windows(),
        max_amount in prop::option::weighted(0.3, sums()),
        reason in texts(),
        public_message in texts(),
    ) -> EntryFact {
        EntryFact { scopes, strength, window, max_amount, reason, public_message, ..numbered(number) }
    }
}

fn facts() -> impl Strategy<Value = Fact> {
    prop_oneof![
        4 => customers().prop_map(Fact::CustomerPut),
        1 => (1_u8..=5).prop_map(|number| Fact::CustomerRemoved(customer_id(number))),
        4 => entries().prop_map(Fact::EntryPut),
        2 => (0_u8..48).prop_map(|number| {
            let entry = numbered(number);
            Fact::EntryRemoved { id: entry.id, key: entry.key }
        }),
        1 => outages(),
    ]
}

pub fn outages() -> impl Strategy<Value = Fact> {
    let word = || prop::sample::select(OnOutage::ALL.to_vec());
    (prop::sample::select(vec![OURS, OTHERS]), word(), word()).prop_map(
        |(merchant, customer, by_merchant)| Fact::OutageChosen {
            merchant,
            outage: OutagePolicies { customer, merchant: by_merchant },
        },
    )
}

/// Changes of one fact mostly, and some of several.
pub fn histories() -> impl Strategy<Value = Vec<Vec<Fact>>> {
    let change = prop_oneof![
        4 => facts().prop_map(|fact| vec![fact]),
        1 => prop::collection::vec(facts(), 2..4),
    ];
    prop::collection::vec(change, 0..40)
}

#[derive(Clone, Debug)]
struct Question {
    initiator: Initiator,
    money: Option<Money>,
    customer: Option<u8>,
    lookups: Vec<(Kind, &'static str, bool)>,
}

prop_compose! {
    fn questions()(
        initiator in prop::sample::select(Initiator::ALL.to_vec()),
        money in prop::option::of(sums()),
        customer in prop::option::weighted(0.4, 1_u8..=6),
        lookups in prop::collection::vec(
            (prop::sample::select(KINDS.to_vec()), prop::sample::select(VALUES.to_vec()), any::<bool>()),
            0..5,
        ),
    ) -> Question {
        Question { initiator, money, customer, lookups }
    }
}

/// Refs are unique, and another merchant's customers have keys of their own: the store sees to both.
fn as_stored(oracle: &Oracle, fact: Fact) -> Fact {
    let Fact::CustomerPut(mut fact) = fact else { return fact };
    if fact.merchant == OTHERS {
        for (kind, linked) in [Kind::Email, Kind::Phone, Kind::MerchantRef].into_iter().zip([
            &mut fact.email,
            &mut fact.phone,
            &mut fact.merchant_ref,
        ]) {
            if let Some(linked) = linked {
                linked.key = key_of(OTHERS, kind, linked.value.as_deref().unwrap_or_default());
            }
        }
    }
    let taken = oracle.customers.iter().any(|held| {
        let other = held.merchant_ref.as_ref().map(|linked| linked.key);
        held.id != fact.id && other.is_some() && other == fact.merchant_ref.as_ref().map(|linked| linked.key)
    });
    if taken {
        fact.merchant_ref = None;
    }
    Fact::CustomerPut(fact)
}

pub fn fold(history: Vec<Vec<Fact>>) -> (Index, Oracle, Vec<Vec<Fact>>) {
    let (index, mut oracle) = (Index::new(), Oracle::default());
    let mut stored = Vec::new();
    for change in history {
        let change: Vec<Fact> = change
            .into_iter()
            .map(|fact| {
                let fact = as_stored(&oracle, fact);
                oracle.apply(&fact);
                fact
            })
            .collect();
        index.apply(&change);
        stored.push(change);
    }
    (index, oracle, stored)
}

fn compare(index: &Index, oracle: &Oracle, question: &Question) -> Result<(), TestCaseError> {
    let lookups: Vec<Lookup<'_>> = question
        .lookups
        .iter()
        .map(|&(kind, value, verified)| Lookup { verified, ..given(kind, value) })
        .collect();
    let attempt = Attempt {
        initiator: question.initiator,
        money: question.money,
        ..attempt(question.customer, &lookups)
    };
    let real = decide(index, &attempt);
    prop_assert_eq!(real.as_ref().map(verdict).map_err(|error| *error), oracle.decide(&attempt));
    // Without an explanation less is read; the answer must be the same.
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
    fn the_index_equals_the_oracle(
        history in histories(),
        questions in prop::collection::vec(questions(), 1..12),
    ) {
        let (index, oracle, _) = fold(history);
        for question in &questions {
            compare(&index, &oracle, question)?;
        }
        let held = index.statistics();
        prop_assert_eq!((held.customers, held.entries), (oracle.customers.len(), oracle.entries.len()));
    }

    #[test]
    fn incremental_equals_rebuilt(
        history in histories(),
        questions in prop::collection::vec(questions(), 1..12),
        seed in any::<u64>(),
    ) {
        let (index, oracle, stored) = fold(history);
        let mut facts = oracle.facts();
        // Any order will do.
        facts.sort_by_key(|fact| {
            use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
            BuildHasherDefault::<DefaultHasher>::default().hash_one((seed, format!("{fact:?}")))
        });
        let rebuilt = Index::with_capacity(16);
        rebuilt.apply(&facts);
        prop_assert_eq!(index.fingerprint(), rebuilt.fingerprint());
        rebuilt.shrink();
        for question in &questions {
            compare(&rebuilt, &oracle, question)?;
        }
        // A replay of the last change alters nothing.
        if let Some(change) = stored.last() {
            index.apply(change);
            prop_assert_eq!(index.fingerprint(), rebuilt.fingerprint());
        }
    }
}

#[test]
fn a_fingerprint_sees_each_field() {
    let person = CustomerFact { email: linked(Kind::Email, "a"), ..customer(1) };
    let listed = entry(List::Block, 1, Kind::Email, "a");
    let text: Option<Arc<str>> = Some(Arc::from("text"));
    let variants = [
        Fact::CustomerPut(person.clone()),
        Fact::CustomerPut(CustomerFact { restrict_mit: true, ..person.clone() }),
        Fact::CustomerPut(CustomerFact { list_reason: text.clone(), ..person.clone() }),
        Fact::CustomerPut(CustomerFact { email: linked(Kind::Email, "b"), ..person.clone() }),
        Fact::CustomerPut(CustomerFact { phone: linked(Kind::Phone, "a"), ..person }),
        put(listed.clone()),
        put(EntryFact { strength: Strength::Soft, ..listed.clone() }),
        put(EntryFact { scopes: Scopes::MIT, ..listed.clone() }),
        put(EntryFact { window: window(None, Some(1)), ..listed.clone() }),
        put(EntryFact { max_amount: Money::new(5, Currency::NGN).ok(), ..listed.clone() }),
        put(EntryFact { reason: text.clone(), ..listed.clone() }),
        put(EntryFact { public_message: text, ..listed }),
    ];
    let mut seen = vec![Index::new().fingerprint()];
    for fact in variants {
        seen.push(index(&[fact]).fingerprint());
    }
    let distinct: std::collections::HashSet<_> = seen.iter().collect();
    assert_eq!(distinct.len(), seen.len());
}

/// Block hard, block softly, allow; counting now, for the other initiator, over; on two identifiers
/// that are looked up. Every set of up to four such entries, with the lookups verified and typed.
#[test]
fn every_world_of_up_to_four_entries() {
    let mut kinds_of_entry = Vec::new();
    for (list, strength) in
        [(List::Block, Strength::Hard), (List::Block, Strength::Soft), (List::Allow, Strength::Hard)]
    {
        for (scopes, window) in [
            (Scopes::BOTH, Window::ALWAYS),
            (Scopes::MIT, Window::ALWAYS),
            (Scopes::CIT, window(Some(-5), Some(0))),
        ] {
            for (kind, value) in [(Kind::Email, "x"), (Kind::Phone, "y")] {
                kinds_of_entry.push(EntryFact { strength, scopes, window, ..entry(list, 0, kind, value) });
            }
        }
    }
    let index = Index::new();
    let mut worlds = 0;
    let mut world = Vec::new();
    each_world(&kinds_of_entry, 0, &mut world, &mut |world| {
        worlds += 1;
        let mut oracle = Oracle::default();
        for fact in world.iter().cloned().map(Fact::EntryPut) {
            index.apply(std::slice::from_ref(&fact));
            oracle.apply(&fact);
        }
        for (email, phone) in [(true, true), (true, false), (false, false)] {
            let lookups = vec![(Kind::Email, "x", email), (Kind::Phone, "y", phone)];
            let question = Question { initiator: Initiator::Customer, money: None, customer: None, lookups };
            compare(&index, &oracle, &question).unwrap();
        }
        for entry in world {
            index.apply(&[Fact::EntryRemoved { id: entry.id, key: entry.key }]);
        }
    });
    assert_eq!(worlds, 1 + 18 + 171 + 1140 + 5985);
    assert_eq!(index.statistics().entries, 0, "nothing is left behind");
}

/// Every multiset of up to four.
fn each_world(
    all: &[EntryFact],
    from: usize,
    world: &mut Vec<EntryFact>,
    visit: &mut impl FnMut(&[EntryFact]),
) {
    visit(world);
    if world.len() == 4 {
        return;
    }
    for (at, fact) in all.iter().enumerate().skip(from) {
        let number = u8::try_from(world.len()).unwrap() + 1;
        world.push(EntryFact { id: entry_id(fact.id.list(), number), ..fact.clone() });
        each_world(all, at, world, visit);
        world.pop();
    }
}
