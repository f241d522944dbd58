//! Search by a part, on SQLite: an FTS5 index of the texts by each three letters that stand together in them.
//!
//! It is derived state. Commits do not write it (that would cost them more than the row itself): a chore follows
//! the feed behind them, as the index in memory does, and whoever searches adds what the chore has not reached
//! yet. Only what takes a text away for good, an erasure or a deletion, does so in its own commit.

use std::collections::HashSet;

use interdict_domain::change::Fact;
use interdict_domain::merchant::MerchantNumber;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use crate::error::StorageError;
use crate::facts;
use crate::search::{Found, Searched};

/// Groups of three letters that are asked for: more make a search no rarer.
const GROUPS_MAX: usize = 12;
/// Rows or changes that the chore takes in one transaction.
const CHUNK: i64 = 256;
/// Rows that the chore has not reached and that a search looks at besides.
const TAIL_MAX: usize = 20_000;

/// The last change that the chore has seen, and where the filling of what was there before it stands:
/// no longer there once it is done. A mark behind which changes were trimmed away is none: all is filled in anew.
const SELECT_MARK: &str = "SELECT value FROM meta WHERE name = 'search_mark'
                           AND CAST(value AS INTEGER) >= COALESCE((SELECT sequence FROM anchor WHERE id = 1), 0)";
const SELECT_FILLING: &str = "SELECT value FROM meta WHERE name = 'search_filling'";
const PUT_META: &str = "INSERT INTO meta (name, value) VALUES (?1, ?2)
                        ON CONFLICT (name) DO UPDATE SET value = excluded.value";
const DELETE_FILLING: &str = "DELETE FROM meta WHERE name = 'search_filling'";
const SELECT_HEAD: &str = "SELECT sequence FROM head WHERE id = 1";
/// The plus keeps the planner from the index of all of a merchant's changes.
const SELECT_TAIL: &str = "SELECT facts FROM change WHERE sequence > ?1 AND +merchant = ?2";
const SELECT_CHANGES: &str =
    "SELECT sequence, facts FROM change WHERE sequence > ?1 ORDER BY sequence LIMIT ?2";

/// The statements on one of the two.
struct Texts {
    select_found: &'static str,
    select_created: &'static str,
    /// The text as it is searched; nothing when there is none.
    select_text: &'static str,
    select_old: &'static str,
    forget_text: &'static str,
    forget_row: &'static str,
    put_row: &'static str,
    put_text: &'static str,
    next_ids: &'static str,
}

macro_rules! texts {
    ($of:literal, $text:literal) => {
        Texts {
            select_found: concat!(
                "SELECT r.created_at, r.id FROM search_",
                $of,
                " s JOIN search_",
                $of,
                "_row r ON r.row = s.rowid WHERE s.search_",
                $of,
                " MATCH ?1 AND r.merchant = ?2 LIMIT ?3"
            ),
            select_created: concat!("SELECT created_at, id FROM ", $of, " WHERE id = ?1 AND merchant = ?2"),
            select_text: concat!("SELECT merchant, created_at, ", $text, " FROM ", $of, " WHERE id = ?1"),
            select_old: concat!("SELECT row, text FROM search_", $of, "_row WHERE id = ?1"),
            forget_text: concat!(
                "INSERT INTO search_",
                $of,
                " (search_",
                $of,
                ", rowid, text) VALUES ('delete', ?1, ?2)"
            ),
            forget_row: concat!("DELETE FROM search_", $of, "_row WHERE row = ?1"),
            put_row: concat!(
                "INSERT INTO search_",
                $of,
                "_row (merchant, id, created_at, text) VALUES (?1, ?2, ?3, ?4)"
            ),
            put_text: concat!("INSERT INTO search_", $of, " (rowid, text) VALUES (?1, ?2)"),
            next_ids: concat!("SELECT id FROM ", $of, " WHERE id > ?1 ORDER BY id LIMIT ?2"),
        }
    };
}

// Between two parts a line break, so that no three letters span them that no search could mean.
static CUSTOMERS: Texts = texts!("customer", "search || COALESCE(char(10) || phone, '')");
static ENTRIES: Texts = texts!("entry", "LOWER(COALESCE(value, '') || char(10) || COALESCE(reason, ''))");

fn texts(searched: Searched) -> &'static Texts {
    match searched {
        Searched::Customers => &CUSTOMERS,
        Searched::Entries => &ENTRIES,
    }
}

