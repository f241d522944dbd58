//! Credentials as types: a handler that takes `Secret<CustomersWrite>` cannot be reached with less.
//! The caller inside carries the merchant and the one store of the credential's mode, so that a
//! handler has no other to choose.

use std::marker::PhantomData;
use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use axum::response::Response;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use interdict_app::{AuthenticateError, Caller, Shown};
use interdict_domain::credential::Permission;
use interdict_domain::identifier::MerchantRef;
use interdict_domain::ids::{
    ChargebackId, CustomerId, DecisionId, EntryId, ImportId, PaymentId, PersonId, PlanId, ProposalId,
    SubscriptionId, SuggestionId,
};

use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::interface::State;
use crate::server::ClientAddress;

/// A refusal in the shape of the path's dialect.
pub(crate) struct Rejected(Response);

impl axum::response::IntoResponse for Rejected {
    fn into_response(self) -> Response {
        self.0
    }
}

/// Turns an error into the path's shape.
pub(crate) fn reject(error: &ApiError, path: &str) -> Rejected {
    Rejected(error.respond(Dialect::of_path(path)))
}

/// What a call needs.
pub(crate) trait Needs: Send + Sync + 'static {
    /// The permission.
    const PERMISSION: Permission;
}

macro_rules! needs {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        $($(#[$doc])*
        pub(crate) struct $name;

        impl Needs for $name {
            const PERMISSION: Permission = Permission::$name;
        })+
    };
}

needs!(
    /// `customers:read`.
    CustomersRead,
    /// `customers:write`.
    CustomersWrite,
    /// `decisions`.
    Decisions,
    /// `payments:read`.
    PaymentsRead,
    /// `payments:write`.
    PaymentsWrite,
);

/// A caller with a secret key or an OAuth token that has a permission.
pub(crate) struct Secret<P: Needs> {
    pub(crate) caller: Caller,
    needs: PhantomData<P>,
}

/// A caller who may read one customer: a secret key with `customers:read`, or a publishable key, which
/// is shown less.
pub(crate) struct Reader {
    pub(crate) caller: Caller,
}

/// A caller who may make checkout sessions: a secret key with `payments:write`, or a publishable key.
pub(crate) struct SessionMaker {
    pub(crate) caller: Caller,
}

/// The secret that a request shows: a bearer, or `X-API-Key` (Idenza).
pub(crate) fn shown(headers: &HeaderMap) -> Option<&str> {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let (scheme, secret) = value.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim());
    }
    headers.get("x-api-key")?.to_str().ok().map(str::trim)
}

/// The caller behind a request's credential. Wrong ones are counted by address.
pub(crate) async fn authenticate(
    state: &State,
    headers: &HeaderMap,
    client: ClientAddress,
) -> Result<Caller, ApiError> {
    let refused = || match state.limits.failed_credential(client) {
        Ok(()) => ApiError::unauthorized(),
        Err(limited) => limited,
    };
    let secret = shown(headers).ok_or_else(refused)?;
    let caller = state.app.authenticate(secret).await.map_err(|error| match error {
        AuthenticateError::Invalid => refused(),
        AuthenticateError::Storage(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "credentials cannot be read");
            ApiError::unavailable()
        }
    })?;
    if let Shown::Publishable(key) = caller.shown {
        state.limits.publishable_key(key, client)?;
    }
    Ok(caller)
}

/// Refuses a caller who lacks a permission.
pub(crate) fn authorise(caller: &Caller, permission: Permission) -> Result<(), ApiError> {
    if caller.is_publishable() {
        return Err(ApiError::forbidden(
            "A publishable key cannot make this call. Use a secret key, from your server only.",
        ));
    }
    if caller.permissions.contains(permission) {
        return Ok(());
    }
    Err(ApiError::forbidden(format!(
        "This key lacks the permission \"{}\". Use a key that has it, or make one with `interdict key create`.",
        permission.as_str()
    )))
}

pub(crate) fn client_of(parts: &Parts) -> ClientAddress {
    // The accept loop puts it there; a request without one (a test's) counts as the machine itself.
    parts.extensions.get().copied().unwrap_or(ClientAddress(std::net::Ipv4Addr::LOCALHOST.into()))
}

/// Leaves the route's template for the metrics.
pub(crate) fn note_route(parts: &Parts) {
    if let (Some(slot), Some(path)) = (
        parts.extensions.get::<crate::observed::RouteSlot>(),
        parts.extensions.get::<axum::extract::MatchedPath>(),
    ) {
        slot.set(path.as_str().into());
    }
}

