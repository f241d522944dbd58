//! A chargeback, and what it did.

use interdict_domain::chargeback::{Chargeback, Hold};
use interdict_domain::clock::Timestamp;
use interdict_domain::ids::{ChargebackId, CustomerId, EntryId, PaymentId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::schemas::{ChargebackSourceWord, HoldWord};

/// A chargeback.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Chargeback)]
pub(crate) struct ChargebackView {
    #[schema(value_type = String, example = "cb_2R0uWz4tu9wxTMBXxj9CJfSE9vV")]
    id: ChargebackId,
    #[schema(value_type = String)]
    payment: PaymentId,
    #[schema(value_type = Option<String>)]
    customer: Option<CustomerId>,
    /// How it came to be known.
    #[schema(value_type = ChargebackSourceWord)]
    source: &'static str,
    /// The provider's own id for it.
    provider_reference: Option<String>,
    /// The provider's word for why.
    provider_reason: Option<String>,
    /// What it has to do with the customer's `restrictCit`.
    #[schema(value_type = HoldWord)]
    restrict_cit: &'static str,
    /// What it has to do with the customer's `restrictMit`.
    #[schema(value_type = HoldWord)]
    restrict_mit: &'static str,
    /// What it has to do with the entry of the email on the blacklist.
    #[schema(value_type = HoldWord)]
    blacklist: &'static str,
    /// That entry.
    #[schema(value_type = Option<String>)]
    entry: Option<EntryId>,
    /// What could not be done.
    note: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    recorded_at: Timestamp,
    /// When it was taken back.
    #[schema(value_type = Option<String>, format = DateTime)]
    reversed_at: Option<Timestamp>,
}

impl ChargebackView {
    pub(crate) fn of(chargeback: &Chargeback, note: Option<&str>) -> Self {
        let word = |hold: Hold| hold.as_str();
        Self {
            id: chargeback.id,
            payment: chargeback.payment,
            customer: chargeback.customer,
            source: chargeback.source.as_str(),
            provider_reference: chargeback.provider_reference.clone(),
            provider_reason: chargeback.provider_reason.clone(),
            restrict_cit: word(chargeback.cit),
            restrict_mit: word(chargeback.mit),
            blacklist: word(chargeback.email),
            entry: chargeback.entry,
            note: note.map(str::to_owned),
            recorded_at: chargeback.recorded_at,
            reversed_at: chargeback.reversed_at,
        }
    }
}
