//! From counts to charts: totals, a column for each day, a bar for each reason and for each side. Numbers only;
//! the templates draw them, and write each of them into a table besides.
//!
//! Deliberately not here: where the counts come from.

use std::collections::BTreeMap;

use interdict_app::store::{AttemptCount, AttemptOutcome};
use interdict_domain::clock::Timestamp;
use interdict_domain::scopes::Initiator;

use crate::pages::payments::initiator;
use crate::pages::sources::refusal;
use crate::t;

/// Days that are shown, today among them.
pub(super) const DAYS: i64 = 30;
const DAY_US: i64 = 86_400_000_000;
/// The drawing's units: a column's width with the space behind it, and the height of the highest one.
const COLUMN: i64 = 20;
const HEIGHT: i64 = 140;
/// A bar's whole length, in the drawing's units.
const LENGTH: i64 = 1_000;
/// Reasons that have a bar of their own; the others are one.
const REASONS: usize = 10;

/// How many ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) blocked: i64,
    pub(super) declined: i64,
    pub(super) succeeded: i64,
}

impl Sum {
    const fn add(&mut self, count: &AttemptCount) {
        let sum = match count.outcome {
            AttemptOutcome::Blocked => &mut self.blocked,
            AttemptOutcome::Declined => &mut self.declined,
            AttemptOutcome::Succeeded => &mut self.succeeded,
        };
        *sum = sum.saturating_add(count.attempts);
    }

    /// What the lists let pass, whatever the gateway made of it.
    pub(super) const fn allowed(self) -> i64 {
        self.declined.saturating_add(self.succeeded)
    }

    pub(super) const fn all(self) -> i64 {
        self.blocked.saturating_add(self.allowed())
    }
}

/// A day: what was blocked stands on top of what was allowed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) day: String,
    pub(super) sum: Sum,
    pub(super) x: i64,
    pub(super) allowed_y: i64,
    pub(super) allowed_height: i64,
    pub(super) blocked_y: i64,
    pub(super) blocked_height: i64,
}

/// A bar with its number: first what was blocked, then what was not.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) sum: Sum,
    pub(super) blocked_length: i64,
    pub(super) allowed_length: i64,
}

/// Everything that is drawn.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Charts {
    pub(super) total: Sum,
    pub(super) days: Vec<Column>,
    /// The highest column's number.
    pub(super) most: i64,
    pub(super) reasons: Vec<Bar>,
    pub(super) initiators: Vec<Bar>,
}

/// The charts of the days that end with today.
pub(super) fn charts(counts: &[AttemptCount], today: i64) -> Charts {
    let mut total = Sum::default();
    let mut days: BTreeMap<i64, Sum> = (today - DAYS + 1..=today).map(|day| (day, Sum::default())).collect();
    let mut reasons: BTreeMap<&str, Sum> = BTreeMap::new();
    let mut sides = Initiator::ALL.map(|side| (side, Sum::default()));
    for count in counts {
        // A clock that was put back leaves days behind it that are not over yet.
        let Some(day) = days.get_mut(&count.day) else { continue };
        day.add(count);
        total.add(count);
        if count.outcome != AttemptOutcome::Succeeded {
            reasons.entry(&count.code).or_default().add(count);
        }
        for (_, sum) in sides.iter_mut().filter(|(side, _)| *side == count.initiator) {
            sum.add(count);
        }
    }
    let most = days.values().map(|sum| sum.all()).max().unwrap_or(0);
    Charts {
        total,
        most,
        days: days.into_iter().zip(0..).map(|((day, sum), place)| column(day, sum, place, most)).collect(),
        reasons: bars(most_common(reasons)),
        initiators: bars(sides.into_iter().map(|(side, sum)| (initiator(side), sum)).collect()),
    }
}

/// A part of a length; never nothing for something.
fn part(number: i64, of: i64, length: i64) -> i64 {
    if number <= 0 { 0 } else { number.saturating_mul(length).checked_div(of).unwrap_or(0).max(1) }
}

