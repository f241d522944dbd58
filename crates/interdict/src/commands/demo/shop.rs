//! Fills the sample shop through the use cases, so that each row has its history.
//!
//! Deliberately not here: who is in it ([`super::cast`]).

use std::sync::Arc;

use anyhow::{Context as _, Result};
use interdict_app::store::{Authorship, MerchantTransaction, StorageError};
use interdict_app::{
    App, NewEntry, NewListStatus, NewMerchant, NewUser, PasswordHash, RestrictionUpdate, UseCaseError,
    create_customer, create_user, erase_customer, list_entry, restrict_customer, set_list_status,
};
use interdict_domain::actor::Actor;
use interdict_domain::change::Action;
use interdict_domain::clock::Timestamp;
use interdict_domain::customer::{Customer, ListStanding, ListStatus, Profile, Restriction};
use interdict_domain::entry::EntrySource;
use interdict_domain::identifier::{Email, Identifier, Kind, MerchantRef, Phone};
use interdict_domain::ids::CustomerId;
use interdict_domain::limits::Limits;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::mode::Mode;
use interdict_domain::password::Password;
use interdict_domain::role::Role;
use interdict_domain::scopes::Scopes;
use interdict_domain::text::{Name, PublicMessage, Reason};

use super::cast::{self, Listing, Member, With};
use super::seed::Seed;
use crate::failure::{refused, refused_user};

const DAY_S: i64 = 86_400;
const MERCHANT: &str = "Sample shop";
/// By what its owner signs in.
pub const OWNER: &str = "owner@example.com";
/// The owner's password, which everybody knows.
pub const PASSWORD: &str = "sample-shop-owner";

/// Makes the merchant, its customers and its entries.
pub fn fill(app: &App, seed: &Arc<Seed>) -> Result<NewMerchant> {
    let now = app.clock().now();
    let core_seed = Arc::clone(seed);
    let merchant = app
        .core()
        .write_blocking(move |transaction| -> Result<NewMerchant, UseCaseError> {
            let actor = Actor::system();
            let by = Authorship::new(&actor, now, core_seed.as_ref());
            NewMerchant::create(transaction, &by, MERCHANT)
        })
        .map_err(refused)?
        .value;
    let number = merchant.merchant.number;
    hire(app, number)?;
    let members = members(seed);
    let filler =
        Filler { now, seed: Arc::clone(seed), actor: Actor::api_key(merchant.test.secret.credential.id) };
    app.service(Mode::Test)
        .store()
        .write_blocking(move |transaction| -> Result<(), UseCaseError> {
            filler.fill(&mut transaction.merchant(number), &members)
        })
        .map_err(refused)
        .context("its customers cannot be made")?;
    Ok(merchant)
}

/// Somebody who signs in. Not from the seed, of which the keys and the customers are made.
fn hire(app: &App, merchant: MerchantNumber) -> Result<()> {
    let email = Email::parse(OWNER)?;
    let password = PasswordHash::of(&Password::parse(PASSWORD, &email)?, app.random())?;
    let owner = NewUser { merchant, email, role: Role::Owner, password };
    app.write_core(Actor::system(), move |transaction, by| create_user(transaction, by, owner))
        .map_err(refused_user)
        .context("its owner cannot be made")?;
    Ok(())
}

/// Everybody but the customer of Odus's document: those of the story first, then the crowd.
fn members(seed: &Seed) -> Vec<Somebody> {
    let by_hand =
        [cast::BLACKLISTED, cast::TRUSTED_BUT_LISTED, cast::TRUSTED].into_iter().chain(cast::OTHERS);
    let named = std::iter::once(cast::RESTRICTED).chain(by_hand).map(Somebody::from);
    let standings = cast::CROWD_STANDINGS.iter().cycle();
    let crowd = (0..cast::CROWD).zip(standings).map(|(place, standing)| {
        let first = seed.pick(&cast::FIRST_NAMES).copied().unwrap_or_default();
        let last = seed.pick(&cast::LAST_NAMES).copied().unwrap_or_default();
        Somebody {
            // One in four has no reference of the merchant's.
            merchant_ref: (place % 4 != 0).then(|| format!("shop-{}", 2_001 + place)),
            names: (first, last),
            email: Some(format!("{first}.{last}{place}@example.com").to_lowercase()),
            phone: (place % 3 == 0).then(|| format!("+23480{:08}", 30_000_000 + place)),
            standing: *standing,
        }
    });
    named.chain(crowd).collect()
}

/// A customer to make.
struct Somebody {
    merchant_ref: Option<String>,
    names: (&'static str, &'static str),
    email: Option<String>,
    phone: Option<String>,
    standing: With,
}

impl From<Member> for Somebody {
    fn from(member: Member) -> Self {
        Self {
            merchant_ref: member.merchant_ref.map(str::to_owned),
            names: (member.first_name, member.last_name),
            email: member.email.map(str::to_owned),
            phone: member.phone.map(str::to_owned),
            standing: member.standing,
        }
    }
}

