//! `/v1/proposals`: entries that wait for a second person, and what became of them.
//!
//! Deliberately not here: approving and refusing, which people do in the dashboard. A key cannot.

use axum::extract::State as Shared;
use axum::response::Response;
use interdict_app::store::{EntryRow, MerchantView};
use interdict_domain::actor::Actor;
use interdict_domain::clock::Timestamp;
use interdict_domain::ids::{ProposalId, UserId};
use interdict_domain::proposal::{Blast, Proposal};
use serde::Serialize;
use utoipa::ToSchema;

use super::list_page::list_page;
use crate::answer;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{CustomersRead, InPath, InQuery, Secret};
use crate::find_one::find_one;
use crate::interface::State;
use crate::page::{Behind, Cursor, CursorPage, Items};
use crate::schemas;
use crate::views::{ActorView, EntryView};

/// How many an entry would have hit.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Blast)]
pub(crate) struct BlastView {
    count: i64,
    /// Whether there may be more.
    at_least: bool,
}

/// What the entry would have hit when it was proposed.
#[derive(Serialize, ToSchema)]
#[schema(as = ProposalPreview)]
pub(crate) struct ProposalPreviewView {
    customers: BlastView,
    /// Of the 30 days before.
    attempts: BlastView,
}

/// An entry that waits for a second person, or has.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Proposal)]
pub(crate) struct ProposalView {
    /// `prop_` and a KSUID.
    #[schema(value_type = String)]
    id: ProposalId,
    /// `open`, `approved`, `refused` or `expired`.
    state: &'static str,
    /// The entry as it would be. It stands only once it is approved.
    entry: EntryView,
    preview: ProposalPreviewView,
    created_by: ActorView,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Nobody can approve it from then on.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Who approved or refused it.
    decided_by: Option<ActorView>,
    #[schema(value_type = Option<String>, format = DateTime)]
    decided_at: Option<Timestamp>,
}

impl BlastView {
    const fn of(blast: Blast) -> Self {
        Self { count: blast.count, at_least: blast.is_least }
    }
}

impl ProposalView {
    /// As it stands at a moment.
    pub(crate) fn of(state: &State, proposal: &Proposal, now: Timestamp) -> Self {
        let label_of = |actor: &Actor| state.app.label_of(actor);
        let row = EntryRow { entry: proposal.entry.clone(), hits: 0, last_hit_at: None };
        let person = |(id, _): (UserId, Timestamp)| ActorView::of(&Actor::user(id), &label_of);
        Self {
            id: proposal.id,
            state: proposal.state_at(now),
            entry: EntryView::of(&row, &label_of),
            preview: ProposalPreviewView {
                customers: BlastView::of(proposal.customers),
                attempts: BlastView::of(proposal.attempts),
            },
            created_by: ActorView::of(&proposal.created_by, &label_of),
            created_at: proposal.created_at,
            expires_at: proposal.expires_at,
            decided_by: proposal.decided.map(person),
            decided_at: proposal.decided.map(|(_, at)| at),
        }
    }
}

#[utoipa::path(
    get,
    path = "/v1/proposals",
    operation_id = "listProposals",
    tag = "Entries",
    summary = "List entries that wait for a second person",
    description = "Those that wait, were approved or refused, and those whose time was over. People approve and refuse \
                   them in the dashboard; a key cannot.",
    params(schemas::PageQuery),
    responses((status = 200, description = "A page of proposals, newest first.", body = Items<ProposalView>)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn list(
    Shared(state): Shared<State>,
    key: Secret<CustomersRead>,
    InQuery(mut query): InQuery,
) -> Response {
    let caller = &key.caller;
    let page = CursorPage::<ProposalId>::read(&mut query);
    if let Err(details) = query.finish() {
        return ApiError::validation(details).respond(Dialect::Native);
    }
    let now = caller.service.now();
    let cursor =
        |proposal: &Proposal| Cursor { created_at: proposal.created_at, id: proposal.id.to_string() };
    let read = |view: &MerchantView<'_>, (position, limit): Behind| view.proposals(position, limit);
    list_page(caller, page, read, cursor, |proposal| ProposalView::of(&state, &proposal, now)).await
}

#[utoipa::path(
    get,
    path = "/v1/proposals/{id}",
    operation_id = "getProposal",
    tag = "Entries",
    summary = "Get a proposal",
    params(schemas::ProposalPath),
    responses((status = 200, description = "The proposal.", body = ProposalView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn get(
    Shared(state): Shared<State>,
    key: Secret<CustomersRead>,
    InPath(id): InPath<ProposalId>,
) -> Response {
    let now = key.caller.service.now();
    let show = |proposal, _| answer::encode(&ProposalView::of(&state, &proposal, now));
    find_one(&key.caller, (Dialect::Native, "proposal"), move |view| view.proposal(id), show).await
}
