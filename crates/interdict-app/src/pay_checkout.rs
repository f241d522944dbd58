//! Paying a checkout session: by whoever has its token. What a payer typed matches blocks only, never an
//! exemption, and is never charged to what somebody else has on file.

use interdict_domain::change::Action;
use interdict_domain::checkout::{Checkout, CheckoutStatus};
use interdict_domain::customer::Profile;
use interdict_domain::identifier::Email;
use interdict_domain::ids::{CheckoutId, CustomerId};
use interdict_domain::payment::{Payment, PaymentMethod, PaymentStatus};
use interdict_domain::subscription::SubscriptionStatus;
use interdict_storage::{Authorship, MerchantTransaction, StorageError};

use crate::ask_gateway::Ask;
use crate::create_checkout::attempt_to_pay;
use crate::create_customer::create_customer;
use crate::decide_charge::{AskedFor, Counting, Payer};
use crate::error::UseCaseError;
use crate::pay::Begun;
use crate::payment_error::PaymentError;
use crate::service::Service;
use crate::subscribe::{NewSubscription, sign_up};

/// What the payer sends.
#[derive(Clone, Debug)]
pub struct CheckoutPayment {
    /// The payer's email, typed.
    pub email: Option<Email>,
    /// With what.
    pub payment_method: Option<PaymentMethod>,
}

/// Pays a session: blocked, in a trial, or about to be charged.
pub fn pay_checkout(
    service: &Service,
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: CheckoutId,
    sent: CheckoutPayment,
) -> Result<Begun, PaymentError> {
    let found = transaction.view().checkout(id)?;
    let mut checkout = found.ok_or(PaymentError::NotFound("checkout session"))?;
    check_payable(transaction, by, &checkout)?;
    let mut typed = checkout.clone();
    if let Some(email) = sent.email {
        // Another one than the merchant named is the payer's word, for this attempt.
        typed.payer_verified &= checkout.email.as_ref() == Some(&email);
        typed.email = Some(email);
    }
    if typed.email.is_none() && typed.phone.is_none() {
        return Err(PaymentError::Invalid { path: "email", issue: crate::decide_charge::PAYER_MISSING });
    }
    let mut payment = attempt_to_pay(by, &typed);
    payment.payment_method = sent.payment_method;
    checkout.payment = Some(payment.id);
    checkout.updated_at = by.now;
    if let Some(outcome) =
        service.refusal(checkout.merchant, &Payer::of(&payment), AskedFor::of(&payment), Counting::Counted)?
    {
        payment.cancel(outcome);
        transaction.insert_payment(by, Some(Action::PaymentBlocked), &payment)?;
        transaction.put_checkout(by, None, &checkout)?;
        return Ok(Begun::Ended(Box::new(payment)));
    }
    service.check_method(payment.merchant, payment.payment_method.as_ref())?;
    service.choose_method(&transaction.view(), &mut payment)?;
    if let Some(plan) = checkout.plan {
        let customer = payer_of(transaction, by, &typed)?;
        payment.customer = Some(customer);
        let plan = transaction.view().plan(plan)?.ok_or(PaymentError::NotFound("plan"))?;
        let new = NewSubscription {
            customer,
            plan: plan.id,
            payment_method: payment.payment_method.clone(),
            on_lift: None,
            metadata: checkout.metadata.clone(),
        };
        let mut subscription = sign_up(by, &plan, &payment, new);
        checkout.subscription = Some(subscription.id);
        if subscription.status == SubscriptionStatus::Trialing {
            checkout.status = CheckoutStatus::Succeeded;
            transaction.put_subscription(by, Some(Action::SubscriptionCreated), &subscription)?;
            transaction.put_checkout(by, Some(Action::CheckoutCompleted), &checkout)?;
            return Ok(Begun::Trial(Box::new(subscription)));
        }
        payment.period = Some((subscription.id, subscription.current_period_start));
        subscription.latest_payment = Some(payment.id);
        transaction.put_subscription(by, Some(Action::SubscriptionCreated), &subscription)?;
    }
    payment.pending = Some(service.charge_pending(&payment));
    transaction.insert_payment(by, None, &payment)?;
    transaction.put_checkout(by, None, &checkout)?;
    Ok(Begun::Asking(Box::new(payment), Ask::Charge))
}

fn check_payable(
    transaction: &MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    checkout: &Checkout,
) -> Result<(), PaymentError> {
    let status = checkout.status_at(by.merchant_now);
    if status != CheckoutStatus::Pending {
        return Err(PaymentError::Illegal { what: "checkout session", from: status.as_str(), to: "paid" });
    }
    let latest = checkout.payment.map(|id| transaction.view().payment(id)).transpose()?.flatten();
    if latest.is_some_and(|payment| payment.pending.is_some()) { Err(PaymentError::Busy) } else { Ok(()) }
}

/// The customer who signs up. Somebody who is there already only on the merchant's word: a typed email
/// must not make a stranger the subscriber of another one's exemption.
fn payer_of(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    checkout: &Checkout,
) -> Result<CustomerId, PaymentError> {
    if let Some(email) = checkout.email.as_ref().filter(|_| checkout.payer_verified)
        && let Some(known) = transaction.view().customers_with_email(email.as_str())?.first()
    {
        return Ok(*known);
    }
    let profile =
        Profile { email: checkout.email.clone(), phone: checkout.phone.clone(), ..Profile::default() };
    match create_customer(transaction, by, profile) {
        Ok(customer) => Ok(customer.id),
        Err(UseCaseError::Storage(error)) => Err(error.into()),
        Err(_) => Err(StorageError::Corrupt("a customer without a ref has one").into()),
    }
}

/// Carries the end of a payment over to its session.
pub(crate) fn settle_checkout(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    payment: &Payment,
) -> Result<(), StorageError> {
    let Some(id) = payment.checkout else { return Ok(()) };
    let found = transaction.view().checkout(id)?;
    let mut checkout = found.ok_or(StorageError::Corrupt("a checkout session is gone"))?;
    checkout.status = match payment.status {
        PaymentStatus::Succeeded => CheckoutStatus::Succeeded,
        PaymentStatus::RequiresAction => CheckoutStatus::RequiresAction,
        // The payer may try again.
        PaymentStatus::Open | PaymentStatus::Cancelled => CheckoutStatus::Pending,
    };
    if payment.status == PaymentStatus::Cancelled {
        checkout.subscription = None;
    }
    checkout.updated_at = by.now;
    let action = (checkout.status == CheckoutStatus::Succeeded).then_some(Action::CheckoutCompleted);
    transaction.put_checkout(by, action, &checkout)
}
