//! What becomes of a subscription once a charge for it has ended, in the same commit.

use interdict_domain::change::Action;
use interdict_domain::customer::ListStatus;
use interdict_domain::payment::{
    DeclineType, Operation, Outcome, Payment, PaymentOrigin, PaymentStatus, Pending,
};
use interdict_domain::scopes::Initiator;
use interdict_domain::settings::OnBlacklist;
use interdict_domain::subscription::{CANCELLED, PAYMENT_ERRORED, Subscription, SubscriptionStatus};
use interdict_storage::{Authorship, MerchantTransaction, StorageError};

use crate::decide_charge::block_code;

/// Carries the end of a charge over to its subscription.
pub(crate) fn settle_subscription(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    payment: &Payment,
) -> Result<(), StorageError> {
    let Some((id, start)) = payment.period else { return Ok(()) };
    let found = transaction.view().subscription(id)?;
    let mut subscription = found.ok_or(StorageError::Corrupt("a subscription is gone"))?;
    let action = match payment.status {
        // It ended before: what was paid for nothing goes back.
        PaymentStatus::Succeeded if subscription.status.has_ended() => {
            return give_back(transaction, by, payment.clone());
        }
        PaymentStatus::Succeeded => {
            let first = payment.origin != PaymentOrigin::Renewal;
            if !first && subscription.current_period_end == start {
                subscription.enter_period(subscription.period_number.saturating_add(1));
            }
            subscription.cycles_completed = subscription.cycles_completed.saturating_add(1);
            subscription.status = SubscriptionStatus::Active;
            subscription.auto_billing_disabled_reason = None;
            Some(if first { Action::SubscriptionActivated } else { Action::SubscriptionRenewed })
        }
        PaymentStatus::Cancelled if subscription.status.has_ended() => None,
        PaymentStatus::Cancelled => Some(fail(&mut subscription, payment)),
        PaymentStatus::Open | PaymentStatus::RequiresAction => None,
    };
    subscription.latest_payment = Some(payment.id);
    subscription.updated_at = by.now;
    transaction.put_subscription(by, action, &subscription)?;
    // Somebody who was blacklisted, or erased, while the gateway was asked.
    if is_to_be_cancelled(transaction, by, &subscription)? {
        end(transaction, by, &mut subscription, SubscriptionStatus::Canceled)?;
    }
    Ok(())
}

/// A period that was not paid.
fn fail(subscription: &mut Subscription, payment: &Payment) -> Action {
    match (block_code(payment), payment.origin) {
        (Some(code), PaymentOrigin::Renewal) => {
            subscription.is_held = true;
            subscription.auto_billing_disabled_reason = Some(code.as_str().to_owned());
            Action::SubscriptionHeld
        }
        (None, PaymentOrigin::Renewal) => {
            subscription.status = SubscriptionStatus::PastDue;
            subscription.auto_billing_disabled_reason = Some(PAYMENT_ERRORED.to_owned());
            Action::SubscriptionPaymentFailed
        }
        (code, _) => {
            let reason = code.map_or(PAYMENT_ERRORED, |code| code.as_str());
            subscription.auto_billing_disabled_reason = Some(reason.to_owned());
            Action::SubscriptionPaymentFailed
        }
    }
}

fn is_to_be_cancelled(
    transaction: &MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    subscription: &Subscription,
) -> Result<bool, StorageError> {
    if subscription.status.has_ended() {
        return Ok(false);
    }
    let view = transaction.view();
    let Some(customer) = view.customer(subscription.customer)? else { return Ok(true) };
    let standing = &customer.standing;
    let is_blacklisted = standing.at(by.merchant_now) == ListStatus::Blacklisted
        && standing.scopes.contains(Initiator::Merchant);
    Ok(is_blacklisted && view.settings()?.on_blacklist == OnBlacklist::Cancel)
}

/// Ends a subscription for good, with the charge that still waits for its customer: nobody pays for nothing.
pub(crate) fn end(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    subscription: &mut Subscription,
    status: SubscriptionStatus,
) -> Result<(), StorageError> {
    subscription.status = status;
    subscription.is_held = false;
    subscription.auto_billing_disabled_reason = Some(CANCELLED.to_owned());
    subscription.ended_at = Some(by.merchant_now);
    subscription.updated_at = by.now;
    let action = if status == SubscriptionStatus::Expired {
        Action::SubscriptionExpired
    } else {
        Action::SubscriptionCanceled
    };
    transaction.put_subscription(by, Some(action), subscription)?;
    let latest = subscription.latest_payment.map(|id| transaction.view().payment(id)).transpose()?.flatten();
    match latest.filter(|payment| payment.pending.is_none()) {
        Some(payment) => end_payment(transaction, by, payment),
        None => Ok(()),
    }
}

/// Whoever takes over what is abandoned lets the gateway do it.
fn give_back(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    mut payment: Payment,
) -> Result<(), StorageError> {
    let amount = payment.amount_captured;
    payment.pending = Some(Pending { operation: Operation::Reversal, amount, driven_until: by.now });
    transaction.update_payment(by, None, &payment)
}

fn end_payment(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    mut payment: Payment,
) -> Result<(), StorageError> {
    let action = match payment.status {
        PaymentStatus::Open => {
            payment.cancel(subscription_ended());
            Some(Action::PaymentDeclined)
        }
        // The customer may be on the bank's page right now: whoever takes over what is abandoned lets the
        // gateway give it up.
        PaymentStatus::RequiresAction => {
            payment.outcome = Some(subscription_ended());
            let (operation, amount) = (Operation::Withdrawal, payment.money.amount());
            payment.pending = Some(Pending { operation, amount, driven_until: by.now });
            None
        }
        PaymentStatus::Succeeded | PaymentStatus::Cancelled => return Ok(()),
    };
    payment.updated_at = by.now;
    transaction.update_payment(by, action, &payment)
}

/// The outcome of a charge whose subscription ended.
pub(crate) fn subscription_ended() -> Outcome {
    Outcome::failure(
        CANCELLED,
        "The subscription has ended, and nothing was charged.",
        "This subscription has ended, and nothing was charged.",
        DeclineType::Hard,
    )
}
