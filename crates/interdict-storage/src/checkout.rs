//! Checkout sessions: one row each.

use interdict_domain::change::{Action, Subject};
use interdict_domain::checkout::{Checkout, CheckoutStatus};
use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::{Email, IdentifierKey, Phone};
use interdict_domain::ids::{CheckoutId, Ksuid, PaymentId, PlanId, SubscriptionId};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::text::Metadata;

use crate::error::StorageError;
use crate::plan::read_money;
use crate::sql::{Row, params};
use crate::statements::statements;
use crate::transaction::{Authorship, MerchantTransaction};
use crate::view::{MerchantView, View};

macro_rules! columns {
    () => {
        "id, merchant, token_digest, amount, currency, plan, email, phone, payer_verified, success_url, metadata,
         status, payment, subscription, expires_at, created_at, updated_at"
    };
}

statements! {
    UPSERT = concat!("INSERT INTO checkout (", columns!(), ", email_key, phone_key)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
              ON CONFLICT (id) DO UPDATE SET email = excluded.email, email_key = excluded.email_key,
                    phone = excluded.phone, phone_key = excluded.phone_key,
                    payer_verified = excluded.payer_verified, status = excluded.status,
                    payment = excluded.payment, subscription = excluded.subscription,
                    updated_at = excluded.updated_at");
    SELECT = concat!("SELECT ", columns!(), " FROM checkout WHERE merchant = $1 AND id = $2");
    SELECT_BY_TOKEN = concat!("SELECT ", columns!(), " FROM checkout WHERE token_digest = $1");
    SELECT_OF_EMAIL = concat!("SELECT ", columns!(), " FROM checkout
                    WHERE merchant = $1 AND email_key = $2 ORDER BY created_at, id LIMIT $3");
    SELECT_OF_PHONE = concat!("SELECT ", columns!(), " FROM checkout
                    WHERE merchant = $1 AND phone_key = $2 ORDER BY created_at, id LIMIT $3");
    ERASE_OF_EMAIL = "UPDATE checkout SET email = NULL, email_key = NULL, phone = NULL, phone_key = NULL,
                    metadata = '{}' WHERE merchant = $1 AND email_key = $2";
    ERASE_OF_PHONE = "UPDATE checkout SET email = NULL, email_key = NULL, phone = NULL, phone_key = NULL,
                    metadata = '{}' WHERE merchant = $1 AND phone_key = $2";
}

fn read(row: Row<'_>) -> Result<Checkout, StorageError> {
    let word = |index: usize| row.text(index);
    let at =
        |index: usize| -> Result<Timestamp, StorageError> { Ok(Timestamp::from_micros(row.get(index)?)) };
    let ksuid = |index: usize| -> Result<Option<Ksuid>, StorageError> {
        Ok(row.get::<Option<[u8; 20]>>(index)?.map(Ksuid::from_bytes))
    };
    Ok(Checkout {
        id: CheckoutId::from_ksuid(Ksuid::from_bytes(row.get(0)?)),
        merchant: MerchantNumber(row.get(1)?),
        token_digest: row.get(2)?,
        money: read_money(row.get(3)?, word(4)?)?,
        plan: ksuid(5)?.map(PlanId::from_ksuid),
        email: row.get::<Option<String>>(6)?.map(Email::from_stored),
        phone: row.get::<Option<String>>(7)?.map(Phone::from_stored),
        payer_verified: row.get::<i64>(8)? != 0,
        success_url: row.get(9)?,
        metadata: Metadata(serde_json::from_str(word(10)?)?),
        status: CheckoutStatus::parse(word(11)?).ok_or(StorageError::Corrupt("checkout status"))?,
        payment: ksuid(12)?.map(PaymentId::from_ksuid),
        subscription: ksuid(13)?.map(SubscriptionId::from_ksuid),
        expires_at: at(14)?,
        created_at: at(15)?,
        updated_at: at(16)?,
    })
}

impl View<'_> {
    /// The session that a token opens, whosever it is: the token is the credential.
    pub fn checkout_by_token(&self, digest: &[u8; 32]) -> Result<Option<Checkout>, StorageError> {
        self.connection.query_optional(SELECT_BY_TOKEN, params![digest], read)
    }
}

impl MerchantView<'_> {
    /// A session by id.
    pub fn checkout(&self, id: CheckoutId) -> Result<Option<Checkout>, StorageError> {
        let id = *id.ksuid().bytes();
        self.connection.query_optional(SELECT, params![self.merchant.0, id], read)
    }

    /// The sessions of an email or a phone, oldest first, so many at most of each.
    pub fn checkouts_of(
        &self,
        email: Option<&Email>,
        phone: Option<&Phone>,
        limit: i64,
    ) -> Result<Vec<Checkout>, StorageError> {
        let ways = [
            (SELECT_OF_EMAIL, email.map(|email| self.email_key(email))),
            (SELECT_OF_PHONE, phone.map(|phone| self.phone_key(phone))),
        ];
        let mut found: Vec<Checkout> = Vec::new();
        for (sql, key) in ways {
            let Some(key) = key else { continue };
            let some = self.connection.query(sql, params![self.merchant.0, key.0, limit], read)?;
            found.extend(some);
        }
        found.sort_unstable_by_key(|checkout| checkout.id);
        found.dedup_by_key(|checkout| checkout.id);
        Ok(found)
    }
}

impl MerchantTransaction<'_, '_> {
    /// Writes a session, together with the change that it is; none for what the payment's change says.
    pub fn put_checkout(
        &mut self,
        by: &Authorship<'_>,
        action: Option<Action>,
        checkout: &Checkout,
    ) -> Result<(), StorageError> {
        let view = self.view();
        view.connection.execute(
            UPSERT,
            params![
                *checkout.id.ksuid().bytes(),
                self.merchant.0,
                checkout.token_digest,
                checkout.money.amount(),
                checkout.money.currency().code(),
                checkout.plan.map(|id| *id.ksuid().bytes()),
                checkout.email.as_ref().map(Email::as_str),
                checkout.phone.as_ref().map(Phone::as_str),
                i64::from(checkout.payer_verified),
                checkout.success_url,
                serde_json::to_string(&checkout.metadata)?,
                checkout.status.as_str(),
                checkout.payment.map(|id| *id.ksuid().bytes()),
                checkout.subscription.map(|id| *id.ksuid().bytes()),
                checkout.expires_at.micros(),
                checkout.created_at.micros(),
                checkout.updated_at.micros(),
                checkout.email.as_ref().map(|email| view.email_key(email).0),
                checkout.phone.as_ref().map(|phone| view.phone_key(phone).0),
            ],
        )?;
        if let Some(action) = action {
            self.append(by, action, Subject::Checkout(checkout.id), Vec::new(), None)?;
        }
        Ok(())
    }

    /// Takes from the sessions of an email or a phone what says whose they were.
    pub(crate) fn erase_checkouts_of(&mut self, key: IdentifierKey) -> Result<(), StorageError> {
        for sql in [ERASE_OF_EMAIL, ERASE_OF_PHONE] {
            self.transaction.connection.execute(sql, params![self.merchant.0, key.0])?;
        }
        Ok(())
    }
}