/// A constant of the cast that is not what it should be: a fault of ours, which a test finds.
fn wrong<E>(_: E) -> StorageError {
    StorageError::Corrupt("the sample shop")
}

struct Filler {
    now: Timestamp,
    seed: Arc<Seed>,
    actor: Actor,
}

impl Filler {
    fn by(&self, days_ago: i64) -> Authorship<'_> {
        let now = self.now.plus_seconds(-days_ago * DAY_S);
        Authorship::new(&self.actor, now, self.seed.as_ref())
    }

    fn fill(
        &self,
        transaction: &mut MerchantTransaction<'_, '_>,
        members: &[Somebody],
    ) -> Result<(), UseCaseError> {
        // The oldest first: somebody new each day or two.
        let days_ago = (0_i64..).map(|place| (90 - place * 3 / 2).max(0));
        for ((place, somebody), days_ago) in members.iter().enumerate().zip(days_ago) {
            let by = self.by(days_ago);
            let customer = if place == 0 {
                put_odus_customer(transaction, &by, somebody)?
            } else {
                create_customer(transaction, &by, profile(somebody)?)?
            };
            stand(transaction, &by, customer.id, somebody.standing)?;
        }
        for listing in &cast::ENTRIES {
            list_entry(transaction, &self.by(listing.made_days_ago), self.entry(listing)?)?;
        }
        Ok(())
    }

    fn entry(&self, listing: &Listing) -> Result<NewEntry, UseCaseError> {
        let at = |days: Option<i64>| days.map(|days| self.now.plus_seconds(days * DAY_S));
        Ok(NewEntry {
            list: listing.list,
            identifier: Identifier::parse(Kind::Email, listing.email).map_err(wrong)?,
            reason: Some(Reason::parse(listing.reason).map_err(wrong)?),
            reason_code: listing.reason_code,
            public_message: listing.public_message.map(PublicMessage::parse).transpose().map_err(wrong)?,
            scopes: listing.scopes,
            strength: Some(listing.strength),
            starts_at: at(listing.starts_in_days),
            expires_at: at(listing.ends_in_days),
            source: EntrySource::Api,
            matching: None,
            limits: Limits::NONE,
        })
    }
}

/// The one customer whose id is given, not made.
fn put_odus_customer(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    somebody: &Somebody,
) -> Result<Customer, UseCaseError> {
    let id: CustomerId = cast::ODUS_CUSTOMER.parse().map_err(wrong)?;
    let customer = Customer {
        id,
        merchant: transaction.merchant(),
        profile: profile(somebody)?,
        restriction: Restriction::default(),
        standing: ListStanding::NORMAL,
        created_at: by.now,
        updated_at: by.now,
    };
    transaction.put_customer(by, Action::CustomerCreated, None, &customer)?;
    Ok(customer)
}

fn profile(somebody: &Somebody) -> Result<Profile, UseCaseError> {
    let (first, last) = somebody.names;
    Ok(Profile {
        email: somebody.email.as_deref().map(Email::parse).transpose().map_err(wrong)?,
        phone: somebody.phone.as_deref().map(Phone::parse).transpose().map_err(wrong)?,
        first_name: Some(Name::parse(first).map_err(wrong)?),
        last_name: Some(Name::parse(last).map_err(wrong)?),
        merchant_ref: somebody.merchant_ref.as_deref().map(MerchantRef::parse).transpose().map_err(wrong)?,
        ..Profile::default()
    })
}

fn stand(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: CustomerId,
    standing: With,
) -> Result<(), UseCaseError> {
    let flags = |cit, mit, reason| -> Result<RestrictionUpdate, UseCaseError> {
        let reason = Some(Some(Reason::parse(reason).map_err(wrong)?));
        Ok(RestrictionUpdate { cit: Some(cit), mit: Some(mit), reason })
    };
    let status = |status, reason, scopes, expires_at| -> Result<NewListStatus, UseCaseError> {
        Ok(NewListStatus { status, reason: Some(Reason::parse(reason).map_err(wrong)?), scopes, expires_at })
    };
    match standing {
        With::Nothing => {}
        With::Flags { cit, mit, reason } => {
            restrict_customer(transaction, by, id, flags(cit, mit, reason)?)?;
        }
        With::Status { status: word, reason, scopes, ends_in_days } => {
            // Customers come one after the other; what ends, ends so long after all of them.
            let ends_at = ends_in_days.map(|days| by.now.plus_seconds((90 + days) * DAY_S));
            set_list_status(transaction, by, id, status(word, reason, scopes, ends_at)?)?;
        }
        With::FlagsAndStatus { status: word, reason } => {
            restrict_customer(transaction, by, id, flags(true, true, reason)?)?;
            set_list_status(transaction, by, id, status(word, reason, Scopes::BOTH, None)?)?;
        }
        With::Erased => {
            let why = status(ListStatus::Blacklisted, "Chargeback", Scopes::BOTH, None)?;
            set_list_status(transaction, by, id, why)?;
            erase_customer(transaction, by, id)?;
        }
    }
    Ok(())
}
