//! The thread that writes the log. It works a tenth of the time at most, so that a storm of blocks does not take the
//! processor from those who decide. Somebody who waits for a decision to be written is not made to wait for its rest: then
//! it works half of the time at most.

use std::time::Duration;

use interdict_domain::clock::Clock;
use interdict_domain::identifier::Pepper;
use tokio::time::Instant;

use super::log::DecisionLog;
use super::queue::Rest;
use super::record::Record;
use crate::app::put_off;

/// It rests so many times as long as it worked.
const REST: u32 = 9;
/// It rests at least so long when something went wrong: what failed now would fail again.
const REST_AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How often it looks when nothing is to be done: only what an erasure has left waits for it.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) fn run(log: &DecisionLog, pepper: &Pepper, clock: &dyn Clock) {
    let mut rest = Rest::default();
    let mut patience = PATIENCE;
    loop {
        let work = log.queue.next(rest, patience);
        let begun = Instant::now();
        let count = work.records.len();
        let is_well = write(log, pepper, &work.records);
        log.queue.settle(count);
        if !is_well && work.is_stopping {
            log.fail(drop_all(log));
        }
        if work.is_stopping {
            if log.queue.len() == 0 {
                return;
            }
            continue;
        }
        if work.is_chore_due {
            trim(log, clock);
        }
        patience = if log.store.tend() { Duration::ZERO } else { PATIENCE };
        let worked = begun.elapsed();
        rest = Rest { least: worked, usual: worked.saturating_mul(REST) };
        if !is_well {
            rest.usual = rest.usual.max(REST_AFTER_FAILURE);
        }
    }
}

/// Writes all of it or nothing; false when it failed.
fn write(log: &DecisionLog, pepper: &Pepper, records: &[Record]) -> bool {
    if records.is_empty() {
        return true;
    }
    let count = records.len();
    let rows: Result<Vec<_>, _> = records.iter().map(|record| record.to_row(pepper)).collect();
    match rows.and_then(|rows| log.store.append(&rows)) {
        Ok(()) => {
            log.count_written(count);
            true
        }
        Err(error) => {
            log.fail(count);
            put_off(&error, error.is_away(), "decisions could not be written, and are lost to the log");
            false
        }
    }
}

/// Nothing more is tried at the end where one try has failed.
fn drop_all(log: &DecisionLog) -> usize {
    let mut dropped = 0;
    loop {
        let count = log.queue.next(Rest::default(), Duration::ZERO).records.len();
        if count == 0 {
            return dropped;
        }
        log.queue.settle(count);
        dropped += count;
    }
}

/// Deletes some of what is too old, and comes back for the rest.
fn trim(log: &DecisionLog, clock: &dyn Clock) {
    let now = clock.now();
    let seconds = i64::try_from(log.retention.as_secs()).unwrap_or(i64::MAX);
    // Nothing is kept where the retention is zero, not even of this second.
    let before = if log.is_on() { now.plus_seconds(-seconds) } else { now.plus_seconds(3_600) };
    match log.store.trim(before, now) {
        Ok(true) => log.queue.remind(),
        Ok(false) => {}
        Err(error) => {
            put_off(&error, error.is_away(), "old decisions are kept for now");
        }
    }
}
