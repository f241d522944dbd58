//! Deciding: may this customer pay, now, this way? From memory and the clock alone (invariant 1). While the
//! lists may be stale, the merchant's outage policy settles what they do not block.
//!
//! Deliberately not here: many attempts under one answer ([`crate::decide_batch`]).

use std::borrow::Cow;

use interdict_decision::{Attempt, DecideError, Decision, FormerKey, Index, Lookup, Outcome, decide};
use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::{Kind, Pepper, Reaches};
use interdict_domain::ids::{CustomerId, DecisionId};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::money::Money;
use interdict_domain::scopes::Initiator;
use interdict_domain::settings::OnOutage;
use smallvec::SmallVec;

use crate::decision_log::{Judged, Occasion};
use crate::freshness::Known;
use crate::service::Service;

/// Lookups that most attempts need at most; more are put on the heap.
const LOOKUPS_INLINE: usize = 12;

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
    /// What is to be paid, where it is known: an exemption may have a limit.
    pub money: Option<Money>,
    /// Whether the answer is to say how it came about.
    pub explain: bool,
    /// Whether it counts no hit and leaves no trace, in the log neither.
    pub dry_run: bool,
}

/// Why an attempt cannot be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecidePaymentError {
    /// The index is still being loaded.
    #[error("the index is still being loaded")]
    NotLoaded,
    /// The lists may be stale, do not block it, and the merchant wants to be told to come back.
    #[error("the index is stale")]
    Stale,
    /// The attempt itself.
    #[error(transparent)]
    Attempt(#[from] DecideError),
}

/// What is worth looking up for a merchant's attempts.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    merchant: MerchantNumber,
    /// How new a decision on it may say that it is.
    pub(crate) as_of: i64,
    reaches: Reaches,
}

impl Wanted {
    pub(crate) fn of(index: &Index, merchant: MerchantNumber) -> Self {
        // The revision first: what is listed in between is beyond it.
        let as_of = index.revision();
        Self { merchant, as_of, reaches: index.reaches(merchant) }
    }

    /// An explanation shows what would have been found, too, as far as the texts say it.
    fn reaches(self, attempt: &PaymentAttempt<'_>) -> Reaches {
        if attempt.explain { self.reaches.union(Reaches::OF_TEXTS) } else { self.reaches }
    }

    /// What the attempt carries, then what is wider.
    pub(crate) fn look_up<'a>(
        self,
        pepper: &Pepper,
        attempt: &PaymentAttempt<'a>,
        mut show: impl FnMut(Lookup<'a>),
    ) {
        for Presented { kind, value, verified } in attempt.identifiers {
            show(Lookup::given(self.merchant, pepper, *kind, value, *verified));
        }
        let reaches = self.reaches(attempt);
        if reaches == Reaches::default() {
            return;
        }
        for Presented { kind, value, verified } in attempt.identifiers {
            Lookup::for_each_wider((self.merchant, pepper, reaches), *kind, value, *verified, &mut show);
        }
    }

    /// Where else the lookups are found; nothing for nearly every merchant.
    #[inline]
    pub(crate) fn former(self, pepper: &Pepper, lookups: &[Lookup<'_>], show: impl FnMut(FormerKey)) {
        if self.reaches.has_former() {
            FormerKey::for_each((self.merchant, pepper, self.reaches), lookups, show);
        }
    }

    /// With what a named customer's own identifiers are looked up elsewhere than under their keys.
    pub(crate) fn of_own<'p>(
        self,
        pepper: &'p Pepper,
        attempt: &PaymentAttempt<'_>,
    ) -> Option<(&'p Pepper, Reaches)> {
        let reaches = self.reaches(attempt);
        (reaches.is_of_emails() || reaches.has_former()).then_some((pepper, reaches))
    }
}

