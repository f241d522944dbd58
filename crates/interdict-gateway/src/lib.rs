//! How money moves: what Interdict asks of a payment provider, and the providers that it knows.
//!
//! A charge has two steps, so that a crash between them and the commit is settled by asking again,
//! never by charging again: [`Gateway::prepare`] takes no money and gives a reference, which is
//! committed; [`Gateway::charge`] takes the money under that reference; [`Gateway::find`] tells what
//! became of it, however often it is asked.
//!
//! Deliberately not here: who may pay, and what a payment is in our own books.

pub mod lists;
pub mod sandbox;
pub mod stripe;

use std::future::Future;
use std::pin::Pin;

use interdict_domain::ids::PaymentId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::money::Money;
use interdict_domain::payment::{DeclineType, NextAction, PaymentMethod};
use interdict_domain::scopes::Initiator;

/// What a gateway answers, some time later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, GatewayError>> + Send + 'a>>;

/// Why a gateway gave no answer that counts.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// It may have done what it was asked, or not: ask again, do not repeat.
    #[error("the gateway did not answer, and may have done it")]
    Unknown(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It has certainly done nothing.
    #[error("the gateway did nothing")]
    NothingDone(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It will never charge that with this, and has charged nothing.
    #[error("the gateway cannot charge this: {0}")]
    Unusable(String),
    /// It does not accept the merchant's key, or the request as such.
    #[error("the gateway refused the request: {0}")]
    Refused(String),
}

/// What is to be charged. The same for each step of the same payment.
#[derive(Clone, Copy, Debug)]
pub struct Charge<'a> {
    /// For whom.
    pub merchant: MerchantNumber,
    /// Which payment: also the key under which the gateway knows the charge.
    pub payment: PaymentId,
    /// How much.
    pub money: Money,
    /// Who started it: a merchant-initiated one has nobody there to act.
    pub initiator: Initiator,
    /// With what; nothing once its owner was erased, when nothing can be charged any more.
    pub method: Option<&'a PaymentMethod>,
    /// Whether the same will be charged again, and has to be kept at the gateway.
    pub reusable: bool,
    /// What [`Gateway::prepare`] gave.
    pub reference: Option<&'a str>,
}

/// What became of a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Charged {
    /// The money was taken.
    Succeeded,
    /// The customer has to do something first.
    RequiresAction(NextAction),
    /// The money was not taken, and will not be.
    Declined(Decline),
}

/// Why the money was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decline {
    /// A stable word, such as `insufficient_funds`.
    pub code: String,
    /// For the merchant's own people.
    pub message: String,
    /// What the payer may be told.
    pub safe_message: String,
    /// Whether another try may help.
    pub decline_type: DeclineType,
}

/// What is to be given back.
#[derive(Clone, Copy, Debug)]
pub struct Reversal<'a> {
    /// For whom.
    pub merchant: MerchantNumber,
    /// Of which payment.
    pub payment: PaymentId,
    /// What [`Gateway::prepare`] gave for the charge.
    pub reference: Option<&'a str>,
    /// How much was given back before: together with the payment, the key under which the gateway
    /// knows this reversal.
    pub reversed_before: i64,
    /// How much.
    pub money: Money,
}

/// A payment provider.
pub trait Gateway: Send + Sync {
    /// Its name, as payments show it.
    fn name(&self) -> &'static str;

    /// Whether a token may be one of its own. One that only looks like it is declined later.
    fn knows(&self, method: &PaymentMethod) -> bool;

    /// What a customer pays with who has nothing on file.
    fn default_method(&self) -> Option<PaymentMethod> {
        None
    }

    /// Makes a charge known without taking money, and gives the reference to keep; nothing where the
    /// payment's own id is enough. May be repeated: what was prepared and not charged costs nothing.
    fn prepare<'a>(&'a self, charge: Charge<'a>) -> Answer<'a, Option<String>>;

    /// Takes the money, once, however often it is called for the same payment.
    fn charge<'a>(&'a self, charge: Charge<'a>) -> Answer<'a, Charged>;

    /// What became of a charge. Nothing: no money was taken, and none will be unless
    /// [`Self::charge`] is called.
    fn find<'a>(&'a self, charge: Charge<'a>) -> Answer<'a, Option<Charged>>;

    /// Sees to it that no money is taken any more, and says what became of the charge, as
    /// [`Self::find`] does: it may have come to money before. For a payment that is given up: a customer
    /// who is still on the bank's page must not be able to pay it.
    fn abandon<'a>(&'a self, charge: Charge<'a>) -> Answer<'a, Option<Charged>> {
        self.find(charge)
    }

    /// Gives money back, once, however often it is called for the same reversal.
    fn reverse<'a>(&'a self, reversal: Reversal<'a>) -> Answer<'a, ()>;

    /// The provider's own lists, where it has any.
    fn lists(&self) -> Option<&dyn lists::ValueLists> {
        None
    }

    /// Stands in for the customer's step, in test mode.
    fn complete_action<'a>(&'a self, charge: Charge<'a>, approved: bool) -> Answer<'a, Charged> {
        let _ = (charge, approved);
        Box::pin(async {
            Err(GatewayError::Refused("the customer's step is the customer's own here".to_owned()))
        })
    }
}
