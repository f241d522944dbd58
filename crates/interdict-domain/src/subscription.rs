//! Plans and subscriptions (Duro): what is paid again and again, and the boundaries of its periods.
//!
//! Deliberately not here: when a renewal is charged, and what a block does to it (`interdict-app`).

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::entry::words;
use crate::ids::{CustomerId, PaymentId, PlanId, SubscriptionId};
use crate::merchant::MerchantNumber;
use crate::money::Money;
use crate::payment::PaymentMethod;
use crate::text::{Metadata, Name};

words!(
    /// The unit of a period (Duro).
    Interval {
        /// 60 minutes.
        Hour = "hour",
        /// 24 hours.
        Day = "day",
        /// Seven days.
        Week = "week",
        /// A calendar month.
        Month = "month",
        /// Three calendar months.
        Quarter = "quarter",
        /// Six calendar months.
        Biannual = "biannual",
        /// Twelve calendar months.
        Year = "year",
    }
);

/// An hour, in microseconds.
const HOUR_US: i64 = 3_600_000_000;
/// The most units of a period.
pub const INTERVAL_COUNT_MAX: i64 = 100;
/// The most days of a trial.
pub const TRIAL_DAYS_MAX: i64 = 3_650;

/// How long a period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The unit.
    pub interval: Interval,
    /// How many units, from 1.
    pub count: i64,
}

impl Period {
    /// The boundary after so many periods, counted from the anchor: a subscription of the 31st is
    /// charged on the last day of a shorter month, and on the 31st again after it.
    pub fn boundary(self, anchor: Timestamp, periods: i64) -> Timestamp {
        let units = periods.saturating_mul(self.count);
        let hours = |hours: i64| {
            let micros = units.saturating_mul(hours.saturating_mul(HOUR_US));
            Timestamp::from_micros(anchor.micros().saturating_add(micros))
        };
        match self.interval {
            Interval::Hour => hours(1),
            Interval::Day => hours(24),
            Interval::Week => hours(7 * 24),
            Interval::Month => anchor.plus_months(units),
            Interval::Quarter => anchor.plus_months(units.saturating_mul(3)),
            Interval::Biannual => anchor.plus_months(units.saturating_mul(6)),
            Interval::Year => anchor.plus_months(units.saturating_mul(12)),
        }
    }

    /// Which period a moment lies in: the number of the last boundary that is not after it. At least
    /// `from`.
    pub fn number_at(self, anchor: Timestamp, moment: Timestamp, from: i64) -> i64 {
        let mut low = from;
        let mut step = 1;
        // Leaps that double, then halving: hours over years are many.
        while step < i64::MAX / 2 && self.boundary(anchor, low.saturating_add(step)) <= moment {
            low = low.saturating_add(step);
            step = step.saturating_mul(2);
        }
        while step > 0 {
            if self.boundary(anchor, low.saturating_add(step)) <= moment {
                low = low.saturating_add(step);
            }
            step /= 2;
        }
        low
    }
}

/// A plan: what a period costs, and how long it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// Whose.
    pub merchant: MerchantNumber,
    /// What people call it.
    pub name: Name,
    /// What a period costs.
    pub money: Money,
    /// How long a period is.
    pub period: Period,
    /// Days before the first charge.
    pub trial_days: i64,
    /// After so many paid periods it ends by itself.
    pub max_cycles: Option<i64>,
    /// When it was archived: nobody can subscribe any more.
    pub archived_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

words!(
    /// Where a subscription stands (Duro).
    SubscriptionStatus {
        /// Signed up, and the first period is not paid.
        Incomplete = "incomplete",
        /// In its trial.
        Trialing = "trialing",
        /// Running.
        Active = "active",
        /// A renewal was declined.
        PastDue = "past_due",
        /// Paused by the merchant.
        Paused = "paused",
        /// Given up.
        Unpaid = "unpaid",
        /// Ended by somebody.
        Canceled = "canceled",
        /// Ended by itself after its last period.
        Expired = "expired",
    }
);

impl SubscriptionStatus {
    /// Whether it is over for good.
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Canceled | Self::Expired)
    }
}

words!(
    /// What happens to held renewals when the block is lifted.
    OnLift {
        /// Missed periods are skipped; the first charge is at the next boundary.
        ResumeFromNow = "resume_from_now",
        /// Missed periods are charged, one at a time.
        CollectArrears = "collect_arrears",
    }
);

/// Why renewals of a subscription are not charged, where that is no decision's code (Odus).
pub const PAYMENT_ERRORED: &str = "recurring_payment_errored";
/// The same, for one that was ended.
pub const CANCELLED: &str = "subscription_cancelled";

