//! Digests: of an index ≡ of its facts, at the revision that was asked for, while changes go on.

use std::collections::HashSet;
use std::sync::Arc;

use interdict_domain::change::{CustomerFact, EntryFact, Fact};
use interdict_domain::customer::ListStatus;
use interdict_domain::entry::{List, Strength};
use interdict_domain::identifier::Kind;
use interdict_domain::money::{Currency, Money};
use proptest::prelude::*;

use super::equivalence::{fold, histories};
use super::world::*;
use crate::oracle::Oracle;
use crate::{Digest, DigestKey, Index, Reading};

const KEY: DigestKey = DigestKey([3; 16]);

fn oracle_applies(oracle: &mut Oracle, facts: &[Fact]) {
    for fact in facts {
        oracle.apply(fact);
    }
}

fn of_facts(facts: &[Fact]) -> Digest {
    let mut digest = Digest::new(KEY);
    for fact in facts {
        digest.add_fact(fact);
    }
    digest
}

fn of_index(index: &Index) -> Digest {
    index.settle();
    assert!(index.begin_reading(index.revision(), KEY));
    read_to_the_end(index)
}

fn read_to_the_end(index: &Index) -> Digest {
    loop {
        match index.read_on(1) {
            Reading::Done(digest) => return digest,
            Reading::Begun => {}
            other @ (Reading::None | Reading::Waiting) => panic!("{other:?}"),
        }
    }
}

