//! Customers: one row each, written together with its change.

use interdict_domain::change::{Action, Fact, Subject};
use interdict_domain::clock::Timestamp;
use interdict_domain::customer::{Customer, ListStanding, ListStatus, Profile, Restriction};
use interdict_domain::date_of_birth::DateOfBirth;
use interdict_domain::identifier::{Email, Identifier, IdentifierKey, Kind, MerchantRef, Pepper, Phone};
use interdict_domain::ids::{CustomerId, Ksuid};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::text::{Addresses, Metadata, Name, Reason};

use crate::entry::keyset;
use crate::error::StorageError;
use crate::foreseen::Foreseen;
use crate::search::{self, Searched};
use crate::sql::{Row, bind, params};
use crate::statements::statements;
use crate::transaction::{Authorship, MerchantTransaction};
use crate::view::MerchantView;
use crate::{departure, feed, former, idempotency, load, person_erasure, personal};

/// The columns of a customer, in the order in which [`read`] takes them.
macro_rules! columns {
    () => {
        "id, merchant, email, phone, name, first_name, last_name, merchant_ref, role, date_of_birth,
         billing_address, shipping_address, metadata, restrict_cit, restrict_mit, restrict_reason,
         list_status, list_reason, list_scopes, list_from, list_until, created_at, updated_at"
    };
}

pub(crate) use columns;

