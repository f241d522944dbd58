//! Answers that are one of two things.

use serde::Serialize;
use utoipa::ToSchema;

use crate::v1::batch::{BadItemView, BatchItemView};
use crate::views::{CustomerView, OdusCustomerView, PublicCustomerView};

/// As secret keys see it, or as publishable keys do.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum AnyCustomer {
    Secret(Box<CustomerView>),
    Publishable(PublicCustomerView),
}

/// As secret keys see it, or as publishable keys do.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum AnyOdusCustomer {
    Secret(Box<OdusCustomerView>),
    Publishable(PublicCustomerView),
}

/// A decision, or what is wrong with the attempt.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum BatchResult {
    Decided(BatchItemView<'static>),
    Bad(BadItemView),
}
