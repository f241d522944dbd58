//! `POST /payments/{id}/authorize`: decided again, then charged (Odus).

use interdict_domain::change::Action;
use interdict_domain::ids::PaymentId;
use interdict_domain::payment::{Operation, Payment, PaymentMethod, PaymentStatus, Pending};
use interdict_storage::{Authorship, MerchantTransaction};

use crate::ask_gateway::Ask;
use crate::decide_charge::{AskedFor, Counting, Payer};
use crate::pay::Begun;
use crate::payment_error::PaymentError;
use crate::service::Service;

/// Charges an open payment, or asks what became of one that waits for the customer.
pub fn authorize_payment(
    service: &Service,
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: PaymentId,
    method: Option<PaymentMethod>,
) -> Result<Begun, PaymentError> {
    let mut payment = idle_payment(transaction, id)?;
    let ask = match payment.status {
        PaymentStatus::Open => Ask::Charge,
        PaymentStatus::RequiresAction => Ask::Outcome,
        status @ (PaymentStatus::Succeeded | PaymentStatus::Cancelled) => {
            return Err(PaymentError::illegal(status, "authorized"));
        }
    };
    if let Some(ended) = decide_again(service, transaction, by, &mut payment)? {
        return Ok(ended);
    }
    if payment.status == PaymentStatus::Open {
        service.check_method(payment.merchant, method.as_ref())?;
        payment.payment_method = method.or(payment.payment_method);
        service.choose_method(&transaction.view(), &mut payment)?;
    }
    payment.pending = Some(service.charge_pending(&payment));
    transaction.update_payment(by, None, &payment)?;
    Ok(Begun::Asking(Box::new(payment), ask))
}

/// The step that a customer takes, in test mode: decided again, and passed or not.
pub fn complete_action(
    service: &Service,
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: PaymentId,
    approved: bool,
) -> Result<Begun, PaymentError> {
    let mut payment = idle_payment(transaction, id)?;
    if payment.status != PaymentStatus::RequiresAction {
        return Err(PaymentError::illegal(payment.status, "authorized"));
    }
    if let Some(ended) = decide_again(service, transaction, by, &mut payment)? {
        return Ok(ended);
    }
    payment.pending = Some(service.charge_pending(&payment));
    transaction.update_payment(by, None, &payment)?;
    Ok(Begun::Asking(Box::new(payment), Ask::Complete { approved }))
}

/// A payment about which the gateway is not being asked.
pub(crate) fn idle_payment(
    transaction: &MerchantTransaction<'_, '_>,
    id: PaymentId,
) -> Result<Payment, PaymentError> {
    let payment = transaction.view().payment(id)?.ok_or(PaymentError::NotFound("payment"))?;
    if payment.pending.is_some() { Err(PaymentError::Busy) } else { Ok(payment) }
}

/// Cancels a payment whose payer has been blocked since.
fn decide_again(
    service: &Service,
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    payment: &mut Payment,
) -> Result<Option<Begun>, PaymentError> {
    let refusal =
        service.refusal(payment.merchant, &Payer::of(payment), AskedFor::of(payment), Counting::Counted)?;
    let Some(outcome) = refusal else { return Ok(None) };
    payment.updated_at = by.now;
    if payment.status == PaymentStatus::RequiresAction {
        // The customer may be on the bank's page right now: the gateway gives it up first.
        payment.outcome = Some(outcome);
        let pending = service.charge_pending(payment);
        payment.pending = Some(Pending { operation: Operation::Withdrawal, ..pending });
        transaction.update_payment(by, None, payment)?;
        return Ok(Some(Begun::Asking(Box::new(payment.clone()), Ask::Withdraw)));
    }
    payment.cancel(outcome);
    transaction.update_payment(by, Some(Action::PaymentBlocked), payment)?;
    Ok(Some(Begun::Ended(Box::new(payment.clone()))))
}
