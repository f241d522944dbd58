//! Many entries in one change: a part of an import, and its undo. One commit holds the rows, one change that names
//! them all, what they replaced, and how far the import is.
//!
//! The texts of these entries stand with the entries alone, not in the feed: whoever follows reads them there. One
//! that was changed meanwhile comes with the later texts, and then the change that gave it those follows, too.
//!
//! Deliberately not here: what a row may say (`interdict-app`), and how large a part is.

use std::collections::HashMap;
use std::sync::Arc;

use interdict_domain::change::{Action, Change, EntryFact, Fact, RowsImported, Subject};
use interdict_domain::entry::{Entry, List};
use interdict_domain::identifier::IdentifierKey;
use interdict_domain::ids::{EntryId, ImportId, Ksuid};
use interdict_domain::import::{Import, ImportState};
use interdict_domain::merchant::MerchantNumber;

use crate::entry::{self, columns, read};
use crate::error::StorageError;
use crate::imported_row::{ImportPart, ImportedRow, PartTaken, PlannedRows};
use crate::load;
use crate::person::PersonFilter;
use crate::sql::{Connection, Value, params};
use crate::statements::statements;
use crate::transaction::{Authorship, MerchantTransaction};

/// How many rows are looked up by one statement.
const LOOK_UP: usize = 32;

macro_rules! from_3 {
    () => {
        "($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
          $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34)"
    };
}

