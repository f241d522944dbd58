//! Asking the gateway: one question about one payment, and what becomes of the payment when there is no
//! answer that counts.
//!
//! Deliberately not here: what is committed before and after ([`crate::pay`]).

use std::sync::Arc;

use interdict_domain::actor::Actor;
use interdict_domain::money::Money;
use interdict_domain::payment::{DeclineType, Operation, Outcome, Payment, PaymentOrigin};
use interdict_domain::subscription::Subscription;
use interdict_gateway::{Charge, Charged, Gateway, GatewayError, Reversal};
use interdict_storage::{Authorship, RequestKey, StorageError, Transaction, WriteError};

use crate::decide_charge::{AskedFor, Counting, Payer};
use crate::payment_error::PaymentError;
use crate::service::Service;
use crate::settle_payment::{Settlement, settle_payment};
use crate::settle_subscription::subscription_ended;

/// How soon a gateway that did not answer is asked again.
const ASK_AGAIN_S: i64 = 5;

/// What the gateway is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// To take the money.
    Charge,
    /// What became of a charge; to take the money if it was never charged.
    Outcome,
    /// What became of a charge that nobody waits for any more; nothing is taken now.
    Fate,
    /// To let the customer's step pass or fail, in test mode.
    Complete {
        /// Whether it passes.
        approved: bool,
    },
    /// To give up a charge that we refuse by now, though the gateway waits for the customer.
    Withdraw,
    /// To give money back.
    Reverse {
        /// Somebody asked before and got no answer: a failure to reach the gateway now says nothing
        /// about that.
        again: bool,
    },
}

