//! Running a use case in the next commit, together with the record that answers a replay
//! (invariant 3).

use std::collections::HashMap;
use std::sync::Arc;

use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::IdentifierKey;
use interdict_domain::ids::PaymentId;
use interdict_domain::merchant::MerchantNumber;
use interdict_storage::{
    Authorship, Foreseen, IdempotencyRecord, MerchantTransaction, MerchantView, RequestKey, StorageError,
    WriteError,
};
use parking_lot::Mutex;

use crate::ask_gateway::AskError;
use crate::caller::Caller;
use crate::service::Service;

/// An answer as it goes out, and as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    /// The body shows a secret: it is never kept.
    pub holds_secret: bool,
    /// Soon the answer may be another one: it is not kept for replays.
    pub is_passing: bool,
    /// It shows identifiers of people, and no erasure would find it: it is not kept.
    pub names_people: bool,
    /// Whom it is about, so that an erasure finds what was kept.
    pub subject: Option<String>,
    /// Which identifier it is about, likewise.
    pub identifier: Option<IdentifierKey>,
}

/// A use case's no. Nothing that it wrote stays, but the answer may be kept for replays.
pub enum Refusal {
    /// The caller's to mend.
    Answer(Answer),
    /// The store's.
    Storage(StorageError),
}

impl From<StorageError> for Refusal {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

/// What identifies a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replayable {
    pub(crate) request: RequestKey,
    pub(crate) fingerprint: [u8; 16],
    /// The same as it was written under the newest former peppers: an answer is kept for a day.
    former: [Option<(RequestKey, [u8; 16])>; FORMER_SECRETS],
}

/// Rotations within a day that a replay sees through.
pub(crate) const FORMER_SECRETS: usize = 2;

impl Replayable {
    /// The answer that was given to the request.
    pub(crate) fn answered(
        &self,
        view: &MerchantView<'_>,
        now: Timestamp,
    ) -> Result<Option<IdempotencyRecord>, StorageError> {
        if let Some(record) = view.idempotency_record(self.request, now)? {
            return Ok(Some(record));
        }
        for (request, fingerprint) in self.former.into_iter().flatten() {
            if let Some(record) = view.idempotency_record(request, now)? {
                let is_same = record.fingerprint == fingerprint;
                let fingerprint = if is_same { self.fingerprint } else { record.fingerprint };
                return Ok(Some(IdempotencyRecord { fingerprint, ..record }));
            }
        }
        Ok(None)
    }
}

/// What came of a mutation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutated {
    /// The answer.
    pub answer: Answer,
    /// The revision that contains it.
    pub revision: i64,
    /// It was given before, and nothing was done now.
    pub replayed: bool,
}

/// Why a mutation has no answer of its own.
#[derive(Debug, thiserror::Error)]
pub enum MutateError {
    /// Another body came under the same key.
    #[error("the idempotency key was used with another body")]
    IdempotencyConflict,
    /// The first request under this key still runs.
    #[error("a request with this idempotency key still runs")]
    IdempotencyInProgress,
    /// The first answer showed a secret.
    #[error("the answer showed a secret, which is shown once")]
    SecretAlreadyShown,
    /// More waits than can be served soon.
    #[error("too many writes are waiting")]
    Overloaded,
    /// The store cannot be reached.
    #[error("the store has stopped")]
    Unavailable,
    /// The store failed; nothing was kept.
    #[error("the store failed")]
    Failed(#[source] StorageError),
    /// The commit failed; nothing was kept.
    #[error("the commit failed")]
    CommitFailed,
    /// A gateway gave no answer that counts; the payment is kept.
    #[error("the gateway gave no answer that counts")]
    Gateway {
        /// Which payment waits for it.
        payment: PaymentId,
        /// Why.
        #[source]
        error: Box<AskError>,
    },
}

impl MutateError {
    /// Why a use case was not committed. An answer is no such reason, and was taken out before.
    pub(crate) fn from_write(error: WriteError<Refusal>) -> Self {
        match error {
            WriteError::Refused(Refusal::Storage(error)) => Self::Failed(error),
            WriteError::Refused(Refusal::Answer(_)) | WriteError::CommitFailed => Self::CommitFailed,
            WriteError::Overloaded => Self::Overloaded,
            WriteError::Stopped | WriteError::Away => Self::Unavailable,
        }
    }

