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
use crate::schemas;

/// The process lives.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "getHealth",
    tag = "Operations",
    summary = "Whether the process lives",
    responses((status = 200, description = "The process lives.", body = inline(serde_json::Value))),
    security(()),
)]
pub(crate) async fn healthz() -> Response {
    axum::Json(json!({ "status": "ok" })).into_response()
}

/// 200 only with the index of both modes at the head of its feed, as fresh as decisions take it to be.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "getReadiness",
    tag = "Operations",
    summary = "Whether decisions can be asked for",
    responses(
        (status = 200, description = "The index of both modes is at the head of its feed.", body = inline(serde_json::Value)),
        (status = 503, description = "It is not yet (`loading`), or not any more (`stale`).", body = inline(serde_json::Value)),
    ),
    security(()),
)]
pub(crate) async fn readyz(Shared(state): Shared<State>) -> Response {
    let mode = |mode: Mode| {
        let readiness = state.app.service(mode).readiness();
        json!({ "loaded": readiness.loaded, "fresh": readiness.fresh, "revision": readiness.revision })
    };
    let ready = state.app.is_ready();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let loaded = Mode::ALL.into_iter().all(|mode| state.app.service(mode).readiness().loaded);
    let word = match (ready, loaded) {
        (true, _) => "ready",
        (false, true) => "stale",
        (false, false) => "loading",
    };
    (status, axum::Json(json!({ "status": word, "test": mode(Mode::Test), "live": mode(Mode::Live) })))
        .into_response()
}

/// For Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "getMetrics",
    tag = "Operations",
    summary = "Metrics for Prometheus",
    responses((status = 200, description = "OpenMetrics text.", body = String, content_type = "application/openmetrics-text")),
    security(()),
)]
pub(crate) async fn metrics(Shared(state): Shared<State>) -> Response {
    state.observed.gauge(&state.app);
    ([(CONTENT_TYPE, METRICS_TYPE)], state.observed.metrics.render()).into_response()
}

/// The API's document.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "getOpenapi",
    tag = "Operations",
    summary = "This document",
    responses((status = 200, description = "This document.", body = inline(serde_json::Value))),
    security(()),
)]
pub(crate) async fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json")], crate::openapi::openapi_json()).into_response()
}

/// The document for people.
#[utoipa::path(
    get,
    path = "/docs",
    operation_id = "getDocs",
    tag = "Operations",
    summary = "This document for people",
    responses((status = 200, description = "This document for people.", body = String, content_type = "text/html")),
    security(()),
)]
pub(crate) async fn docs(headers: HeaderMap) -> Response {
    docs_page::page(&headers)
}

/// A file of the page.
#[utoipa::path(
    get,
    path = "/docs/{name}",
    operation_id = "getDocsFile",
    tag = "Operations",
    summary = "A file of the page for people",
    params(("name" = String, Path, description = "Its name.", example = "redoc.standalone.js")),
    responses(
        (status = 200, description = "The file.", body = String, content_type = "text/javascript"),
        (status = 404, description = "There is no such file.", body = schemas::Error),
    ),
    security(()),
)]
pub(crate) async fn docs_file(Path(name): Path<String>, headers: HeaderMap) -> Response {
    docs_page::file(&name, &headers).unwrap_or_else(|| ApiError::no_such_path().into_response())
}
