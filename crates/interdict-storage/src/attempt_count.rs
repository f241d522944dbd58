//! How many attempts to be paid have ended how, a number for each day, and who was refused lately: what an
//! overview shows without reading every payment.
//!
//! An attempt is counted once, when it ends, for the day (UTC) on which it was made. Deliberately not here:
//! what is still open, and what becomes of money after it was taken.

use interdict_domain::change::Action;
use interdict_domain::clock::Timestamp;
use interdict_domain::ids::{CustomerId, Ksuid, PaymentId};
use interdict_domain::payment::Payment;
use interdict_domain::scopes::Initiator;

use crate::entry::keyset;
use crate::error::StorageError;
use crate::payment::refused_by_lists;
use crate::sql::params;
use crate::statements::statements;
use crate::transaction::MerchantTransaction;
use crate::view::MerchantView;

const DAY_US: i64 = 86_400_000_000;

statements! {
    ADD = "INSERT INTO attempt_count (merchant, day, initiator, outcome, code, attempts)
           VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (merchant, day, initiator, outcome, code)
           DO UPDATE SET attempts = attempt_count.attempts + excluded.attempts";
    SELECT_SINCE = "SELECT day, initiator, outcome, code, attempts FROM attempt_count
           WHERE merchant = $1 AND day >= $2 ORDER BY day, initiator, outcome, code";
    SELECT_REFUSED = concat!("SELECT id, customer, created_at, initiator, error_code FROM payment WHERE merchant = $1 AND ",
           refused_by_lists!(), " AND created_at >= $2 AND (created_at, id) < ($3, $4) AND customer IS NOT NULL
           ORDER BY created_at DESC, id DESC LIMIT $5");
    SELECT_REFUSED_AFTER = concat!("SELECT id FROM payment WHERE merchant = $1 AND customer = $2
           AND (created_at, id) > ($3, $4) AND ", refused_by_lists!(), " LIMIT 1");
    COUNT_SUCCEEDED = "SELECT COUNT(*) FROM payment
           WHERE merchant = $1 AND customer = $2 AND status = 'succeeded'";
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttemptOutcome {
    /// The lists refused it.
    Blocked,
    /// The lists let it pass, and the gateway or something else refused it.
    Declined,
    /// The money was taken.
    Succeeded,
}

impl AttemptOutcome {
    /// Each of them once.
    pub const ALL: [Self; 3] = [Self::Blocked, Self::Declined, Self::Succeeded];

    /// The word, as in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Declined => "declined",
            Self::Succeeded => "succeeded",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }

    /// How a change ends an attempt; nothing for one that does not.
    const fn of(action: Action) -> Option<Self> {
        match action {
            Action::PaymentBlocked => Some(Self::Blocked),
            Action::PaymentDeclined => Some(Self::Declined),
            Action::PaymentSucceeded => Some(Self::Succeeded),
            _ => None,
        }
    }
}

/// So many attempts of one sort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptCount {
    /// Days since 1970, UTC.
    pub day: i64,
    /// Who started them.
    pub initiator: Initiator,
    /// How they ended.
    pub outcome: AttemptOutcome,
    /// The decision's or the gateway's word for why; empty when the money was taken.
    pub code: String,
    /// How many.
    pub attempts: i64,
}

/// An attempt of a customer that the lists refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedAttempt {
    /// The payment that it was.
    pub payment: PaymentId,
    /// Whose.
    pub customer: CustomerId,
    /// When it was made.
    pub at: Timestamp,
    /// Who started it.
    pub initiator: Initiator,
    /// The decision's word for why.
    pub code: String,
}

/// The day of a moment, as counted in [`AttemptCount::day`].
pub const fn day_of(at: Timestamp) -> i64 {
    at.micros().div_euclid(DAY_US)
}

impl MerchantView<'_> {
    /// The counts of a day and all later ones, oldest first.
    pub fn attempt_counts(&self, since_day: i64) -> Result<Vec<AttemptCount>, StorageError> {
        self.connection.query(SELECT_SINCE, params![self.merchant.0, since_day], |row| {
            Ok(AttemptCount {
                day: row.get(0)?,
                initiator: Initiator::parse(row.text(1)?).ok_or(StorageError::Corrupt("initiator"))?,
                outcome: AttemptOutcome::parse(row.text(2)?).ok_or(StorageError::Corrupt("outcome"))?,
                code: row.get(3)?,
                attempts: row.get(4)?,
            })
        })
    }

    /// The attempts of customers that the lists have refused since a moment, the newest first.
    pub fn refused_attempts(
        &self,
        since: Timestamp,
        position: Option<(Timestamp, Ksuid)>,
        limit: i64,
    ) -> Result<Vec<RefusedAttempt>, StorageError> {
        let ((at, id), since) = (keyset(position), since.micros());
        let parameters = params![self.merchant.0, since, at, id, limit];
        self.connection.query(SELECT_REFUSED, parameters, |row| {
            Ok(RefusedAttempt {
                payment: PaymentId::from_ksuid(Ksuid::from_bytes(row.get(0)?)),
                customer: CustomerId::from_ksuid(Ksuid::from_bytes(row.get(1)?)),
                at: Timestamp::from_micros(row.get(2)?),
                initiator: Initiator::parse(row.text(3)?).ok_or(StorageError::Corrupt("initiator"))?,
                code: row.get(4)?,
            })
        })
    }

    /// Whether the lists have refused a payment of a customer behind a place: a moment, and an id of it.
    pub fn was_refused_after(
        &self,
        customer: CustomerId,
        place: (Timestamp, Ksuid),
    ) -> Result<bool, StorageError> {
        self.has_any_after(SELECT_REFUSED_AFTER, customer, place)
    }

    /// Whether a statement finds anything of a customer behind a place.
    pub(crate) fn has_any_after(
        &self,
        sql: &'static str,
        customer: CustomerId,
        (at, id): (Timestamp, Ksuid),
    ) -> Result<bool, StorageError> {
        let (customer, at, id) = (*customer.ksuid().bytes(), at.micros(), *id.bytes());
        let parameters = params![self.merchant.0, customer, at, id];
        let found: Option<[u8; 20]> = self.connection.query_optional(sql, parameters, |row| row.get(0))?;
        Ok(found.is_some())
    }

    /// How many of a customer's payments have succeeded.
    pub fn count_succeeded(&self, customer: CustomerId) -> Result<i64, StorageError> {
        let id = *customer.ksuid().bytes();
        self.connection.query_one(COUNT_SUCCEEDED, params![self.merchant.0, id], |row| row.get(0))
    }
}

impl MerchantTransaction<'_, '_> {
    /// Counts the attempt that a change ends.
    pub(crate) fn count_attempt(&mut self, action: Action, payment: &Payment) -> Result<(), StorageError> {
        let Some(outcome) = AttemptOutcome::of(action) else { return Ok(()) };
        let code = payment.outcome.as_ref().and_then(|outcome| outcome.error_code.as_deref());
        self.transaction.connection.execute(
            ADD,
            params![
                self.merchant.0,
                day_of(payment.created_at),
                payment.initiator.as_str(),
                outcome.as_str(),
                code.unwrap_or_default(),
                1_i64,
            ],
        )?;
        Ok(())
    }
}