/// Why a gateway gave no answer that counts, with the payment that waits for it.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The gateway said nothing that counts.
    #[error("the gateway gave no answer that counts")]
    Gateway(#[from] GatewayError),
    /// There is no gateway, or no decision.
    #[error("the payment cannot go on")]
    Payment(#[from] PaymentError),
    /// The reference could not be kept, so that nothing was charged.
    #[error("the gateway's reference could not be kept")]
    Write(#[from] WriteError<StorageError>),
}

impl Service {
    /// The question itself. What it returns is certain.
    pub(crate) async fn ask(&self, payment: &Payment, ask: Ask) -> Result<Settlement, AskError> {
        let gateway = self.gateways.for_task(payment.merchant).await.map_err(PaymentError::from)?;
        let Some(pending) = payment.pending else { return Ok(Settlement::NothingDone) };
        if pending.operation == Operation::Reversal {
            let money = Money::new(pending.amount, payment.money.currency());
            let reversal = Reversal {
                merchant: payment.merchant,
                payment: payment.id,
                reference: payment.gateway_reference.as_deref(),
                reversed_before: payment.amount_reversed,
                money: money.map_err(|_| PaymentError::from(StorageError::Corrupt("pending amount")))?,
            };
            gateway.reverse(reversal).await?;
            return Ok(Settlement::Reversed);
        }
        let mut charge = Charge {
            merchant: payment.merchant,
            payment: payment.id,
            money: payment.money,
            initiator: payment.initiator,
            method: payment.payment_method.as_ref(),
            reusable: payment.customer.is_some() || payment.period.is_some(),
            reference: payment.gateway_reference.as_deref(),
        };
        match ask {
            Ask::Complete { approved } => {
                return Ok(Settlement::Charged(gateway.complete_action(charge, approved).await?));
            }
            Ask::Outcome => {
                if let Some(charged) = gateway.find(charge).await? {
                    return Ok(Settlement::Charged(charged));
                }
                if self.has_ended(payment).await? {
                    return Ok(withdraw(gateway.as_ref(), charge, Some(subscription_ended())).await?);
                }
            }
            Ask::Fate => {
                // Whatever was still on its way can no longer take money afterwards.
                let found = gateway.abandon(charge).await?;
                return Ok(found.map_or(Settlement::NothingDone, Settlement::Charged));
            }
            Ask::Withdraw => {
                return Ok(withdraw(gateway.as_ref(), charge, payment.outcome.clone()).await?);
            }
            Ask::Charge | Ask::Reverse { .. } => {}
        }
        if charge.method.is_none() {
            return Ok(Settlement::NothingDone);
        }
        // The last look before the money moves: a block may have come since.
        let payer = Payer::of(payment);
        let refusal = self.refusal(payment.merchant, &payer, AskedFor::of(payment), Counting::SecondLook);
        if let Some(outcome) = refusal.map_err(PaymentError::from)? {
            return Ok(Settlement::Refused(outcome));
        }
        let prepared = if charge.reference.is_none() { gateway.prepare(charge).await? } else { None };
        if let Some(reference) = prepared.as_deref() {
            self.keep_reference(payment, reference).await?;
            charge.reference = Some(reference);
        }
        Ok(Settlement::Charged(gateway.charge(charge).await?))
    }

    /// Whether the subscription that a charge is for has ended since it was begun.
    async fn has_ended(&self, payment: &Payment) -> Result<bool, PaymentError> {
        let Some((id, _)) = payment.period else { return Ok(false) };
        let found = self.store.read(payment.merchant, move |view| view.subscription(id)).await;
        let found: Option<Subscription> = found.map_err(PaymentError::Storage)?;
        Ok(found.is_some_and(|subscription| subscription.status.has_ended()))
    }

    /// Commits the gateway's reference before the money moves: with it, the gateway can be asked.
    async fn keep_reference(
        &self,
        payment: &Payment,
        reference: &str,
    ) -> Result<(), WriteError<StorageError>> {
        let (id, merchant, reference) = (payment.id, payment.merchant, reference.to_owned());
        let write = move |transaction: &mut Transaction<'_>| {
            transaction.merchant(merchant).set_gateway_reference(id, &reference)
        };
        self.store.write(write).await.map(|_| ())
    }

    /// After a question without an answer: what was certainly not done is taken back, what may have
    /// been is asked again soon.
    pub(crate) async fn give_up(
        &self,
        payment: Payment,
        ask: Ask,
        actor: Actor,
        request: Option<RequestKey>,
        error: &AskError,
    ) {
        tracing::warn!(error = error as &dyn std::error::Error, payment = %payment.id, "a gateway gave no answer");
        let (now, random) = (self.now(), Arc::clone(&self.random));
        let unknown = matches!(error, AskError::Gateway(GatewayError::Unknown(_)))
            || matches!(ask, Ask::Reverse { again: true } | Ask::Withdraw);
        // A payment of the API can be tried with another card; nobody is there to choose one for a renewal.
        let settlement = match error {
            AskError::Gateway(GatewayError::Unusable(message))
                if payment.origin == PaymentOrigin::Renewal =>
            {
                Settlement::Refused(unusable(message))
            }
            AskError::Gateway(_) | AskError::Payment(_) | AskError::Write(_) => Settlement::NothingDone,
        };
        let written = self
            .store
            .write(move |transaction: &mut Transaction<'_>| {
                let by = Authorship::new(&actor, now, random.as_ref());
                let mut own = transaction.merchant(payment.merchant);
                if unknown {
                    own.hand_over_payment(payment.id, now.plus_seconds(ASK_AGAIN_S))
                } else {
                    // A reversal that was not done is asked for anew: nothing else remembers it.
                    if let Some(request) = request.filter(|_| ask == Ask::Reverse { again: false }) {
                        own.forget_idempotency_record(request)?;
                    }
                    settle_payment(&mut own, &by, &payment, settlement).map(|_| ())
                }
            })
            .await;
        if let Err(error) = written {
            // The row still says that it is driven, for a while: then it is asked again.
            tracing::warn!(error = &error as &dyn std::error::Error, "a payment is settled later");
        }
    }
}

fn unusable(message: &str) -> Outcome {
    let safe_message = "This means of payment cannot be charged. Please choose another one.";
    Outcome::failure("payment_method_unusable", message, safe_message, DeclineType::Hard)
}

/// Sees to it that no money is taken any more, unless it is already.
async fn withdraw(
    gateway: &dyn Gateway,
    charge: Charge<'_>,
    refusal: Option<Outcome>,
) -> Result<Settlement, GatewayError> {
    let found = gateway.abandon(charge).await?;
    Ok(match found.filter(|charged| *charged == Charged::Succeeded) {
        Some(succeeded) => Settlement::Charged(succeeded),
        None => refusal.map_or(Settlement::NothingDone, Settlement::Refused),
    })
}
