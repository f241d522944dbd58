//! `POST /v1/oauth/token`: client credentials for a token of 60 minutes (Duro, OAuth). The body may be
//! JSON, as everywhere here, or a form, and id and secret may stand in `Authorization: Basic` instead, as
//! RFC 6749 says.

use axum::extract::{Request, State as Shared};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use interdict_app::TokenError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::body;
use crate::error::{ApiError, Detail};
use crate::interface::State;
use crate::json::{self, Fields, Sent};
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

/// `Authorization: Basic` with something else than an id and a secret.
struct NoCredentials;

fn read(mut fields: Fields, basic: Option<Credentials>) -> Result<Credentials, Vec<Detail>> {
    let grant = fields.word("grant_type", &[("client_credentials", ())]);
    fields.required("grant_type", grant);
    let (id, secret) = basic.map(|basic| (basic.client_id, basic.client_secret)).unzip();
    let id = of_body_or_header(&mut fields, "client_id", id);
    let secret = of_body_or_header(&mut fields, "client_secret", secret);
    let both = id.zip(secret);
    fields.finish(both.map(|(client_id, client_secret)| Credentials { client_id, client_secret }))
}

/// A field that the header may say in its place. Where both do, they must agree.
fn of_body_or_header(fields: &mut Fields, name: &'static str, header: Option<String>) -> Option<String> {
    match (fields.text(name), header) {
        (Sent::Absent | Sent::Null, Some(header)) => Some(header),
        (Sent::Value(text), Some(header)) if text != header => {
            fields.problem(name, "differs from the Authorization header");
            None
        }
        (sent, _) => fields.required(name, sent),
    }
}

/// Id and secret of `Authorization: Basic` (RFC 6749, 2.3.1). Ours are letters, digits and underscores,
/// which the form encoding that the RFC wants leaves as they are.
fn basic(headers: &HeaderMap) -> Option<Result<Credentials, NoCredentials>> {
    let (scheme, encoded) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let plain = STANDARD.decode(encoded.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let pair = plain.as_deref().and_then(|plain| plain.split_once(':'));
    Some(pair.ok_or(NoCredentials).map(|(client_id, client_secret)| Credentials {
        client_id: client_id.to_owned(),
        client_secret: client_secret.to_owned(),
    }))
}

#[utoipa::path(
    post,
    path = "/v1/oauth/token",
    operation_id = "createAccessToken",
    tag = "OAuth",
    summary = "Sell an access token",
    description = "For client credentials. The body may also be a form (`application/x-www-form-urlencoded`, RFC 6749, 4.4), and id and secret may stand in `Authorization: Basic` instead.",
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
    let basic = basic(&parts.headers);
    // RFC 6749, 5.2: the challenge names the scheme that the client used.
    let scheme = HeaderValue::from_static(if basic.is_some() { "Basic" } else { "Bearer" });
    let refused = || match state.limits.failed_credential(client) {
        Ok(()) => ApiError::unauthorized().with_header(WWW_AUTHENTICATE, scheme.clone()),
        Err(limited) => limited,
    };
    let basic = basic.transpose().map_err(|NoCredentials| refused())?;
    let limits = state.body_limits(body::LIMIT_BYTES);
    let fields = if is_form(&parts.headers) {
        let bytes = body::read(&parts.headers, sent, limits).await?;
        Fields::from_query(&String::from_utf8_lossy(&bytes))
    } else {
        let bytes = body::read_json(&parts.headers, sent, limits).await?;
        if bytes.is_empty() { Fields::empty() } else { Fields::new(json::parse(&bytes)?) }
    };
    let credentials = read(fields, basic)?;
    let token = state.app.issue_token(&credentials.client_id, &credentials.client_secret).await;
    let token = token.map_err(|error| match error {
        TokenError::InvalidClient => refused(),
        TokenError::Storage(_) | TokenError::Signing(_) => {
            tracing::error!(error = &error as &dyn std::error::Error, "no token can be sold");
            ApiError::unavailable()
        }
    })?;
    Ok(TokenView { access_token: token.access_token, token_type: "Bearer", expires_in: token.expires_in_s })
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}
