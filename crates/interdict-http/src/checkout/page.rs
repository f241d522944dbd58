//! `/pay/{token}`: a page to pay on, for a person with a phone. No cookie of ours, and nothing from another
//! host but Stripe's field for cards in live mode, whose signals about the page (its address is secret) are
//! turned off.

use std::sync::Arc;

use askama::Template;
use axum::extract::State as Shared;
use axum::extract::{FromRequest as _, Request};
use axum::response::Response;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use interdict_app::gateway::GatewayError;
use interdict_app::store::StorageError;
use interdict_app::{Answer, AskError, CheckoutPayment, MutateError, Refusal, origin_of, pay_checkout};
use interdict_domain::actor::Actor;
use interdict_domain::checkout::{Checkout, CheckoutStatus};
use interdict_domain::identifier::Email;
use interdict_domain::mode::Mode;
use interdict_domain::payment::{Payment, PaymentMethod};

use super::api::plan_name;
use super::document::{Contacts, html, see_other};
use super::opened::Opened;
use crate::body;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{Rejected, reject};
use crate::interface::State;
use crate::mutation::read_failed;
use crate::v1::checkout_sessions::not_permitted;

/// For a payer who can do nothing but wait.
const TRY_AGAIN: &str =
    "This cannot be paid right now, and nothing was charged. Please try again in a moment.";
/// A form is short.
const FORM_BYTES_MAX: usize = 16 * 1024;
/// What can be chosen in test mode, with what comes of it.
const TEST_METHODS: [(&str, &str); 4] = [
    ("pm_test_success", "Test card: succeeds"),
    ("pm_test_declined", "Test card: is declined"),
    ("pm_test_insufficient_funds", "Test card: has no money"),
    ("pm_test_requires_action", "Test card: asks to confirm"),
];

/// The page.
#[derive(Template)]
#[template(path = "pay.html")]
struct Page<'a> {
    merchant: &'a str,
    amount: String,
    plan: Option<String>,
    /// What can be chosen, in test mode.
    methods: &'a [(&'a str, &'a str)],
    /// Opens Stripe's field for cards, in live mode.
    stripe_key: Option<String>,
    /// The form is shown.
    payable: bool,
    email_required: bool,
    /// What is said above the form, or instead of it.
    title: &'a str,
    message: Option<&'a str>,
    /// The message is bad news.
    bad: bool,
    link: Option<&'a str>,
}

/// What there is to say.
struct Notice {
    title: &'static str,
    message: Option<String>,
    bad: bool,
    payable: bool,
}

impl Notice {
    fn of(status: CheckoutStatus) -> Self {
        let said = |title, message: &str| Self {
            title,
            message: Some(message.to_owned()),
            bad: false,
            payable: false,
        };
        match status {
            CheckoutStatus::Pending => Self { title: "Pay", message: None, bad: false, payable: true },
            CheckoutStatus::RequiresAction => {
                said("One more step", "Please confirm this payment with your bank.")
            }
            CheckoutStatus::Succeeded => said("Thank you", "This is paid."),
            CheckoutStatus::Expired => said("Too late", "This page has expired. Please go back to the shop."),
        }
    }

    /// Live mode without the key that opens the field for cards.
    fn takes_no_cards() -> Self {
        let message =
            "This shop does not take cards on this page. Please go back and pay in the shop itself.";
        Self::bad("Pay", message.to_owned(), false)
    }

    fn bad(title: &'static str, message: String, payable: bool) -> Self {
        Self { title, message: Some(message), bad: true, payable }
    }
}

