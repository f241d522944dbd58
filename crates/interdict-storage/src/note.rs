//! The note log of an identifier on the lists: what people wrote, who and when. It belongs to the identifier, so that it
//! outlives an entry, and goes with the person when somebody is erased.

use interdict_domain::actor::{Actor, ActorType};
use interdict_domain::change::{Action, Subject};
use interdict_domain::clock::Timestamp;
use interdict_domain::entry::Entry;
use interdict_domain::identifier::{IdentifierKey, Pepper};
use interdict_domain::ids::{Ksuid, NoteId};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::text::Reason;

use crate::entry::keyset;
use crate::error::StorageError;
use crate::sql::{Connection, Row, params};
use crate::statements::statements;
use crate::transaction::{Authorship, MerchantTransaction};
use crate::view::MerchantView;

statements! {
    INSERT = "INSERT INTO note (id, merchant, identifier_key, at, actor_type, actor_id, text)
              VALUES ($1, $2, $3, $4, $5, $6, $7)";
    SELECT = "SELECT id, at, actor_type, actor_id, text FROM note
              WHERE merchant = $1 AND identifier_key = $2 AND (at, id) < ($3, $4) ORDER BY at DESC, id DESC LIMIT $5";
    ERASE = "DELETE FROM note WHERE merchant = $1 AND identifier_key = $2";
}

/// A note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its id.
    pub id: NoteId,
    /// When it was written.
    pub at: Timestamp,
    /// Who wrote it.
    pub by: Actor,
    /// What it says.
    pub text: Reason,
}

fn read(row: Row<'_>) -> Result<Note, StorageError> {
    Ok(Note {
        id: NoteId::from_ksuid(Ksuid::from_bytes(row.get(0)?)),
        at: Timestamp::from_micros(row.get(1)?),
        by: Actor {
            kind: ActorType::parse(row.text(2)?).ok_or(StorageError::Corrupt("actor"))?,
            id: row.get(3)?,
        },
        text: Reason::from_stored(row.get::<String>(4)?),
    })
}

/// Forgets what was noted of somebody's identifier.
pub(crate) fn erase_identifier(
    connection: Connection<'_>,
    merchant: MerchantNumber,
    key: IdentifierKey,
) -> Result<(), StorageError> {
    connection.execute(ERASE, params![merchant.0, key.0])
}

impl MerchantView<'_> {
    /// A page of what was noted of an identifier, by its keys ([`Self::keys_of_entry`]), newest first.
    pub fn notes(
        &self,
        keys: &[IdentifierKey],
        position: Option<(Timestamp, Ksuid)>,
        limit: i64,
    ) -> Result<Vec<Note>, StorageError> {
        let (at, id) = keyset(position);
        let mut found = Vec::new();
        for key in keys {
            let of = params![self.merchant.0, key.0, at, id, limit];
            found.extend(self.connection.query(SELECT, of, read)?);
        }
        if keys.len() > 1 {
            found.sort_unstable_by_key(|note| std::cmp::Reverse((note.at, note.id)));
            found.truncate(usize::try_from(limit).unwrap_or(0));
        }
        Ok(found)
    }

    /// Where something about an entry's identifier is found: under the former peppers, too, as long as the entry says
    /// what it is.
    pub fn keys_of_entry(&self, entry: &Entry) -> Vec<IdentifierKey> {
        let Some(value) = &entry.value else { return vec![entry.key] };
        let key = |pepper: &Pepper| pepper.matched_key(self.merchant, entry.kind, entry.matching, value);
        self.pepper.all().map(key).collect()
    }
}

impl MerchantTransaction<'_, '_> {
    /// Writes a note, and the change that says so without its text.
    pub fn put_note(
        &mut self,
        by: &Authorship<'_>,
        entry: &Entry,
        text: Reason,
    ) -> Result<Note, StorageError> {
        let note = Note { id: NoteId::generate(by.now, by.random), at: by.now, by: by.actor.clone(), text };
        self.transaction.connection.execute(
            INSERT,
            params![
                *note.id.ksuid().bytes(),
                self.merchant.0,
                entry.key.0,
                note.at.micros(),
                note.by.kind.as_str(),
                note.by.id,
                note.text.as_str(),
            ],
        )?;
        self.append(by, Action::EntryNoted, Subject::Entry(entry.id), Vec::new(), None)?;
        Ok(note)
    }
}