fn column(day: i64, sum: Sum, place: i64, most: i64) -> Column {
    let allowed_height = part(sum.allowed(), most, HEIGHT);
    let blocked_height = part(sum.blocked, most, HEIGHT);
    let date = Timestamp::from_micros(day.saturating_mul(DAY_US)).to_string();
    Column {
        day: date.get(..10).unwrap_or(&date).to_owned(),
        sum,
        x: place * COLUMN,
        allowed_y: HEIGHT - allowed_height,
        allowed_height,
        blocked_y: (HEIGHT - allowed_height - blocked_height).max(0),
        blocked_height,
    }
}

/// The most common first; what is behind the last bar goes together.
fn most_common(reasons: BTreeMap<&str, Sum>) -> Vec<(String, Sum)> {
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(code, sum)| (std::cmp::Reverse(sum.all()), *code));
    let others = reasons.split_off(reasons.len().min(REASONS));
    let mut named: Vec<_> = reasons.into_iter().map(|(code, sum)| (refusal(code), sum)).collect();
    if !others.is_empty() {
        let mut together = Sum::default();
        for (_, sum) in others {
            together.blocked = together.blocked.saturating_add(sum.blocked);
            together.declined = together.declined.saturating_add(sum.declined);
        }
        named.push((t("other-reasons"), together));
    }
    named
}

fn bars(sums: Vec<(String, Sum)>) -> Vec<Bar> {
    let most = sums.iter().map(|(_, sum)| sum.all()).max().unwrap_or(0);
    sums.into_iter()
        .map(|(label, sum)| Bar {
            label,
            sum,
            blocked_length: part(sum.blocked, most, LENGTH),
            allowed_length: part(sum.allowed(), most, LENGTH),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: i64 = 20_000;

    fn count(day: i64, outcome: AttemptOutcome, code: &str, attempts: i64) -> AttemptCount {
        AttemptCount { day, initiator: Initiator::Customer, outcome, code: code.to_owned(), attempts }
    }

    #[test]
    fn each_day_has_a_column_and_the_highest_is_as_high_as_can_be() {
        let charts = charts(
            &[
                count(TODAY, AttemptOutcome::Succeeded, "", 30),
                count(TODAY, AttemptOutcome::Blocked, "customer_restricted", 10),
                count(TODAY - 29, AttemptOutcome::Declined, "card_declined", 1),
                count(TODAY - 30, AttemptOutcome::Succeeded, "", 99),
            ],
            TODAY,
        );
        assert_eq!(charts.days.len(), 30);
        assert_eq!(charts.total, Sum { blocked: 10, declined: 1, succeeded: 30 }, "older days do not count");
        let last = charts.days.last().unwrap();
        assert_eq!((last.allowed_height, last.blocked_height, last.blocked_y), (105, 35, 0));
        assert_eq!(charts.days.first().unwrap().allowed_height, 3);
        assert_eq!(charts.days.first().unwrap().day, "2024-09-05");
        assert_eq!(charts.reasons.iter().map(|bar| bar.sum.all()).collect::<Vec<_>>(), [10, 1]);
        assert_eq!(charts.initiators.iter().map(|bar| bar.sum.all()).collect::<Vec<_>>(), [41, 0]);
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        let charts = charts(&[], TODAY);
        assert_eq!((charts.total, charts.most), (Sum::default(), 0));
        assert!(charts.reasons.is_empty());
        assert!(charts.days.iter().all(|day| day.allowed_height + day.blocked_height == 0));
    }

    #[test]
    fn rare_reasons_go_together_and_nothing_is_lost() {
        let codes: Vec<String> = (10..30).map(|number| format!("code_{number}")).collect();
        let counts: Vec<_> =
            codes.iter().map(|code| count(TODAY, AttemptOutcome::Declined, code, 2)).collect();
        let charts = charts(&counts, TODAY);
        assert_eq!(charts.reasons.len(), 11);
        assert_eq!(charts.reasons.iter().map(|bar| bar.sum.all()).sum::<i64>(), 40);
    }
}
