//! The feed as people look through it: newest first, by who, what, about what, and when.
//!
//! Each of the first three has an index that ends in the sequence. What several of them want is what stands in all of
//! their indexes: each says where it goes on at or below the others' place, so that what is rare leads and what is
//! frequent is skipped. Times are found as sequences, because a feed is
//! in commit order; in a short one each is looked at.
//!
//! Deliberately not here: one subject's whole history ([`crate::feed`]), and the proof that nobody altered anything
//! ([`crate::chain`]).

use std::collections::VecDeque;

use interdict_domain::change::Action;
use interdict_domain::clock::Timestamp;

use crate::error::StorageError;
use crate::feed::{HistoryItem, item_columns, read_item};
use crate::sql::{Connection, params};
use crate::statements::statements;
use crate::view::MerchantView;

statements! {
    BY_ACTOR = "SELECT sequence FROM change WHERE merchant = $1 AND actor_id = $2
                AND sequence <= $3 AND sequence >= $4 ORDER BY sequence DESC LIMIT $5";
    BY_ACTION = "SELECT sequence FROM change WHERE merchant = $1 AND action = $2
                AND sequence <= $3 AND sequence >= $4 ORDER BY sequence DESC LIMIT $5";
    BY_SUBJECT = "SELECT sequence FROM change WHERE merchant = $1 AND subject = $2
                AND sequence <= $3 AND sequence >= $4 ORDER BY sequence DESC LIMIT $5";
    ONE = concat!("SELECT ", item_columns!(), " FROM change c WHERE c.sequence = $1 AND c.merchant = $2");
    BETWEEN = concat!("SELECT ", item_columns!(), " FROM change c
                WHERE c.sequence <= $1 AND c.sequence >= $2 AND c.merchant = $3
                AND c.at >= $4 AND c.at < $5 ORDER BY c.sequence DESC LIMIT $6");
    FROM = "SELECT at FROM change WHERE sequence >= $1 ORDER BY sequence LIMIT 1";
}

/// Numbers that are read from an index at once, and how often for a page at most.
const READ_AT_ONCE: i64 = 64;
const READS_MAX: usize = 100;
/// A feed that is not longer is looked through for times, whatever their order: a clock may have been wrong at first, and
/// the demonstration makes up its past.
const LOOKED_THROUGH: i64 = 2_000;

/// Which changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeFilter {
    /// Made by whom: an actor's id.
    pub actor: Option<String>,
    /// What was done.
    pub action: Option<Action>,
    /// About what, as [`interdict_domain::change::Subject`] writes it.
    pub subject: Option<String>,
    /// Made then or later, as far as the nodes' clocks agree.
    pub from: Option<Timestamp>,
    /// Made before then.
    pub until: Option<Timestamp>,
}

impl ChangeFilter {
    fn is_in_time(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.until.is_none_or(|until| at < until)
    }
}

/// A page of changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Newest first.
    pub items: Vec<HistoryItem>,
    /// Before which sequence to go on; nothing at the end. A page may be short, and even empty, and have another one behind
    /// it: so much is looked at and not more.
    pub next: Option<i64>,
}

/// What one filter lets through, newest first: sequences out of an index.
struct Numbers<'f> {
    sql: &'static str,
    value: &'f str,
    read: VecDeque<i64>,
}

impl Numbers<'_> {
    /// The newest one at or below a sequence and not below another.
    fn at_most(
        &mut self,
        (connection, merchant): (Connection<'_>, i64),
        (most, least): (i64, i64),
        reads: &mut usize,
    ) -> Result<Option<i64>, StorageError> {
        while self.read.front().is_some_and(|sequence| *sequence > most) {
            self.read.pop_front();
        }
        if self.read.is_empty() {
            *reads += 1;
            let parameters = params![merchant, self.value, most, least, READ_AT_ONCE];
            self.read.extend(connection.query(self.sql, parameters, |row| row.get::<i64>(0))?);
        }
        Ok(self.read.front().copied())
    }
}

