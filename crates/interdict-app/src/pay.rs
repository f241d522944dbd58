//! How a payment goes to the gateway and back, whatever it came from.
//!
//! The row that says what the gateway is going to be asked is committed first, together with a note
//! under the request's `Idempotency-Key`. Then the gateway is asked; then what came of it is committed
//! together with the answer. A crash in between leaves the row behind: whoever finds it asks the
//! gateway again under the same reference, and nobody is charged twice.
//!
//! Once begun, it goes on to its end whether or not the client waits.

use std::sync::Arc;

use interdict_domain::actor::Actor;
use interdict_domain::clock::Timestamp;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::payment::{Operation, Payment, PaymentStatus, Pending};
use interdict_domain::subscription::Subscription;
use interdict_storage::{
    Authorship, IdempotencyRecord, MerchantTransaction, MerchantView, RequestKey, StorageError, Transaction,
    WriteError,
};

use crate::ask_gateway::Ask;
use crate::mutate::{
    Answer, MutateError, Mutated, Refusal, Replayable, RunningGuard, is_kept, record_of, replay,
};
use crate::service::Service;
use crate::settle_payment::{Settlement, settle_payment};

/// For how long whoever asks the gateway is left alone: longer than any gateway is waited for.
const DRIVEN_S: i64 = 120;

/// What the first commit did.
#[derive(Debug)]
pub enum Begun {
    /// Nothing is to be asked of the gateway.
    Ended(Box<Payment>),
    /// A sign-up that begins with a trial: there is no payment yet.
    Trial(Box<Subscription>),
    /// The gateway is to be asked about this payment, which says so itself.
    Asking(Box<Payment>, Ask),
}

