//! A session that a token opens. The token's prefix picks the mode, before anything is read.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use interdict_app::store::StorageError;
use interdict_app::{Service, token_digest};
use interdict_domain::checkout::Checkout;
use interdict_domain::mode::Mode;

use crate::error::ApiError;
use crate::extract::{Rejected, client_of, reject};
use crate::interface::State;
use crate::mutation::read_failed;

/// An opened session.
pub(crate) struct Opened {
    pub(crate) service: Arc<Service>,
    pub(crate) checkout: Checkout,
}

impl Opened {
    /// The session behind a token; wrong ones are counted by address, like wrong keys.
    pub(crate) async fn find(state: &State, parts: &Parts, token: &str) -> Result<Self, ApiError> {
        let mode = Mode::ALL.into_iter().find(|mode| {
            token.strip_prefix("cs_").and_then(|rest| rest.strip_prefix(mode.as_str())).is_some()
        });
        let found = match mode {
            None => None,
            Some(mode) => {
                let service = Arc::clone(state.app.service(mode));
                let digest = token_digest(token);
                let found = service.store().read_all(move |view| view.checkout_by_token(&digest)).await;
                let found = found.map_err(|error: StorageError| read_failed(&error))?;
                found.map(|checkout| Self { service, checkout })
            }
        };
        if let Some(opened) = found {
            return Ok(opened);
        }
        state.limits.failed_credential(client_of(parts))?;
        Err(ApiError::not_found("checkout session"))
    }
}

impl FromRequestParts<State> for Opened {
    type Rejection = Rejected;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Rejected> {
        let token = Path::<String>::from_request_parts(parts, state).await;
        let token = token.map_or_else(|_| String::new(), |Path(token)| token);
        Self::find(state, parts, &token).await.map_err(|error| reject(&error, parts.uri.path()))
    }
}
