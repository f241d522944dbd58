//! What a provider told us, once each, with what we did about it.

use interdict_domain::clock::Timestamp;
use interdict_domain::ids::{Ksuid, PaymentId};

use crate::error::StorageError;
use crate::sql::params;
use crate::statements::statements;
use crate::transaction::MerchantTransaction;
use crate::view::MerchantView;

statements! {
    INSERT = "INSERT INTO provider_event (merchant, id, what, reference, payment, outcome, note, created_at, received_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    KNOWN = "SELECT COUNT(*) FROM provider_event WHERE merchant = $1 AND id = $2";
    SELECT_NEWEST = "SELECT id, what, reference, payment, outcome, note, created_at, received_at FROM provider_event
              WHERE merchant = $1 ORDER BY received_at DESC, id DESC LIMIT $2";
}

/// An event of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderEvent {
    /// The provider's own id for it.
    pub id: String,
    /// The provider's word for what happened.
    pub what: String,
    /// The dispute or warning that it is about.
    pub reference: Option<String>,
    /// The payment that it is about.
    pub payment: Option<PaymentId>,
    /// What we did.
    pub outcome: String,
    /// Why, in words.
    pub note: Option<String>,
    /// When it happened, as the provider says.
    pub created_at: Timestamp,
    /// When it came.
    pub received_at: Timestamp,
}

impl MerchantView<'_> {
    /// Whether an event came before.
    pub fn is_known_event(&self, id: &str) -> Result<bool, StorageError> {
        self.connection.query_one(KNOWN, params![self.merchant.0, id], |row| row.get(0))
    }

    /// The newest events.
    pub fn provider_events(&self, limit: i64) -> Result<Vec<ProviderEvent>, StorageError> {
        self.connection.query(SELECT_NEWEST, params![self.merchant.0, limit], |row| {
            Ok(ProviderEvent {
                id: row.get(0)?,
                what: row.get(1)?,
                reference: row.get(2)?,
                payment: row
                    .get::<Option<[u8; 20]>>(3)?
                    .map(|id| PaymentId::from_ksuid(Ksuid::from_bytes(id))),
                outcome: row.get(4)?,
                note: row.get(5)?,
                created_at: Timestamp::from_micros(row.get(6)?),
                received_at: Timestamp::from_micros(row.get(7)?),
            })
        })
    }
}

impl MerchantTransaction<'_, '_> {
    /// Keeps an event. What it did stands in changes of its own.
    pub fn insert_provider_event(&mut self, event: &ProviderEvent) -> Result<(), StorageError> {
        self.transaction.connection.execute(
            INSERT,
            params![
                self.merchant.0,
                event.id,
                event.what,
                event.reference,
                event.payment.map(|id| *id.ksuid().bytes()),
                event.outcome,
                event.note,
                event.created_at.micros(),
                event.received_at.micros(),
            ],
        )?;
        Ok(())
    }
}
