//! Refusals in their two shapes.

use serde::Deserialize;
use utoipa::ToSchema;

/// A refusal (Duro, Errors).
#[derive(Deserialize, ToSchema)]
pub(crate) struct Error {
    error: ErrorBody,
}

/// What is wrong.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// Stable, for programs.
    #[schema(example = "validation_error")]
    code: String,
    /// For people: what to do next. Never repeats input.
    message: String,
    /// Every problem, on validation errors, and where a refusal names more than one thing.
    #[schema(nullable = false)]
    details: Option<Vec<ErrorDetail>>,
    /// On 503 `cluster_wait_timeout` only: the revision of the change, which is committed.
    #[schema(nullable = false)]
    revision: Option<i64>,
    /// On 410 `not_retained` only: changes up to this one are not kept any more.
    #[serde(rename = "trimmedThrough")]
    #[schema(nullable = false)]
    trimmed_through: Option<i64>,
    /// Where an attempt to pay was refused, and to secret keys only: the payment that it is kept as.
    #[serde(rename = "paymentId")]
    #[schema(nullable = false)]
    payment_id: Option<String>,
}

/// One problem.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ErrorDetail {
    /// Where, dotted; empty for the request as a whole.
    #[schema(example = "decisions.3.email")]
    path: String,
    /// What.
    issue: String,
}

/// A refusal (Idenza).
#[derive(Deserialize, ToSchema)]
pub(crate) struct IdenzaError {
    /// What is wrong.
    #[schema(example = "Invalid API key")]
    error: String,
    /// On 400: the required fields that are not there.
    #[schema(nullable = false)]
    missing_fields: Option<Vec<String>>,
    /// On 500: what to do next.
    #[schema(nullable = false)]
    details: Option<String>,
}
