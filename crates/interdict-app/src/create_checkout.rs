//! `POST /v1/checkout/sessions` (Duro): somebody is about to pay on a page. Decided here, and again when
//! it is paid.

use interdict_domain::change::Action;
use interdict_domain::checkout::{CHECKOUT_LIFETIME_S, Checkout, CheckoutStatus};
use interdict_domain::clock::Random;
use interdict_domain::identifier::{Email, Phone};
use interdict_domain::ids::{CheckoutId, PaymentId, PlanId};
use interdict_domain::mode::Mode;
use interdict_domain::money::Money;
use interdict_domain::payment::{Payment, PaymentOrigin};
use interdict_domain::scopes::Initiator;
use interdict_domain::text::Metadata;
use interdict_storage::{Authorship, MerchantTransaction};
use sha2::{Digest as _, Sha256};

use crate::decide_charge::{AskedFor, Counting, Payer};
use crate::payment_error::PaymentError;
use crate::service::Service;

/// Bytes of a token: 192 bits.
const TOKEN_BYTES: usize = 24;

/// What is to be paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckoutFor {
    /// An amount, once.
    Amount(Money),
    /// A plan.
    Plan(PlanId),
}

/// A session to make.
#[derive(Clone, Debug)]
pub struct NewCheckout {
    /// What is to be paid.
    pub what: CheckoutFor,
    /// The payer's email.
    pub email: Option<Email>,
    /// The payer's phone.
    pub phone: Option<Phone>,
    /// Whether email and phone are the merchant's word.
    pub payer_verified: bool,
    /// Where the payer goes afterwards, and its origin.
    pub success_url: Option<(String, String)>,
    /// Whatever the merchant attached.
    pub metadata: Metadata,
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum MadeCheckout {
    /// A session, and the token that opens it.
    Session(Box<Checkout>, String),
    /// The payer is blocked: the attempt that was kept.
    Blocked(Box<Payment>),
}

/// A token that opens a session. Its prefix says in which mode.
pub fn checkout_token(mode: Mode, random: &dyn Random) -> String {
    let mut bytes = [0_u8; TOKEN_BYTES];
    random.fill(&mut bytes);
    format!("cs_{}_{}", mode.as_str(), hex::encode(bytes))
}

/// What is kept of a token.
pub fn token_digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Makes a session, or keeps the refused attempt.
pub fn create_checkout(
    service: &Service,
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    new: NewCheckout,
) -> Result<MadeCheckout, PaymentError> {
    let view = transaction.view();
    let (money, plan) = match new.what {
        CheckoutFor::Amount(money) => (money, None),
        CheckoutFor::Plan(id) => {
            let plan = view.plan(id)?.ok_or(PaymentError::NotFound("plan"))?;
            if plan.archived_at.is_some() {
                return Err(PaymentError::Illegal { what: "plan", from: "archived", to: "subscribed to" });
            }
            (plan.money, Some(id))
        }
    };
    if let Some((_, origin)) = &new.success_url
        && !view.settings()?.allowed_origins.contains(origin)
    {
        return Err(PaymentError::Invalid {
            path: "successUrl",
            issue: "must be on one of the merchant's allowedOrigins: see PATCH /v1/settings",
        });
    }
    let token = checkout_token(service.mode(), by.random);
    let checkout = Checkout {
        id: CheckoutId::generate(by.now, by.random),
        merchant: transaction.merchant(),
        token_digest: token_digest(&token),
        money,
        plan,
        email: new.email,
        phone: new.phone,
        payer_verified: new.payer_verified,
        success_url: new.success_url.map(|(url, _)| url),
        metadata: new.metadata,
        status: CheckoutStatus::Pending,
        payment: None,
        subscription: None,
        expires_at: by.merchant_now.plus_seconds(CHECKOUT_LIFETIME_S),
        created_at: by.now,
        updated_at: by.now,
    };
    // Who pays may be known only when it is paid.
    if checkout.email.is_some() || checkout.phone.is_some() {
        let mut attempt = attempt_to_pay(by, &checkout);
        let payer = Payer::of(&attempt);
        if let Some(outcome) =
            service.refusal(checkout.merchant, &payer, AskedFor::of(&attempt), Counting::Counted)?
        {
            attempt.checkout = None;
            attempt.cancel(outcome);
            transaction.insert_payment(by, Some(Action::PaymentBlocked), &attempt)?;
            return Ok(MadeCheckout::Blocked(Box::new(attempt)));
        }
    }
    transaction.put_checkout(by, Some(Action::CheckoutCreated), &checkout)?;
    Ok(MadeCheckout::Session(Box::new(checkout), token))
}

/// The payment that pays a session.
pub(crate) fn attempt_to_pay(by: &Authorship<'_>, checkout: &Checkout) -> Payment {
    Payment {
        email: checkout.email.clone(),
        phone: checkout.phone.clone(),
        payer_verified: checkout.payer_verified,
        metadata: checkout.metadata.clone(),
        checkout: Some(checkout.id),
        ..Payment::new(
            PaymentId::generate(by.now, by.random),
            checkout.merchant,
            checkout.money,
            Initiator::Customer,
            PaymentOrigin::Checkout,
            by.now,
        )
    }
}
