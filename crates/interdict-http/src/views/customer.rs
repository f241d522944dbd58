//! A customer in the two shapes that show one, and the little of it that a browser may see.

use interdict_domain::clock::Timestamp;
use interdict_domain::customer::{Customer, ListStatus};
use interdict_domain::ids::CustomerId;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::schemas::ListStatusWord;

/// A customer (Duro), grown by names, role, metadata, list status and restrictions.
#[allow(clippy::struct_excessive_bools, reason = "the source documents' fields, word for word")]
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Customer)]
pub(crate) struct CustomerView {
    /// `cus_` and a KSUID.
    #[schema(value_type = String, example = "cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV")]
    id: CustomerId,
    /// In normalised form.
    email: Option<String>,
    /// E.164.
    #[schema(example = "+2348012345678")]
    phone: Option<String>,
    /// The full name as given, else first and last name together.
    name: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    /// The merchant's own id; unique per merchant.
    merchant_ref: Option<String>,
    /// Idenza's role of the party.
    role: Option<String>,
    metadata: Map<String, Value>,
    /// Whether the list status is `blacklisted` now.
    blacklisted: bool,
    /// Why, while it is.
    blacklist_reason: Option<String>,
    /// `normal`, `blacklisted` or `whitelisted`, as it counts now.
    #[schema(value_type = ListStatusWord)]
    list_status: ListStatus,
    /// Why, while it is not normal.
    list_status_reason: Option<String>,
    /// Customer-initiated payments are blocked.
    restrict_cit: bool,
    /// Merchant-initiated payments are blocked.
    restrict_mit: bool,
    restrict_reason: Option<String>,
    /// At least one of the two is.
    is_restricted: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl CustomerView {
    /// As it is at a moment.
    pub(crate) fn of(customer: &Customer, now: Timestamp) -> Self {
        let profile = &customer.profile;
        let list_status = customer.standing.at(now);
        let reason = customer.standing.reason.as_ref().map(|reason| reason.as_str().to_owned());
        Self {
            id: customer.id,
            email: profile.email.as_ref().map(|email| email.as_str().to_owned()),
            phone: profile.phone.as_ref().map(|phone| phone.as_str().to_owned()),
            name: profile.full_name(),
            first_name: profile.first_name.as_ref().map(|name| name.as_str().to_owned()),
            last_name: profile.last_name.as_ref().map(|name| name.as_str().to_owned()),
            merchant_ref: profile.merchant_ref.as_ref().map(|value| value.as_str().to_owned()),
            role: profile.role.as_ref().map(|role| role.as_str().to_owned()),
            metadata: profile.metadata.0.clone(),
            blacklisted: list_status == ListStatus::Blacklisted,
            blacklist_reason: reason.clone().filter(|_| list_status == ListStatus::Blacklisted),
            list_status,
            list_status_reason: reason.filter(|_| list_status != ListStatus::Normal),
            restrict_cit: customer.restriction.cit,
            restrict_mit: customer.restriction.mit,
            restrict_reason: customer.restriction.reason.as_ref().map(|reason| reason.as_str().to_owned()),
            is_restricted: customer.restriction.is_restricted(),
            created_at: customer.created_at,
            updated_at: customer.updated_at,
        }
    }
}

/// A customer in Odus's shape.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OdusCustomer)]
pub(crate) struct OdusCustomerView {
    #[schema(value_type = String, example = "cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV")]
    id: CustomerId,
    email: Option<String>,
    name: Option<String>,
    phone_number: Option<String>,
    /// `YYYY-MM-DD`.
    date_of_birth: Option<String>,
    billing_address: Option<Map<String, Value>>,
    shipping_address: Option<Map<String, Value>>,
    metadata: Map<String, Value>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// Secret keys only.
    restrict_cit: bool,
    /// Secret keys only.
    restrict_mit: bool,
    /// Secret keys only.
    restrict_reason: Option<String>,
    /// Secret keys only.
    is_restricted: bool,
}

impl OdusCustomerView {
    /// As secret keys see it.
    pub(crate) fn of(customer: &Customer) -> Self {
        let profile = &customer.profile;
        Self {
            id: customer.id,
            email: profile.email.as_ref().map(|email| email.as_str().to_owned()),
            name: profile.full_name(),
            phone_number: profile.phone.as_ref().map(|phone| phone.as_str().to_owned()),
            date_of_birth: profile.date_of_birth.as_ref().map(|date| date.as_str().to_owned()),
            billing_address: profile.addresses.billing.clone(),
            shipping_address: profile.addresses.shipping.clone(),
            metadata: profile.metadata.0.clone(),
            created_at: customer.created_at,
            updated_at: customer.updated_at,
            restrict_cit: customer.restriction.cit,
            restrict_mit: customer.restriction.mit,
            restrict_reason: customer.restriction.reason.as_ref().map(|reason| reason.as_str().to_owned()),
            is_restricted: customer.restriction.is_restricted(),
        }
    }
}

/// What a publishable key sees of a customer: nothing that stands for or against, nothing personal
/// but the name.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PublicCustomer)]
pub(crate) struct PublicCustomerView {
    #[schema(value_type = String)]
    id: CustomerId,
    name: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl PublicCustomerView {
    /// As browsers see it.
    pub(crate) fn of(customer: &Customer) -> Self {
        Self { id: customer.id, name: customer.profile.full_name(), created_at: customer.created_at }
    }
}
