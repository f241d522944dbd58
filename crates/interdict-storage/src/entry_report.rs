//! Entries that somebody ought to look at: those that end soon, those that have ended, and those that never decided
//! anything. Of one list; without a list there are none.

use interdict_domain::clock::Timestamp;
use interdict_domain::ids::Ksuid;

use crate::entry::{EntryRow, columns, keyset, read_with_hits as read, with_hits};
use crate::entry_list::{EntryFilter, filter};
use crate::error::StorageError;
use crate::sql::params;
use crate::statements::statements;
use crate::view::MerchantView;

statements! {
    ENDING = concat!("SELECT ", columns!(), with_hits!(), " FROM entry WHERE merchant = $1 ", filter!(),
              " AND list = $2 AND (expires_at, id) > ($8, $9) AND expires_at <= $10
              ORDER BY expires_at, id LIMIT $11");
    ENDED = concat!("SELECT ", columns!(), with_hits!(), " FROM entry WHERE merchant = $1 ", filter!(),
              " AND list = $2 AND expires_at <= $8 AND (expires_at, id) < ($9, $10)
              ORDER BY expires_at DESC, id DESC LIMIT $11");
    NEVER_MATCHED = concat!("SELECT ", columns!(), with_hits!(), " FROM entry WHERE merchant = $1 ", filter!(),
              " AND list = $2 AND NOT EXISTS (SELECT 1 FROM entry_hit WHERE entry_hit.entry = entry.id)
              AND (created_at, id) < ($8, $9) ORDER BY created_at DESC, id DESC LIMIT $10");
}

impl MerchantView<'_> {
    /// Entries that end after a moment and not after another, the next one first. With an id, also those of the
    /// first moment that come behind it.
    pub fn entries_ending(
        &self,
        filter: &EntryFilter,
        (after, id): (Timestamp, Option<Ksuid>),
        until: Timestamp,
        limit: i64,
    ) -> Result<Vec<EntryRow>, StorageError> {
        let id = id.map_or([0xff; 20], |id| *id.bytes());
        let (after, until) = (after.micros(), until.micros());
        self.with_entry_filter(filter, |filters| {
            self.connection.query(ENDING, &[filters, params![after, id, until, limit]].concat(), read)
        })
    }

    /// Entries that have ended by a moment, the newest end first.
    pub fn entries_ended(
        &self,
        filter: &EntryFilter,
        by: Timestamp,
        position: Option<(Timestamp, Ksuid)>,
        limit: i64,
    ) -> Result<Vec<EntryRow>, StorageError> {
        let (at, id) = keyset(position);
        self.with_entry_filter(filter, |filters| {
            self.connection.query(ENDED, &[filters, params![by.micros(), at, id, limit]].concat(), read)
        })
    }

    /// Entries that were among no decision's sources, newest first. It passes over those that were.
    pub fn entries_never_matched(
        &self,
        filter: &EntryFilter,
        position: Option<(Timestamp, Ksuid)>,
        limit: i64,
    ) -> Result<Vec<EntryRow>, StorageError> {
        let (at, id) = keyset(position);
        self.with_entry_filter(filter, |filters| {
            self.connection.query(NEVER_MATCHED, &[filters, params![at, id, limit]].concat(), read)
        })
    }
}
