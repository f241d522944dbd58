//! The index is the fold of the feed (invariant 2): after random histories through the real use cases,
//! the live index, one that followed the files from beside, and one loaded anew are equal, and decide as
//! the oracle does, which was fed by the feed. `PROPTEST_CASES` makes it run longer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod calls;
mod judged;
mod persons;
mod replays;
mod rotations;
#[path = "../support/mod.rs"]
mod support;

use std::fmt::Write as _;
use std::time::Duration;

use calls::{Call, call};
use interdict_app::store::{StorageError, Trimming};
use interdict_app::{
    EntryUpdate, ImportError, ListedCustomer, NewImport, NewListStatus, ProfileUpdate, RestrictionUpdate,
    SettingsUpdate, UnlistError, UseCaseError, change_settings,
};
use interdict_decision::oracle::Oracle;
use interdict_domain::clock::Timestamp;
use interdict_domain::customer::Profile;
use interdict_domain::entry::{List, Strength};
use interdict_domain::ids::{CustomerId, EntryId, ImportId, PersonId};
use interdict_domain::import::ImportState;
use interdict_domain::mode::Mode;
use interdict_domain::money::{Currency, Money};
use interdict_domain::text::{Name, PublicMessage};
use interdict_test_support::wait_until;
use judged::assert_as_the_oracle;
use proptest::prelude::*;
use proptest::sample::Index;
use support::{Shop, email, merchant_ref, new_entry, new_import, open, phone, reason};

/// A shop with whom and what it has ever had.
struct World {
    shop: Shop,
    customers: Vec<CustomerId>,
    entries: Vec<EntryId>,
    imports: Vec<ImportId>,
    persons: Vec<PersonId>,
    /// What the feed said up to a change, in case that it is trimmed.
    oracle: Oracle,
    told: i64,
}

impl World {
    fn new() -> Self {
        Self {
            shop: Shop::new(),
            customers: Vec::new(),
            entries: Vec::new(),
            imports: Vec::new(),
            persons: Vec::new(),
            oracle: Oracle::default(),
            told: 0,
        }
    }

    fn one(&self, who: Index) -> Option<CustomerId> {
        (!self.customers.is_empty()).then(|| self.customers[who.index(self.customers.len())])
    }

    fn entry(&self, which: Index) -> Option<EntryId> {
        (!self.entries.is_empty()).then(|| self.entries[which.index(self.entries.len())])
    }

    fn after(&self, seconds: Option<i64>) -> Option<Timestamp> {
        seconds.map(|seconds| self.shop.now().plus_seconds(seconds))
    }

    /// Makes the call. What it refuses for a good reason is a part of the history, too.
    fn make(&mut self, call: Call) {
        match self.try_make(call) {
            Ok(())
            | Err(
                UseCaseError::NotFound(_)
                | UseCaseError::RefTaken
                | UseCaseError::Invalid { .. }
                | UseCaseError::ChangedMeanwhile,
            ) => {}
            Err(UseCaseError::Storage(error)) => panic!("{error:?}"),
        }
    }