/// A subscription. Its periods lie on the merchant's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Its id.
    pub id: SubscriptionId,
    /// Whose.
    pub merchant: MerchantNumber,
    /// Who pays.
    pub customer: CustomerId,
    /// Which plan. What it costs was agreed at the sign-up, and stays.
    pub plan: PlanId,
    /// Where it stands.
    pub status: SubscriptionStatus,
    /// What a period costs.
    pub money: Money,
    /// How long a period is.
    pub period: Period,
    /// After so many paid periods it ends by itself.
    pub max_cycles: Option<i64>,
    /// From where periods are counted: the end of the trial, or the sign-up.
    pub anchor: Timestamp,
    /// Which period it is in, from 0; -1 in the trial.
    pub period_number: i64,
    /// Where the present period began.
    pub current_period_start: Timestamp,
    /// Where it ends, and the next one is to be paid.
    pub current_period_end: Timestamp,
    /// Periods that were paid.
    pub cycles_completed: i64,
    /// With what.
    pub payment_method: Option<PaymentMethod>,
    /// Why renewals are not charged; nothing when they are.
    pub auto_billing_disabled_reason: Option<String>,
    /// Whether that is because of a block.
    pub is_held: bool,
    /// Whether the payer is the merchant's word. What a payer typed at a checkout earns no exemption.
    pub payer_verified: bool,
    /// What happens when the block is lifted, if it is not what the merchant's settings say.
    pub on_lift: Option<OnLift>,
    /// Whether it ends with the present period.
    pub cancel_at_period_end: bool,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The newest attempt to charge it.
    pub latest_payment: Option<PaymentId>,
    /// Whatever the merchant attached.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Subscription {
    /// Whether renewals are charged.
    pub const fn auto_billing_enabled(&self) -> bool {
        self.auto_billing_disabled_reason.is_none()
    }

    /// When somebody has to look at it next, on the merchant's clock; never, while nothing can fall due.
    pub fn due_at(&self) -> Option<Timestamp> {
        let runs = match self.status {
            // Past due, it is due again only for a reason below: resumed, held, or asked to end.
            SubscriptionStatus::Active | SubscriptionStatus::Trialing | SubscriptionStatus::PastDue => true,
            SubscriptionStatus::Incomplete
            | SubscriptionStatus::Paused
            | SubscriptionStatus::Unpaid
            | SubscriptionStatus::Canceled
            | SubscriptionStatus::Expired => false,
        };
        (runs && (self.auto_billing_enabled() || self.is_held || self.cancel_at_period_end))
            .then_some(self.current_period_end)
    }

    /// Goes on to a period, whether it was paid or skipped. The anchor stays.
    pub fn enter_period(&mut self, number: i64) {
        self.period_number = number;
        self.current_period_start = self.period.boundary(self.anchor, number);
        self.current_period_end = self.period.boundary(self.anchor, number.saturating_add(1));
    }

    /// Skips what was missed: goes on to the period that a moment lies in.
    pub fn skip_to(&mut self, moment: Timestamp) {
        if self.current_period_end <= moment {
            let next = self.period_number.saturating_add(1);
            self.enter_period(self.period.number_at(self.anchor, moment, next));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn months_are_counted_from_the_anchor() {
        let monthly = Period { interval: Interval::Month, count: 1 };
        let anchor = at("2026-01-31T10:00:00Z");
        let boundary = |periods| monthly.boundary(anchor, periods).to_string();
        assert_eq!(boundary(1), "2026-02-28T10:00:00.000Z");
        assert_eq!(boundary(2), "2026-03-31T10:00:00.000Z");
        assert_eq!(boundary(25), "2028-02-29T10:00:00.000Z");
        let biannual = Period { interval: Interval::Biannual, count: 1 };
        assert_eq!(biannual.boundary(anchor, 1).to_string(), "2026-07-31T10:00:00.000Z");
    }

    #[test]
    fn a_far_boundary_is_the_end_of_time_and_no_panic() {
        for interval in Interval::ALL {
            let period = Period { interval: *interval, count: INTERVAL_COUNT_MAX };
            assert!(period.boundary(at("2026-01-31T10:00:00Z"), i64::MAX) > at("9000-01-01T00:00:00Z"));
        }
    }

    proptest! {
        #[test]
        fn a_moment_lies_in_the_period_that_is_found(
            interval in prop::sample::select(Interval::ALL.to_vec()),
            count in 1..4_i64,
            from in -1..5_i64,
            ahead_s in 0..200_000_000_i64,
        ) {
            let (period, anchor) = (Period { interval, count }, at("2026-01-31T10:00:00Z"));
            let moment = period.boundary(anchor, from).plus_seconds(ahead_s);
            let number = period.number_at(anchor, moment, from);
            prop_assert!(number >= from);
            prop_assert!(period.boundary(anchor, number) <= moment);
            prop_assert!(moment < period.boundary(anchor, number + 1));
        }
    }
}