/// What an answer is about.
#[derive(Clone, Copy, Debug)]
pub enum Paid<'a> {
    /// A payment, as it then is.
    Payment(&'a Payment),
    /// A sign-up without a payment.
    Trial(&'a Subscription),
}

/// Makes the answer.
pub type ShowPaid = Arc<dyn Fn(&MerchantView<'_>, Paid<'_>) -> Result<Answer, StorageError> + Send + Sync>;

/// What the first commit found.
enum First {
    Replayed(IdempotencyRecord),
    /// Somebody else is asking the gateway about the payment that the request began.
    InProgress,
    Answered(Answer),
    Asking(Box<Payment>, Ask),
}

impl Service {
    /// Runs a use case on a payment in the next commit, asks the gateway if that is to be asked, and
    /// answers once what came of it is on the disk. A replay of a request whose answer was lost goes
    /// on with the payment that it began.
    pub async fn pay<B>(
        self: &Arc<Self>,
        merchant: MerchantNumber,
        actor: Actor,
        replayable: Option<Replayable>,
        begin: B,
        show: ShowPaid,
    ) -> Result<Mutated, MutateError>
    where
        B: FnOnce(&mut MerchantTransaction<'_, '_>, &Authorship<'_>) -> Result<Begun, Refusal>
            + Send
            + 'static,
    {
        let guard = self.enter(merchant, replayable)?;
        let (service, shown, by_whom) = (Arc::clone(self), Arc::clone(&show), actor.clone());
        let now = self.now();
        let first = self
            .store
            .write(move |transaction| -> Result<First, Refusal> {
                let merchant_now = service.merchant_now(merchant);
                let by = Authorship { actor: &by_whom, now, merchant_now, random: service.random() };
                let mut own = transaction.merchant(merchant);
                let before = match replayable {
                    Some(replayable) => replayable.answered(&own.view(), now)?,
                    None => None,
                };
                match before {
                    Some(record) => go_on(&service, &mut own, &by, record, replayable, &shown),
                    None => start(transaction, merchant, &by, replayable, begin, &shown),
                }
            })
            .await;
        match first {
            Ok(first) => match first.value {
                First::Replayed(record) => replay(record, replayable),
                First::InProgress => Err(MutateError::IdempotencyInProgress),
                First::Answered(answer) => Ok(Mutated { answer, revision: first.revision, replayed: false }),
                First::Asking(payment, ask) => {
                    let reply = Reply { replayable, show, _guard: guard };
                    // A task of its own: a client that goes away does not leave a charge half done.
                    let driven = tokio::spawn(Arc::clone(self).drive(*payment, ask, actor, Some(reply)));
                    Ok(driven.await.unwrap_or(Err(MutateError::Unavailable))?.mutated)
                }
            },
            Err(WriteError::Refused(Refusal::Answer(answer))) => {
                Ok(Mutated { answer, revision: self.index.revision(), replayed: false })
            }
            Err(error) => Err(MutateError::from_write(error)),
        }
    }

    /// Asks the gateway and commits what came of it.
    pub(crate) async fn drive(
        self: Arc<Self>,
        payment: Payment,
        ask: Ask,
        actor: Actor,
        reply: Option<Reply>,
    ) -> Result<Driven, MutateError> {
        let request = reply.as_ref().and_then(|reply| reply.replayable.as_ref()).map(|found| found.request);
        let settlement = self.ask_or_give_up(&payment, ask, &actor, request).await?;
        self.settle(payment, settlement, actor, reply).await
    }

    /// Asks the gateway. Without an answer that counts, what is known is committed, and the payment waits.
    pub(crate) async fn ask_or_give_up(
        self: &Arc<Self>,
        payment: &Payment,
        ask: Ask,
        actor: &Actor,
        request: Option<RequestKey>,
    ) -> Result<Settlement, MutateError> {
        match self.ask(payment, ask).await {
            Ok(settlement) => Ok(settlement),
            Err(error) => {
                self.give_up(payment.clone(), ask, actor.clone(), request, &error).await;
                Err(MutateError::Gateway { payment: payment.id, error: Box::new(error) })
            }
        }
    }

    /// Commits what came of a question to the gateway.
    pub(crate) async fn settle(
        self: Arc<Self>,
        payment: Payment,
        settlement: Settlement,
        actor: Actor,
        reply: Option<Reply>,
    ) -> Result<Driven, MutateError> {
        let (now, service) = (self.now(), Arc::clone(&self));
        let settled = self
            .store
            .write(move |transaction| -> Result<(PaymentStatus, Option<Answer>), StorageError> {
                let merchant = payment.merchant;
                let merchant_now = service.merchant_now(merchant);
                let by = Authorship { actor: &actor, now, merchant_now, random: service.random() };
                let settled = settle_payment(&mut transaction.merchant(merchant), &by, &payment, settlement)?;
                let Some(reply) = reply else { return Ok((settled.status, None)) };
                let answer = (reply.show)(&transaction.merchant(merchant).view(), Paid::Payment(&settled))?;
                keep_answer(transaction, merchant, reply.replayable, &answer, now)?;
                Ok((settled.status, Some(answer)))
            })
            .await
            .map_err(MutateError::from_storage_write)?;
        let (status, answer) = settled.value;
        let answer = answer.unwrap_or_default();
        Ok(Driven { status, mutated: Mutated { answer, revision: settled.revision, replayed: false } })
    }

    /// Until when whoever begins now is left alone.
    pub(crate) fn driven_until(&self) -> Timestamp {
        self.now().plus_seconds(DRIVEN_S)
    }

    /// That the money of a payment is about to be taken.
    pub(crate) fn charge_pending(&self, payment: &Payment) -> Pending {
        Pending {
            operation: Operation::Charge,
            amount: payment.money.amount(),
            driven_until: self.driven_until(),
        }
    }
}

/// A payment that the gateway has answered about.
pub(crate) struct Driven {
    /// Where it stands now.
    pub(crate) status: PaymentStatus,
    mutated: Mutated,
}

/// Where an answer goes.
pub(crate) struct Reply {
    replayable: Option<Replayable>,
    show: ShowPaid,
    /// No other request under the same key runs until this one has its answer.
    _guard: Option<RunningGuard>,
}

/// A request that was not seen before.
fn start<B>(
    transaction: &mut Transaction<'_>,
    merchant: MerchantNumber,
    by: &Authorship<'_>,
    replayable: Option<Replayable>,
    begin: B,
    show: &ShowPaid,
) -> Result<First, Refusal>
where
    B: FnOnce(&mut MerchantTransaction<'_, '_>, &Authorship<'_>) -> Result<Begun, Refusal>,
{
    let done = transaction.attempt(|inner| begin(&mut inner.merchant(merchant), by));
    let answer = match done {
        Ok(Begun::Asking(payment, ask)) => {
            if let Some(Replayable { request, fingerprint, .. }) = replayable {
                let note = IdempotencyRecord::unanswered(fingerprint, payment.id);
                transaction.merchant(merchant).put_idempotency_record(request, &note, by.now)?;
            }
            return Ok(First::Asking(payment, ask));
        }
        Ok(Begun::Ended(payment)) => show(&transaction.merchant(merchant).view(), Paid::Payment(&payment))?,
        Ok(Begun::Trial(subscription)) => {
            show(&transaction.merchant(merchant).view(), Paid::Trial(&subscription))?
        }
        Err(Refusal::Answer(answer)) if replayable.is_some() && is_kept(&answer) => answer,
        Err(refusal) => return Err(refusal),
    };
    keep_answer(transaction, merchant, replayable, &answer, by.now)?;
    Ok(First::Answered(answer))
}

/// A request that was seen before: its answer, or the payment that it began.
fn go_on(
    service: &Service,
    own: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    record: IdempotencyRecord,
    replayable: Option<Replayable>,
    show: &ShowPaid,
) -> Result<First, Refusal> {
    let same = replayable.is_some_and(|replayable| replayable.fingerprint == record.fingerprint);
    let Some(id) = record.payment.filter(|_| same && !record.is_answered()) else {
        return Ok(First::Replayed(record));
    };
    let found = own.view().payment(id)?;
    let mut payment = found.ok_or(StorageError::Corrupt("a payment is gone"))?;
    let ask = match (payment.pending, payment.status) {
        (Some(pending), _) if pending.driven_until > by.now => return Ok(First::InProgress),
        (Some(pending), _) if pending.operation == Operation::Reversal => Ask::Reverse { again: true },
        // Open and idle: nothing was done the last time, and the request still wants it.
        (Some(pending), _) if pending.operation == Operation::Withdrawal => Ask::Withdraw,
        (Some(_), _) | (None, PaymentStatus::Open) => Ask::Outcome,
        (None, PaymentStatus::RequiresAction | PaymentStatus::Succeeded | PaymentStatus::Cancelled) => {
            return Ok(First::Answered(show(&own.view(), Paid::Payment(&payment))?));
        }
    };
    let driven_until = service.driven_until();
    payment.pending = Some(match payment.pending {
        Some(pending) => Pending { driven_until, ..pending },
        None => service.charge_pending(&payment),
    });
    own.update_payment(by, None, &payment)?;
    Ok(First::Asking(Box::new(payment), ask))
}

fn keep_answer(
    transaction: &mut Transaction<'_>,
    merchant: MerchantNumber,
    replayable: Option<Replayable>,
    answer: &Answer,
    now: Timestamp,
) -> Result<(), StorageError> {
    let Some(Replayable { request, fingerprint, .. }) = replayable.filter(|_| is_kept(answer)) else {
        return Ok(());
    };
    let record = record_of(answer, fingerprint, transaction.revision());
    transaction.merchant(merchant).put_idempotency_record(request, &record, now)
}
