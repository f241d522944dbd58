//! Trimming: the oldest changes go, because the tables hold what came of them. The anchor says where the feed begins
//! since; each trimming is a change itself, so that nobody cuts a beginning off without a trace.
//!
//! Deliberately not here: how old is old, and when it is looked (`interdict-app`).

use interdict_domain::change::{Action, Subject};
use interdict_domain::clock::Timestamp;
use interdict_domain::merchant::MerchantNumber;

use crate::chain::{self, GENESIS, Hash};
use crate::departure;
use crate::entry_import;
use crate::error::StorageError;
use crate::former::FormerIdentifiers;
use crate::import_part;
use crate::meta;
use crate::sql::{Connection, params};
use crate::statements::statements;
use crate::transaction::{Authorship, NewChange, Transaction};
use crate::view::{MerchantView, View};

statements! {
    SELECT_ANCHOR = "SELECT sequence, hash FROM anchor WHERE id = 1";
    PUT_ANCHOR = "INSERT INTO anchor (id, sequence, hash) VALUES (1, $1, $2)
                  ON CONFLICT (id) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash";
    DELETE_CHANGES = "DELETE FROM change WHERE sequence > $1 AND sequence <= $2";
    DELETE_PERSONAL = "DELETE FROM personal WHERE sequence > $1 AND sequence <= $2";
}

/// Whose the record of a trimming is: nobody's, so that no merchant meets it in a feed.
const NOBODY: MerchantNumber = MerchantNumber(0);
/// Changes that stay however old they are: who follows looks for the one that was applied last, and may lag.
const KEPT: i64 = 1_000;
/// Fewer changes than these are not worth a record of their own: otherwise a store in which nothing happens would
/// trade one old change for one new record, for ever.
const LEAST: i64 = 100;
/// Changes in one transaction: those who write wait meanwhile.
const MOST: i64 = 1_000;

/// Bytes of facts in one transaction, about: those of imports are heavy.
const WEIGHT_MAX: usize = 8 << 20;

/// The newest change that was trimmed, and its hash: the chain goes on behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Anchor {
    pub(crate) sequence: i64,
    pub(crate) hash: Hash,
}

impl Anchor {
    /// Of a feed that has all of its changes.
    const NONE: Self = Self { sequence: 0, hash: GENESIS };

    pub(crate) fn read(connection: Connection<'_>) -> Result<Self, StorageError> {
        let found = connection.query_optional(SELECT_ANCHOR, &[], |row| {
            Ok(Self { sequence: row.get(0)?, hash: row.get(1)? })
        })?;
        Ok(found.unwrap_or(Self::NONE))
    }
}

/// What is to be trimmed.
#[derive(Clone, Copy, Debug)]
pub struct Trimming {
    /// Changes of before this moment go, the oldest first, up to the first one that is younger.
    pub before: Timestamp,
    /// So many of the newest stay, however old they are.
    pub kept: i64,
    /// Fewer than these wait for another time.
    pub least: i64,
    /// More than these wait for another transaction.
    pub most: i64,
}

impl Trimming {
    /// What is older than a moment, in steps that hold nobody up.
    pub fn before(before: Timestamp) -> Self {
        Self { before, kept: KEPT, least: LEAST, most: MOST }
    }
}

/// What one transaction has trimmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trimmed {
    /// So many changes.
    pub changes: i64,
    /// Everything up to this one is gone.
    pub through: i64,
}

impl Transaction<'_> {
    /// Trims some of what is to be trimmed; nothing when there is nothing more. What is not sound is not trimmed:
    /// with it the proof would go.
    pub fn trim_feed(
        &mut self,
        by: &Authorship<'_>,
        what: &Trimming,
    ) -> Result<Option<Trimmed>, StorageError> {
        let (connection, pepper) = (self.connection, self.pepper);
        // Here, so that of two who trim at once the second goes on where the first has ended.
        let anchor = Anchor::read(connection)?;
        let worth_it = anchor.sequence.saturating_add(what.least.max(1));
        let last = anchor.sequence.saturating_add(what.most).min(self.revision().saturating_sub(what.kept));
        if last < worth_it {
            return Ok(None);
        }
        let (mut former, mut weight, mut has_lists) = (FormerIdentifiers::default(), 0, false);
        let reached = chain::verify_part(connection, anchor, last, &mut |row| {
            let is_wanted = row.get::<i64>(1)? < what.before.micros() && weight < WEIGHT_MAX;
            if is_wanted {
                weight += row.text(7)?.len();
                let subject = row.text(6)?;
                // The core has none of the tables that go with these.
                has_lists |= matches!(
                    Subject::parse(subject),
                    Some(Subject::Customer(_) | Subject::Entry(_) | Subject::Import(_))
                );
                former.read(subject, row.optional_text(11)?, pepper)?;
            }
            Ok(is_wanted)
        })?;
        if reached.sequence < worth_it && weight < WEIGHT_MAX {
            return Ok(None);
        }
        former.keep(connection)?;
        connection.execute(DELETE_CHANGES, params![anchor.sequence, reached.sequence])?;
        connection.execute(DELETE_PERSONAL, params![anchor.sequence, reached.sequence])?;
        if has_lists {
            departure::trim(connection, anchor.sequence, reached.sequence)?;
            entry_import::trim(connection, anchor.sequence, reached.sequence)?;
            import_part::trim(connection, anchor.sequence, reached.sequence)?;
        }
        connection.execute(PUT_ANCHOR, params![reached.sequence, reached.hash])?;
        self.append(NewChange {
            merchant: NOBODY,
            action: Action::FeedTrimmed,
            subject: Subject::Feed(reached.sequence),
            facts: Vec::new(),
            personal: None,
            by,
        })?;
        Ok(Some(Trimmed { changes: reached.sequence - anchor.sequence, through: reached.sequence }))
    }
}

impl View<'_> {
    /// The newest change that was trimmed; 0 when none was.
    pub fn trimmed_through(&self) -> Result<i64, StorageError> {
        Ok(Anchor::read(self.connection)?.sequence)
    }

    /// The change behind which keys are those of now: the newest rotation of the pepper; 0 where there was none.
    pub fn rotated_through(&self) -> Result<i64, StorageError> {
        meta::rotated_through(self.connection)
    }
}

impl MerchantView<'_> {
    /// The newest change that was trimmed, whosever it was; 0 when none was.
    pub fn trimmed_through(&self) -> Result<i64, StorageError> {
        Ok(Anchor::read(self.connection)?.sequence)
    }
}
