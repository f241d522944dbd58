//! `/v1/gateway`: which provider the merchant's payments go to, and what that provider told us.

use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use interdict_app::gateway::PublishableKey;
use interdict_app::store::{GatewayAccount, ProviderEvent, StorageError};
use interdict_app::{GatewayUpdate, set_gateway};
use interdict_domain::clock::Timestamp;
use interdict_domain::ids::PaymentId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{InQuery, PaymentsRead, PaymentsWrite, Secret};
use crate::interface::State;
use crate::json::{Fields, Sent};
use crate::mutation::{Mutation, Refused, read_failed};
use crate::page::{Items, LIMIT_DEFAULT, LIMIT_MAX};
use crate::schemas;

/// The merchant's account at a provider. Its secrets are never shown.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = GatewayAccount)]
pub(crate) struct GatewayView {
    /// `sandbox` in test mode; in live mode `stripe`, or null as long as no key is set.
    provider: Option<String>,
    /// The last four characters of the key.
    key_last_four: Option<String>,
    /// Whether webhooks are expected.
    has_webhook_secret: bool,
    /// What the hosted page opens Stripe's field for cards with; without it that page takes no cards.
    publishable_key: Option<String>,
    /// Where the provider is to send its webhooks.
    webhook_url: String,
}

fn view(account: Option<&GatewayAccount>, caller: &interdict_app::Caller, base: &str) -> GatewayView {
    let mode = caller.service.mode();
    let sandbox = (mode == interdict_domain::mode::Mode::Test).then(|| "sandbox".to_owned());
    let named =
        account.filter(|account| account.secret_key.is_some()).map(|account| account.provider.clone());
    GatewayView {
        provider: sandbox.or(named),
        key_last_four: account.and_then(|account| account.key_last_four.clone()),
        has_webhook_secret: account.is_some_and(|account| account.webhook_secret.is_some()),
        publishable_key: account.and_then(|account| account.publishable_key.clone()),
        webhook_url: format!("{base}/webhooks/stripe/{}/{}", mode.as_str(), caller.merchant),
    }
}

#[utoipa::path(
    get,
    path = "/v1/gateway",
    operation_id = "getGateway",
    tag = "Gateway",
    summary = "Get the payment provider",
    responses((status = 200, description = "The merchant's account at the provider.", body = GatewayView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:read"])),
)]
pub(crate) async fn get(
    Shared(state): Shared<State>,
    key: Secret<PaymentsRead>,
    headers: http::HeaderMap,
) -> Response {
    let caller = &key.caller;
    let found = caller
        .service
        .store()
        .read(caller.merchant, |view| Ok::<_, StorageError>((view.gateway_account()?, view.revision()?)))
        .await;
    match found {
        Ok((account, revision)) => {
            let view = view(account.as_ref(), caller, &state.base(&headers));
            answer::json(StatusCode::OK, &view, revision)
        }
        Err(error) => read_failed(&error).respond(Dialect::Native),
    }
}

/// Whether it would change nothing, and was not refused either.
fn is_nothing<T>(sent: &Sent<T>) -> bool {
    matches!(sent, Sent::Absent | Sent::Null)
}

fn read(mut fields: Fields) -> Result<GatewayUpdate, Refused> {
    let secret_key = fields.text("secretKey");
    let webhook_secret = fields.text("webhookSecret");
    let publishable_key = fields.parse("publishableKey", PublishableKey::parse);
    if is_nothing(&secret_key) && is_nothing(&webhook_secret) && is_nothing(&publishable_key) {
        fields.problem("secretKey", "is required, unless webhookSecret or publishableKey is sent");
    }
    let update = GatewayUpdate {
        secret_key: secret_key.value(),
        webhook_secret: webhook_secret.value(),
        publishable_key: publishable_key.value(),
    };
    Ok(fields.finish(Some(update))?)
}

#[utoipa::path(
    put,
    path = "/v1/gateway",
    operation_id = "setGateway",
    tag = "Gateway",
    summary = "Set the payment provider",
    description = "Live payments go to Stripe under this key. Secrets are encrypted at rest and never shown again. \
                   What is left out stays.",
    request_body = schemas::GatewaySet,
    responses((status = 200, description = "The merchant's account at the provider.", body = GatewayView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:write"])),
)]
pub(crate) async fn set(
    Shared(state): Shared<State>,
    key: Secret<PaymentsWrite>,
    mutation: Mutation,
) -> Response {
    let (base, caller) = (mutation.base(&state), key.caller.clone());
    let service = std::sync::Arc::clone(&key.caller.service);
    mutation
        .run(
            &key.caller,
            read,
            move |transaction, by, update| set_gateway(&service, transaction, by, update),
            move |account, _| answer::answer(StatusCode::OK, &view(Some(account), &caller, &base)),
        )
        .await
}

/// What the provider told us, and what we did about it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProviderEvent)]
pub(crate) struct ProviderEventView {
    /// The provider's own id for it.
    id: String,
    /// The provider's word for what happened.
    r#type: String,
    /// The dispute or warning that it is about.
    reference: Option<String>,
    /// The payment that it is about.
    #[schema(value_type = Option<String>)]
    payment: Option<PaymentId>,
    /// `blocked`, `recorded`, `reversed`, `reported`, `inquiry`, `over`, `not_charged`, `unknown_payment` or
    /// `ignored`.
    outcome: String,
    /// Why, in words.
    note: Option<String>,
    /// When it happened, as the provider says.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
}

impl ProviderEventView {
    fn of(event: ProviderEvent) -> Self {
        Self {
            id: event.id,
            r#type: event.what,
            reference: event.reference,
            payment: event.payment,
            outcome: event.outcome,
            note: event.note,
            created_at: event.created_at,
            received_at: event.received_at,
        }
    }
}

#[utoipa::path(
    get,
    path = "/v1/gateway/events",
    operation_id = "listProviderEvents",
    tag = "Gateway",
    summary = "List what the provider told us",
    description = "The newest first, with what was done about each: also what would have been done, where the settings say \
                   `report`. There are no further pages.",
    params(schemas::LimitQuery),
    responses((status = 200, description = "The newest events.", body = Items<ProviderEventView>)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:read"])),
)]
pub(crate) async fn events(key: Secret<PaymentsRead>, InQuery(mut query): InQuery) -> Response {
    let caller = &key.caller;
    let most = u64::try_from(LIMIT_MAX).unwrap_or(u64::MAX);
    let limit = query.integer("limit", 1..=most).and_then(|limit| i64::try_from(limit).ok());
    if let Err(details) = query.finish() {
        return ApiError::validation(details).respond(Dialect::Native);
    }
    let limit = limit.unwrap_or(i64::try_from(LIMIT_DEFAULT).unwrap_or(i64::MAX));
    let found = caller
        .service
        .store()
        .read(caller.merchant, move |view| {
            Ok::<_, StorageError>((view.provider_events(limit)?, view.revision()?))
        })
        .await;
    match found {
        Ok((events, revision)) => {
            let items = events.into_iter().map(ProviderEventView::of).collect();
            let page = Items { items, next_cursor: None, has_more: false };
            answer::json(StatusCode::OK, &page, revision)
        }
        Err(error) => read_failed(&error).respond(Dialect::Native),
    }
}
