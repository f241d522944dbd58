//! The feed looked through by who, what, about what and when: the same as looking at every change, page by page.

use interdict_domain::actor::Actor;
use interdict_domain::change::Action;
use interdict_storage::{Authorship, ChangeFilter, Changes, HistoryItem, StorageError, Store};

use crate::support::{Deterministic, MERCHANT, World, entry, now};

on_both_engines!(
    what_a_filter_lets_through_is_found_page_by_page,
    what_is_rare_is_found_behind_much_else,
    days_are_found_in_a_long_feed,
    days_are_found_in_a_short_feed_whatever_its_clock_did,
);

/// So many changes, a second apart. Two write in turn, one rarely; each entry is made, and then changed.
const CHANGES: u64 = 400;
const RARE: [u64; 3] = [3, 150, 333];

fn actor(number: u64) -> Actor {
    let id = match number {
        number if RARE.contains(&number) => "usr_rare",
        number if number % 4 < 2 => "usr_one",
        _ => "usr_two",
    };
    Actor { kind: interdict_domain::actor::ActorType::User, id: id.to_owned() }
}

fn fill(store: &Store) {
    fill_with(store, CHANGES, |number| number);
}

/// Changes, each made so many seconds after the beginning as its number says.
fn fill_with(store: &Store, changes: u64, second: fn(i64) -> i64) {
    let random = Deterministic::new(1);
    let work = move |transaction: &mut interdict_storage::Transaction<'_>| {
        write(transaction, changes, second, &random)
    };
    store.write_blocking::<_, StorageError, _>(work).unwrap();
}

fn write(
    transaction: &mut interdict_storage::Transaction<'_>,
    changes: u64,
    second: fn(i64) -> i64,
    random: &std::sync::Arc<Deterministic>,
) -> Result<(), StorageError> {
    let mut before = None;
    for number in 0..changes {
        let made = entry(number / 2, random.as_ref());
        let (actor, old) = (actor(number), before.take());
        let after = old.clone().unwrap_or(made);
        let action = if old.is_some() { Action::EntryUpdated } else { Action::EntryCreated };
        before = old.is_none().then(|| after.clone());
        let at = now().plus_seconds(second(i64::try_from(number).unwrap()));
        let by = Authorship::new(&actor, at, random.as_ref());
        transaction.merchant(MERCHANT).put_entry(&by, action, old.as_ref(), &after)?;
    }
    Ok(())
}

fn page(store: &Store, filter: &ChangeFilter, before: i64, limit: usize) -> Changes {
    store.read_blocking(|view| view.merchant(MERCHANT).changes_like(filter, before, limit)).unwrap()
}

/// All pages, one behind the other.
fn all(store: &Store, filter: &ChangeFilter, limit: usize) -> Vec<HistoryItem> {
    let (mut found, mut before, mut pages) = (Vec::new(), i64::MAX, 0);
    loop {
        let page = page(store, filter, before, limit);
        assert!(page.items.len() <= limit);
        found.extend(page.items);
        pages += 1;
        assert!(pages <= 1_000, "it comes to an end");
        match page.next {
            Some(next) => {
                assert!(next < before);
                before = next;
            }
            None => return found,
        }
    }
}

fn what_a_filter_lets_through_is_found_page_by_page(world: &World) {
    let store = world.open(1, None);
    fill(&store);
    let whole = all(&store, &ChangeFilter::default(), 1_000);
    assert_eq!(whole.len() as u64, CHANGES);
    assert!(whole.windows(2).all(|pair| pair[0].change.sequence > pair[1].change.sequence));
    let subject = whole[100].change.subject.to_string();
    let second = |number: i64| Some(now().plus_seconds(number));
    for actor in [None, Some("usr_one"), Some("usr_rare"), Some("usr_nobody")] {
        for action in [None, Some(Action::EntryUpdated), Some(Action::CustomerErased)] {
            for subject in [None, Some(subject.clone())] {
                for (from, until) in
                    [(None, None), (second(50), None), (None, second(300)), (second(99), second(333))]
                {
                    let filter = ChangeFilter {
                        actor: actor.map(str::to_owned),
                        action,
                        subject: subject.clone(),
                        from,
                        until,
                    };
                    let is_like = |item: &&HistoryItem| {
                        let change = &item.change;
                        actor.is_none_or(|id| change.actor.id == id)
                            && action.is_none_or(|action| change.action == action)
                            && subject.as_ref().is_none_or(|subject| change.subject.to_string() == *subject)
                            && from.is_none_or(|from| change.at >= from)
                            && until.is_none_or(|until| change.at < until)
                    };
                    let expected: Vec<_> = whole.iter().filter(is_like).cloned().collect();
                    for limit in [1, 7, 500] {
                        assert_eq!(all(&store, &filter, limit), expected, "{filter:?} by {limit}");
                    }
                }
            }
        }
    }
}

/// What both filters want stands far apart, and one page finds it.
fn what_is_rare_is_found_behind_much_else(world: &World) {
    let store = world.open(1, None);
    fill(&store);
    let filter = ChangeFilter {
        actor: Some("usr_rare".to_owned()),
        action: Some(Action::EntryUpdated),
        ..ChangeFilter::default()
    };
    let found = page(&store, &filter, i64::MAX, 50);
    let numbers: Vec<i64> = found.items.iter().map(|item| item.change.sequence - 1).collect();
    assert_eq!((numbers, found.next), (vec![333, 3], None));
}

fn sequences(store: &Store, filter: &ChangeFilter) -> Vec<i64> {
    all(store, filter, 40).iter().map(|item| item.change.sequence).collect()
}

fn days_are_found_in_a_long_feed(world: &World) {
    let store = world.open(1, None);
    fill_with(&store, 2_500, |number| number);
    let second = |number: i64| Some(now().plus_seconds(number));
    let days = ChangeFilter { from: second(1_000), until: second(1_100), ..ChangeFilter::default() };
    assert_eq!(sequences(&store, &days), (1_001..=1_100).rev().collect::<Vec<_>>());
    let changed = ChangeFilter { action: Some(Action::EntryUpdated), ..days };
    assert_eq!(
        sequences(&store, &changed),
        (1_001..=1_100).rev().filter(|number| number % 2 == 0).collect::<Vec<_>>()
    );
    let beyond = ChangeFilter { from: second(2_500), ..ChangeFilter::default() };
    assert_eq!(sequences(&store, &beyond), [0; 0]);
    let beyond = ChangeFilter { until: second(0), ..changed };
    assert_eq!(sequences(&store, &beyond), [0; 0]);
}

fn days_are_found_in_a_short_feed_whatever_its_clock_did(world: &World) {
    let store = world.open(1, None);
    fill_with(&store, 300, |number| (number * 7) % 300);
    let second = |number: i64| Some(now().plus_seconds(number));
    let days = ChangeFilter { from: second(30), until: second(90), ..ChangeFilter::default() };
    let is_in = |sequence: &i64| (30..90).contains(&((sequence - 1) * 7 % 300));
    assert_eq!(sequences(&store, &days), (1..=300).rev().filter(is_in).collect::<Vec<_>>());
    let changed = ChangeFilter { action: Some(Action::EntryUpdated), ..days };
    let expected: Vec<_> = (1..=300).rev().filter(is_in).filter(|sequence| sequence % 2 == 0).collect();
    assert_eq!(sequences(&store, &changed), expected);
}