async fn caller_of(parts: &Parts, state: &State) -> Result<Caller, Rejected> {
    note_route(parts);
    authenticate(state, &parts.headers, client_of(parts))
        .await
        .map_err(|error| reject(&error, parts.uri.path()))
}

impl<P: Needs> FromRequestParts<State> for Secret<P> {
    type Rejection = Rejected;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Rejected> {
        let caller = caller_of(parts, state).await?;
        authorise(&caller, P::PERMISSION).map_err(|error| reject(&error, parts.uri.path()))?;
        at_least(state, &caller, &parts.headers).await.map_err(|error| reject(&error, parts.uri.path()))?;
        Ok(Self { caller, needs: PhantomData })
    }
}

impl FromRequestParts<State> for Reader {
    type Rejection = Rejected;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Rejected> {
        let caller = caller_of(parts, state).await?;
        if !caller.is_publishable() {
            authorise(&caller, Permission::CustomersRead)
                .map_err(|error| reject(&error, parts.uri.path()))?;
        }
        at_least(state, &caller, &parts.headers).await.map_err(|error| reject(&error, parts.uri.path()))?;
        Ok(Self { caller })
    }
}

impl FromRequestParts<State> for SessionMaker {
    type Rejection = Rejected;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Rejected> {
        let caller = caller_of(parts, state).await?;
        if !caller.is_publishable() {
            authorise(&caller, Permission::PaymentsWrite)
                .map_err(|error| reject(&error, parts.uri.path()))?;
        }
        Ok(Self { caller })
    }
}

/// Waits for the revision that `Interdict-At-Least` asks for: never an older answer.
pub(crate) async fn at_least(state: &State, caller: &Caller, headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(value) = headers.get("interdict-at-least") else { return Ok(()) };
    let wanted = value.to_str().ok().and_then(|text| text.parse::<i64>().ok()).filter(|wanted| *wanted >= 0);
    let Some(wanted) = wanted else {
        return Err(ApiError::bad_header("Interdict-At-Least must be a whole number, such as 42."));
    };
    if caller.service.wait_for_revision(wanted, state.options.at_least_wait).await {
        Ok(())
    } else {
        Err(ApiError::revision_unavailable())
    }
}

/// Something that a path names by its id.
pub(crate) trait Named: FromStr {
    /// What it is, for the 404.
    const WHAT: &'static str;
}

impl Named for CustomerId {
    const WHAT: &'static str = "customer";
}

impl Named for EntryId {
    const WHAT: &'static str = "entry";
}

impl Named for ImportId {
    const WHAT: &'static str = "import";
}

impl Named for PersonId {
    const WHAT: &'static str = "person";
}

impl Named for SuggestionId {
    const WHAT: &'static str = "suggestion";
}

impl Named for ProposalId {
    const WHAT: &'static str = "proposal";
}

impl Named for PaymentId {
    const WHAT: &'static str = "payment";
}

impl Named for ChargebackId {
    const WHAT: &'static str = "chargeback";
}

impl Named for PlanId {
    const WHAT: &'static str = "plan";
}

impl Named for SubscriptionId {
    const WHAT: &'static str = "subscription";
}

impl Named for DecisionId {
    const WHAT: &'static str = "decision";
}

/// A merchantRef in a path.
pub(crate) struct RefInPath(pub(crate) MerchantRef);

impl FromStr for RefInPath {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        MerchantRef::parse(text).map(Self).map_err(|_| ())
    }
}

impl Named for RefInPath {
    const WHAT: &'static str = "customer";
}

/// The id in a path. What is no id at all names nothing: 404.
pub(crate) struct InPath<T>(pub(crate) T);

impl<T: Named + Send> FromRequestParts<State> for InPath<T> {
    type Rejection = Rejected;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Rejected> {
        let text = Path::<String>::from_request_parts(parts, state).await;
        text.ok()
            .and_then(|Path(text)| text.parse().ok())
            .map(Self)
            .ok_or_else(|| reject(&ApiError::not_found(T::WHAT), parts.uri.path()))
    }
}

/// The query of a request.
pub(crate) struct InQuery(pub(crate) crate::page::Query);

impl FromRequestParts<State> for InQuery {
    type Rejection = Rejected;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Rejected> {
        Ok(Self(crate::page::Query::new(parts.uri.query())))
    }
}
