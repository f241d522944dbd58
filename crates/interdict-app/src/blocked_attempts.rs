//! Attempts that the lists refused, the newest first: payments, and what was asked without one, as the log of decisions
//! keeps it.
//!
//! Deliberately not here: who is a good customer ([`crate::good_customers`]).

use interdict_domain::clock::Timestamp;
use interdict_domain::decision_origin::DecisionOrigin;
use interdict_domain::ids::{CustomerId, DecisionId, Ksuid, PaymentId};
use interdict_domain::scopes::Initiator;
use interdict_storage::{DecisionFilter, DecisionRow, MerchantView, RefusedAttempt, StorageError};

use crate::decision_log::LoggedDecision;

/// Rows of each place that are read at once.
const READ_AT_ONCE: i64 = 200;

/// What was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempted {
    /// A payment.
    Payment(PaymentId),
    /// A question, by itself or in a batch: who has asked it charges elsewhere.
    Decision(DecisionId),
}

/// An attempt that the lists refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockedAttempt {
    /// What it was.
    pub what: Attempted,
    /// When it was made.
    pub at: Timestamp,
    /// Who started it.
    pub initiator: Initiator,
    /// The decision's word for why.
    pub code: String,
}

/// One with those whom it refused: a question that names nobody may concern many, and a decision on a payment concerns
/// nobody, since the payment is there itself.
pub(crate) struct BlockedOf {
    pub(crate) attempt: BlockedAttempt,
    pub(crate) customers: Vec<CustomerId>,
}

/// The two places where they are.
#[derive(Clone, Copy)]
pub(crate) struct BlockedAttempts<'v> {
    pub(crate) view: &'v MerchantView<'v>,
    /// Nothing where no decision is kept.
    pub(crate) log: Option<&'v MerchantView<'v>>,
    /// How far back.
    pub(crate) since: Timestamp,
}

impl BlockedAttempt {
    /// Where it stands among the others.
    pub(crate) fn place(&self) -> (Timestamp, Ksuid) {
        let id = match self.what {
            Attempted::Payment(id) => id.ksuid(),
            Attempted::Decision(id) => id.ksuid(),
        };
        (self.at, id)
    }
}

impl BlockedAttempts<'_> {
    /// Some of those behind a place, and whether there are no others.
    pub(crate) fn behind(
        &self,
        position: Option<(Timestamp, Ksuid)>,
    ) -> Result<(Vec<BlockedOf>, bool), StorageError> {
        let payments = self.view.refused_attempts(self.since, position, READ_AT_ONCE)?;
        let mut found: Vec<BlockedOf> = payments.into_iter().map(of_payment).collect();
        let mut known_through = end_of(&found);
        if let Some(log) = self.log {
            let outcome = Some(interdict_decision::Outcome::Block.as_str().to_owned());
            let filter = DecisionFilter { outcome, from: Some(self.since), ..DecisionFilter::default() };
            let rows = log.decisions(&filter, position, READ_AT_ONCE)?;
            let decisions: Vec<BlockedOf> = rows.iter().map(of_decision).collect::<Result<_, _>>()?;
            known_through = known_through.max(end_of(&decisions));
            found.extend(decisions);
            found.sort_unstable_by_key(|one| std::cmp::Reverse(one.attempt.place()));
        }
        // Behind the end of what one place has told, the other one's are not the next.
        found.retain(|one| known_through.is_none_or(|end| one.attempt.place() >= end));
        Ok((found, known_through.is_none()))
    }

    /// Whether a customer was refused again since.
    pub(crate) fn is_refused_since(
        &self,
        customer: CustomerId,
        place: (Timestamp, Ksuid),
    ) -> Result<bool, StorageError> {
        Ok(self.view.was_refused_after(customer, place)?
            || self.log.map_or(Ok(false), |log| log.was_blocked_after(customer, place))?)
    }
}

/// The last one of as many as were asked for: there may be others behind it.
fn end_of(found: &[BlockedOf]) -> Option<(Timestamp, Ksuid)> {
    let is_full = i64::try_from(found.len()).is_ok_and(|count| count >= READ_AT_ONCE);
    found.last().filter(|_| is_full).map(|last| last.attempt.place())
}

fn of_payment(attempt: RefusedAttempt) -> BlockedOf {
    let RefusedAttempt { payment, customer, at, initiator, code } = attempt;
    let attempt = BlockedAttempt { what: Attempted::Payment(payment), at, initiator, code };
    BlockedOf { attempt, customers: vec![customer] }
}

fn of_decision(row: &DecisionRow) -> Result<BlockedOf, StorageError> {
    let is_question = matches!(row.origin, DecisionOrigin::Api | DecisionOrigin::Batch);
    let customers = if is_question { LoggedDecision::payers_of(row)? } else { Vec::new() };
    let (at, initiator, code) = (row.at, row.initiator, row.code.clone());
    let attempt = BlockedAttempt { what: Attempted::Decision(row.id), at, initiator, code };
    Ok(BlockedOf { attempt, customers })
}
