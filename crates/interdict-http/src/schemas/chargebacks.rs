//! Bodies about chargebacks (Odus).

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// What a chargeback does to the customer.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({
    "blacklistCustomer": true,
    "customerRestrictions": {"restrictCit": true, "restrictMit": false, "restrictReason": "Chargeback"}
})))]
pub(crate) struct ChargebackRecord {
    /// Puts the customer's email on the blacklist and sets both flags.
    #[schema(default = false)]
    blacklist_customer: Option<bool>,
    /// Flags to set on the customer. One that is set stays set.
    #[schema(inline)]
    customer_restrictions: Option<CustomerRestrictions>,
}

/// Flags to set on a customer.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(clippy::struct_field_names, reason = "the source document's fields, word for word")]
pub(crate) struct CustomerRestrictions {
    /// Block customer-initiated payments.
    #[schema(default = false)]
    restrict_cit: Option<bool>,
    /// Block merchant-initiated payments.
    #[schema(default = false)]
    restrict_mit: Option<bool>,
    /// Why.
    #[schema(max_length = 1_000)]
    restrict_reason: Option<String>,
}

/// A chargeback by its id.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ChargebackPath {
    /// `cb_` and a KSUID.
    #[param(example = "cb_2R0uWz4tu9wxTMBXxj9CJfSE9vV")]
    id: String,
}
