//! Entries that wait for a second person: who proposed what, what it would have hit, and the two buttons.

use askama::Template;
use axum::extract::{Path, State as Shared};
use axum::response::Response;
use http::StatusCode;
use interdict_app::{ProposalError, approve_proposal, refuse_proposal};
use interdict_domain::actor::Actor;
use interdict_domain::ids::ProposalId;
use interdict_domain::proposal::{Blast, Proposal};
use interdict_domain::role::Capability;

use crate::act::{No, act};
use crate::answer::{self, Problem};
use crate::form::{Form, InQuery};
use crate::frame::{Frame, Place};
use crate::pages::history::scopes;
use crate::pages::paging::{self, PAGE_ROWS};
use crate::pages::sources;
use crate::person::{ChangeCustomers, Person, ViewCustomers};
use crate::state::State;
use crate::texts::at_least;
use crate::when::{when, when_or_dash};
use crate::{of, t};

#[derive(Template)]
#[template(path = "approvals.html")]
struct ApprovalsPage {
    frame: Frame,
    rows: Vec<Row>,
    more: Option<String>,
    may_change: bool,
}

struct Row {
    id: String,
    value: String,
    kind: String,
    list: String,
    terms: String,
    reason: String,
    until: String,
    customers: String,
    attempts: String,
    by: String,
    at: String,
    is_own: bool,
}

pub(crate) async fn show(
    Shared(state): Shared<State>,
    person: Person<ViewCustomers>,
    InQuery(query): InQuery,
) -> Result<Response, Problem> {
    let (now, position, limit) = (person.service().now(), paging::position(&query), PAGE_ROWS + 1);
    let merchant = person.signed_in.user.merchant;
    let read = person.service().store().read(merchant, move |view| view.open_proposals(now, position, limit));
    let place = |proposal: &Proposal| (proposal.created_at, proposal.id.ksuid());
    let (found, more) = paging::one_more(read.await?, place, &query);
    let own = Actor::user(person.signed_in.user.id);
    let page = ApprovalsPage {
        frame: Frame::new(&state, &person, Place::Approvals, t("nav-approvals"), &query).await,
        rows: found.iter().map(|proposal| row(&state, proposal, &own)).collect(),
        more,
        may_change: person.may(Capability::ChangeCustomers),
    };
    Ok(answer::page(StatusCode::OK, &page))
}

fn row(state: &State, proposal: &Proposal, own: &Actor) -> Row {
    let entry = &proposal.entry;
    let by = &proposal.created_by;
    Row {
        id: proposal.id.to_string(),
        value: entry.value.clone().unwrap_or_else(|| t("erased")),
        kind: sources::kind(entry.kind),
        list: of("list-", entry.list().as_str()),
        terms: format!("{}, {}", of("strength-", entry.strength.as_str()), scopes(entry.scopes)),
        reason: entry.reason.as_ref().map_or("", |reason| reason.as_str()).to_owned(),
        until: when_or_dash(entry.window.until()),
        customers: number(proposal.customers),
        attempts: number(proposal.attempts),
        by: state.app.label_of(by).unwrap_or_else(|| by.id.clone()),
        at: when(proposal.created_at),
        is_own: by == own,
    }
}

fn number(blast: Blast) -> String {
    at_least(blast.count, blast.is_least)
}

fn id_of(text: &str) -> Result<ProposalId, Problem> {
    text.parse().map_err(|_| Problem::not_there(&t("proposal-not-there")))
}

fn no(error: ProposalError) -> No {
    match error {
        ProposalError::Storage(error) => No::Storage(error),
        ProposalError::NotFound => No::Says(t("proposal-not-there")),
        ProposalError::Own => No::Says(t("own-proposal")),
        ProposalError::Over => No::Says(t("proposal-over")),
        ProposalError::EntryChanged => No::Says(t("proposal-changed")),
        ProposalError::Ended => No::Says(t("proposal-ended")),
    }
}

/// Does what was proposed.
pub(crate) async fn approve(
    person: Person<ChangeCustomers>,
    Path((mode, id)): Path<(String, String)>,
    form: Form,
) -> Result<Response, Problem> {
    let (id, who) = (id_of(&id)?, person.signed_in.user.id);
    let done = act(&person, &form, Vec::new(), move |transaction, by| {
        approve_proposal(transaction, by, who, id).map_err(no)?;
        Ok(format!("/dashboard/{mode}/approvals?done=approved"))
    });
    done.await?.or_problem()
}

/// Refuses it, or takes it back.
pub(crate) async fn refuse(
    person: Person<ChangeCustomers>,
    Path((mode, id)): Path<(String, String)>,
    form: Form,
) -> Result<Response, Problem> {
    let (id, who) = (id_of(&id)?, person.signed_in.user.id);
    let done = act(&person, &form, Vec::new(), move |transaction, by| {
        refuse_proposal(transaction, by, who, id).map_err(no)?;
        Ok(format!("/dashboard/{mode}/approvals?done=refused"))
    });
    done.await?.or_problem()
}