    fn try_make(&mut self, call: Call) -> Result<(), UseCaseError> {
        match call {
            Call::Wait { seconds } => self.shop.clock.advance(seconds),
            Call::Trim { kept } => self.trim(kept),
            Call::Enter {
                list,
                identifier: (kind, value),
                strength,
                scopes,
                starts_in_s,
                ends_in_s,
                reason: why,
            } => {
                let mut new = new_entry(list, kind, value);
                (new.strength, new.scopes, new.reason) = (strength, scopes, why.map(reason));
                new.public_message = why.map(|text| PublicMessage::parse(text).unwrap());
                (new.starts_at, new.expires_at) = (self.after(starts_in_s), self.after(ends_in_s));
                // On the allow list a strength means nothing: there it says whether there is a limit.
                new.limits.max_amount = (list == List::Allow && strength == Some(Strength::Soft)).then(sum);
                let listed =
                    self.shop.run(move |transaction, by| interdict_app::list_entry(transaction, by, new));
                self.entries.push(listed?.0.id);
            }
            Call::Change { which, strength, ends_in_s, reason: why } => {
                let Some(id) = self.entry(which) else { return Ok(()) };
                let expires_at = ends_in_s.map(|ends| self.after(ends));
                let reason = why.map(|why| why.map(reason));
                let update = EntryUpdate { strength, expires_at, reason, ..EntryUpdate::default() };
                self.shop
                    .run(move |transaction, by| interdict_app::update_entry(transaction, by, id, update))?;
            }
            Call::Delete { which } => {
                let Some(id) = self.entry(which) else { return Ok(()) };
                self.shop.run(move |transaction, by| interdict_app::unlist_entry(transaction, by, id))?;
            }
            Call::Import { list, rows } => {
                let mut file = "email,reason,strength\n".to_owned();
                for (email, why, strength) in rows {
                    let strength = strength.map_or("", Strength::as_str);
                    writeln!(file, "{email},{},{strength}", why.unwrap_or_default()).unwrap();
                }
                let import = self.shop.import_as(NewImport { list, ..new_import(false) }, &file);
                assert_eq!(import.state, ImportState::Done);
                self.imports.push(import.id);
            }
            Call::UndoImport { which } => {
                if self.imports.is_empty() {
                    return Ok(());
                }
                let id = self.imports[which.index(self.imports.len())];
                match self.shop.undo_import(id) {
                    Ok(_) | Err(ImportError::State(_) | ImportError::Trimmed) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
            call @ (Call::Block { .. } | Call::Extend { .. } | Call::Lift { .. }) => {
                self.make_about_persons(call)?;
            }
            Call::Undo => {
                let newest = self.shop.service().readiness().revision;
                self.shop.run(move |transaction, by| interdict_app::undo_change(transaction, by, newest))?;
            }
            Call::Choose { outage } => {
                let update = SettingsUpdate { outage, ..SettingsUpdate::default() };
                self.shop.run(move |transaction, by| change_settings(transaction, by, update))?;
            }
            call => self.make_about_customers(call)?,
        }
        Ok(())
    }

    fn make_about_customers(&mut self, call: Call) -> Result<(), UseCaseError> {
        match call {
            Call::Create { email: e, phone: p, merchant_ref: r } => {
                let profile = Profile {
                    email: e.map(email),
                    phone: p.map(phone),
                    merchant_ref: r.map(merchant_ref),
                    ..Profile::default()
                };
                let made = self
                    .shop
                    .run(move |transaction, by| interdict_app::create_customer(transaction, by, profile))?;
                self.customers.push(made.id);
            }
            Call::List { email: e, merchant_ref: r, status } => {
                let name = || Name::parse("Ada").unwrap();
                let (first_name, last_name) = (name(), name());
                let (email, merchant_ref) = (email(e), merchant_ref(r));
                let listed =
                    ListedCustomer { first_name, last_name, email, merchant_ref, role: None, status };
                let made = self
                    .shop
                    .run(move |transaction, by| interdict_app::list_customer(transaction, by, listed))?;
                self.customers.push(made.id);
            }
            Call::Unlist { email: e, merchant_ref: r, status } => {
                let (email, merchant_ref) = (email(e), merchant_ref(r));
                self.shop.run(move |transaction, by| {
                    match interdict_app::unlist_customer(transaction, by, &merchant_ref, &email, status) {
                        Ok(_) | Err(UnlistError::Nobody | UnlistError::NotListed) => Ok(()),
                        Err(UnlistError::Storage(error)) => Err(error.into()),
                    }
                })?;
            }
            call => self.make_about_one(call)?,
        }
        Ok(())
    }

    fn make_about_one(&self, call: Call) -> Result<(), UseCaseError> {
        let (Call::Update { who, .. }
        | Call::Restrict { who, .. }
        | Call::SetStatus { who, .. }
        | Call::ClearStatus { who, .. }
        | Call::Erase { who }) = call
        else {
            panic!("{call:?}")
        };
        let Some(id) = self.one(who) else { return Ok(()) };
        let now = self.shop.now();
        self.shop.run(move |transaction, by| {
            match call {
                Call::Update { email: e, phone: p, merchant_ref: r, .. } => {
                    let update = ProfileUpdate {
                        email: e.map(|e| e.map(email)),
                        phone: p.map(|p| p.map(phone)),
                        merchant_ref: r.map(|r| r.map(merchant_ref)),
                        ..ProfileUpdate::default()
                    };
                    interdict_app::update_customer(transaction, by, id, update)?;
                }
                Call::Restrict { cit, mit, reason: why, .. } => {
                    let update = RestrictionUpdate { cit, mit, reason: why.map(|why| why.map(reason)) };
                    interdict_app::restrict_customer(transaction, by, id, update)?;
                }
                Call::SetStatus { status, scopes, ends_in_s, reason: why, .. } => {
                    let expires_at = ends_in_s.map(|seconds| now.plus_seconds(seconds));
                    let new = NewListStatus { status, reason: why.map(reason), scopes, expires_at };
                    interdict_app::set_list_status(transaction, by, id, new)?;
                }
                Call::ClearStatus { status, .. } => {
                    interdict_app::clear_list_status(transaction, by, id, status)?;
                }
                _ => drop(interdict_app::erase_customer(transaction, by, id)?),
            }
            Ok(())
        })
    }

    /// Trims all but the newest changes, or some of it.
    fn trim(&mut self, kept: i64) {
        self.tell_oracle();
        let before = Trimming::before(self.shop.now().plus_seconds(1));
        self.shop.trim(Trimming { kept, least: 1, most: 7, ..before });
    }

    /// What the feed said, from the first change on.
    fn tell_oracle(&mut self) {
        let (oracle, told) = (&mut self.oracle, &mut self.told);
        let read = self.shop.service().store().read_blocking(|view| {
            view.for_each_change(&mut |change| {
                if change.sequence > *told {
                    assert_eq!(change.sequence, *told + 1);
                    *told = change.sequence;
                    change.facts.iter().for_each(|fact| oracle.apply(fact));
                }
            })
        });
        read.map_err(|error: StorageError| error).unwrap();
    }
}

/// What is to be paid, and the largest exempt payment.
fn sum() -> Money {
    Money::new(5_000, Currency::NGN).unwrap()
}

fn configuration() -> ProptestConfig {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    // The library's own 256 would take a minute; whoever wants more says so.
    let cases = if config.cases == 256 { 40 } else { config.cases };
    ProptestConfig { cases, ..config }
}

proptest! {
    #![proptest_config(configuration())]

    #[test]
    fn live_followed_and_loaded_indexes_are_equal_and_decide_as_the_oracle(
        calls in proptest::collection::vec(call(), 1..60),
    ) {
        let mut world = World::new();
        let beside = open(world.shop.folder.path(), &world.shop.clock, &world.shop.random);
        for call in calls {
            world.make(call);
        }
        world.tell_oracle();
        let (shop, service) = (&world.shop, world.shop.service());
        let fingerprint = service.fingerprint();
        prop_assert_eq!(shop.reopened().service(Mode::Test).fingerprint(), fingerprint, "loaded anew");
        let follower = beside.service(Mode::Test);
        let revision = service.readiness().revision;
        wait_until(|| follower.readiness().revision == revision, Duration::from_secs(20)).unwrap();
        prop_assert_eq!(follower.fingerprint(), fingerprint, "followed from beside");
        assert_as_the_oracle(service, &world.oracle, shop.now(), &world.customers);
        prop_assert!(service.compare_with_store().unwrap().is_equal(), "memory and tables");
        prop_assert!(service.compare_with_feed().unwrap().is_equal(), "tables and feed");
        prop_assert_eq!(service.store().verify_chain(&mut |_| {}).unwrap().fault, None);
    }
}
