//! `POST /payments/{id}/reverse`: gives money back, all of it or a part (Odus).

use interdict_domain::ids::PaymentId;
use interdict_domain::payment::{Operation, PaymentStatus, Pending};
use interdict_storage::{Authorship, MerchantTransaction};

use crate::ask_gateway::Ask;
use crate::authorize_payment::idle_payment;
use crate::pay::Begun;
use crate::payment_error::PaymentError;
use crate::service::Service;

/// Begins to give money back: what is left of it unless an amount is said.
pub fn reverse_payment(
    service: &Service,
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: PaymentId,
    amount: Option<i64>,
) -> Result<Begun, PaymentError> {
    let mut payment = idle_payment(transaction, id)?;
    if payment.status != PaymentStatus::Succeeded {
        return Err(PaymentError::illegal(payment.status, "reversed"));
    }
    let left = payment.reversible();
    if left == 0 {
        return Err(PaymentError::Illegal { what: "payment", from: "fully reversed", to: "reversed" });
    }
    let amount = amount.unwrap_or(left);
    if amount > left {
        return Err(PaymentError::Invalid {
            path: "amount",
            issue: "must be no more than what is left of the payment: amountCaptured less amountReversed",
        });
    }
    let driven_until = service.driven_until();
    payment.pending = Some(Pending { operation: Operation::Reversal, amount, driven_until });
    transaction.update_payment(by, None, &payment)?;
    Ok(Begun::Asking(Box::new(payment), Ask::Reverse { again: false }))
}
