//! Payments that were begun at the gateway by somebody who is gone: the gateway is asked what became of
//! them. After a crash nobody is charged twice, and nothing that was charged is forgotten.

use std::sync::Arc;

use interdict_domain::actor::Actor;
use interdict_domain::payment::{Operation, Payment, PaymentOrigin};
use interdict_storage::{StorageError, Transaction, WriteError};
use tokio::task::JoinSet;

use crate::ask_gateway::Ask;
use crate::service::Service;

/// Payments that are taken over at once, each by a task of its own: a gateway that hangs holds up nobody
/// else's.
const AT_ONCE: i64 = 64;

/// Why payments could not be taken over.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// They cannot be read.
    #[error("abandoned payments cannot be read")]
    Read(#[from] StorageError),
    /// They cannot be written.
    #[error("abandoned payments cannot be taken over")]
    Write(#[from] WriteError<StorageError>),
}

impl RecoverError {
    /// Whether the database cannot be reached now.
    pub fn is_away(&self) -> bool {
        match self {
            Self::Read(error) => error.is_away(),
            Self::Write(error) => matches!(error, WriteError::Away),
        }
    }
}

impl Service {
    /// Settles payments that nobody drives any more; returns how many.
    pub async fn recover_payments(self: &Arc<Self>) -> Result<usize, RecoverError> {
        let mut recovered = 0;
        loop {
            let now = self.now();
            let found = self.store.read_all(move |view| view.abandoned_payments(now, AT_ONCE)).await;
            let found: Vec<Payment> = found.map_err(|error: StorageError| error)?;
            let is_last = i64::try_from(found.len()).is_ok_and(|count| count < AT_ONCE);
            let mut running: JoinSet<_> =
                found.into_iter().map(|payment| Arc::clone(self).recover(payment)).collect();
            let before = recovered;
            while let Some(done) = running.join_next().await {
                recovered += usize::from(done.unwrap_or(Ok(false))?);
            }
            // What failed is due again soon: that is the next call's.
            if is_last || recovered == before {
                return Ok(recovered);
            }
        }
    }

    /// Takes one over and settles it; false when somebody else did, or when the gateway cannot tell yet.
    async fn recover(self: Arc<Self>, payment: Payment) -> Result<bool, RecoverError> {
        let (merchant, id, driven_until) = (payment.merchant, payment.id, self.driven_until());
        let now = self.now();
        let claim = move |transaction: &mut Transaction<'_>| {
            transaction.merchant(merchant).take_over_payment(id, now, driven_until)
        };
        if !self.store.write(claim).await?.value {
            return Ok(false);
        }
        let ask = ask_about(&payment);
        // What failed is logged where it failed, and asked again later.
        Ok(self.drive(payment, ask, Actor::system(), None).await.is_ok())
    }
}

/// A renewal is still due, whoever was about to charge it. Nobody waits for the others any more, and
/// nothing is taken from somebody who may have given up.
fn ask_about(payment: &Payment) -> Ask {
    match (payment.pending.map(|pending| pending.operation), payment.origin) {
        (Some(Operation::Reversal), _) => Ask::Reverse { again: true },
        (Some(Operation::Withdrawal), _) => Ask::Withdraw,
        (_, PaymentOrigin::Renewal) => Ask::Outcome,
        (_, PaymentOrigin::Api | PaymentOrigin::Checkout | PaymentOrigin::SignUp) => Ask::Fate,
    }
}