async fn render(state: &State, opened: &Opened, status: StatusCode, notice: &Notice) -> Response {
    let checkout = &opened.checkout;
    let takes_cards = notice.payable && opened.service.mode() == Mode::Live;
    let stripe_key = if takes_cards { stripe_key(opened).await } else { Ok(None) };
    let stripe_key = match stripe_key {
        Ok(key) => key,
        Err(error) => return error.respond(Dialect::Native),
    };
    let notice = if takes_cards && stripe_key.is_none() { &Notice::takes_no_cards() } else { notice };
    let page = Page {
        merchant: &state.app.merchant_name(checkout.merchant).await,
        amount: checkout.money.to_string(),
        plan: plan_name(opened).await,
        methods: if opened.service.mode() == Mode::Test { &TEST_METHODS } else { &[] },
        stripe_key,
        payable: notice.payable,
        email_required: checkout.email.is_none() && checkout.phone.is_none(),
        title: notice.title,
        message: notice.message.as_deref(),
        bad: notice.bad,
        link: checkout.success_url.as_deref().filter(|_| checkout.status == CheckoutStatus::Succeeded),
    };
    let shop = checkout.success_url.as_deref().and_then(origin_of);
    let contacts = Contacts { shop: shop.as_deref(), stripe: page.stripe_key.is_some() };
    match page.render() {
        Ok(text) => html(status, text, contacts),
        Err(error) => {
            tracing::error!(%error, "the page to pay on cannot be shown");
            html(StatusCode::INTERNAL_SERVER_ERROR, String::new(), Contacts::default())
        }
    }
}

/// What opens Stripe's field for cards, in live mode.
async fn stripe_key(opened: &Opened) -> Result<Option<String>, ApiError> {
    let read = opened.service.store().read(opened.checkout.merchant, |view| {
        Ok::<_, StorageError>(view.gateway_account()?.and_then(|account| account.publishable_key))
    });
    read.await.map_err(|error| read_failed(&error))
}

/// The page.
pub(crate) async fn show(Shared(state): Shared<State>, opened: Opened) -> Response {
    let now = opened.service.merchant_now(opened.checkout.merchant);
    let notice = Notice::of(opened.checkout.status_at(now));
    render(&state, &opened, StatusCode::OK, &notice).await
}

/// The fields of a form, as a browser sends it.
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }
}

impl axum::extract::FromRequest<State> for Form {
    type Rejection = Rejected;

    async fn from_request(request: Request, state: &State) -> Result<Self, Rejected> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        if !is_form(&parts.headers) {
            return Err(reject(&ApiError::unsupported_form(), &path));
        }
        let bytes: Bytes = body::read(&parts.headers, body, state.body_limits(FORM_BYTES_MAX))
            .await
            .map_err(|error| reject(&error, &path))?;
        Ok(Self(form_urlencoded::parse(&bytes).into_owned().collect()))
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// Pays, and shows what came of it.
pub(crate) async fn pay(Shared(state): Shared<State>, mut opened: Opened, request: Request) -> Response {
    let form = match Form::from_request(request, &state).await {
        Ok(form) => form,
        Err(rejected) => return axum::response::IntoResponse::into_response(rejected),
    };
    let sent = match read(&form) {
        Ok(sent) => sent,
        Err(message) => {
            let notice = Notice::bad("Pay", message, true);
            return render(&state, &opened, StatusCode::UNPROCESSABLE_ENTITY, &notice).await;
        }
    };
    let (id, merchant) = (opened.checkout.id, opened.checkout.merchant);
    let service = Arc::clone(&opened.service);
    let begin = move |transaction: &mut interdict_app::store::MerchantTransaction<'_, '_>,
                      by: &interdict_app::store::Authorship<'_>| {
        pay_checkout(&service, transaction, by, id, sent).map_err(
            |error| match crate::mutation::Failure::from(error) {
                crate::mutation::Failure::Refused(error) => Refusal::Answer(refused(&error)),
                crate::mutation::Failure::Storage(error) => Refusal::Storage(error),
            },
        )
    };
    let show = Arc::new(|_: &interdict_app::store::MerchantView<'_>, _: interdict_app::Paid<'_>| {
        Ok(Answer::default())
    });
    let paid = opened.service.pay(merchant, Actor::payer(&id), None, begin, show).await;
    let said = match paid {
        Ok(mutated) if mutated.answer.status == 0 => None,
        Ok(mutated) => Some(String::from_utf8_lossy(&mutated.answer.body).into_owned()),
        Err(error) => Some(unavailable(&error).to_owned()),
    };
    match reload(&opened).await {
        Ok((checkout, payment)) => {
            opened.checkout = checkout;
            after(&state, &opened, payment.as_ref(), said).await
        }
        Err(error) => error.respond(Dialect::Native),
    }
}

