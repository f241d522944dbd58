//! What operators and tools ask: health, readiness, metrics, the API's document.

use axum::extract::{Path, State as Shared};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap};
use interdict_domain::mode::Mode;
use serde_json::json;

use crate::docs_page;
use crate::error::ApiError;
use crate::interface::State;
use crate::middleware::metrics::CONTENT_TYPE as METRICS_TYPE;

/// The process lives.
pub(crate) async fn healthz() -> Response {
    axum::Json(json!({ "status": "ok" })).into_response()
}

/// 200 only with the index of both modes at the head of its feed.
pub(crate) async fn readyz(Shared(state): Shared<State>) -> Response {
    let mode = |mode: Mode| {
        let readiness = state.app.service(mode).readiness();
        json!({ "loaded": readiness.loaded, "fresh": readiness.fresh, "revision": readiness.revision })
    };
    let ready = state.app.is_ready();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let word = if ready { "ready" } else { "loading" };
    (status, axum::Json(json!({ "status": word, "test": mode(Mode::Test), "live": mode(Mode::Live) })))
        .into_response()
}

/// For Prometheus.
pub(crate) async fn metrics(Shared(state): Shared<State>) -> Response {
    state.observed.gauge(&state.app);
    ([(CONTENT_TYPE, METRICS_TYPE)], state.observed.metrics.render()).into_response()
}

/// The API's document.
pub(crate) async fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json")], crate::openapi::openapi_json()).into_response()
}

/// The document for people.
pub(crate) async fn docs(headers: HeaderMap) -> Response {
    docs_page::page(&headers)
}

/// A file of the page.
pub(crate) async fn docs_file(Path(name): Path<String>, headers: HeaderMap) -> Response {
    docs_page::file(&name, &headers).unwrap_or_else(|| ApiError::no_such_path().into_response())
}
