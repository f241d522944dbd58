//! Entries that somebody ought to look at: those that end soon, and those that never decided anything.

use interdict_domain::clock::Timestamp;
use interdict_domain::entry::List;
use interdict_domain::ids::Ksuid;

use crate::entry::{EntryRow, columns, keyset, read_with_hits as read, with_hits};
use crate::error::StorageError;
use crate::sql::params;
use crate::statements::statements;
use crate::view::MerchantView;

statements! {
    ENDING = concat!("SELECT ", columns!(), with_hits!(), " FROM entry WHERE merchant = $1 AND list = $2
              AND (expires_at, id) > ($3, $4) AND expires_at <= $5 ORDER BY expires_at, id LIMIT $6");
    NEVER_MATCHED = concat!("SELECT ", columns!(), with_hits!(), " FROM entry WHERE merchant = $1 AND list = $2
              AND NOT EXISTS (SELECT 1 FROM entry_hit WHERE entry_hit.entry = entry.id)
              AND (created_at, id) < ($3, $4) ORDER BY created_at DESC, id DESC LIMIT $5");
}

impl MerchantView<'_> {
    /// Entries on a list that end after a moment and not after another, the next one first. With an id, also
    /// those of the first moment that come behind it.
    pub fn entries_ending(
        &self,
        list: List,
        (after, id): (Timestamp, Option<Ksuid>),
        until: Timestamp,
        limit: i64,
    ) -> Result<Vec<EntryRow>, StorageError> {
        let id = id.map_or([0xff; 20], |id| *id.bytes());
        let (list, after, until) = (list.as_str(), after.micros(), until.micros());
        self.connection.query(ENDING, params![self.merchant.0, list, after, id, until, limit], read)
    }

    /// Entries on a list that were among no decision's sources, newest first. It passes over those that were.
    pub fn entries_never_matched(
        &self,
        list: List,
        position: Option<(Timestamp, Ksuid)>,
        limit: i64,
    ) -> Result<Vec<EntryRow>, StorageError> {
        let (at, id) = keyset(position);
        let list = list.as_str();
        self.connection.query(NEVER_MATCHED, params![self.merchant.0, list, at, id, limit], read)
    }
}
