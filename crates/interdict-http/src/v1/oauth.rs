//! `POST /v1/oauth/token`: client credentials for a token of 60 minutes (Duro, OAuth). The body may be
//! JSON, as everywhere here, or a form, as RFC 6749 says.

use axum::extract::{Request, State as Shared};
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use interdict_app::TokenError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::body;
use crate::error::{ApiError, Detail};
use crate::interface::State;
use crate::json::{self, Fields};
use crate::schemas;
use crate::server::ClientAddress;

/// A token as sold.
#[derive(Serialize, ToSchema)]
#[schema(as = Token)]
pub(crate) struct TokenView {
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// In seconds.
    expires_in: i64,
}

struct Credentials {
    client_id: String,
    client_secret: String,
}

fn read(mut fields: Fields) -> Result<Credentials, Vec<Detail>> {
    let grant = fields.word("grant_type", &[("client_credentials", ())]);
    fields.required("grant_type", grant);
    let (id, secret) = (fields.text("client_id"), fields.text("client_secret"));
    let both = fields.required("client_id", id).zip(fields.required("client_secret", secret));
    fields.finish(both.map(|(client_id, client_secret)| Credentials { client_id, client_secret }))
}

#[utoipa::path(
    post,
    path = "/v1/oauth/token",
    operation_id = "createAccessToken",
    tag = "OAuth",
    summary = "Sell an access token",
    description = "For client credentials. The body may also be a form (`application/x-www-form-urlencoded`, RFC 6749, 4.4).",
    request_body = schemas::TokenRequest,
    responses((status = 200, description = "An access token of 60 minutes.", body = TokenView)),
    security(()),
)]
pub(crate) async fn token(Shared(state): Shared<State>, request: Request) -> Response {
    match sell(&state, request).await {
        Ok(view) => {
            let mut response = axum::Json(view).into_response();
            // RFC 6749, 5.1: a token is never cached.
            response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(error) => error.into_response(),
    }
}

async fn sell(state: &State, request: Request) -> Result<TokenView, ApiError> {
    let (parts, sent) = request.into_parts();
    let client = parts
        .extensions
        .get::<ClientAddress>()
        .copied()
        .unwrap_or(ClientAddress(std::net::Ipv4Addr::LOCALHOST.into()));
    let is_form = parts.headers.get(CONTENT_TYPE).is_some_and(|value| {
        value.to_str().is_ok_and(|text| text.starts_with("application/x-www-form-urlencoded"))
    });
    let limits = state.body_limits(body::LIMIT_BYTES);
    let fields = if is_form {
        let bytes = body::read(&parts.headers, sent, limits).await?;
        Fields::from_query(&String::from_utf8_lossy(&bytes))
    } else {
        let bytes = body::read_json(&parts.headers, sent, limits).await?;
        if bytes.is_empty() { Fields::empty() } else { Fields::new(json::parse(&bytes)?) }
    };
    let credentials = read(fields)?;
    let token = state.app.issue_token(&credentials.client_id, &credentials.client_secret).await;
    let token = token.map_err(|error| match error {
        TokenError::InvalidClient => match state.limits.failed_credential(client) {
            Ok(()) => ApiError::unauthorized(),
            Err(limited) => limited,
        },
        TokenError::Storage(_) | TokenError::Signing(_) => {
            tracing::error!(error = &error as &dyn std::error::Error, "no token can be sold");
            ApiError::unavailable()
        }
    })?;
    Ok(TokenView { access_token: token.access_token, token_type: "Bearer", expires_in: token.expires_in_s })
}