    /// The same where there is no use case that could say no.
    pub(crate) fn from_storage_write(error: WriteError<StorageError>) -> Self {
        match error {
            WriteError::Refused(error) => Self::Failed(error),
            WriteError::CommitFailed => Self::CommitFailed,
            WriteError::Overloaded => Self::Overloaded,
            WriteError::Stopped | WriteError::Away => Self::Unavailable,
        }
    }
}

/// Requests with an idempotency key that run right now.
#[derive(Clone, Default)]
pub(crate) struct Running(Arc<Mutex<HashMap<RunningKey, [u8; 16]>>>);

/// Whose request, and which.
type RunningKey = (MerchantNumber, [u8; 16]);

/// Ends the request's turn when it goes.
pub(crate) struct RunningGuard {
    running: Running,
    key: RunningKey,
}

impl Running {
    fn enter(&self, merchant: MerchantNumber, replayable: Replayable) -> Result<RunningGuard, MutateError> {
        let key = (merchant, replayable.request.0);
        let mut running = self.0.lock();
        match running.get(&key) {
            Some(fingerprint) if *fingerprint == replayable.fingerprint => {
                Err(MutateError::IdempotencyInProgress)
            }
            Some(_) => Err(MutateError::IdempotencyConflict),
            None => {
                running.insert(key, replayable.fingerprint);
                Ok(RunningGuard { running: self.clone(), key })
            }
        }
    }
}

impl Drop for RunningGuard {
    fn drop(&mut self) {
        self.running.0.lock().remove(&self.key);
    }
}

/// What the piece of work in the commit found.
enum Done {
    Answered(Answer),
    Replayed(IdempotencyRecord),
}

impl Service {
    /// Takes the request's turn: no other one under the same key runs meanwhile.
    pub(crate) fn enter(
        &self,
        merchant: MerchantNumber,
        replayable: Option<Replayable>,
    ) -> Result<Option<RunningGuard>, MutateError> {
        replayable.map(|replayable| self.running.enter(merchant, replayable)).transpose()
    }

    /// What identifies a replay of a request.
    pub fn replayable(&self, method: &str, path: &str, key: &str, query: &str, body: &[u8]) -> Replayable {
        let under = |secret: &[u8; 32]| {
            let request = digest(secret, &[method.as_bytes(), path.as_bytes(), key.as_bytes()]);
            (RequestKey(request), digest(secret, &[query.as_bytes(), body]))
        };
        let (request, fingerprint) = under(&self.request_secret);
        let former = self.former_request_secrets.map(|secret| secret.as_ref().map(under));
        Replayable { request, fingerprint, former }
    }

