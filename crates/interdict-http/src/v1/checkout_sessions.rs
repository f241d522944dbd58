//! `POST /v1/checkout/sessions` (Duro): from a server with a secret key, or from a page with a
//! publishable one.

use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use interdict_app::{Caller, CheckoutFor, MadeCheckout, NewCheckout, block_code, create_checkout, origin_of};
use interdict_domain::checkout::Checkout;
use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::Email;
use interdict_domain::ids::{CheckoutId, PlanId};
use interdict_domain::money::{AMOUNT_MAX, Currency, Money};
use interdict_domain::payment::Payment;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::SessionMaker;
use crate::interface::State;
use crate::json::Fields;
use crate::mutation::{Mutation, Refused};
use crate::odus::payments::blocked;
use crate::profile;
use crate::schemas::{self, CheckoutStatusWord};

/// The longest address that a payer is sent to.
const URL_BYTES_MAX: usize = 2_048;

/// A session, as its maker sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CheckoutSession)]
pub(crate) struct SessionView {
    #[schema(value_type = String, example = "chk_2R0uWz4tu9wxTMBXxj9CJfSE9vV")]
    id: CheckoutId,
    /// Opens the session for the payer.
    token: String,
    /// The page to send the payer to.
    url: String,
    #[schema(value_type = CheckoutStatusWord)]
    status: &'static str,
    /// `one_time` or `subscription`.
    kind: &'static str,
    /// In minor units.
    amount: i64,
    currency: &'static str,
    #[schema(value_type = Option<String>)]
    plan_id: Option<PlanId>,
    /// Until when it can be paid, on the merchant's clock.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl SessionView {
    fn of(checkout: &Checkout, token: &str, base: &str) -> Self {
        Self {
            id: checkout.id,
            token: token.to_owned(),
            url: format!("{base}/pay/{token}"),
            status: checkout.status.as_str(),
            kind: checkout.kind(),
            amount: checkout.money.amount(),
            currency: checkout.money.currency().code(),
            plan_id: checkout.plan,
            expires_at: checkout.expires_at,
            created_at: checkout.created_at,
        }
    }
}

fn read(mut fields: Fields, caller: &Caller) -> Result<NewCheckout, Refused> {
    let plan = fields.text("planId").value();
    let amount = fields.integer("amount", 1..=AMOUNT_MAX).value();
    let currency = fields.parse("currency", Currency::parse).value().unwrap_or(Currency::NGN);
    let email = fields.parse("customerEmail", Email::parse).value();
    let phone = profile::phone(&mut fields, "customerPhone", caller).value();
    let success_url = fields.parse("successUrl", success_url).value();
    let metadata = profile::metadata(&mut fields);
    if plan.is_none() && amount.is_none() {
        fields.problem("amount", "is required, unless planId is sent");
    }
    if plan.is_some() && amount.is_some() {
        fields.problem("amount", "must not be sent together with planId: the plan says what it costs");
    }
    let (email, phone, success_url, metadata) = fields.finish(Some((email, phone, success_url, metadata)))?;
    let what = match (plan, amount.and_then(|amount| Money::new(amount, currency).ok())) {
        (Some(plan), _) => CheckoutFor::Plan(plan.parse().map_err(|_| Refused(ApiError::not_found("plan")))?),
        (None, Some(money)) => CheckoutFor::Amount(money),
        (None, None) => return Err(ApiError::invalid("amount", crate::json::MISSING).into()),
    };
    // What comes from a page is what somebody typed.
    let payer_verified = !caller.is_publishable();
    Ok(NewCheckout { what, email, phone, payer_verified, success_url, metadata })
}

/// An address and its origin.
fn success_url(text: &str) -> Result<(String, String), &'static str> {
    let issue = "must be an https address such as https://shop.example/thanks";
    let origin = origin_of(text).filter(|_| text.len() <= URL_BYTES_MAX).ok_or(issue)?;
    Ok((text.to_owned(), origin))
}

/// A payer who is blocked gets the public message, never the reason.
pub(crate) fn not_permitted(payment: &Payment) -> Option<ApiError> {
    block_code(payment)?;
    let message = payment.outcome.as_ref()?.safe_error_message.clone()?;
    Some(ApiError::new(StatusCode::FORBIDDEN, "payment_not_permitted", message))
}

#[utoipa::path(
    post,
    path = "/v1/checkout/sessions",
    operation_id = "createCheckoutSession",
    tag = "Checkout",
    summary = "Create a checkout session",
    description = "A publishable key may make this call, too: then email and phone are what somebody typed, and match \
                   blocks only. A blocked payer is answered with 403: with the decision's code for a secret key, with \
                   `payment_not_permitted` for a publishable one.",
    request_body = schemas::CheckoutSessionCreate,
    responses((status = 201, description = "The session; send the payer to its `url`.", body = SessionView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:write"])),
)]
pub(crate) async fn create(
    Shared(state): Shared<State>,
    maker: SessionMaker,
    mutation: Mutation,
) -> Response {
    let (base, publishable) = (mutation.base(&state), maker.caller.is_publishable());
    let service = std::sync::Arc::clone(&maker.caller.service);
    mutation
        .run(
            &maker.caller,
            |fields| read(fields, &maker.caller),
            move |transaction, by, new| create_checkout(&service, transaction, by, new),
            move |made, _| match made {
                MadeCheckout::Session(checkout, token) => {
                    answer::answer(StatusCode::CREATED, &SessionView::of(checkout, token, &base))
                }
                MadeCheckout::Blocked(payment) => {
                    let error = if publishable { not_permitted(payment) } else { blocked(payment) };
                    answer::refusal(&error.unwrap_or_else(ApiError::internal), Dialect::Native)
                }
            },
        )
        .await
}
