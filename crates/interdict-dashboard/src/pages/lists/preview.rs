//! What an entry would have hit, between typing and submitting it: a page of its own, so that it needs no script.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use interdict_app::decision::Outcome;
use interdict_app::{AtLeast, EntryPreview, NewEntry, PreviewedAttempt, UseCaseError};
use interdict_domain::customer::Customer;
use interdict_domain::entry::List;

use crate::act::in_words;
use crate::answer::{self, Problem};
use crate::form::Form;
use crate::frame::{Frame, Place};
use crate::pages::customers::name_of;
use crate::person::{Needs, Person};
use crate::state::State;
use crate::texts::at_least;
use crate::when::{when, when_or_dash};
use crate::{of, t};

#[derive(Template)]
#[template(path = "preview.html")]
struct PreviewPage {
    frame: Frame,
    kind: String,
    value: String,
    customers: String,
    good_customers: String,
    attempts: String,
    allowed: usize,
    blocked: usize,
    changed: usize,
    since: String,
    is_kept: bool,
    customer_samples: Vec<CustomerRow>,
    attempt_samples: Vec<AttemptRow>,
    /// What an exemption does not go beyond; empty where it has no limits.
    limits: String,
    /// What was typed goes on from form to form, whatever fields the form has.
    typed: Vec<(String, String)>,
}

struct CustomerRow {
    path: String,
    name: String,
    email: String,
}

struct AttemptRow {
    path: String,
    at: String,
    is_blocked: bool,
    code: String,
}

/// Why there is no preview.
pub(super) enum NoPreview {
    /// In words for the form.
    Says(String),
    Problem(Problem),
}

/// What an entry would have hit.
pub(super) async fn look<C: Needs>(person: &Person<C>, new: NewEntry) -> Result<EntryPreview, NoPreview> {
    let merchant = person.signed_in.user.merchant;
    person.service().preview_entry(merchant, new).await.map_err(|error| match error {
        UseCaseError::Storage(error) => NoPreview::Problem(Problem::from(error)),
        other => NoPreview::Says(in_words(&other)),
    })
}

/// The page, from which one submits or goes back.
pub(super) async fn show<C: Needs>(
    state: &State,
    person: &Person<C>,
    (preview, limits): (&EntryPreview, String),
    typed: &Form,
) -> Response {
    let place = match preview.list {
        List::Block => Place::Blacklist,
        List::Allow => Place::Whitelist,
    };
    let mode = person.mode.as_str();
    let customer = |customer: &Customer| CustomerRow {
        path: format!("/dashboard/{mode}/customers/{}", customer.id),
        name: name_of(customer),
        email: customer.profile.email.as_ref().map_or("", |email| email.as_str()).to_owned(),
    };
    let attempt = |attempt: &PreviewedAttempt| AttemptRow {
        path: format!("/dashboard/{mode}/decisions/{}", attempt.id),
        at: when(attempt.at),
        is_blocked: attempt.outcome == Outcome::Block,
        code: of("code-", attempt.code.as_str()),
    };
    let attempts = &preview.attempts;
    let page = PreviewPage {
        frame: Frame::new(state, person, place, t("preview-title"), &Form::default()).await,
        kind: of("kind-", preview.identifier.kind().as_str()),
        value: preview.identifier.value().to_owned(),
        customers: number(preview.customers),
        good_customers: number(preview.good_customers),
        attempts: number(attempts.total),
        allowed: attempts.allowed,
        blocked: attempts.blocked,
        changed: attempts.changed,
        since: when_or_dash(attempts.since),
        is_kept: attempts.since.is_some(),
        customer_samples: preview.customer_samples.iter().map(customer).collect(),
        attempt_samples: attempts.samples.iter().map(attempt).collect(),
        limits,
        typed: typed.carried(),
    };
    answer::page(StatusCode::OK, &page)
}

fn number(number: AtLeast) -> String {
    at_least(number.count, number.is_least)
}
