//! Deciding: may this customer pay, now, this way? From memory and the clock alone (invariant 1).

use std::borrow::Cow;

use interdict_decision::{Attempt, DecideError, Decision, Lookup, decide};
use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::Kind;
use interdict_domain::ids::CustomerId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::scopes::Initiator;
use smallvec::SmallVec;

use crate::service::Service;

/// Identifiers that most attempts carry at most; more are put on the heap.
const IDENTIFIERS_INLINE: usize = 4;

/// An identifier that came with an attempt, in canonical form.
#[derive(Clone, Debug)]
pub struct Presented<'a> {
    /// Its kind.
    pub kind: Kind,
    /// Its value in canonical form.
    pub value: Cow<'a, str>,
    /// Whether it is the merchant's word. What a payer typed matches blocks only.
    pub verified: bool,
}

/// An attempt as a caller describes it.
#[derive(Clone, Copy, Debug)]
pub struct PaymentAttempt<'a> {
    /// Who starts the payment.
    pub initiator: Initiator,
    /// The customer by id.
    pub customer: Option<CustomerId>,
    /// Identifiers by kind, the merchantRef among them.
    pub identifiers: &'a [Presented<'a>],
    /// Whether the answer is to say how it came about.
    pub explain: bool,
    /// Whether it counts no hit and leaves no trace.
    pub dry_run: bool,
}

/// Why an attempt cannot be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecidePaymentError {
    /// The index is still being loaded.
    #[error("the index is still being loaded")]
    NotLoaded,
    /// The attempt itself.
    #[error(transparent)]
    Attempt(#[from] DecideError),
}

impl Service {
    /// Decides an attempt and hands the decision to `answer`, which turns it into what the caller
    /// gets. The second argument says whether the index may be stale.
    pub fn decide<R>(
        &self,
        merchant: MerchantNumber,
        now: Timestamp,
        attempt: &PaymentAttempt<'_>,
        answer: impl FnOnce(&Decision<'_>, bool) -> R,
    ) -> Result<R, DecidePaymentError> {
        // Lookups live on the stack: a usual attempt allocates nothing.
        let lookups: SmallVec<[Lookup<'_>; IDENTIFIERS_INLINE]> =
            attempt.identifiers.iter().map(|presented| self.lookup(merchant, presented)).collect();
        self.index
            .with(|index| {
                let attempt_in = Attempt {
                    merchant,
                    initiator: attempt.initiator,
                    now: index.merchant_now(merchant, now),
                    customer: attempt.customer,
                    lookups: &lookups,
                    explain: attempt.explain,
                };
                let decision = decide(index, &attempt_in)?;
                if !attempt.dry_run {
                    self.count_hits(&decision, now);
                }
                Ok(answer(&decision, !self.index.is_fresh()))
            })
            .unwrap_or(Err(DecidePaymentError::NotLoaded))
    }

    /// Decides many attempts on one reading of the index, as [`Self::decide`] does one, and shows each
    /// decision in its turn with its number. All of them wait for the memory together.
    pub fn decide_all(
        &self,
        merchant: MerchantNumber,
        now: Timestamp,
        attempts: &[PaymentAttempt<'_>],
        mut answer: impl FnMut(usize, Result<&Decision<'_>, DecidePaymentError>),
    ) {
        let of_all = attempts.iter().flat_map(|attempt| attempt.identifiers);
        let lookups: Vec<Lookup<'_>> = of_all.map(|presented| self.lookup(merchant, presented)).collect();
        let mut hits = Vec::with_capacity(attempts.len());
        let decided = self.index.with(|index| {
            index.read_ahead(&lookups);
            let merchant_now = index.merchant_now(merchant, now);
            let mut rest = lookups.as_slice();
            for (at, attempt) in attempts.iter().enumerate() {
                let (own, others) = rest.split_at_checked(attempt.identifiers.len()).unwrap_or_default();
                rest = others;
                let attempt_in = Attempt {
                    merchant,
                    initiator: attempt.initiator,
                    now: merchant_now,
                    customer: attempt.customer,
                    lookups: own,
                    explain: attempt.explain,
                };
                match decide(index, &attempt_in) {
                    Ok(decision) => {
                        if !attempt.dry_run {
                            hits.extend(decision.sources.iter().filter_map(|source| source.entry));
                        }
                        answer(at, Ok(&decision));
                    }
                    Err(error) => answer(at, Err(error.into())),
                }
            }
        });
        if decided.is_none() {
            for at in 0..attempts.len() {
                answer(at, Err(DecidePaymentError::NotLoaded));
            }
        }
        self.hits.count_all(&hits, now);
    }

    fn lookup<'a>(&self, merchant: MerchantNumber, presented: &'a Presented<'a>) -> Lookup<'a> {
        Lookup {
            kind: presented.kind,
            key: self.pepper.key(merchant, presented.kind, &presented.value),
            value: &presented.value,
            verified: presented.verified,
        }
    }

    fn count_hits(&self, decision: &Decision<'_>, now: Timestamp) {
        for entry in decision.sources.iter().filter_map(|source| source.entry) {
            self.hits.count(entry, now);
        }
    }
}
