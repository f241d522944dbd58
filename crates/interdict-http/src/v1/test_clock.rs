//! `POST /v1/test-clock/advance`: time that passes at once, in test mode.

use axum::response::Response;
use http::StatusCode;
use interdict_app::store::Authorship;
use interdict_app::{ADVANCE_S_MAX, advance_clock};
use interdict_domain::clock::Timestamp;
use interdict_domain::mode::Mode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{PaymentsWrite, Secret};
use crate::json::Fields;
use crate::mutation::{Mutation, Refused};
use crate::schemas;

/// What the merchant's clock shows.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TestClock)]
pub(crate) struct TestClockView {
    /// What it shows now.
    #[schema(value_type = String, format = DateTime)]
    now: Timestamp,
    /// How far it is ahead of the server's clock, in seconds.
    ahead_seconds: i64,
}

fn read(mut fields: Fields) -> Result<i64, Refused> {
    let seconds = fields.integer("seconds", 1..=ADVANCE_S_MAX);
    let seconds = fields.required("seconds", seconds);
    Ok(fields.finish(seconds)?)
}

#[utoipa::path(
    post,
    path = "/v1/test-clock/advance",
    operation_id = "advanceTestClock",
    tag = "Test clock",
    summary = "Put the merchant's clock ahead",
    description = "In test mode only; 404 in live mode. Moves windows, renewals and the end of checkouts, and never \
                   `createdAt`, keys, idempotency or the feed.",
    request_body = schemas::ClockAdvance,
    responses((status = 200, description = "What the clock shows now.", body = TestClockView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:write"])),
)]
pub(crate) async fn advance(key: Secret<PaymentsWrite>, mutation: Mutation) -> Response {
    if key.caller.service.mode() == Mode::Live {
        return ApiError::no_such_path().respond(Dialect::Native);
    }
    let show = |ahead_s: &i64, by: &Authorship<'_>| {
        let view = TestClockView { now: by.now.plus_seconds(*ahead_s), ahead_seconds: *ahead_s };
        answer::answer(StatusCode::OK, &view)
    };
    let answer = mutation.run(&key.caller, read, advance_clock, show).await;
    key.caller.service.look_for_renewals();
    answer
}
