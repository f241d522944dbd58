//! `/webhooks/stripe/{mode}/{merchant}`: what Stripe says by itself. Its signature is the credential.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, Request, State as Shared};
use axum::response::Response;
use http::StatusCode;
use http::request::Parts;
use interdict_app::HearError;
use interdict_app::store::WriteError;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::mode::Mode;
use serde_json::json;

use crate::answer;
use crate::body;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{Rejected, reject};
use crate::interface::State;
use crate::schemas;

#[utoipa::path(
    post,
    path = "/webhooks/stripe/{mode}/{merchant}",
    operation_id = "receiveStripeWebhook",
    tag = "Gateway",
    summary = "Hear a webhook of Stripe's",
    description = "For Stripe alone: `charge.dispute.created`, `.updated`, `.closed` and \
                   `radar.early_fraud_warning.created` are heard, others are kept as ignored. Forged, old and altered \
                   ones are 400. Twice is once.",
    params(schemas::WebhookPath),
    request_body(content = inline(serde_json::Value), description = "An event, as Stripe signs it."),
    responses((status = 200, description = "It is heard, and what follows from it is on the disk.", body = inline(serde_json::Value))),
    security(()),
)]
pub(crate) async fn stripe(Shared(state): Shared<State>, whose: Whose, request: Request) -> Response {
    match hear(&state, whose, request).await {
        Ok(revision) => answer::json(StatusCode::OK, &json!({ "received": true }), revision),
        Err(error) => error.respond(Dialect::Native),
    }
}

/// Whose Stripe account it is about.
pub(crate) struct Whose {
    mode: Mode,
    merchant: MerchantNumber,
}

impl FromRequestParts<State> for Whose {
    type Rejection = Rejected;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Rejected> {
        let named = Path::<(String, i64)>::from_request_parts(parts, state).await.ok();
        named
            .and_then(|Path((mode, number))| Some((Mode::parse(&mode)?, MerchantNumber(number))))
            .map(|(mode, merchant)| Self { mode, merchant })
            .ok_or_else(|| reject(&ApiError::no_such_path(), parts.uri.path()))
    }
}

async fn hear(state: &State, whose: Whose, request: Request) -> Result<i64, ApiError> {
    let (parts, sent) = request.into_parts();
    let bytes = body::read(&parts.headers, sent, state.body_limits(body::LIMIT_BYTES)).await?;
    let signature = parts.headers.get("stripe-signature").and_then(|value| value.to_str().ok());
    let service = Arc::clone(state.app.service(whose.mode));
    let signature = signature.unwrap_or_default();
    service.hear_stripe(whose.merchant, signature, &bytes).await.map_err(|error| refuse(&error))?;
    Ok(service.readiness().revision)
}

/// What Stripe is told. Anything but 2xx is sent again, for days.
fn refuse(error: &HearError) -> ApiError {
    match error {
        HearError::Unexpected => ApiError::no_such_path(),
        HearError::Webhook(error) => {
            tracing::warn!(error = error as &dyn std::error::Error, "a webhook was refused");
            ApiError::bad_webhook()
        }
        HearError::Write(WriteError::Overloaded | WriteError::Stopped | WriteError::Away) => {
            ApiError::unavailable()
        }
        HearError::Secret(_) | HearError::Storage(_) | HearError::Write(_) => {
            tracing::error!(error = error as &dyn std::error::Error, "a webhook could not be heard");
            ApiError::internal()
        }
    }
}
