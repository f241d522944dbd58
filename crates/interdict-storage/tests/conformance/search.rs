//! A part of a text finds what looking at every row finds, in the same order and on every page, whatever the index
//! has reached.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use interdict_domain::actor::Actor;
use interdict_domain::change::Action;
use interdict_domain::clock::Timestamp;
use interdict_domain::customer::{Customer, ListStanding, ListStatus, Profile, Restriction};
use interdict_domain::entry::{Entry, List};
use interdict_domain::identifier::{Email, Kind, MerchantRef, Phone};
use interdict_domain::ids::{CustomerId, EntryId, Ksuid};
use interdict_domain::scopes::Scopes;
use interdict_domain::text::{Name, Reason};
use interdict_domain::window::Window;
use interdict_storage::{
    Authorship, CustomerFilter, EntryFilter, MerchantTransaction, MerchantView, PageRequest, StorageError,
    Store,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::support::{Deterministic, MERCHANT, World, entry, now, pepper};

on_both_engines!(a_part_finds_what_a_look_at_every_row_finds,);

/// More than are looked at before the index is asked.
const NEWEST: u64 = 4_200;
/// Behind them, with texts that resemble each other.
const OLDER: u64 = 400;

/// No two commits make the same ids.
static SEED: AtomicU64 = AtomicU64::new(1_000);

pub struct Generated {
    runner: TestRunner,
    pub random: Arc<Deterministic>,
}

impl Generated {
    pub fn new(seed: u64) -> Self {
        Self { runner: TestRunner::deterministic(), random: Deterministic::new(seed) }
    }

    pub fn one<T: std::fmt::Debug>(&mut self, of: impl Strategy<Value = T>) -> T {
        of.new_tree(&mut self.runner).unwrap().current()
    }

    /// Of few letters, with those among them that mean something to a LIKE or to an index.
    pub fn text(&mut self) -> String {
        self.one("[aAbÄéıΣ%_'\"\\\\ @1*-]{1,9}")
    }

    pub fn customer(&mut self, number: u64, text: Option<String>) -> Customer {
        let text = text.unwrap_or_else(|| format!("new {number}"));
        let is = |nth: u64| number.is_multiple_of(nth);
        let at = Timestamp::from_micros(now().micros() - i64::try_from(number / 3).unwrap());
        let windows = [
            Window::ALWAYS,
            Window::new(None, Some(now())).unwrap(),
            Window::new(Some(now()), None).unwrap(),
        ];
        Customer {
            id: CustomerId::generate(at, self.random.as_ref()),
            merchant: MERCHANT,
            profile: Profile {
                email: is(2).then(|| Email::from_stored(format!("{text}@example.com"))),
                phone: is(3).then(|| Phone::from_stored(format!("+4930{:06}", number % 1_000))),
                first_name: Some(Name::from_stored(text.clone())),
                last_name: is(5).then(|| Name::from_stored(text)),
                merchant_ref: Some(MerchantRef::from_stored(format!("ref-{number}"))),
                ..Profile::default()
            },
            restriction: Restriction { cit: is(7), mit: is(11), reason: None },
            standing: ListStanding {
                status: *ListStatus::ALL
                    .get(usize::try_from(number % 5).unwrap())
                    .unwrap_or(&ListStatus::Normal),
                reason: None,
                scopes: Scopes::BOTH,
                window: windows[usize::try_from(number % 3).unwrap()],
            },
            created_at: at,
            updated_at: at,
        }
    }

    pub fn entry(&mut self, number: u64, text: Option<String>) -> Entry {
        let at = Timestamp::from_micros(now().micros() - i64::try_from(number / 3).unwrap());
        let list = if number.is_multiple_of(4) { List::Allow } else { List::Block };
        let kind = if number.is_multiple_of(3) { Kind::Device } else { Kind::Email };
        let value = format!("{} {number}", text.clone().unwrap_or_else(|| "new".to_owned()));
        Entry {
            id: EntryId::generate(list, at, self.random.as_ref()),
            kind,
            key: pepper().key(MERCHANT, kind, &value),
            value: Some(value),
            reason: text.filter(|_| number.is_multiple_of(2)).map(Reason::from_stored),
            window: Window::new(None, number.is_multiple_of(6).then(now)).unwrap(),
            created_at: at,
            ..entry(number, self.random.as_ref())
        }
    }
}

pub fn write(
    store: &Store,
    work: impl FnOnce(&mut MerchantTransaction<'_, '_>, &Authorship<'_>) + Send + 'static,
) {
    let committed = store.write_blocking::<_, StorageError, _>(move |transaction| {
        let (actor, random) = (Actor::system(), Deterministic::new(SEED.fetch_add(1, Ordering::Relaxed)));
        let by = Authorship::new(&actor, now(), random.as_ref());
        work(&mut transaction.merchant(MERCHANT), &by);
        Ok(())
    });
    committed.unwrap();
}

pub fn read<T>(store: &Store, read: impl FnOnce(&MerchantView<'_>) -> Result<T, StorageError>) -> T {
    store.read_blocking(|view| read(&view.merchant(MERCHANT))).unwrap()
}

/// What there should be.
#[derive(Clone, Default)]
pub struct Model {
    pub customers: Vec<Customer>,
    pub entries: Vec<Entry>,
}

impl Model {
    pub fn put(&self, store: &Store) {
        for some in self.customers.chunks(500) {
            let some = some.to_vec();
            write(store, move |transaction, by| {
                for customer in &some {
                    transaction.put_customer(by, Action::CustomerCreated, None, customer).unwrap();
                }
            });
        }
        for some in self.entries.chunks(500) {
            let some = some.to_vec();
            write(store, move |transaction, by| {
                for entry in &some {
                    transaction.put_entry(by, Action::EntryCreated, None, entry).unwrap();
                }
            });
        }
    }

    fn customers(&self, filter: &CustomerFilter) -> Vec<CustomerId> {
        let has = |customer: &&Customer| {
            let profile = &customer.profile;
            let texts = [
                profile.email.as_ref().map(|email| email.as_str().to_owned()),
                profile.full_name(),
                profile.merchant_ref.as_ref().map(|value| value.as_str().to_owned()),
                profile.phone.as_ref().map(|phone| phone.as_str().to_owned()),
                Some(customer.id.to_string()),
            ];
            let part = filter.query.clone().unwrap_or_default().to_lowercase();
            let restricted = customer.restriction.cit || customer.restriction.mit;
            texts.into_iter().flatten().any(|text| text.to_lowercase().contains(&part))
                && filter.list_status.is_none_or(|status| status == customer.standing.at(filter.now))
                && filter.restricted.is_none_or(|wanted| wanted == restricted)
        };
        let mut found: Vec<&Customer> = self.customers.iter().filter(has).collect();
        found.sort_by_key(|customer| std::cmp::Reverse((customer.created_at, customer.id.ksuid())));
        found.into_iter().map(|customer| customer.id).collect()
    }

    fn entries(&self, filter: &EntryFilter) -> Vec<EntryId> {
        let has = |entry: &&Entry| {
            let part = filter.query.clone().unwrap_or_default().to_lowercase();
            let texts = [entry.value.as_deref(), entry.reason.as_ref().map(Reason::as_str)];
            texts.into_iter().flatten().any(|text| text.to_lowercase().contains(&part))
                && filter.list.is_none_or(|list| list == entry.list())
                && filter.kind.is_none_or(|kind| kind == entry.kind)
                && filter.active.is_none_or(|active| active == entry.window.contains(filter.now))
        };
        let mut found: Vec<&Entry> = self.entries.iter().filter(has).collect();
        found.sort_by_key(|entry| std::cmp::Reverse((entry.created_at, entry.id.ksuid())));
        found.into_iter().map(|entry| entry.id).collect()
    }
}

type Position = (Timestamp, Ksuid);

/// All pages, one after the other.
fn pages<T: Copy>(
    mut page: impl FnMut(PageRequest) -> Vec<(T, Position)>,
    mut positions: impl Iterator<Item = i64>,
) -> Vec<T> {
    let (mut found, mut position) = (Vec::new(), None);
    loop {
        let limit = positions.next().unwrap_or(1_000);
        let rows = page(PageRequest::After { position, limit });
        assert!(rows.len() <= usize::try_from(limit).unwrap());
        let is_last = rows.len() < usize::try_from(limit).unwrap();
        position = rows.last().map(|(_, position)| *position).or(position);
        found.extend(rows.into_iter().map(|(row, _)| row));
        if is_last {
            return found;
        }
    }
}

fn assert_finds(store: &Store, model: &Model, generated: &mut Generated, part: &str) {
    let list_status =
        generated.one(prop::option::weighted(0.3, prop::sample::select(ListStatus::ALL.to_vec())));
    let restricted = generated.one(prop::option::weighted(0.3, any::<bool>()));
    let now = Timestamp::from_micros(now().micros() - 1);
    let query = Some(part.to_owned());
    let filter = CustomerFilter { query: query.clone(), list_status, restricted, email: None, now };
    let page = |request| {
        let found = read(store, |view| view.customers(&filter, request));
        found.into_iter().map(|row| (row.id, (row.created_at, row.id.ksuid()))).collect()
    };
    let limits = || [3, 40].into_iter();
    let wanted = model.customers(&filter);
    assert_eq!(pages(page, limits()), wanted, "{filter:?}");
    let counted = read(store, |view| view.count_customers(&filter));
    assert_eq!(counted, i64::try_from(wanted.len()).unwrap(), "{filter:?}");
    let page = |request| {
        let (position, limit) = behind(request);
        let found = read(store, |view| view.oldest_customers(&filter, position, limit));
        found.into_iter().map(|row| (row.id, (row.created_at, row.id.ksuid()))).collect()
    };
    let other_way_round: Vec<_> = wanted.into_iter().rev().collect();
    assert_eq!(pages(page, limits()), other_way_round, "{filter:?}");

    let filter = EntryFilter {
        list: generated.one(prop::option::weighted(0.4, prop::sample::select(List::ALL.to_vec()))),
        kind: generated
            .one(prop::option::weighted(0.3, prop::sample::select(vec![Kind::Email, Kind::Device]))),
        query,
        active: generated.one(prop::option::weighted(0.3, any::<bool>())),
        identifier: None,
        now,
    };
    let page = |request| {
        let found = read(store, |view| view.entries(&filter, request));
        found.into_iter().map(|row| (row.entry.id, (row.entry.created_at, row.entry.id.ksuid()))).collect()
    };
    let wanted = model.entries(&filter);
    assert_eq!(pages(page, limits()), wanted, "{filter:?}");
    let counted = read(store, |view| view.count_entries(&filter));
    assert_eq!(counted, i64::try_from(wanted.len()).unwrap(), "{filter:?}");
    let page = |request| {
        let (position, limit) = behind(request);
        let found = read(store, |view| view.oldest_entries(&filter, position, limit));
        found.into_iter().map(|row| (row.entry.id, (row.entry.created_at, row.entry.id.ksuid()))).collect()
    };
    let other_way_round: Vec<_> =
        if filter.list.is_some() { wanted.into_iter().rev().collect() } else { Vec::new() };
    assert_eq!(pages(page, limits()), other_way_round, "{filter:?}");
}

fn behind(request: PageRequest) -> (Option<Position>, i64) {
    match request {
        PageRequest::After { position, limit } => (position, limit),
        PageRequest::Numbered(_) => panic!("pages by number have an order of their own"),
    }
}

/// Parts of texts that are there, and of ones that are not.
fn part(generated: &mut Generated, model: &Model) -> String {
    let customer = &model.customers[generated.one(0..model.customers.len())];
    let id = customer.id.to_string();
    let phone = customer.profile.phone.as_ref().map_or("+49", Phone::as_str).to_owned();
    let name = customer.profile.full_name().unwrap();
    let of = [id, phone, name.clone(), name.to_uppercase(), "example.com".to_owned(), generated.text()];
    let of: Vec<char> = of[generated.one(0..of.len())].chars().collect();
    let start = generated.one(0..of.len());
    let length = generated.one(1..=12_usize);
    of[start..].iter().take(length).collect()
}

fn a_part_finds_what_a_look_at_every_row_finds(world: &World) {
    let store = world.open(1, None);
    let mut generated = Generated::new(1);
    let mut model = Model::default();
    for number in 0..NEWEST + OLDER {
        let text = (number >= NEWEST).then(|| generated.text());
        model.customers.push(generated.customer(number, text.clone()));
        model.entries.push(generated.entry(number, text));
    }
    model.put(&store);
    // Some searches while the index is being filled, the most of them afterwards.
    for _ in 0..3 {
        let part = part(&mut generated, &model);
        assert_finds(&store, &model, &mut generated, &part);
    }
    world.wait_for_search();
    for round in 0..60 {
        // What changed just now is in no index yet.
        change(&store, &mut model, &mut generated);
        let part = part(&mut generated, &model);
        assert_finds(&store, &model, &mut generated, &part);
        if round == 40 {
            world.wait_for_search();
        }
    }
    for part in [
        "",
        "a",
        "%",
        "_",
        "%%%",
        "\\\\\\",
        "'''",
        "\"\"\"",
        "a\"b",
        "ref-43",
        "+4930000",
        "CUS_",
        "no such part",
    ] {
        assert_finds(&store, &model, &mut generated, part);
    }
}

/// Renames, deletes, erases or adds somebody behind the newest.
fn change(store: &Store, model: &mut Model, generated: &mut Generated) {
    let at = usize::try_from(generated.one(NEWEST..NEWEST + 300)).unwrap();
    let what = generated.one(0..5);
    let text = generated.text();
    match what {
        0 => {
            let mut after = model.customers[at].clone();
            after.profile.first_name = Some(Name::from_stored(text));
            let before = std::mem::replace(&mut model.customers[at], after.clone());
            write(store, move |transaction, by| {
                transaction.put_customer(by, Action::CustomerUpdated, Some(&before), &after).unwrap();
            });
        }
        1 => {
            let mut after = model.entries[at].clone();
            after.reason = Some(Reason::from_stored(text));
            let before = std::mem::replace(&mut model.entries[at], after.clone());
            write(store, move |transaction, by| {
                transaction.put_entry(by, Action::EntryUpdated, Some(&before), &after).unwrap();
            });
        }
        2 => {
            let gone = model.entries.remove(at);
            write(store, move |transaction, by| transaction.delete_entry(by, &gone).unwrap());
        }
        3 => {
            let mut gone = model.customers.remove(at);
            // Nothing of what blocks is left, so that the model need not know of it.
            let before = gone.clone();
            gone.restriction = Restriction { cit: false, mit: false, reason: None };
            gone.standing = ListStanding::NORMAL;
            write(store, move |transaction, by| {
                transaction.put_customer(by, Action::CustomerUpdated, Some(&before), &gone).unwrap();
                transaction.erase_customer(by, &gone).unwrap();
            });
        }
        _ => {
            let number = 10_000 + SEED.fetch_add(1, Ordering::Relaxed);
            let new = Model {
                customers: vec![generated.customer(number, Some(text.clone()))],
                entries: vec![generated.entry(number, Some(text))],
            };
            new.put(store);
            model.customers.extend(new.customers);
            model.entries.extend(new.entries);
        }
    }
}
