//! `POST /payments`: an attempt to be paid (Odus). Decided first; what is refused is kept as well.

use interdict_domain::change::Action;
use interdict_domain::identifier::Email;
use interdict_domain::ids::{CustomerId, PaymentId};
use interdict_domain::money::Money;
use interdict_domain::payment::{Payment, PaymentMethod, PaymentOrigin};
use interdict_domain::scopes::Initiator;
use interdict_domain::text::Metadata;
use interdict_storage::{Authorship, MerchantTransaction};

use crate::ask_gateway::Ask;
use crate::decide_charge::{AskedFor, Counting, Payer};
use crate::pay::Begun;
use crate::payment_error::PaymentError;
use crate::service::Service;

/// An attempt to be paid.
#[derive(Clone, Debug)]
pub struct NewPayment {
    /// How much.
    pub money: Money,
    /// Who starts it.
    pub initiator: Initiator,
    /// Who pays, where that is a customer.
    pub customer: Option<CustomerId>,
    /// The payer's email, as the merchant's word.
    pub email: Option<Email>,
    /// With what.
    pub payment_method: Option<PaymentMethod>,
    /// Whether to charge it in the same call.
    pub confirm: bool,
    /// Whatever the merchant attached.
    pub metadata: Metadata,
}

/// Makes a payment: blocked at once, open, or about to be charged.
pub fn create_payment(
    service: &Service,
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    new: NewPayment,
) -> Result<Begun, PaymentError> {
    let (confirm, mut payment) = (new.confirm, blank(transaction, by, new));
    let refusal =
        service.refusal(payment.merchant, &Payer::of(&payment), AskedFor::of(&payment), Counting::Counted)?;
    if let Some(outcome) = refusal {
        payment.cancel(outcome);
        transaction.insert_payment(by, Some(Action::PaymentBlocked), &payment)?;
        return Ok(Begun::Ended(Box::new(payment)));
    }
    service.check_method(payment.merchant, payment.payment_method.as_ref())?;
    if !confirm {
        transaction.insert_payment(by, Some(Action::PaymentCreated), &payment)?;
        return Ok(Begun::Ended(Box::new(payment)));
    }
    service.choose_method(&transaction.view(), &mut payment)?;
    payment.pending = Some(service.charge_pending(&payment));
    transaction.insert_payment(by, None, &payment)?;
    Ok(Begun::Asking(Box::new(payment), Ask::Charge))
}

fn blank(transaction: &MerchantTransaction<'_, '_>, by: &Authorship<'_>, new: NewPayment) -> Payment {
    Payment {
        customer: new.customer,
        email: new.email,
        payment_method: new.payment_method,
        metadata: new.metadata,
        ..Payment::new(
            PaymentId::generate(by.now, by.random),
            transaction.merchant(),
            new.money,
            new.initiator,
            PaymentOrigin::Api,
            by.now,
        )
    }
}