fn read(form: &Form) -> Result<CheckoutPayment, String> {
    let email = form.get("email").map(Email::parse).transpose();
    let email = email.map_err(|error| format!("The email {error}."))?;
    let method = form.get("paymentMethod").map(PaymentMethod::parse).transpose();
    let payment_method = method.map_err(|error| format!("The means of payment {error}."))?;
    Ok(CheckoutPayment { email, payment_method })
}

/// A refusal in words for the payer. What is our own trouble is nothing that a payer could mend.
fn refused(error: &ApiError) -> Answer {
    if error.status.is_server_error() {
        let body = TRY_AGAIN.as_bytes().to_vec();
        return Answer { status: error.status.as_u16(), body, ..Answer::default() };
    }
    let line = |detail: &crate::error::Detail| format!("{} {}.", detail.path, detail.issue);
    let details: Vec<String> = error.details.iter().map(line).collect();
    let text = if details.is_empty() { error.message.to_string() } else { details.join(" ") };
    Answer { status: error.status.as_u16(), body: text.into_bytes(), ..Answer::default() }
}

fn unavailable(error: &MutateError) -> &'static str {
    match error {
        MutateError::Gateway { error, .. }
            if matches!(**error, AskError::Gateway(GatewayError::Unknown(_))) =>
        {
            "Your bank has not answered yet. Please wait a moment and load this page again: you will not be charged twice."
        }
        _ => TRY_AGAIN,
    }
}

async fn reload(opened: &Opened) -> Result<(Checkout, Option<Payment>), ApiError> {
    let (id, merchant) = (opened.checkout.id, opened.checkout.merchant);
    let read = opened.service.store().read(merchant, move |view| {
        let checkout = view.checkout(id)?.ok_or(StorageError::Corrupt("a checkout session is gone"))?;
        let payment = checkout.payment.map(|id| view.payment(id)).transpose()?.flatten();
        Ok::<_, StorageError>((checkout, payment))
    });
    read.await.map_err(|error| read_failed(&error))
}

/// What is shown after the payer has pressed the button.
async fn after(state: &State, opened: &Opened, payment: Option<&Payment>, said: Option<String>) -> Response {
    let now = opened.service.merchant_now(opened.checkout.merchant);
    let status = opened.checkout.status_at(now);
    if let Some(message) = said {
        let payable = status == CheckoutStatus::Pending;
        let notice = Notice::bad("Not paid", message, payable);
        return render(state, opened, StatusCode::OK, &notice).await;
    }
    match (status, payment) {
        (CheckoutStatus::Succeeded, _) => match &opened.checkout.success_url {
            Some(url) => see_other(url),
            None => render(state, opened, StatusCode::OK, &Notice::of(status)).await,
        },
        (CheckoutStatus::RequiresAction, Some(payment)) => match &payment.next_action {
            Some(action) => see_other(&action.url),
            None => render(state, opened, StatusCode::OK, &Notice::of(status)).await,
        },
        (_, Some(payment)) => {
            let blocked = not_permitted(payment).is_some();
            let message = payment.outcome.as_ref().and_then(|outcome| outcome.safe_error_message.clone());
            let title = if blocked { "We cannot take this payment" } else { "Not paid" };
            let code = if blocked { StatusCode::FORBIDDEN } else { StatusCode::OK };
            let notice = Notice::bad(title, message.unwrap_or_default(), !blocked);
            render(state, opened, code, &notice).await
        }
        (_, None) => render(state, opened, StatusCode::OK, &Notice::of(status)).await,
    }
}
