//! Every route, on one screen. The two hot ones are answered before the router
//! ([`crate::interface`]); they stand here for 405 and for the reader.

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn;
use axum::response::Response;
use axum::routing::{get, post};

use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::interface::State;
use crate::middleware::cross_origin;
use crate::{checkout, idenza, odus, operations, v1, webhooks};

pub(crate) fn router(state: State) -> Router {
    Router::new()
        .merge(native())
        .merge(billing())
        .merge(odus())
        .merge(idenza())
        .merge(from_browsers())
        .merge(pages())
        .merge(operations())
        // Providers: their signature is the credential.
        .route("/webhooks/stripe/{mode}/{merchant}", post(webhooks::stripe))
        .fallback(no_such_path)
        .with_state(state)
}

/// The native API: Duro's, grown further.
fn native() -> Router<State> {
    Router::new()
        .route("/v1/oauth/token", post(v1::oauth::token))
        .route("/v1/customers", get(v1::customers::list).post(v1::customers::create))
        .route(
            "/v1/customers/{id}",
            get(v1::customers::get)
                .patch(v1::customers::update)
                .delete(v1::customers::erase)
                .layer(from_fn(cross_origin::allow)),
        )
        .route("/v1/customers/ref/{ref}", get(v1::customers::get_by_ref))
        .route(
            "/v1/customers/{id}/blacklist",
            post(v1::list_status::blacklist).delete(v1::list_status::unblacklist),
        )
        .route(
            "/v1/customers/{id}/whitelist",
            post(v1::list_status::whitelist).delete(v1::list_status::unwhitelist),
        )
        .route("/v1/customers/{id}/restrictions", post(v1::restrictions::restrict))
        .route("/v1/customers/{id}/standing", get(v1::standing::standing))
        .route("/v1/customers/{id}/history", get(v1::standing::history))
        .route("/v1/customers/{id}/export", get(v1::customer_export::export))
        .route("/v1/customers/{id}/subscriptions", get(v1::subscriptions::of_customer))
        .route("/v1/entries", get(v1::entries::list).post(v1::entries::create))
        .route(
            "/v1/entries/{id}",
            get(v1::entries::get).patch(v1::entries::update).delete(v1::entries::delete),
        )
        .route("/v1/entries/{id}/notes", get(v1::notes::list).post(v1::notes::create))
        .route("/v1/entries/preview", post(v1::entry_preview::preview))
        .route("/v1/entries/export", get(v1::export::export))
        .route("/v1/entries/{id}/person", get(v1::persons::of_entry))
        .route("/v1/proposals", get(v1::proposals::list))
        .route("/v1/proposals/{id}", get(v1::proposals::get))
        .merge(persons())
        .route("/v1/imports", get(v1::imports::list).post(v1::imports::create))
        .route("/v1/imports/{id}", get(v1::imports::get))
        .route("/v1/imports/{id}/start", post(v1::imports::start))
        .route("/v1/imports/{id}/cancel", post(v1::imports::cancel))
        .route("/v1/imports/{id}/errors", get(v1::imports::errors))
        .route("/v1/imports/{id}/undo", post(v1::imports::undo))
        .route("/v1/imports/{id}/parts", get(v1::import_parts::parts))
        .route("/v1/imports/{id}/changed-since", get(v1::import_parts::changed_since))
        .route("/v1/changes", get(v1::changes::list))
        .route("/v1/identifiers/erase", post(v1::identifiers::erase))
        .route("/v1/lookup", post(v1::lookup::look_up))
        .route("/v1/decisions", get(v1::decision_log::list).post(answered_before))
        .route("/v1/decisions/{id}", get(v1::decision_log::get))
        .route("/v1/decisions/batch", post(answered_before))
        .route("/v1/decisions/replay", post(v1::replay::replay))
        .route("/v1/reports/never-matched", get(v1::reports::unmatched))
        .route("/v1/reports/expired", get(v1::reports::expired))
        .route("/v1/reports/ending", get(v1::reports::ending_soon))
        .route("/v1/reports/good-customers-blocked", get(v1::reports::good_customers))
}

/// People who are blocked as a whole.
fn persons() -> Router<State> {
    Router::new()
        .route("/v1/persons", get(v1::persons::list))
        .route("/v1/persons/block", post(v1::persons::block))
        .route("/v1/persons/{id}", get(v1::persons::get).delete(v1::persons::lift))
        .route("/v1/persons/{id}/identifiers", post(v1::persons::add_identifiers))
        .route("/v1/persons/suggestions", get(v1::suggestions::list))
        .route("/v1/persons/suggestions/{id}/accept", post(v1::suggestions::accept))
        .route("/v1/persons/suggestions/{id}/refuse", post(v1::suggestions::refuse))
}