statements! {
    UPSERT = "INSERT INTO customer (id, merchant, email, email_key, phone, phone_key, name, first_name,
                    last_name, merchant_ref, ref_key, role, date_of_birth, billing_address, shipping_address,
                    metadata, restrict_cit, restrict_mit, restrict_reason, list_status, list_reason,
                    list_scopes, list_from, list_until, search, created_at, updated_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
                    $20, $21, $22, $23, $24, $25, $26, $27)
              ON CONFLICT (id) DO UPDATE SET email = excluded.email, email_key = excluded.email_key,
                    phone = excluded.phone, phone_key = excluded.phone_key, name = excluded.name,
                    first_name = excluded.first_name, last_name = excluded.last_name,
                    merchant_ref = excluded.merchant_ref, ref_key = excluded.ref_key, role = excluded.role,
                    date_of_birth = excluded.date_of_birth, billing_address = excluded.billing_address,
                    shipping_address = excluded.shipping_address, metadata = excluded.metadata,
                    restrict_cit = excluded.restrict_cit, restrict_mit = excluded.restrict_mit,
                    restrict_reason = excluded.restrict_reason, list_status = excluded.list_status,
                    list_reason = excluded.list_reason, list_scopes = excluded.list_scopes,
                    list_from = excluded.list_from, list_until = excluded.list_until,
                    search = excluded.search, updated_at = excluded.updated_at";
    DELETE = "DELETE FROM customer WHERE merchant = $1 AND id = $2";
    SELECT = concat!("SELECT ", columns!(), " FROM customer WHERE merchant = $1 AND id = $2");
    SELECT_BY_REF = concat!("SELECT ", columns!(), " FROM customer WHERE merchant = $1 AND ref_key = $2");
    SELECT_WITHOUT_REF_BY_EMAIL = concat!("SELECT ", columns!(), " FROM customer
        WHERE merchant = $1 AND email_key = $2 AND ref_key IS NULL ORDER BY created_at, id LIMIT 2");
    SELECT_SHARING_EMAIL = concat!("SELECT ", columns!(), " FROM customer
        WHERE merchant = $1 AND email_key = $2 AND id <> $3 ORDER BY id LIMIT $4");
    SELECT_SHARING_PHONE = concat!("SELECT ", columns!(), " FROM customer
        WHERE merchant = $1 AND phone_key = $2 AND id <> $3 ORDER BY id LIMIT $4");
    SELECT_IDS_BY_EMAIL = "SELECT id FROM customer WHERE merchant = $1 AND email_key = $2 ORDER BY id";
    SELECT_IDS_BY_PHONE = "SELECT id FROM customer WHERE merchant = $1 AND phone_key = $2 ORDER BY id";
    SELECT_IDS_BY_REF = "SELECT id FROM customer WHERE merchant = $1 AND ref_key = $2 ORDER BY id";
    SELECT_LIST_STATUS_ENDING = concat!("SELECT ", columns!(), " FROM customer WHERE merchant = $1 AND list_status = $2 AND list_until IS NOT NULL AND (list_until, id) > ($3, $4)
        AND list_until <= $5 ORDER BY list_until, id LIMIT $6");
    SELECT_LIST_STATUS_ENDED = concat!("SELECT ", columns!(), " FROM customer WHERE merchant = $1 AND list_status <> 'normal' AND list_until IS NOT NULL AND list_until <= $2
        AND (list_until, id) < ($3, $4) ORDER BY list_until DESC, id DESC LIMIT $5");
}

/// What an erasure did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erased {
    /// Blocks that stay in force without plain text.
    pub blocks_kept: i64,
}

/// The keys under which a customer is found.
pub(crate) fn keys(customer: &Customer, pepper: &Pepper) -> [(Kind, Option<IdentifierKey>); 3] {
    let profile = &customer.profile;
    let key =
        |kind, value: Option<&str>| (kind, value.map(|value| pepper.key(customer.merchant, kind, value)));
    [
        key(Kind::Email, profile.email.as_ref().map(Email::as_str)),
        key(Kind::Phone, profile.phone.as_ref().map(Phone::as_str)),
        key(Kind::MerchantRef, profile.merchant_ref.as_ref().map(MerchantRef::as_str)),
    ]
}

fn json_map(
    map: Option<&serde_json::Map<String, serde_json::Value>>,
) -> Result<Option<String>, StorageError> {
    Ok(map.map(serde_json::to_string).transpose()?)
}

fn search_text(customer: &Customer) -> String {
    let profile = &customer.profile;
    let parts = [
        profile.email.as_ref().map(|email| email.as_str().to_owned()),
        profile.full_name(),
        profile.merchant_ref.as_ref().map(|value| value.as_str().to_owned()),
        Some(customer.id.to_string()),
    ];
    // A line break between the parts: no part of a text spans two of them.
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n").to_lowercase()
}

pub(crate) fn read(row: Row<'_>) -> Result<Customer, StorageError> {
    let map = |index: usize| -> Result<Option<serde_json::Map<String, serde_json::Value>>, StorageError> {
        let text: Option<String> = row.get(index)?;
        Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
    };
    let name = |index: usize| -> Result<Option<Name>, StorageError> {
        Ok(row.get::<Option<String>>(index)?.map(Name::from_stored))
    };
    let reason = |index: usize| -> Result<Option<Reason>, StorageError> {
        Ok(row.get::<Option<String>>(index)?.map(Reason::from_stored))
    };
    let status: String = row.get(16)?;
    Ok(Customer {
        id: CustomerId::from_ksuid(Ksuid::from_bytes(row.get(0)?)),
        merchant: MerchantNumber(row.get(1)?),
        profile: Profile {
            email: row.get::<Option<String>>(2)?.map(Email::from_stored),
            phone: row.get::<Option<String>>(3)?.map(Phone::from_stored),
            name: name(4)?,
            first_name: name(5)?,
            last_name: name(6)?,
            merchant_ref: row.get::<Option<String>>(7)?.map(MerchantRef::from_stored),
            role: name(8)?,
            date_of_birth: row.get::<Option<String>>(9)?.map(DateOfBirth::from_stored),
            addresses: Addresses { billing: map(10)?, shipping: map(11)? },
            metadata: Metadata(map(12)?.unwrap_or_default()),
        },
        restriction: Restriction {
            cit: row.get::<i64>(13)? != 0,
            mit: row.get::<i64>(14)? != 0,
            reason: reason(15)?,
        },
        standing: ListStanding {
            status: ListStatus::parse(&status).ok_or(StorageError::Corrupt("list status"))?,
            reason: reason(17)?,
            scopes: load::scopes(row.get(18)?)?,
            window: load::window(row.get(19)?, row.get(20)?)?,
        },
        created_at: Timestamp::from_micros(row.get(21)?),
        updated_at: Timestamp::from_micros(row.get(22)?),
    })
}

pub(crate) fn foresee(merchant: MerchantNumber, id: CustomerId) -> Foreseen {
    Foreseen { sql: SELECT, parameters: bind(params![merchant.0, id.ksuid().bytes()]) }
}

pub(crate) fn foresee_by_ref(
    pepper: &Pepper,
    merchant: MerchantNumber,
    merchant_ref: &MerchantRef,
) -> Foreseen {
    let key = pepper.key(merchant, Kind::MerchantRef, merchant_ref.as_str());
    Foreseen { sql: SELECT_BY_REF, parameters: bind(params![merchant.0, key.0]) }
}

impl MerchantView<'_> {
    /// A customer by id.
    pub fn customer(&self, id: CustomerId) -> Result<Option<Customer>, StorageError> {
        self.one_customer(SELECT, &id.ksuid().bytes()[..])
    }

    /// A customer by the merchant's own id.
    pub fn customer_by_ref(&self, merchant_ref: &MerchantRef) -> Result<Option<Customer>, StorageError> {
        let key = self.pepper.key(self.merchant, Kind::MerchantRef, merchant_ref.as_str());
        self.one_customer(SELECT_BY_REF, &key.0)
    }

    /// The one customer without a ref that has an email; nothing when there is none or more than one.
    pub fn only_customer_without_ref(&self, email: &Email) -> Result<Option<Customer>, StorageError> {
        let key = self.pepper.key(self.merchant, Kind::Email, email.as_str());
        let mut found =
            self.connection.query(SELECT_WITHOUT_REF_BY_EMAIL, params![self.merchant.0, key.0], read)?;
        Ok(if found.len() == 1 { found.pop() } else { None })
    }

    /// Everybody who has an email, in its canonical form.
    pub fn customers_with_email(&self, email: &str) -> Result<Vec<CustomerId>, StorageError> {
        let key = self.pepper.key(self.merchant, Kind::Email, email);
        self.connection.query(SELECT_IDS_BY_EMAIL, params![self.merchant.0, key.0], |row| {
            Ok(CustomerId::from_ksuid(Ksuid::from_bytes(row.get(0)?)))
        })
    }

    /// Everybody who has an identifier in the customer's own record. What stands for many, and what a customer only
    /// shows, is nobody's.
    pub fn customers_having(&self, identifier: &Identifier) -> Result<Vec<CustomerId>, StorageError> {
        let sql = match identifier.kind() {
            Kind::Email => SELECT_IDS_BY_EMAIL,
            Kind::Phone => SELECT_IDS_BY_PHONE,
            Kind::MerchantRef => SELECT_IDS_BY_REF,
            Kind::EmailDomain
            | Kind::Ip
            | Kind::Device
            | Kind::CardFingerprint
            | Kind::Bin
            | Kind::Iban
            | Kind::Country => return Ok(Vec::new()),
        };
        let key = self.pepper.key(self.merchant, identifier.kind(), identifier.value());
        self.connection.query(sql, params![self.merchant.0, key.0], |row| {
            Ok(CustomerId::from_ksuid(Ksuid::from_bytes(row.get(0)?)))
        })
    }

    /// Others who have a customer's email or phone, so many at most of each.
    pub fn customers_sharing(
        &self,
        customer: &Customer,
        limit: i64,
    ) -> Result<Vec<(Kind, Customer)>, StorageError> {
        let profile = &customer.profile;
        let ways = [
            (Kind::Email, SELECT_SHARING_EMAIL, profile.email.as_ref().map(|email| self.email_key(email))),
            (Kind::Phone, SELECT_SHARING_PHONE, profile.phone.as_ref().map(|phone| self.phone_key(phone))),
        ];
        let mut sharing = Vec::new();
        for (kind, sql, key) in ways {
            let Some(key) = key else { continue };
            let id = *customer.id.ksuid().bytes();
            let others = self.connection.query(sql, params![self.merchant.0, key.0, id, limit], read)?;
            sharing.extend(others.into_iter().map(|other| (kind, other)));
        }
        Ok(sharing)
    }

    fn one_customer(&self, sql: &'static str, key: &[u8]) -> Result<Option<Customer>, StorageError> {
        self.connection.query_optional(sql, params![self.merchant.0, key], read)
    }

    /// The customers whose list status ends after a moment and not after another, the first one first. With an id, also
    /// those of the first moment that come behind it.
    pub fn list_status_ending(
        &self,
        status: ListStatus,
        (after, id): (Timestamp, Option<Ksuid>),
        until: Timestamp,
        limit: i64,
    ) -> Result<Vec<Customer>, StorageError> {
        let id = id.map_or([0xff; 20], |id| *id.bytes());
        let (status, after, until) = (status.as_str(), after.micros(), until.micros());
        let parameters = params![self.merchant.0, status, after, id, until, limit];
        self.connection.query(SELECT_LIST_STATUS_ENDING, parameters, read)
    }

    /// The customers whose list status has ended by a moment, the newest end first.
    pub fn list_status_ended(
        &self,
        by: Timestamp,
        position: Option<(Timestamp, Ksuid)>,
        limit: i64,
    ) -> Result<Vec<Customer>, StorageError> {
        let ((at, id), by) = (keyset(position), by.micros());
        let parameters = params![self.merchant.0, by, at, id, limit];
        self.connection.query(SELECT_LIST_STATUS_ENDED, parameters, read)
    }
}

impl MerchantTransaction<'_, '_> {
    /// Writes a customer and the change that made it so.
    pub fn put_customer(
        &mut self,
        by: &Authorship<'_>,
        action: Action,
        before: Option<&Customer>,
        after: &Customer,
    ) -> Result<(), StorageError> {
        let profile = &after.profile;
        let [(_, email_key), (_, phone_key), (_, ref_key)] = keys(after, self.pepper());
        let key = |key: Option<IdentifierKey>| key.map(|key| key.0);
        self.transaction.connection.execute(
            UPSERT,
            params![
                &after.id.ksuid().bytes()[..],
                self.merchant.0,
                profile.email.as_ref().map(Email::as_str),
                key(email_key),
                profile.phone.as_ref().map(Phone::as_str),
                key(phone_key),
                profile.name.as_ref().map(Name::as_str),
                profile.first_name.as_ref().map(Name::as_str),
                profile.last_name.as_ref().map(Name::as_str),
                profile.merchant_ref.as_ref().map(MerchantRef::as_str),
                key(ref_key),
                profile.role.as_ref().map(Name::as_str),
                profile.date_of_birth.as_ref().map(DateOfBirth::as_str),
                json_map(profile.addresses.billing.as_ref())?,
                json_map(profile.addresses.shipping.as_ref())?,
                serde_json::to_string(&profile.metadata)?,
                i64::from(after.restriction.cit),
                i64::from(after.restriction.mit),
                after.restriction.reason.as_ref().map(Reason::as_str),
                after.standing.status.as_str(),
                after.standing.reason.as_ref().map(Reason::as_str),
                after.standing.scopes.bits(),
                after.standing.window.from().map(Timestamp::micros),
                after.standing.window.until().map(Timestamp::micros),
                search_text(after),
                after.created_at.micros(),
                after.updated_at.micros(),
            ],
        )?;
        self.transaction.deltas.customer(self.merchant, before, Some(after));
        let facts = vec![load::customer_fact(after, self.pepper())];
        let body = feed::body(before, Some(after))?;
        let subject = Subject::Customer(after.id);
        let sequence = self.append(by, action, subject, facts, Some((body, None)))?;
        let has = keys(after, self.pepper());
        let had = before.map(|before| keys(before, self.pepper()));
        for (_, key) in had.into_iter().flatten().filter(|had| !has.contains(had)) {
            let Some(key) = key else { continue };
            departure::note(self.transaction.connection, self.merchant, sequence, key, subject)?;
        }
        Ok(())
    }

    /// Erases a person: the row, all that changes ever said, the answers kept for replays, and the
    /// plain text of entries on any identifier that the customer has or had, or that a block of the whole
    /// person links to those. The blocks stay, as keys without plain text.
    pub fn erase_customer(
        &mut self,
        by: &Authorship<'_>,
        customer: &Customer,
    ) -> Result<Erased, StorageError> {
        let connection = self.transaction.connection;
        let subject = customer.id.to_string();
        let said = personal::bodies(connection, self.merchant, &subject)?;
        let mut lives = vec![customer.clone()];
        for body in &said {
            lives.extend(feed::customers_of(body)?.into_iter().flatten());
        }
        // Whatever the customer had before the changes that are kept.
        let former = former::take(connection, self.merchant, customer.id)?;
        let mut identifiers: Vec<IdentifierKey> = Vec::new();
        for key in lives.iter().flat_map(|life| former::keys_under_all(life, self.pepper())).chain(former) {
            if !identifiers.contains(&key) {
                identifiers.push(key);
            }
        }
        identifiers.extend(person_erasure::linked_keys(&self.view(), customer.id, &identifiers)?);
        let mut facts = vec![Fact::CustomerRemoved(customer.id)];
        connection.execute(DELETE, params![self.merchant.0, &customer.id.ksuid().bytes()[..]])?;
        search::forget(connection, Searched::Customers, customer.id.ksuid().bytes())?;
        self.transaction.deltas.customer(self.merchant, Some(customer), None);
        personal::erase_subject(connection, self.merchant, &subject)?;
        idempotency::erase_subject(connection, self.merchant, &subject)?;
        self.erase_payments(customer)?;
        self.erase_subscriptions(customer)?;
        let mut blocks_kept = self.erase_under(by, &identifiers, &mut facts)?;
        blocks_kept += self.keep_own_blocks(by, customer, &mut facts)?;
        let (erased, has) = (Subject::Customer(customer.id), keys(customer, self.pepper()));
        let sequence = self.append(by, Action::CustomerErased, erased, facts, None)?;
        for key in has.into_iter().filter_map(|(_, key)| key) {
            departure::note(connection, self.merchant, sequence, key, erased)?;
        }
        self.transaction.truncate_after_commit = true;
        Ok(Erased { blocks_kept })
    }
}