impl Service {
    /// Decides an attempt and hands the decision to `answer`, which turns it into what the caller
    /// gets, with what is true of it besides.
    pub fn decide<R>(
        &self,
        merchant: MerchantNumber,
        now: Timestamp,
        attempt: &PaymentAttempt<'_>,
        answer: impl FnOnce(&Decision<'_>, Judged) -> R,
    ) -> Result<R, DecidePaymentError> {
        self.decide_on(merchant, now, attempt, Occasion::call(attempt.dry_run), answer)
    }

    /// The same for something that is more than the decision itself.
    #[inline]
    pub(crate) fn decide_on<R>(
        &self,
        merchant: MerchantNumber,
        now: Timestamp,
        attempt: &PaymentAttempt<'_>,
        occasion: Occasion,
        answer: impl FnOnce(&Decision<'_>, Judged) -> R,
    ) -> Result<R, DecidePaymentError> {
        // Before the index is read, and the clock after it: a process that was stopped in between must
        // not take for fresh what it read before.
        let known = self.index.known();
        self.consult(merchant, now, attempt, |index, attempt_in| {
            let mut decided = decide(index, attempt_in);
            let degraded = self.is_stale(known);
            if degraded {
                settle_outage(index, attempt_in, &mut decided)?;
            }
            match &decided {
                Ok(decision) => {
                    if !attempt.dry_run {
                        self.count_hits(decision, now);
                    }
                    let id = DecisionId::generate(now, self.random.as_ref());
                    let judged = Judged { id, at: now, degraded };
                    self.offer(index, attempt_in, decision, judged, occasion);
                    if occasion.is_noticed() {
                        self.notice(attempt_in, decision, (judged.id, judged.at));
                    }
                    Ok(answer(decision, judged))
                }
                Err(error) => Err((*error).into()),
            }
        })
    }

    /// Hands the attempt over together with the index, as it is: for what only shows what the lists say.
    /// Whatever lets somebody pay, or not, goes through [`Self::decide`].
    pub(crate) fn consult<R>(
        &self,
        merchant: MerchantNumber,
        now: Timestamp,
        attempt: &PaymentAttempt<'_>,
        conclude: impl FnOnce(&Index, &Attempt<'_>) -> Result<R, DecidePaymentError>,
    ) -> Result<R, DecidePaymentError> {
        self.index
            .with(|index| {
                let now = index.merchant_now(merchant, now);
                self.put_to(index, merchant, now, attempt, |attempt_in| conclude(index, attempt_in))
            })
            .unwrap_or(Err(DecidePaymentError::NotLoaded))
    }

    /// Puts the attempt to an index as it looks attempts up; `now` is the merchant's.
    #[inline]
    pub(crate) fn put_to<R>(
        &self,
        index: &Index,
        merchant: MerchantNumber,
        now: Timestamp,
        attempt: &PaymentAttempt<'_>,
        conclude: impl FnOnce(&Attempt<'_>) -> R,
    ) -> R {
        let wanted = Wanted::of(index, merchant);
        // Lookups live on the stack: a usual attempt allocates nothing.
        let mut lookups: SmallVec<[Lookup<'_>; LOOKUPS_INLINE]> = SmallVec::new();
        wanted.look_up(&self.pepper, attempt, |lookup| lookups.push(lookup));
        index.fetch(&lookups);
        let mut former: SmallVec<[FormerKey; LOOKUPS_INLINE]> = SmallVec::new();
        wanted.former(&self.pepper, &lookups, |key| former.push(key));
        conclude(&Attempt {
            merchant,
            initiator: attempt.initiator,
            now,
            money: attempt.money,
            customer: attempt.customer,
            lookups: &lookups,
            former: &former,
            as_of: wanted.as_of,
            of_own: wanted.of_own(&self.pepper, attempt),
            explain: attempt.explain,
        })
    }

    /// Whether more may be missing by now than the bound allows.
    #[inline]
    pub(crate) fn is_stale(&self, known: Known) -> bool {
        !known.is_fresh(self.clock.uptime(), self.max_staleness)
    }

    fn count_hits(&self, decision: &Decision<'_>, now: Timestamp) {
        for entry in decision.sources.iter().filter_map(|source| source.entry) {
            self.hits.count(entry, now);
        }
    }
}

/// The outage policy (ADR 0022): a block that the lists hold stands, and what they do not block goes as the
/// merchant wants it.
#[cold]
pub(crate) fn settle_outage(
    index: &Index,
    attempt: &Attempt<'_>,
    decided: &mut Result<Decision<'_>, DecideError>,
) -> Result<(), DecidePaymentError> {
    if matches!(decided, Ok(decision) if decision.outcome == Outcome::Block) {
        return Ok(());
    }
    // No list makes an attempt that says nothing say something.
    if matches!(decided, Err(DecideError::NothingIdentifies)) {
        return Ok(());
    }
    match index.outage_policies(attempt.merchant).of(attempt.initiator) {
        OnOutage::Index => Ok(()),
        OnOutage::Block => {
            // Somebody who is not known here is refused already, and nobody is let through by that.
            if let Ok(decision) = decided {
                decision.block_degraded();
            }
            Ok(())
        }
        // Also a customer who is not known here: the feed may say so in a moment.
        OnOutage::RetryLater => Err(DecidePaymentError::Stale),
    }
}
