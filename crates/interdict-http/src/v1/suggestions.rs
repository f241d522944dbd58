//! `/v1/persons/suggestions`: identifiers with which blocked persons came for the first time, and what somebody says of them.

use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use interdict_app::store::MerchantView;
use interdict_app::{PersonError, accept_suggestion, refuse_suggestion, weighed};
use interdict_domain::ids::SuggestionId;
use interdict_domain::person::{Suggestion, SuggestionState};

use super::list_page::list_page;
use crate::answer;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{CustomersRead, CustomersWrite, InPath, InQuery, Secret};
use crate::interface::State;
use crate::mutation::{Mutation, read_failed};
use crate::page::{Behind, Cursor, CursorPage, Items};
use crate::schemas;
use crate::views::{AcceptedView, PersonView, SuggestionView};

#[utoipa::path(
    get,
    path = "/v1/persons/suggestions",
    operation_id = "listPersonSuggestions",
    tag = "Persons",
    summary = "List what may be a blocked person's",
    description = "What this node has decided before is in it. What was refused stays in the list, and goes on counting.",
    params(schemas::SuggestionsQuery),
    responses((status = 200, description = "A page of suggestions, newest first.", body = Items<SuggestionView>)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn list(
    Shared(state): Shared<State>,
    key: Secret<CustomersRead>,
    InQuery(mut query): InQuery,
) -> Response {
    let caller = &key.caller;
    let page = CursorPage::<SuggestionId>::read(&mut query);
    let states: Vec<_> = SuggestionState::ALL.iter().map(|word| (word.as_str(), *word)).collect();
    let wanted = query.word("state", &states);
    if let Err(details) = query.finish() {
        return ApiError::validation(details).respond(Dialect::Native);
    }
    caller.service.finish_noticing().await;
    let read =
        move |view: &MerchantView<'_>, (position, limit): Behind| view.suggestions(wanted, position, limit);
    let cursor =
        |suggestion: &Suggestion| Cursor { created_at: suggestion.created_at, id: suggestion.id.to_string() };
    let show = |suggestion| SuggestionView::of(&suggestion, &|actor| state.app.label_of(actor));
    list_page(caller, page, read, cursor, show).await
}

#[utoipa::path(
    post,
    path = "/v1/persons/suggestions/{id}/accept",
    operation_id = "acceptPersonSuggestion",
    tag = "Persons",
    summary = "Put what was suggested to the person's",
    description = "One that was refused may be accepted later. What hits more than the settings' `secondApprover` lets one \
                   person block is 409.",
    params(schemas::SuggestionPath),
    responses((status = 200, description = "The suggestion, and the person as it is since.", body = AcceptedView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn accept(
    Shared(state): Shared<State>,
    key: Secret<CustomersWrite>,
    InPath(id): InPath<SuggestionId>,
    mutation: Mutation,
) -> Response {
    let weights = match key.caller.service.weigh_suggestion(key.caller.merchant, id).await {
        Ok(weights) => weights,
        Err(error) => return read_failed(&error).respond(Dialect::Native),
    };
    mutation
        .run(
            &key.caller,
            |fields| Ok(fields.finish(Some(()))?),
            move |transaction, by, ()| -> Result<_, PersonError> {
                let run = |transaction: &mut _| accept_suggestion(transaction, by, id);
                let (suggestion, row) = weighed(transaction, by, weights, run, |(_, row)| row)?;
                Ok((suggestion, row, transaction.revision()))
            },
            move |(suggestion, row, revision), _| {
                let label_of = |actor: &_| state.app.label_of(actor);
                let view = AcceptedView {
                    suggestion: SuggestionView::of(suggestion, &label_of),
                    person: PersonView::of(row, *revision, &label_of),
                };
                answer::about(answer::answer(StatusCode::OK, &view), &row.person.id)
            },
        )
        .await
}

#[utoipa::path(
    post,
    path = "/v1/persons/suggestions/{id}/refuse",
    operation_id = "refusePersonSuggestion",
    tag = "Persons",
    summary = "Say that what was suggested is not the person's",
    description = "It is not suggested for this person again, and never put there by itself.",
    params(schemas::SuggestionPath),
    responses((status = 200, description = "The suggestion.", body = SuggestionView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn refuse(
    Shared(state): Shared<State>,
    key: Secret<CustomersWrite>,
    InPath(id): InPath<SuggestionId>,
    mutation: Mutation,
) -> Response {
    mutation
        .run(
            &key.caller,
            |fields| Ok(fields.finish(Some(()))?),
            move |transaction, by, ()| refuse_suggestion(transaction, by, id),
            move |suggestion, _| {
                let view = SuggestionView::of(suggestion, &|actor| state.app.label_of(actor));
                answer::about(answer::answer(StatusCode::OK, &view), &suggestion.person)
            },
        )
        .await
}