fn assert_equal(ours: &Digest, theirs: &Digest) {
    assert_eq!(ours.different(theirs), Vec::<usize>::new());
    assert_eq!(ours.fingerprint(), theirs.fingerprint());
    assert_eq!((ours.customers(), ours.entries()), (theirs.customers(), theirs.entries()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn of_an_index_is_of_its_facts(history in histories()) {
        let (index, oracle, _) = fold(history);
        assert_equal(&of_index(&index), &of_facts(&oracle.facts()));
    }

    /// Changes come between any two steps of the reading: it is of the moment at which it began.
    #[test]
    fn what_comes_while_it_is_read_is_not_in_it(
        before in histories(),
        after in histories(),
        steps in prop::collection::vec(0_usize..40, 1..8),
    ) {
        let (index, mut oracle, _) = fold(before);
        let then = of_facts(&oracle.facts());
        index.advance(7);
        prop_assert!(index.begin_reading(7, KEY));
        let mut steps = steps.into_iter().cycle();
        let mut done = None;
        for (sequence, change) in (8..).zip(&after) {
            for _ in 0..steps.next().unwrap_or(0) {
                match index.read_on(1) {
                    Reading::Done(digest) => done = Some(digest),
                    Reading::Begun | Reading::None => {}
                    Reading::Waiting => panic!("it has begun"),
                }
            }
            oracle_applies(&mut oracle, change);
            index.apply_change(sequence, change);
        }
        assert_equal(&done.unwrap_or_else(|| read_to_the_end(&index)), &then);
        assert_equal(&of_index(&index), &of_facts(&oracle.facts()));
    }
}

/// Many customers, so that there are several blocks, and positions that are free.
#[test]
fn customers_that_come_and_go_while_it_is_read_are_not_in_it() {
    use interdict_domain::ids::{CustomerId, Ksuid};
    let person = |number: u32| {
        let mut bytes = [1; 20];
        bytes[12] = u8::try_from(number % 251).unwrap();
        // All in one shard, or none would have more than one block.
        bytes[16..].copy_from_slice(&number.to_be_bytes());
        let id = CustomerId::from_ksuid(Ksuid::from_bytes(bytes));
        CustomerFact { id, email: linked(Kind::Email, &number.to_string()), ..customer(1) }
    };
    let index = Index::new();
    let mut oracle = Oracle::default();
    let put = |number| Fact::CustomerPut(person(number));
    let gone = |number| Fact::CustomerRemoved(person(number).id);
    let facts: Vec<Fact> = (0..5_000).map(put).chain((100..3_000).step_by(7).map(gone)).collect();
    oracle_applies(&mut oracle, &facts);
    index.apply(&facts);
    index.settle();
    let then = of_facts(&oracle.facts());
    assert!(index.begin_reading(0, KEY));
    let mut change = 0;
    let taken = loop {
        match index.read_on(100) {
            Reading::Done(digest) => break digest,
            Reading::Begun => {}
            other @ (Reading::None | Reading::Waiting) => panic!("{other:?}"),
        }
        change += 1;
        // Two that are new at once: the second one's place is not known before the first has its own.
        let facts = [put(20_000 + change), put(40_000 + change), gone(change * 31 % 5_000)];
        index.apply_change(i64::from(change), &facts);
        oracle_applies(&mut oracle, &facts);
    };
    assert!(change > 50, "{change}");
    assert_equal(&taken, &then);
    assert_equal(&of_index(&index), &of_facts(&oracle.facts()));
}

#[test]
fn it_begins_at_the_revision_that_was_asked_for_and_never_past_it() {
    let index = Index::new();
    index.advance(5);
    assert!(!index.begin_reading(4, KEY));
    assert!(matches!(index.read_on(1), Reading::None));
    assert!(index.begin_reading(7, KEY));
    let listed = |number| put(entry(List::Block, number, Kind::Email, "a"));
    index.apply_change(6, &[listed(1)]);
    index.settle();
    assert!(matches!(index.read_on(1), Reading::Waiting));
    index.apply_change(7, &[listed(2)]);
    assert!(matches!(index.read_on(1), Reading::Waiting), "it may be in the middle of what others committed");
    index.settle();
    index.apply_change(8, &[listed(3)]);
    assert_equal(&read_to_the_end(&index), &of_facts(&[listed(1), listed(2)]));
    assert!(matches!(index.read_on(1), Reading::None));
    assert!(index.begin_reading(9, KEY));
    index.stop_reading();
    index.apply_change(9, &[]);
    assert!(matches!(index.read_on(1), Reading::None));
    assert!(index.begin_reading(11, KEY));
    index.advance(12);
    assert!(matches!(index.read_on(1), Reading::None), "what was leapt over is not begun");
    index.apply_change(13, &[]);
    assert!(index.begin_reading(13, KEY));
    assert!(matches!(index.read_on(1), Reading::Waiting));
    index.apply_change(14, &[]);
    index.settle();
    assert!(matches!(index.read_on(1), Reading::None), "nor what was passed without rest");
}

#[test]
fn what_differs_is_in_its_own_bucket() {
    let person = CustomerFact {
        email: linked(Kind::Email, "a"),
        phone: linked(Kind::Phone, "b"),
        restrict_cit: true,
        ..customer(1)
    };
    let other = CustomerFact { email: linked(Kind::Email, "a"), ..customer(2) };
    let listed = entry(List::Block, 1, Kind::Device, "c");
    let text: Option<Arc<str>> = Some(Arc::from("text"));
    let facts = [Fact::CustomerPut(person.clone()), Fact::CustomerPut(other), put(listed.clone())];
    let index = of_index(&index(&facts));
    let differing = |facts: &[Fact]| index.different(&of_facts(facts));
    assert_eq!(differing(&facts), Vec::<usize>::new());
    let [person_put, other_put, entry_put] = &facts;
    let mut buckets = HashSet::new();
    for changed in [
        CustomerFact { restrict_cit: false, ..person.clone() },
        CustomerFact { restrict_reason: text.clone(), ..person.clone() },
        CustomerFact { list_status: ListStatus::Blacklisted, ..person.clone() },
        CustomerFact { phone: None, ..person.clone() },
    ] {
        let [bucket] = *differing(&[Fact::CustomerPut(changed), other_put.clone(), entry_put.clone()]) else {
            panic!("one customer, one bucket")
        };
        buckets.insert(bucket);
    }
    assert_eq!(differing(&[other_put.clone(), entry_put.clone()]), Vec::from_iter(buckets.clone()));
    assert_eq!(buckets.len(), 1);
    let mut buckets = HashSet::new();
    for changed in [
        EntryFact { max_amount: Money::new(5, Currency::NGN).ok(), ..listed.clone() },
        EntryFact { reason: text.clone(), ..listed.clone() },
        EntryFact { public_message: text, ..listed.clone() },
        EntryFact { strength: Strength::Soft, ..listed.clone() },
        EntryFact { id: entry_id(List::Block, 9), ..listed },
    ] {
        let [bucket] = *differing(&[person_put.clone(), other_put.clone(), put(changed)]) else {
            panic!("one entry, one bucket")
        };
        buckets.insert(bucket);
    }
    assert_eq!(differing(&[person_put.clone(), other_put.clone()]), Vec::from_iter(buckets.clone()));
    assert_eq!(buckets.len(), 1);
    let twice = [person_put.clone(), other_put.clone(), entry_put.clone(), entry_put.clone()];
    assert_eq!(differing(&twice), Vec::from_iter(buckets), "one too many, too");
}