/// What is paid, and by which provider: Duro's, grown further.
fn billing() -> Router<State> {
    Router::new()
        .route("/v1/chargebacks", get(v1::chargebacks::list))
        .route("/v1/chargebacks/{id}/reverse", post(v1::chargebacks::reverse))
        .route("/v1/plans", get(v1::plans::list).post(v1::plans::create))
        .route("/v1/plans/{id}", get(v1::plans::get).patch(v1::plans::update).delete(v1::plans::archive))
        .route("/v1/subscriptions", post(v1::subscriptions::create))
        .route("/v1/subscriptions/{id}", get(v1::subscriptions::get))
        .route("/v1/subscriptions/{id}/pause", post(v1::subscriptions::pause))
        .route("/v1/subscriptions/{id}/resume", post(v1::subscriptions::resume))
        .route("/v1/subscriptions/{id}/cancel", post(v1::subscriptions::cancel))
        .route("/v1/gateway", get(v1::gateway::get).put(v1::gateway::set))
        .route("/v1/gateway/events", get(v1::gateway::events))
        .route("/v1/gateway/lists", get(v1::gateway_lists::get).put(v1::gateway_lists::set))
        .route("/v1/scores", get(v1::scores::list))
        .route("/v1/settings", get(v1::settings::get).patch(v1::settings::update))
        .route("/v1/test-clock/advance", post(v1::test_clock::advance))
}

/// Odus.
fn odus() -> Router<State> {
    Router::new()
        .route("/customers", get(odus::customers::list).post(odus::customers::create))
        .route(
            "/customers/{id}",
            get(odus::customers::get).post(odus::customers::update).layer(from_fn(cross_origin::allow)),
        )
        .route("/customers/{id}/restrictions", post(odus::customers::restrict))
        .route("/blacklist", get(odus::blacklist::list).post(odus::blacklist::add))
        .route("/blacklist/{id}", get(odus::blacklist::get).delete(odus::blacklist::remove))
        .route("/payments", get(odus::payments::list).post(odus::payments::create))
        .route("/payments/{id}", get(odus::payments::get))
        .route("/payments/{id}/authorize", post(odus::payments::authorize))
        .route("/payments/{id}/record-chargeback", post(odus::record_chargeback::record))
        .route("/payments/{id}/reverse", post(odus::payments::reverse))
}

/// Idenza.
fn idenza() -> Router<State> {
    Router::new()
        .route("/customer/add", post(idenza::add::add))
        .route("/customer/remove", post(idenza::remove::remove))
        .route("/customer/get", get(idenza::get::get))
        .route("/risk/bin/score", post(idenza::score::score))
}

/// What a merchant's page calls in a browser: with a publishable key, or with the token of a session.
fn from_browsers() -> Router<State> {
    Router::new()
        .route("/v1/checkout/sessions", post(v1::checkout_sessions::create))
        .route("/checkout/{token}", get(checkout::api::get))
        .route("/checkout/{token}/pay", post(checkout::api::pay))
        .route("/checkout/{token}/status", get(checkout::api::status))
        .layer(from_fn(cross_origin::allow))
}

/// Pages for payers. They are for people, and not in the API's document.
fn pages() -> Router<State> {
    Router::new()
        .route("/pay/returned", get(checkout::returned::show))
        .route("/pay/pay.css", get(checkout::document::style))
        .route("/pay/card.js", get(checkout::document::card_script))
        .route("/pay/{token}", get(checkout::page::show).post(checkout::page::pay))
        .route("/pay/step/{id}", get(checkout::step::show).post(checkout::step::complete))
}

/// Operators and tools.
fn operations() -> Router<State> {
    Router::new()
        .route("/healthz", get(operations::healthz))
        .route("/readyz", get(operations::readyz))
        .route("/metrics", get(operations::metrics))
        .route("/openapi.json", get(operations::openapi))
        .route("/docs", get(operations::docs))
        .route("/docs/{name}", get(operations::docs_file))
}

async fn no_such_path(request: Request) -> Response {
    ApiError::no_such_path().respond(Dialect::of_path(request.uri().path()))
}

/// Never reached: the interface answers these two first.
async fn answered_before() -> Response {
    ApiError::internal().respond(Dialect::Native)
}