statements! {
    SELECT_BY_KEYS = concat!("SELECT ", columns!(), " FROM entry
        WHERE merchant = $1 AND list = $2 AND erased_customer IS NULL AND identifier_key IN ", from_3!());
    // By their ids: `merchant + 0` is in no index, and SQLite's planner would rather go through all of a merchant's list.
    SELECT_BY_IDS = concat!("SELECT ", columns!(), " FROM entry
        WHERE merchant + 0 = $1 AND list = $2 AND id IN ", from_3!());
    SELECT_TEXTS = concat!("SELECT id, reason, public_message FROM entry
        WHERE merchant + 0 = $1 AND list = $2 AND id IN ", from_3!());
    INSERT_BEFORE = "INSERT INTO import_before (revision, entry, import, merchant, identifier_key, body)
                     VALUES ($1, $2, $3, $4, $5, $6)";
    SELECT_BEFORE = "SELECT entry, body FROM import_before WHERE revision = $1 AND import = $2";
    ERASE_BEFORE = "DELETE FROM import_before WHERE merchant = $1 AND identifier_key = $2";
    TRIM_BEFORE = "DELETE FROM import_before WHERE revision > $1 AND revision <= $2";
}

/// What an undo did to a part.
#[derive(Default)]
struct PutBack {
    facts: Vec<Fact>,
    /// How they were until then.
    replaced: Vec<Entry>,
    /// Left alone, because somebody has changed them since: the place in the part, which one, and its line.
    changed: Vec<(i64, EntryId, Option<i64>)>,
}

/// Entries by what one statement can take of their keys or ids. The last one is asked for again where they do not
/// fill it.
fn look_up(
    connection: Connection<'_>,
    sql: &'static str,
    (merchant, list): (MerchantNumber, List),
    wanted: &[&[u8]],
    sink: &mut dyn FnMut(crate::sql::Row<'_>) -> Result<(), StorageError>,
) -> Result<(), StorageError> {
    let of: [&dyn crate::sql::AsValue; 2] = [&merchant.0, &list.as_str()];
    for some in wanted.chunks(LOOK_UP) {
        let mut parameters: Vec<Value<'_>> = of.iter().map(|value| value.as_value()).collect();
        let filler = some.last().copied().unwrap_or_default();
        let padded = some.iter().copied().chain(std::iter::repeat(filler)).take(LOOK_UP);
        parameters.extend(padded.map(Value::Bytes));
        connection.for_each(sql, &parameters, sink)?;
    }
    Ok(())
}

fn entries(
    connection: Connection<'_>,
    sql: &'static str,
    of: (MerchantNumber, List),
    wanted: &[&[u8]],
) -> Result<Vec<Entry>, StorageError> {
    let mut found = Vec::new();
    look_up(connection, sql, of, wanted, &mut |row| {
        found.push(read(row)?);
        Ok(())
    })?;
    Ok(found)
}

impl crate::view::MerchantView<'_> {
    /// The entries that rows speak of, by their keys.
    pub fn entries_of_rows<'r>(
        &self,
        list: List,
        rows: impl Iterator<Item = &'r ImportedRow> + Clone,
    ) -> Result<HashMap<IdentifierKey, Entry>, StorageError> {
        let mut keys: Vec<&[u8]> = rows.clone().flat_map(ImportedRow::keys).map(|key| &key.0[..]).collect();
        keys.sort_unstable();
        keys.dedup();
        let found = entries(self.connection, SELECT_BY_KEYS, (self.merchant, list), &keys)?;
        let mut found: HashMap<IdentifierKey, Entry> =
            found.into_iter().map(|entry| (entry.key, entry)).collect();
        // What an erasure has left under a former pepper.
        for row in rows.filter(|row| !row.former.is_empty()) {
            if let Some(left) = row.former.iter().find_map(|key| found.get(key)).cloned() {
                found.entry(row.key).or_insert(left);
            }
        }
        Ok(found)
    }

    /// Entries of a list by their ids, those that are there.
    pub(crate) fn entries_by_ids<'i>(
        &self,
        list: List,
        ids: impl Iterator<Item = &'i EntryId>,
    ) -> Result<HashMap<EntryId, Entry>, StorageError> {
        let ids: Vec<&[u8]> = ids.map(|id| &id.ksuid_bytes()[..]).collect();
        let found = entries(self.connection, SELECT_BY_IDS, (self.merchant, list), &ids)?;
        Ok(found.into_iter().map(|entry| (entry.id, entry)).collect())
    }
}

impl MerchantTransaction<'_, '_> {
    /// Takes the next part of an import, and says what became of it; nothing when this is not the next part, or the
    /// import does not run any more.
    pub fn put_entries(
        &mut self,
        by: &Authorship<'_>,
        id: ImportId,
        part: &ImportPart,
    ) -> Result<Option<PartTaken>, StorageError> {
        let Some(mut import) = self.view().import(id)? else { return Ok(None) };
        if import.state != ImportState::Running || import.counts.rows != part.behind {
            return Ok(None);
        }
        let (before, planned) = self.write_rows(by, import.list, &part.rows)?;
        let counts = &mut import.counts;
        counts.rows = part.through;
        counts.created += planned.created;
        counts.updated += planned.updated;
        counts.unchanged += planned.unchanged;
        counts.bad += part.bad + i64::try_from(planned.ended.len()).unwrap_or(0);
        if !planned.written.is_empty() {
            let sequence = self.note_part(by, id, part, (&before, &planned))?;
            import.changes = Some((import.changes.map_or(sequence, |(first, _)| first), sequence));
        }
        let PlannedRows { written, ended, .. } = planned;
        self.put_import(&import)?;
        Ok(Some(PartTaken { import, written, ended }))
    }

    /// Writes what rows make of the entries that are there, and says what those were.
    fn write_rows(
        &self,
        by: &Authorship<'_>,
        list: List,
        rows: &[ImportedRow],
    ) -> Result<(HashMap<IdentifierKey, Entry>, PlannedRows), StorageError> {
        let first_id = Ksuid::generate(by.now, by.random);
        let plan = |before: &HashMap<_, _>| PlannedRows::of(rows, before, (list, first_id), by);
        let Some(mut unlisted) = self.unlisted()? else {
            let before = self.view().entries_of_rows(list, rows.iter())?;
            let planned = plan(&before);
            for entry in &planned.after {
                self.write_entry(entry)?;
            }
            return Ok((before, planned));
        };
        // Most rows are new: only those are looked up that the engine does not take as such, and those that an erasure
        // may have left something of under a former pepper, or that would do nothing if they were new.
        let is_special = |row: &&ImportedRow| !row.former.is_empty() || row.window.has_ended(by.merchant_now);
        let mut before = self.view().entries_of_rows(list, rows.iter().filter(is_special))?;
        let planned = plan(&before);
        let new: Vec<&Entry> =
            planned.after.iter().filter(|entry| !before.contains_key(&entry.key)).collect();
        let doubtful = unlisted.insert(&new)?;
        let planned = if doubtful.is_empty() {
            planned
        } else {
            let is_doubtful = |row: &&ImportedRow| doubtful.contains(&row.key);
            let found = self.view().entries_of_rows(list, rows.iter().filter(is_doubtful))?;
            // Among them are some that were new.
            let is_own = |entry: &Entry| planned.entry(entry.key).is_some_and(|own| own.id == entry.id);
            before.extend(found.into_iter().filter(|(_, entry)| !is_own(entry)));
            plan(&before)
        };
        for entry in planned.after.iter().filter(|entry| before.contains_key(&entry.key)) {
            self.write_entry(entry)?;
        }
        Ok((before, planned))
    }

    /// The change that names what a part has written.
    fn note_part(
        &mut self,
        by: &Authorship<'_>,
        id: ImportId,
        part: &ImportPart,
        (before, planned): (&HashMap<IdentifierKey, Entry>, &PlannedRows),
    ) -> Result<i64, StorageError> {
        let mut facts = Vec::with_capacity(planned.after.len() + 1);
        for entry in &planned.after {
            self.transaction.deltas.entry(self.merchant, before.get(&entry.key), Some(entry));
            facts.push(load::entry_fact(self.merchant, entry));
        }
        let has_texts = facts.iter().any(has_text);
        let rows = [part.rows.first(), part.rows.last()].map(|row| row.map_or(0, |row| row.line));
        facts.push(Fact::RowsImported(RowsImported {
            rows,
            digest: part.digest.clone(),
            has_texts,
            lines: RowsImported::runs(rows, &planned.lines),
        }));
        let sequence = self.append(by, Action::EntriesImported, Subject::Import(id), facts, None)?;
        let replaced = before.iter().filter(|(key, _)| planned.entry(**key).is_some());
        self.keep_before(sequence, id, replaced.map(|(_, replaced)| replaced))?;
        Ok(sequence)
    }

    /// Keeps what a change has replaced or taken away, for as long as the change is kept.
    fn keep_before<'e>(
        &self,
        sequence: i64,
        id: ImportId,
        replaced: impl IntoIterator<Item = &'e Entry>,
    ) -> Result<(), StorageError> {
        for entry in replaced {
            let body = serde_json::to_string(entry)?;
            let (entry_id, import) = (*entry.id.ksuid().bytes(), *id.ksuid().bytes());
            self.transaction.connection.execute(
                INSERT_BEFORE,
                params![sequence, entry_id, import, self.merchant.0, entry.key.0, body],
            )?;
        }
        Ok(())
    }

    /// Undoes the newest part of an import that was not undone yet, notes which entries somebody has changed since, and
    /// says how many they all were; nothing when there was none, as while it has not ended.
    pub fn undo_part(&mut self, by: &Authorship<'_>, id: ImportId) -> Result<Option<usize>, StorageError> {
        let Some(mut import) = self.view().import(id)? else { return Ok(None) };
        if import.finished_at.is_none() || import.state == ImportState::Undone {
            return Ok(None);
        }
        let behind_all = import.changes.map_or(0, |(_, last)| last + 1);
        let end = import.undone_from.unwrap_or(behind_all);
        let part = self.view().history(Subject::Import(id), end, 1)?.pop();
        let Some(change) = part.map(|item| item.change) else {
            import.state = ImportState::Undone;
            self.put_import(&import)?;
            return Ok(None);
        };
        let PutBack { facts, replaced, changed } = self.put_back(&mut import, &change)?;
        let rows = replaced.len() + changed.len();
        // The mark of a part alone says nothing.
        if facts.len() > 1 {
            let sequence = self.append(by, Action::EntriesImportUndone, Subject::Import(id), facts, None)?;
            self.keep_before(sequence, id, &replaced)?;
        }
        self.leave(id, change.sequence, &changed)?;
        import.undone_from = Some(change.sequence);
        self.put_import(&import)?;
        Ok(Some(rows))
    }

    /// Puts back what a change has replaced, where that is still as the change left it.
    fn put_back(&mut self, import: &mut Import, change: &Change) -> Result<PutBack, StorageError> {
        let connection = self.transaction.connection;
        let before: HashMap<[u8; 20], String> = connection
            .query(SELECT_BEFORE, params![change.sequence, import.id.ksuid().bytes()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?
            .into_iter()
            .collect();
        let puts: Vec<&EntryFact> = change.facts.iter().filter_map(put_of).collect();
        let now = self.view().entries_by_ids(import.list, puts.iter().map(|fact| &fact.id))?;
        let mut done = PutBack { facts: Vec::with_capacity(puts.len() + 1), ..PutBack::default() };
        let standing = PersonFilter { is_standing: true, having: Vec::new() };
        let has_persons = !self.view().persons(&standing, None, 1)?.is_empty();
        let mark = change.facts.iter().find_map(|fact| match fact {
            Fact::RowsImported(mark) => Some(mark),
            _ => None,
        });
        let lines = mark.into_iter().flat_map(|mark| mark.lines(puts.len())).chain(std::iter::repeat(None));
        for ((place, fact), line) in (0..).zip(&puts).zip(lines) {
            // Somebody who was blocked with it would be let go without a word.
            let is_a_persons = has_persons && self.view().holder_of_entry(fact.id)?.is_some();
            let left = now.get(&fact.id).filter(|entry| !is_a_persons && is_as_left(entry, fact, change));
            let Some(entry) = left else {
                import.undo.changed_since += 1;
                done.changed.push((place, fact.id, line));
                continue;
            };
            done.replaced.push(entry.clone());
            if let Some(body) = before.get(fact.id.ksuid_bytes()) {
                // It may have been kept before a rotation.
                let restored: Entry = serde_json::from_str(body)?;
                let restored = entry::anew(&restored, self.pepper(), self.merchant);
                self.write_entry(&restored)?;
                done.facts.push(load::entry_fact(self.merchant, &restored));
                import.undo.restored += 1;
            } else {
                self.remove_entry_row(entry)?;
                done.facts.push(Fact::EntryRemoved { id: entry.id, key: entry.key });
                import.undo.deleted += 1;
            }
        }
        let has_texts = done.facts.iter().any(has_text);
        // Its lines are those of the part's entries, not of these.
        let mark = mark.map(|mark| RowsImported { has_texts, lines: Vec::new(), ..mark.clone() });
        done.facts.extend(mark.map(Fact::RowsImported));
        Ok(done)
    }
}

/// Whether nobody has changed an entry since. Times are compared as a change writes them, in milliseconds; what an
/// undo has put back keeps the time that it had.
fn is_as_left(entry: &Entry, fact: &EntryFact, change: &Change) -> bool {
    entry.value.is_some()
        && entry.updated_at.whole_millis() == change.at.whole_millis()
        && (entry.scopes, entry.strength, entry.window) == (fact.scopes, fact.strength, fact.window)
        && entry.limits.max_amount == fact.max_amount
}

fn put_of(fact: &Fact) -> Option<&EntryFact> {
    if let Fact::EntryPut(fact) = fact { Some(fact) } else { None }
}

fn has_text(fact: &Fact) -> bool {
    put_of(fact).is_some_and(|fact| fact.reason.is_some() || fact.public_message.is_some())
}

/// Gives the facts of such changes the texts that stand with the entries.
pub(crate) fn add_texts(connection: Connection<'_>, changes: &mut [Change]) -> Result<(), StorageError> {
    for change in changes {
        let has_texts =
            |fact: &Fact| matches!(fact, Fact::RowsImported(RowsImported { has_texts: true, .. }));
        if !change.facts.iter().any(has_texts) {
            continue;
        }
        let ids: Vec<EntryId> = change.facts.iter().filter_map(put_of).map(|fact| fact.id).collect();
        let Some(list) = ids.first().map(EntryId::list) else { continue };
        let bytes: Vec<&[u8]> = ids.iter().map(|id| &id.ksuid_bytes()[..]).collect();
        let mut texts = HashMap::new();
        look_up(connection, SELECT_TEXTS, (change.merchant, list), &bytes, &mut |row| {
            let text = |index: usize| Ok::<_, StorageError>(row.optional_text(index)?.map(Arc::<str>::from));
            texts.insert(Ksuid::from_bytes(row.get(0)?), (text(1)?, text(2)?));
            Ok(())
        })?;
        for fact in &mut change.facts {
            if let Fact::EntryPut(fact) = fact
                && let Some((reason, public_message)) = texts.remove(&fact.id.ksuid())
            {
                (fact.reason, fact.public_message) = (reason, public_message);
            }
        }
    }
    Ok(())
}

/// Forgets what imports have replaced of an identifier.
pub(crate) fn erase_identifier(
    connection: Connection<'_>,
    merchant: MerchantNumber,
    key: IdentifierKey,
) -> Result<(), StorageError> {
    connection.execute(ERASE_BEFORE, params![merchant.0, key.0])
}

/// Forgets what changes have replaced that are trimmed.
pub(crate) fn trim(connection: Connection<'_>, behind: i64, through: i64) -> Result<(), StorageError> {
    connection.execute(TRIM_BEFORE, params![behind, through])
}
