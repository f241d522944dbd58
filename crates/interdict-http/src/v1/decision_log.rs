//! `GET /v1/decisions` and `GET /v1/decisions/{id}`: decisions that were kept, in the shape in which they were answered.
//!
//! Deliberately not here: deciding ([`super::decisions`]), and what is kept (`interdict-app`).

use axum::response::Response;
use http::StatusCode;
use interdict_app::decision::{Code, Outcome};
use interdict_app::{Caller, LoggedDecision, LoggedFilter};
use interdict_domain::clock::Timestamp;
use interdict_domain::decision_origin::DecisionOrigin;
use interdict_domain::identifier::Kind;
use interdict_domain::ids::{CustomerId, DecisionId, PaymentId};
use interdict_domain::scopes::Initiator;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{Decisions, InPath, InQuery, Secret};
use crate::mutation::read_failed;
use crate::page::{Cursor, CursorPage, Items, Query};
use crate::schemas::{self, DecisionOriginWord};
use crate::views::DecisionView;

/// A decision that was kept.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LoggedDecision)]
pub(crate) struct LoggedDecisionView<'a> {
    #[serde(flatten)]
    decision: DecisionView<'a>,
    /// What it was asked for.
    #[schema(value_type = DecisionOriginWord)]
    origin: &'static str,
    /// The payment that it was asked for.
    #[schema(value_type = Option<String>)]
    payment: Option<PaymentId>,
    /// The batch that it belongs to.
    batch: Option<BatchPlaceView>,
    /// Whether a person in it was erased since: then no value, reason or message is left.
    erased: bool,
}

/// A place in a batch.
#[derive(Serialize, ToSchema)]
#[schema(as = BatchPlace)]
pub(crate) struct BatchPlaceView {
    /// The `id` of the batch's answer.
    #[schema(value_type = String)]
    id: DecisionId,
    /// From 0.
    position: u32,
}

impl<'a> LoggedDecisionView<'a> {
    fn of(logged: &'a LoggedDecision) -> Self {
        Self {
            decision: DecisionView::of(
                &logged.decision,
                logged.id,
                logged.initiator,
                logged.at,
                logged.degraded,
            ),
            origin: logged.origin.as_str(),
            payment: logged.payment,
            batch: logged.batch.map(|(id, position)| BatchPlaceView { id, position }),
            erased: logged.is_erased,
        }
    }
}

#[utoipa::path(
    get,
    path = "/v1/decisions/{id}",
    operation_id = "getDecision",
    tag = "Decisions",
    summary = "Get a decision that was kept",
    description = "Blocks are kept, and whatever was asked for a charge; of the others so many a second as the settings' \
                   `decisionLog` says. What was not kept, or no longer is, is 404 `not_retained`.",
    params(schemas::DecisionPath),
    responses((status = 200, description = "The decision as it was answered, with its explanation.", body = LoggedDecisionView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["decisions"])),
)]
pub(crate) async fn get(key: Secret<Decisions>, InPath(id): InPath<DecisionId>) -> Response {
    let service = &key.caller.service;
    match service.logged_decision(key.caller.merchant, id).await {
        Ok(Some(logged)) => {
            answer::json(StatusCode::OK, &LoggedDecisionView::of(&logged), service.readiness().revision)
        }
        Ok(None) => ApiError::decision_not_retained(service.keeps_decisions()).respond(Dialect::Native),
        Err(error) => read_failed(&error).respond(Dialect::Native),
    }
}

fn read_filter(query: &mut Query, caller: &Caller) -> LoggedFilter {
    let outcomes = [Outcome::Allow, Outcome::Block].map(|outcome| (outcome.as_str(), outcome));
    let codes = Code::ALL.map(|code| (code.as_str(), code));
    let initiators = Initiator::ALL.map(|initiator| (initiator.as_str(), initiator));
    let origins: Vec<_> = DecisionOrigin::ALL.iter().map(|origin| (origin.as_str(), *origin)).collect();
    let moment =
        |text: &str| text.parse::<Timestamp>().map_err(|_| "must be a time such as 2026-11-21T03:43:33.123Z");
    LoggedFilter {
        outcome: query.word("outcome", &outcomes),
        code: query.word("code", &codes),
        initiator: query.word("initiator", &initiators),
        origin: query.word("origin", &origins),
        from: query.parse("from", moment),
        until: query.parse("to", moment),
        identifier: read_identifier(query, caller),
        customer: query.parse("customer", str::parse::<CustomerId>),
    }
}

fn read_identifier(query: &mut Query, caller: &Caller) -> Option<(Kind, String)> {
    let mut found = None;
    for kind in Kind::ALL {
        let value = query.parse(kind.as_str(), |text| {
            kind.normalise_in(text, || caller.phone_region())
                .map(std::borrow::Cow::into_owned)
                .map_err(|error| error.0)
        });
        match (value, &found) {
            (Some(value), None) => found = Some((kind, value)),
            (Some(_), Some(_)) => query.problem(kind.as_str(), "is one identifier too many: send one"),
            (None, _) => {}
        }
    }
    found
}

#[utoipa::path(
    get,
    path = "/v1/decisions",
    operation_id = "listDecisions",
    tag = "Decisions",
    summary = "List decisions that were kept",
    params(schemas::DecisionsQuery),
    responses((status = 200, description = "A page of decisions, newest first.", body = Items<LoggedDecisionView>)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["decisions"])),
)]
pub(crate) async fn list(key: Secret<Decisions>, InQuery(mut query): InQuery) -> Response {
    let service = &key.caller.service;
    let page = CursorPage::<DecisionId>::read(&mut query);
    let filter = read_filter(&mut query, &key.caller);
    if let Err(details) = query.finish() {
        return ApiError::validation(details).respond(Dialect::Native);
    }
    let length = page.limit;
    let (position, limit) = page.behind();
    match service.logged_decisions(key.caller.merchant, &filter, position, limit).await {
        Ok(rows) => {
            let cursor =
                |logged: &LoggedDecision| Cursor { created_at: logged.at, id: logged.id.to_string() };
            let Items { items, next_cursor, has_more } = Items::from_one_more(rows, length, cursor);
            let items = items.iter().map(LoggedDecisionView::of).collect();
            let view = Items { items, next_cursor, has_more };
            answer::json(StatusCode::OK, &view, service.readiness().revision)
        }
        Err(error) => read_failed(&error).respond(Dialect::Native),
    }
}