    /// Runs a use case in the next commit and returns its answer once that is on the disk and in the
    /// index; or the answer of the first time, for a replay. `foreseen` is what it is going to read.
    pub async fn mutate<F>(
        &self,
        caller: &Caller,
        replayable: Option<Replayable>,
        mut foreseen: Vec<Foreseen>,
        work: F,
    ) -> Result<Mutated, MutateError>
    where
        F: FnOnce(&mut MerchantTransaction<'_, '_>, &Authorship<'_>) -> Result<Answer, Refusal>
            + Send
            + 'static,
    {
        let merchant = caller.merchant;
        let _running = self.enter(merchant, replayable)?;
        let (actor, now, random) = (caller.actor(), self.clock.now(), Arc::clone(&self.random));
        let merchant_now = self.merchant_now(merchant);
        foreseen.extend(replayable.map(|replayable| Foreseen::answer(merchant, replayable.request, now)));
        let committed = self
            .store
            .write_foreseeing(foreseen, move |transaction| -> Result<Done, Refusal> {
                let by = Authorship { actor: &actor, now, merchant_now, random: random.as_ref() };
                let Some(replayable) = replayable else {
                    return work(&mut transaction.merchant(merchant), &by).map(Done::Answered);
                };
                let request = replayable.request;
                let before = replayable.answered(&transaction.merchant(merchant).view(), now)?;
                if let Some(record) = before {
                    return Ok(Done::Replayed(record));
                }
                let answer = match transaction.attempt(|inner| work(&mut inner.merchant(merchant), &by)) {
                    Ok(answer) | Err(Refusal::Answer(answer)) => answer,
                    Err(Refusal::Storage(error)) => return Err(Refusal::Storage(error)),
                };
                if !is_kept(&answer) {
                    return Err(Refusal::Answer(answer));
                }
                let revision = transaction.revision();
                let record = record_of(&answer, replayable.fingerprint, revision);
                transaction.merchant(merchant).put_idempotency_record(request, &record, now)?;
                Ok(Done::Answered(answer))
            })
            .await;
        match committed {
            Ok(committed) => match committed.value {
                Done::Answered(answer) => {
                    Ok(Mutated { answer, revision: committed.revision, replayed: false })
                }
                Done::Replayed(record) => replay(record, replayable),
            },
            Err(WriteError::Refused(Refusal::Answer(answer))) => {
                Ok(Mutated { answer, revision: self.index.revision(), replayed: false })
            }
            Err(error) => Err(MutateError::from_write(error)),
        }
    }

    /// The same for what takes many commits, or none, and does nothing when it is done again: its answer is kept in one
    /// more. Cut before that, it is done again for a replay.
    pub async fn mutate_at_length(
        &self,
        caller: &Caller,
        replayable: Option<Replayable>,
        work: impl Future<Output = Answer>,
    ) -> Result<Mutated, MutateError> {
        let merchant = caller.merchant;
        let _running = self.enter(merchant, replayable)?;
        let now = self.clock.now();
        if let Some(replayable) = replayable {
            let before = self.store.read(merchant, move |view| replayable.answered(view, now)).await;
            if let Some(record) = before.map_err(MutateError::Failed)? {
                return replay(record, Some(replayable));
            }
        }
        let answer = work.await;
        let revision = self.index.revision();
        if let Some(replayable) = replayable.filter(|_| is_kept(&answer)) {
            let record = record_of(&answer, replayable.fingerprint, revision);
            let keep = self.store.write(move |transaction| {
                transaction.merchant(merchant).put_idempotency_record(replayable.request, &record, now)
            });
            keep.await.map_err(MutateError::from_storage_write)?;
        }
        Ok(Mutated { answer, revision, replayed: false })
    }
}

fn digest(secret: &[u8; 32], parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new_keyed(secret);
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut digest = [0_u8; 16];
    hasher.finalize_xof().fill(&mut digest);
    digest
}

/// What is the service's own trouble may be over at the next try.
pub(crate) const fn is_kept(answer: &Answer) -> bool {
    answer.status < 500 && answer.status != 429 && !answer.is_passing && !answer.names_people
}

pub(crate) fn record_of(answer: &Answer, fingerprint: [u8; 16], revision: i64) -> IdempotencyRecord {
    IdempotencyRecord {
        fingerprint,
        status: answer.status,
        body: if answer.holds_secret { Vec::new() } else { answer.body.clone() },
        holds_secret: answer.holds_secret,
        revision,
        subject: answer.subject.clone(),
        identifier: answer.identifier,
        payment: None,
    }
}

pub(crate) fn replay(
    record: IdempotencyRecord,
    replayable: Option<Replayable>,
) -> Result<Mutated, MutateError> {
    if replayable.is_some_and(|replayable| replayable.fingerprint != record.fingerprint) {
        return Err(MutateError::IdempotencyConflict);
    }
    if record.holds_secret {
        return Err(MutateError::SecretAlreadyShown);
    }
    if !record.is_answered() {
        return Err(MutateError::IdempotencyInProgress);
    }
    let answer = Answer { status: record.status, body: record.body, ..Answer::default() };
    Ok(Mutated { answer, revision: record.revision, replayed: true })
}
