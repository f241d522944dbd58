//! What becomes of a payment once the gateway has answered.

use interdict_domain::change::Action;
use interdict_domain::payment::{DeclineType, Outcome, Payment, PaymentOrigin, PaymentStatus};
use interdict_domain::scopes::Initiator;
use interdict_gateway::{Charged, Decline};
use interdict_storage::{Authorship, MerchantTransaction, StorageError};

use crate::decide_charge::block_code;
use crate::pay_checkout::settle_checkout;
use crate::settle_subscription::settle_subscription;

/// The word for a merchant-initiated payment that would need the customer.
const CUSTOMER_NEEDED: &str = "customer_action_required";

/// What the gateway, or the last look at the lists, said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Settlement {
    /// The gateway's answer to a charge.
    Charged(Charged),
    /// We refuse it: the payer was blocked since, or the subscription has ended. The gateway has taken nothing.
    Refused(Outcome),
    /// The money is given back.
    Reversed,
    /// The gateway has certainly done nothing.
    NothingDone,
}

/// Writes what became of a payment, unless somebody else has: the row as it then is.
pub(crate) fn settle_payment(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    asked: &Payment,
    settlement: Settlement,
) -> Result<Payment, StorageError> {
    let found = transaction.view().payment(asked.id)?;
    let mut payment = found.ok_or(StorageError::Corrupt("a payment is gone"))?;
    let same = |payment: &Payment| payment.pending.map(|pending| (pending.operation, pending.amount));
    let is_ours = payment.pending.is_some() && same(&payment) == same(asked);
    // That money was taken is certain, whatever somebody else made of a long silence.
    let is_late_success = settlement == Settlement::Charged(Charged::Succeeded)
        && matches!(payment.status, PaymentStatus::Open | PaymentStatus::RequiresAction);
    if !is_ours && !is_late_success {
        return Ok(payment);
    }
    let is_reversal = settlement == Settlement::Reversed;
    let action = apply(&mut payment, settlement);
    payment.pending = None;
    payment.updated_at = by.now;
    transaction.update_payment(by, action, &payment)?;
    // Money that goes back ends no period, and begins none.
    if !is_reversal {
        settle_subscription(transaction, by, &payment)?;
        settle_checkout(transaction, by, &payment)?;
    }
    Ok(payment)
}

fn apply(payment: &mut Payment, settlement: Settlement) -> Option<Action> {
    match settlement {
        Settlement::Charged(Charged::Succeeded) => {
            payment.status = PaymentStatus::Succeeded;
            payment.amount_captured = payment.money.amount();
            payment.next_action = None;
            payment.outcome = Some(Outcome::success());
            Some(Action::PaymentSucceeded)
        }
        Settlement::Charged(Charged::RequiresAction(action)) => {
            if payment.initiator == Initiator::Merchant {
                payment.cancel(customer_needed());
                return Some(Action::PaymentDeclined);
            }
            let waited = payment.status == PaymentStatus::RequiresAction;
            payment.status = PaymentStatus::RequiresAction;
            payment.next_action = Some(action);
            // Asking again whether the customer has acted is no change.
            (!waited).then_some(Action::PaymentActionRequired)
        }
        Settlement::Charged(Charged::Declined(decline)) => {
            payment.cancel(declined(decline));
            Some(Action::PaymentDeclined)
        }
        Settlement::Refused(outcome) => {
            payment.cancel(outcome);
            let is_blocked = block_code(payment).is_some();
            Some(if is_blocked { Action::PaymentBlocked } else { Action::PaymentDeclined })
        }
        Settlement::Reversed => {
            let amount = payment.pending.map_or(0, |pending| pending.amount);
            payment.amount_reversed = payment.amount_reversed.saturating_add(amount);
            Some(Action::PaymentReversed)
        }
        Settlement::NothingDone => nothing_done(payment),
    }
}

/// A payment of the API goes back to being open, and a renewal is tried again; a payer at a checkout, or
/// at a sign-up, begins anew.
fn nothing_done(payment: &mut Payment) -> Option<Action> {
    match payment.origin {
        PaymentOrigin::Api | PaymentOrigin::Renewal => None,
        PaymentOrigin::Checkout | PaymentOrigin::SignUp => {
            payment.cancel(interrupted());
            Some(Action::PaymentDeclined)
        }
    }
}

fn declined(decline: Decline) -> Outcome {
    Outcome::failure(decline.code, decline.message, decline.safe_message, decline.decline_type)
}

fn interrupted() -> Outcome {
    Outcome::failure(
        "interrupted",
        "The gateway was not reached, and nothing was charged.",
        "The payment did not go through, and nothing was charged. Please try again.",
        DeclineType::Soft,
    )
}

/// Merchant-initiated payments fail at once if the customer would have to act (Odus).
fn customer_needed() -> Outcome {
    Outcome::failure(
        CUSTOMER_NEEDED,
        "The issuer wants the customer to authenticate, and a merchant-initiated payment has nobody there.",
        "Your bank wants you to confirm this payment. Please pay again yourself.",
        DeclineType::Soft,
    )
}
