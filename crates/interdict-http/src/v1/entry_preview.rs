//! `POST /v1/entries/preview`: what an entry would have hit, before it is made.

use axum::response::Response;
use http::StatusCode;
use interdict_app::decision::{Code, Outcome};
use interdict_app::{AtLeast, EntryPreview, PREVIEW_DAYS, PreviewedAttempt, PreviewedAttempts};
use interdict_domain::clock::Timestamp;
use interdict_domain::customer::Customer;
use interdict_domain::entry::List;
use interdict_domain::identifier::{Email, EmailMatching, Kind, MerchantRef, Phone};
use interdict_domain::ids::{CustomerId, DecisionId};
use serde::Serialize;
use utoipa::ToSchema;

use super::entries::read_new;
use crate::answer;
use crate::dialect::Dialect;
use crate::extract::{CustomersRead, Secret};
use crate::mutation::{Failure, Mutation, Refused, read_failed};
use crate::schemas::{self, DecisionCodeWord, DecisionOutcomeWord, EmailMatchingWord, KindWord, ListWord};

/// How many there are.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AtLeast)]
pub(crate) struct AtLeastView {
    count: usize,
    /// Whether there may be more: 10,000 are looked at.
    at_least: bool,
}

impl AtLeastView {
    const fn of(number: AtLeast) -> Self {
        Self { count: number.count, at_least: number.is_least }
    }
}

/// What an entry would have hit.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EntryPreview)]
pub(crate) struct EntryPreviewView {
    #[schema(value_type = ListWord)]
    list: List,
    #[schema(value_type = KindWord)]
    kind: Kind,
    /// Normalised.
    value: String,
    /// For which addresses an email would stand, if for more than the one.
    #[schema(value_type = Option<EmailMatchingWord>, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    matching: Option<EmailMatching>,
    customers: PreviewedCustomersView,
    attempts: PreviewedAttemptsView,
    /// The good customers among them: three or more payments that succeeded, and no chargeback in 180
    /// days. 1,000 are judged.
    good_customers: AtLeastView,
    /// From when on decisions are found. Null where none is kept.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// The revision at which it was looked up.
    revision: i64,
}

/// The customers whose email, phone or ref it covers, and those who made the attempts, each once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PreviewedCustomers)]
pub(crate) struct PreviewedCustomersView {
    count: usize,
    /// Whether there may be more: 10,000 are looked at.
    at_least: bool,
    /// The newest of those whom it covers, then those of the newest attempts; ten at most.
    samples: Vec<PreviewedCustomerView>,
}

/// A customer whom it covers, or would have hit.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PreviewedCustomer)]
pub(crate) struct PreviewedCustomerView {
    #[schema(value_type = String)]
    id: CustomerId,
    name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    merchant_ref: Option<String>,
}

/// The attempts that it would have hit.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PreviewedAttempts)]
pub(crate) struct PreviewedAttemptsView {
    /// Of so many days, up to now.
    days: i64,
    count: usize,
    /// Whether there may be more: 10,000 are looked at.
    at_least: bool,
    /// Of the count: those that were let through.
    allowed: usize,
    /// Of the count: those that were blocked.
    blocked: usize,
    /// Of the count: those that would have ended otherwise.
    changed: usize,
    /// The newest, ten at most.
    samples: Vec<PreviewedAttemptView>,
}

/// An attempt that it would have hit.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PreviewedAttempt)]
pub(crate) struct PreviewedAttemptView {
    /// Its decision, as `GET /v1/decisions/{id}` has it.
    #[schema(value_type = String)]
    id: DecisionId,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    #[schema(value_type = DecisionOutcomeWord)]
    outcome: &'static str,
    #[schema(value_type = DecisionCodeWord)]
    code: &'static str,
}

impl PreviewedCustomerView {
    pub(crate) fn of(customer: &Customer) -> Self {
        let profile = &customer.profile;
        Self {
            id: customer.id,
            name: profile.full_name(),
            email: profile.email.as_ref().map(Email::as_str).map(str::to_owned),
            phone: profile.phone.as_ref().map(Phone::as_str).map(str::to_owned),
            merchant_ref: profile.merchant_ref.as_ref().map(MerchantRef::as_str).map(str::to_owned),
        }
    }
}

impl PreviewedAttemptsView {
    fn of(attempts: &PreviewedAttempts) -> Self {
        let sample = |attempt: &PreviewedAttempt| PreviewedAttemptView {
            id: attempt.id,
            at: attempt.at,
            outcome: Outcome::as_str(attempt.outcome),
            code: Code::as_str(attempt.code),
        };
        Self {
            days: PREVIEW_DAYS,
            count: attempts.total.count,
            at_least: attempts.total.is_least,
            allowed: attempts.allowed,
            blocked: attempts.blocked,
            changed: attempts.changed,
            samples: attempts.samples.iter().map(sample).collect(),
        }
    }
}

impl EntryPreviewView {
    fn of(preview: &EntryPreview) -> Self {
        let identifier = &preview.identifier;
        Self {
            list: preview.list,
            kind: identifier.kind(),
            value: identifier.value().to_owned(),
            matching: Some(identifier.matching()).filter(|matching| *matching != EmailMatching::Exact),
            customers: PreviewedCustomersView {
                count: preview.customers.count,
                at_least: preview.customers.is_least,
                samples: preview.customer_samples.iter().map(PreviewedCustomerView::of).collect(),
            },
            attempts: PreviewedAttemptsView::of(&preview.attempts),
            good_customers: AtLeastView::of(preview.good_customers),
            since: preview.attempts.since,
            revision: preview.revision,
        }
    }
}

#[utoipa::path(
    post,
    path = "/v1/entries/preview",
    operation_id = "previewEntry",
    tag = "Entries",
    summary = "See what an entry would have hit",
    description = "Takes the body of `POST /v1/entries` with its rules, writes nothing, and says which customers the \
                   entry would cover, and which attempts of the last 30 days it would have hit had it stood for all \
                   of them. Attempts are those that the log of decisions keeps: every block, every charge, and so many \
                   others as the settings' `decisionLog` says.",
    request_body = schemas::EntryCreate,
    responses((status = 200, description = "What it would have hit.", body = EntryPreviewView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn preview(key: Secret<CustomersRead>, body: Mutation) -> Response {
    let caller = &key.caller;
    let new = match body.read(|fields| read_new(fields, caller)) {
        Ok(new) => new,
        Err(Refused(error)) => return error.respond(Dialect::Native),
    };
    match caller.service.preview_entry(caller.merchant, new).await {
        Ok(preview) => answer::json(StatusCode::OK, &EntryPreviewView::of(&preview), preview.revision),
        Err(error) => match Failure::from(error) {
            Failure::Refused(error) => error.respond(Dialect::Native),
            Failure::Storage(error) => read_failed(&error).respond(Dialect::Native),
        },
    }
}