/// All rows of a merchant that may have a part in their text, the newest first; nothing when the index has more of
/// them than are wanted, or as long as it does not hold what was there before it.
pub(crate) fn rows(
    connection: &Connection,
    searched: Searched,
    merchant: MerchantNumber,
    part: &[char],
    most: Option<usize>,
) -> Result<Option<Vec<Found>>, StorageError> {
    let Some(expression) = expression(part) else { return Ok(None) };
    let Some(mark) = mark(connection)? else { return Ok(None) };
    if !is_filled(connection)? {
        return Ok(None);
    }
    let texts = texts(searched);
    // A negative limit is none.
    let limit = most.and_then(|most| i64::try_from(most + 1).ok()).unwrap_or(-1);
    let mut found: Vec<Found> = connection
        .prepare_cached(texts.select_found)?
        .query_map(params![expression, merchant.0, limit], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    if most.is_some_and(|most| found.len() > most) {
        return Ok(None);
    }
    let Some(tail) = ids_of_tail(connection, searched, merchant, mark)? else { return Ok(None) };
    for id in tail {
        let mut created = connection.prepare_cached(texts.select_created)?;
        let row = created.query_row(params![id, merchant.0], |row| Ok((row.get(0)?, row.get(1)?)));
        found.extend(row.optional()?);
    }
    found.sort_unstable_by(|one, other| other.cmp(one));
    found.dedup();
    Ok(Some(found))
}

/// What has all groups of three letters that a part has.
fn expression(part: &[char]) -> Option<String> {
    let groups: HashSet<&[char]> = part.windows(3).filter(|group| !group.contains(&'\0')).collect();
    let mut groups: Vec<String> = groups
        .into_iter()
        .map(|group| format!("\"{}\"", group.iter().collect::<String>().replace('"', "\"\"")))
        .collect();
    groups.sort_unstable();
    groups.truncate(GROUPS_MAX);
    (!groups.is_empty()).then(|| groups.join(" AND "))
}

fn mark(connection: &Connection) -> Result<Option<i64>, StorageError> {
    let mark: Option<String> =
        connection.prepare_cached(SELECT_MARK)?.query_row([], |row| row.get(0)).optional()?;
    mark.map(|mark| mark.parse().map_err(|_| StorageError::Corrupt("the search's mark"))).transpose()
}

/// Whether the index holds what was there before it.
pub(crate) fn is_filled(connection: &Connection) -> Result<bool, StorageError> {
    Ok(mark(connection)?.is_some() && filling(connection)?.is_none())
}

fn filling(connection: &Connection) -> Result<Option<String>, StorageError> {
    Ok(connection.prepare_cached(SELECT_FILLING)?.query_row([], |row| row.get(0)).optional()?)
}

/// The rows that a change puts or takes away.
fn ids_of(facts: &str) -> Result<impl Iterator<Item = (Searched, [u8; 20])>, StorageError> {
    Ok(facts::read(facts)?.into_iter().filter_map(|fact| match fact {
        Fact::CustomerPut(customer) => Some((Searched::Customers, *customer.id.ksuid().bytes())),
        Fact::CustomerRemoved(id) => Some((Searched::Customers, *id.ksuid().bytes())),
        Fact::EntryPut(entry) => Some((Searched::Entries, *entry.id.ksuid().bytes())),
        Fact::EntryRemoved { id, .. } => Some((Searched::Entries, *id.ksuid().bytes())),
        Fact::ClockAdvanced { .. } | Fact::OutageChosen { .. } | Fact::RowsImported(_) => None,
    }))
}

/// What has changed since the chore was here; nothing when that is so much, behind an import, that one row after the
/// other is no slower.
fn ids_of_tail(
    connection: &Connection,
    searched: Searched,
    merchant: MerchantNumber,
    mark: i64,
) -> Result<Option<HashSet<[u8; 20]>>, StorageError> {
    let mut ids = HashSet::new();
    let mut tail = connection.prepare_cached(SELECT_TAIL)?;
    let mut rows = tail.query(params![mark, merchant.0])?;
    while let Some(row) = rows.next()? {
        let facts = row.get_ref(0)?.as_str().map_err(|_| StorageError::Corrupt("a change's facts"))?;
        ids.extend(ids_of(facts)?.filter(|(of, _)| *of == searched).map(|(_, id)| id));
        if ids.len() > TAIL_MAX {
            return Ok(None);
        }
    }
    Ok(Some(ids))
}

/// Takes a row's text out of the index.
pub(crate) fn forget(connection: &Connection, searched: Searched, id: &[u8; 20]) -> Result<(), StorageError> {
    if let Some((row, text)) = old(connection, searched, id)? {
        forget_old(connection, searched, row, &text)?;
    }
    Ok(())
}

fn old(
    connection: &Connection,
    searched: Searched,
    id: &[u8; 20],
) -> Result<Option<(i64, String)>, StorageError> {
    let mut old = connection.prepare_cached(texts(searched).select_old)?;
    Ok(old.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

fn forget_old(connection: &Connection, searched: Searched, row: i64, text: &str) -> Result<(), StorageError> {
    connection.prepare_cached(texts(searched).forget_text)?.execute(params![row, text])?;
    connection.prepare_cached(texts(searched).forget_row)?.execute([row])?;
    Ok(())
}

/// Has the index hold what a row's text is now.
fn index(connection: &Connection, (searched, id): (Searched, [u8; 20])) -> Result<(), StorageError> {
    let texts = texts(searched);
    let now: Option<(i64, i64, String)> = connection
        .prepare_cached(texts.select_text)?
        .query_row([&id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let old = old(connection, searched, &id)?;
    let is_as_it_was = match (&now, &old) {
        (Some((_, _, now)), Some((_, old))) => now == old,
        (now, old) => now.is_none() && old.is_none(),
    };
    if is_as_it_was {
        return Ok(());
    }
    if let Some((row, text)) = old {
        forget_old(connection, searched, row, &text)?;
    }
    // What an erasure left has nothing but the line break between its parts.
    if let Some((merchant, created_at, text)) = now.filter(|(_, _, text)| !text.trim().is_empty()) {
        connection.prepare_cached(texts.put_row)?.execute(params![merchant, id, created_at, text])?;
        let row = connection.last_insert_rowid();
        connection.prepare_cached(texts.put_text)?.execute(params![row, text])?;
    }
    Ok(())
}

/// One transaction of the chore: some of what was there before the index, or else some of what has changed since.
/// True when there is more.
pub(crate) fn catch_up(connection: &Connection) -> Result<bool, StorageError> {
    if is_even(connection)? {
        return Ok(false);
    }
    let transaction = rusqlite::Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let more = match (mark(&transaction)?, filling(&transaction)?) {
        (None, _) => {
            // What changes from here on is followed; the rest is filled in.
            let head: i64 = transaction.prepare_cached(SELECT_HEAD)?.query_row([], |row| row.get(0))?;
            put(&transaction, "search_mark", &head.to_string())?;
            put(&transaction, "search_filling", "customer:")?;
            true
        }
        (Some(_), Some(filling)) => fill(&transaction, &filling)?,
        (Some(mark), None) => follow(&transaction, mark)?,
    };
    transaction.commit()?;
    Ok(more)
}

/// Whether there is nothing to do, without a transaction that writes.
fn is_even(connection: &Connection) -> Result<bool, StorageError> {
    let head: i64 = connection.prepare_cached(SELECT_HEAD)?.query_row([], |row| row.get(0))?;
    Ok(mark(connection)? == Some(head) && filling(connection)?.is_none())
}

fn put(connection: &Connection, name: &str, value: &str) -> Result<(), StorageError> {
    connection.prepare_cached(PUT_META)?.execute([name, value])?;
    Ok(())
}

/// The next rows in the order of their ids. Those that come meanwhile are in the feed.
fn fill(connection: &Connection, filling: &str) -> Result<bool, StorageError> {
    let corrupt = || StorageError::Corrupt("where the search's filling stands");
    let (of, behind) = filling.split_once(':').ok_or_else(corrupt)?;
    let searched = if of == "entry" { Searched::Entries } else { Searched::Customers };
    let behind = hex::decode(behind).map_err(|_| corrupt())?;
    let ids: Vec<[u8; 20]> = connection
        .prepare_cached(texts(searched).next_ids)?
        .query_map(params![behind, CHUNK], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for id in &ids {
        index(connection, (searched, *id))?;
    }
    match (ids.last(), searched) {
        (Some(last), _) => put(connection, "search_filling", &format!("{of}:{}", hex::encode(last)))?,
        (None, Searched::Customers) => put(connection, "search_filling", "entry:")?,
        (None, Searched::Entries) => {
            connection.prepare_cached(DELETE_FILLING)?.execute([])?;
        }
    }
    Ok(true)
}

/// The next changes of the feed.
fn follow(connection: &Connection, mark: i64) -> Result<bool, StorageError> {
    let (mut touched, mut last) = (HashSet::new(), None);
    {
        let mut changes = connection.prepare_cached(SELECT_CHANGES)?;
        let mut changes = changes.query(params![mark, CHUNK])?;
        // One of an import names a thousand rows.
        while i64::try_from(touched.len()).is_ok_and(|touched| touched < CHUNK)
            && let Some(row) = changes.next()?
        {
            let facts = row.get_ref(1)?.as_str().map_err(|_| StorageError::Corrupt("a change's facts"))?;
            touched.extend(ids_of(facts)?);
            last = Some(row.get::<_, i64>(0)?);
        }
    }
    for row in touched {
        index(connection, row)?;
    }
    if let Some(last) = last {
        put(connection, "search_mark", &last.to_string())?;
    }
    Ok(last.is_some())
}