impl MerchantView<'_> {
    /// The merchant's changes that a filter lets through, before a sequence: so many at most.
    pub fn changes_like(
        &self,
        filter: &ChangeFilter,
        before: i64,
        limit: usize,
    ) -> Result<Changes, StorageError> {
        let (most, least) = self.range(filter, before)?;
        let action = filter.action.map(Action::as_str);
        let by = [
            (BY_SUBJECT, filter.subject.as_deref()),
            (BY_ACTOR, filter.actor.as_deref()),
            (BY_ACTION, action),
        ];
        let by = by.into_iter().filter_map(|(sql, value)| Some((sql, value?)));
        let mut numbers: Vec<_> =
            by.map(|(sql, value)| Numbers { sql, value, read: VecDeque::new() }).collect();
        if numbers.is_empty() {
            return self.changes_between(filter, (most, least), limit);
        }
        let (mut items, mut reads, mut next) = (Vec::new(), 0, Some(most.saturating_add(1)));
        while let Some(before) = next.filter(|_| items.len() < limit && reads < READS_MAX) {
            let wanted = limit - items.len();
            let range = (before.saturating_sub(1), least);
            let found;
            (found, next) = self.in_all(&mut numbers, range, wanted, &mut reads)?;
            for sequence in found {
                items.extend(self.change(sequence)?.filter(|item| filter.is_in_time(item.change.at)));
            }
        }
        Ok(Changes { items, next })
    }

    /// The sequences among which the changes of a filter's days are: all of a short feed, in which each is looked at.
    fn range(&self, filter: &ChangeFilter, before: i64) -> Result<(i64, i64), StorageError> {
        let last = before.saturating_sub(1);
        if (filter.from, filter.until) == (None, None) || self.revision()? <= LOOKED_THROUGH {
            return Ok((last, i64::MIN));
        }
        let most = match filter.until {
            Some(until) => last.min(self.first_at(until)?.saturating_sub(1)),
            None => last,
        };
        Ok((most, filter.from.map_or(Ok(i64::MIN), |from| self.first_at(from))?))
    }

    fn changes_between(
        &self,
        filter: &ChangeFilter,
        (most, least): (i64, i64),
        limit: usize,
    ) -> Result<Changes, StorageError> {
        let rows = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let from = filter.from.map_or(i64::MIN, Timestamp::micros);
        let until = filter.until.map_or(i64::MAX, Timestamp::micros);
        let parameters = params![most, least, self.merchant.0, from, until, rows];
        let mut items = self.connection.query(BETWEEN, parameters, |row| read_item(row, self.pepper))?;
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().map(|item| item.change.sequence).filter(|_| has_more);
        Ok(Changes { items, next })
    }

    /// What stands in all of some indexes, and before which sequence to go on.
    fn in_all(
        &self,
        all: &mut [Numbers<'_>],
        (mut most, least): (i64, i64),
        limit: usize,
        reads: &mut usize,
    ) -> Result<(Vec<i64>, Option<i64>), StorageError> {
        let at = (self.connection, self.merchant.0);
        let mut found = Vec::new();
        'next: while most >= least {
            if found.len() >= limit || *reads >= READS_MAX {
                return Ok((found, Some(most.saturating_add(1))));
            }
            for numbers in &mut *all {
                match numbers.at_most(at, (most, least), reads)? {
                    None => return Ok((found, None)),
                    Some(sequence) if sequence < most => {
                        most = sequence;
                        continue 'next;
                    }
                    Some(_) => {}
                }
            }
            found.push(most);
            most -= 1;
        }
        Ok((found, None))
    }

    /// The first sequence of a change that was made at a moment or later; the next one to come when there is none.
    fn first_at(&self, moment: Timestamp) -> Result<i64, StorageError> {
        let (mut low, mut high) = (1, self.revision()?.saturating_add(1));
        while low < high {
            let middle = low + (high - low) / 2;
            match self.made_at(middle)? {
                Some(at) if at < moment => low = middle + 1,
                _ => high = middle,
            }
        }
        Ok(low)
    }

    pub(crate) fn change(&self, sequence: i64) -> Result<Option<HistoryItem>, StorageError> {
        let parameters = params![sequence, self.merchant.0];
        self.connection.query_optional(ONE, parameters, |row| read_item(row, self.pepper))
    }

    /// When a change was made; of the next one that there is where it was trimmed.
    fn made_at(&self, sequence: i64) -> Result<Option<Timestamp>, StorageError> {
        self.connection.query_optional(FROM, params![sequence], |row| Ok(Timestamp::from_micros(row.get(0)?)))
    }
}
