//! Pausing, resuming and cancelling a subscription (Duro), and what a blacklisting does to it.

use interdict_domain::change::Action;
use interdict_domain::identifier::Identifier;
use interdict_domain::ids::{CustomerId, SubscriptionId};
use interdict_domain::settings::OnBlacklist;
use interdict_domain::subscription::{Subscription, SubscriptionStatus};
use interdict_storage::{Authorship, MerchantTransaction, StorageError};

use crate::payment_error::PaymentError;
use crate::settle_subscription::end;

/// Subscriptions of one customer that are ended in one commit: more than anybody has.
const ENDED_AT_ONCE: i64 = 10_000;

/// Stops renewals until somebody resumes them.
pub fn pause_subscription(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: SubscriptionId,
) -> Result<Subscription, PaymentError> {
    let mut subscription = idle_subscription(transaction, id)?;
    match subscription.status {
        SubscriptionStatus::Active | SubscriptionStatus::Trialing | SubscriptionStatus::PastDue => {}
        status @ (SubscriptionStatus::Incomplete
        | SubscriptionStatus::Paused
        | SubscriptionStatus::Unpaid
        | SubscriptionStatus::Canceled
        | SubscriptionStatus::Expired) => return Err(illegal(status, "paused")),
    }
    subscription.status = SubscriptionStatus::Paused;
    put(transaction, by, Action::SubscriptionPaused, subscription)
}

/// Lets renewals go on. What was missed in a pause is skipped; what was declined is tried again.
pub fn resume_subscription(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: SubscriptionId,
) -> Result<Subscription, PaymentError> {
    let mut subscription = idle_subscription(transaction, id)?;
    match subscription.status {
        SubscriptionStatus::Paused => {
            // What was to end with its period ends with that one.
            if !subscription.cancel_at_period_end {
                subscription.skip_to(by.merchant_now);
            }
            let in_trial = subscription.period_number < 0;
            subscription.status =
                if in_trial { SubscriptionStatus::Trialing } else { SubscriptionStatus::Active };
        }
        SubscriptionStatus::PastDue | SubscriptionStatus::Unpaid => {
            subscription.status = SubscriptionStatus::PastDue;
        }
        status @ (SubscriptionStatus::Incomplete
        | SubscriptionStatus::Trialing
        | SubscriptionStatus::Active
        | SubscriptionStatus::Canceled
        | SubscriptionStatus::Expired) => return Err(illegal(status, "resumed")),
    }
    // A block that still stands holds the next renewal again.
    subscription.is_held = false;
    subscription.auto_billing_disabled_reason = None;
    put(transaction, by, Action::SubscriptionResumed, subscription)
}

/// Ends a subscription, now or with its present period.
pub fn cancel_subscription(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: SubscriptionId,
    at_period_end: bool,
) -> Result<Subscription, PaymentError> {
    let mut subscription = idle_subscription(transaction, id)?;
    if subscription.status.has_ended() {
        return Err(illegal(subscription.status, "canceled"));
    }
    let runs = matches!(
        subscription.status,
        SubscriptionStatus::Active | SubscriptionStatus::Trialing | SubscriptionStatus::PastDue
    );
    if at_period_end && runs {
        subscription.cancel_at_period_end = true;
        return put(transaction, by, Action::SubscriptionCancelRequested, subscription);
    }
    end(transaction, by, &mut subscription, SubscriptionStatus::Canceled)?;
    Ok(subscription)
}

/// What the merchant wants done with the subscriptions of somebody who was just blacklisted. One whose
/// charge is under way ends once the gateway has answered.
pub(crate) fn follow_blacklisting(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    customer: CustomerId,
) -> Result<(), StorageError> {
    match transaction.view().settings()?.on_blacklist {
        OnBlacklist::Hold => Ok(()),
        OnBlacklist::Cancel => end_all(transaction, by, customer),
    }
}

/// The same for everybody who has an identifier that was just put on the block list.
pub(crate) fn follow_listing(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    identifier: &Identifier,
) -> Result<(), StorageError> {
    let view = transaction.view();
    if view.settings()?.on_blacklist == OnBlacklist::Hold {
        return Ok(());
    }
    for customer in view.customers_having(identifier)? {
        end_all(transaction, by, customer)?;
    }
    Ok(())
}

/// Ends every subscription of a customer that is not being charged right now.
pub(crate) fn end_all(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    customer: CustomerId,
) -> Result<(), StorageError> {
    for mut subscription in transaction.view().running_subscriptions_of(customer, ENDED_AT_ONCE)? {
        if !is_being_charged(transaction, &subscription)? {
            end(transaction, by, &mut subscription, SubscriptionStatus::Canceled)?;
        }
    }
    Ok(())
}

fn idle_subscription(
    transaction: &MerchantTransaction<'_, '_>,
    id: SubscriptionId,
) -> Result<Subscription, PaymentError> {
    let found = transaction.view().subscription(id)?;
    let subscription = found.ok_or(PaymentError::NotFound("subscription"))?;
    if is_being_charged(transaction, &subscription)? { Err(PaymentError::Busy) } else { Ok(subscription) }
}

fn is_being_charged(
    transaction: &MerchantTransaction<'_, '_>,
    subscription: &Subscription,
) -> Result<bool, StorageError> {
    let Some(latest) = subscription.latest_payment else { return Ok(false) };
    let payment = transaction.view().payment(latest)?;
    Ok(payment.is_some_and(|payment| payment.pending.is_some()))
}

fn illegal(from: SubscriptionStatus, to: &'static str) -> PaymentError {
    PaymentError::Illegal { what: "subscription", from: from.as_str(), to }
}

fn put(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    action: Action,
    mut subscription: Subscription,
) -> Result<Subscription, PaymentError> {
    subscription.updated_at = by.now;
    transaction.put_subscription(by, Some(action), &subscription)?;
    Ok(subscription)
}
