//! The feed: changes in a gapless sequence, in commit order (invariant 4). What follows it, whatever
//! wrote to it, sees each change once and in order; a hole means that everything is loaded anew.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use interdict_domain::actor::{Actor, ActorType};
use interdict_domain::change::{Action, Change, Fact, Subject};
use interdict_domain::clock::{Clock, Timestamp};
use interdict_domain::customer::Customer;
use interdict_domain::entry::Entry;
use interdict_domain::identifier::Pepper;
use interdict_domain::merchant::MerchantNumber;
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};

use crate::chain::{Hash, Link};
use crate::error::StorageError;
use crate::load;
use crate::sqlite;
use crate::statements::statements;
use crate::transaction::Head;
use crate::view::{MerchantView, View};

statements! {
    SELECT_HEAD_TEXT = "SELECT sequence, hash FROM head WHERE id = 1";
    UPDATE_HEAD_TEXT = "UPDATE head SET sequence = $1, hash = $2 WHERE id = 1";
    SELECT_EPOCH = "SELECT value FROM meta WHERE name = 'epoch'";
    INSERT_CHANGE = "INSERT INTO change (sequence, at, merchant, actor_type, actor_id, action, subject, facts,
                                         commitment, hash)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    SELECT_AFTER = "SELECT c.sequence, c.at, c.merchant, c.actor_type, c.actor_id, c.action, c.subject,
                           c.facts, p.body
                    FROM change c LEFT JOIN personal p ON p.sequence = c.sequence
                    WHERE c.sequence > $1 ORDER BY c.sequence LIMIT $2";
    SELECT_MERCHANT_AFTER = "SELECT c.sequence, c.at, c.merchant, c.actor_type, c.actor_id, c.action,
                                    c.subject, c.facts, p.body
                             FROM change c LEFT JOIN personal p ON p.sequence = c.sequence
                             WHERE c.sequence > $1 AND c.merchant = $2 ORDER BY c.sequence LIMIT $3";
    SELECT_HISTORY = "SELECT c.sequence, c.at, c.merchant, c.actor_type, c.actor_id, c.action, c.subject,
                             c.facts, p.body
                      FROM change c LEFT JOIN personal p ON p.sequence = c.sequence
                      WHERE c.merchant = $1 AND c.subject = $2 AND c.sequence < $3
                      ORDER BY c.sequence DESC LIMIT $4";
}

pub(crate) const SELECT_HEAD: &str = SELECT_HEAD_TEXT;
pub(crate) const UPDATE_HEAD: &str = UPDATE_HEAD_TEXT;

/// Changes read at once.
const CHUNK: i64 = 1_000;

/// Who is told of the changes, in order, by the one thread that may tell.
pub trait FeedObserver: Send {
    /// Forget everything and load all of it from this snapshot.
    fn load(&mut self, view: &View<'_>) -> Result<(), StorageError>;
    /// These changes follow on what was seen so far; the last one is the newest.
    fn apply(&mut self, changes: &[Change], view: &View<'_>);
    /// Everything that was committed before this uptime has been loaded or applied.
    fn heard(&mut self, as_of: Duration);
    /// The feed could not be read: what is known may be stale.
    fn lost(&mut self);
}

/// What a change says about a customer or an entry, before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// A customer.
    Customer(Box<Customer>),
    /// An entry.
    Entry(Box<Entry>),
}

/// A change with what it says about a person, as long as that was not erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryItem {
    /// The change.
    pub change: Change,
    /// How it was before; nothing when it was not, or was erased.
    pub before: Option<Recorded>,
    /// How it was after; nothing when it was gone, or was erased.
    pub after: Option<Recorded>,
}

/// The body of a personal row.
#[derive(Serialize)]
struct BodyRef<'a, T: Serialize> {
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'a T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a T>,
}

#[derive(Deserialize)]
struct Body<T> {
    before: Option<T>,
    after: Option<T>,
}

/// What a change says about a person, as JSON.
pub(crate) fn body<T: Serialize>(before: Option<&T>, after: Option<&T>) -> Result<String, StorageError> {
    Ok(serde_json::to_string(&BodyRef { before, after })?)
}

/// The customers that a body speaks of, before and after.
pub(crate) fn customers_of(body: &str) -> Result<impl Iterator<Item = Customer>, StorageError> {
    let body: Body<Customer> = serde_json::from_str(body)?;
    Ok(body.before.into_iter().chain(body.after))
}

pub(crate) fn insert_change(
    connection: &Connection,
    link: &Link<'_>,
    hash: &Hash,
) -> Result<(), StorageError> {
    connection.prepare_cached(INSERT_CHANGE)?.execute(params![
        link.sequence,
        link.at,
        link.merchant,
        link.actor_type,
        link.actor_id,
        link.action,
        link.subject,
        link.facts,
        link.commitment,
        hash
    ])?;
    Ok(())
}

fn read_item(row: &Row<'_>, pepper: &Pepper) -> Result<HistoryItem, StorageError> {
    let text = |index: usize| row.get_ref(index)?.as_str().map_err(rusqlite::Error::from);
    let subject = Subject::parse(text(6)?).ok_or(StorageError::Corrupt("subject"))?;
    let mut facts: Vec<Fact> = serde_json::from_str(text(7)?)?;
    let personal: Option<String> = row.get(8)?;
    let (before, after) = match (personal, subject) {
        (Some(body), Subject::Customer(_)) => {
            let body: Body<Customer> = serde_json::from_str(&body)?;
            let wrap = |customer| Recorded::Customer(Box::new(customer));
            (body.before.map(wrap), body.after.map(wrap))
        }
        (Some(body), Subject::Entry(_)) => {
            let body: Body<Entry> = serde_json::from_str(&body)?;
            let wrap = |entry| Recorded::Entry(Box::new(entry));
            (body.before.map(wrap), body.after.map(wrap))
        }
        (
            _,
            Subject::Merchant(_)
            | Subject::Key(_)
            | Subject::Payment(_)
            | Subject::Plan(_)
            | Subject::Subscription(_)
            | Subject::Checkout(_)
            | Subject::Chargeback(_),
        )
        | (None, _) => (None, None),
    };
    // The texts stand apart from the facts; what was erased meanwhile stays without them.
    match &after {
        Some(Recorded::Customer(customer)) => facts = vec![load::customer_fact(customer, pepper)],
        Some(Recorded::Entry(entry)) => facts = vec![load::entry_fact(entry)],
        None => {}
    }
    let change = Change {
        sequence: row.get(0)?,
        at: Timestamp::from_micros(row.get(1)?),
        merchant: MerchantNumber(row.get(2)?),
        actor: Actor {
            kind: ActorType::parse(text(3)?).ok_or(StorageError::Corrupt("actor"))?,
            id: text(4)?.to_owned(),
        },
        action: Action::parse(text(5)?).ok_or(StorageError::Corrupt("action"))?,
        subject,
        facts,
    };
    Ok(HistoryItem { change, before, after })
}

fn items(
    connection: &Connection,
    pepper: &Pepper,
    sql: &str,
    parameters: &[&dyn rusqlite::ToSql],
) -> Result<Vec<HistoryItem>, StorageError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(parameters)?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        items.push(read_item(row, pepper)?);
    }
    Ok(items)
}

impl MerchantView<'_> {
    /// The merchant's changes after a sequence, oldest first.
    pub fn changes_after(&self, sequence: i64, limit: i64) -> Result<Vec<HistoryItem>, StorageError> {
        let merchant = self.merchant.0;
        items(self.connection, self.pepper, SELECT_MERCHANT_AFTER, &[&sequence, &merchant, &limit])
    }

    /// The changes of one subject before a sequence, newest first.
    pub fn history(
        &self,
        subject: Subject,
        before: i64,
        limit: i64,
    ) -> Result<Vec<HistoryItem>, StorageError> {
        let (merchant, subject) = (self.merchant.0, subject.to_string());
        items(self.connection, self.pepper, SELECT_HISTORY, &[&merchant, &subject, &before, &limit])
    }
}

/// Keeps an observer at the head of the feed.
pub(crate) struct Follower {
    observer: Option<Box<dyn FeedObserver>>,
    clock: Arc<dyn Clock>,
    path: PathBuf,
    pepper: Pepper,
    applied: i64,
    epoch: String,
    data_version: i64,
    /// Nothing is known, or what is known cannot be trusted.
    must_load: bool,
}

impl Follower {
    pub(crate) fn new(
        observer: Option<Box<dyn FeedObserver>>,
        clock: Arc<dyn Clock>,
        path: PathBuf,
        pepper: Pepper,
    ) -> Self {
        let epoch = String::new();
        Self { observer, clock, path, pepper, applied: 0, epoch, data_version: -1, must_load: true }
    }

    /// Loads everything; called once at the start.
    pub(crate) fn load(&mut self, connection: &Connection) {
        self.catch_up(connection);
        // The load may have taken long: what it read is as old as its beginning.
        self.catch_up(connection);
    }

    /// Now, for [`Self::heard`].
    pub(crate) fn uptime(&self) -> Duration {
        self.clock.uptime()
    }

    /// Says up to when everything that was committed is known. The moment was read before the head was:
    /// what is committed in between may be missed.
    pub(crate) fn heard(&mut self, as_of: Duration) {
        if let Some(observer) = &mut self.observer {
            observer.heard(as_of);
        }
    }

    /// Whether somebody else committed since, or nothing can be trusted.
    pub(crate) fn is_behind(&self, connection: &Connection, head: &Head) -> Result<bool, StorageError> {
        Ok(self.must_load
            || head.sequence != self.applied
            || sqlite::data_version(connection)? != self.data_version)
    }

    /// Sees what was committed since, here or elsewhere. What cannot be followed is loaded anew at once.
    pub(crate) fn catch_up(&mut self, connection: &Connection) {
        for _ in 0..2 {
            let as_of = self.uptime();
            let Err(error) = self.catch_up_in_snapshot(connection) else { return self.heard(as_of) };
            let file = self.path.display();
            tracing::error!(error = &error as &dyn std::error::Error, %file, "the feed cannot be read");
            self.lose();
        }
    }

    fn lose(&mut self) {
        self.must_load = true;
        if let Some(observer) = &mut self.observer {
            observer.lost();
        }
    }

    /// Head, epoch and rows of one moment: otherwise a commit of another process could come between
    /// them, and a load would take half of it.
    fn catch_up_in_snapshot(&mut self, connection: &Connection) -> Result<(), StorageError> {
        if connection.is_autocommit() {
            let snapshot = connection.unchecked_transaction()?;
            self.try_catch_up(&snapshot)
        } else {
            self.try_catch_up(connection)
        }
    }

    fn try_catch_up(&mut self, connection: &Connection) -> Result<(), StorageError> {
        let data_version = sqlite::data_version(connection)?;
        let head = Head::read(connection)?;
        if data_version == self.data_version && head.sequence == self.applied && !self.must_load {
            return Ok(());
        }
        let epoch: String = connection.prepare_cached(SELECT_EPOCH)?.query_row([], |row| row.get(0))?;
        if self.must_load || epoch != self.epoch || head.sequence < self.applied {
            self.load_all(connection, head, epoch)?;
        }
        if self.observer.is_none() {
            self.applied = head.sequence;
        }
        while self.applied < head.sequence {
            let view = View { connection, pepper: &self.pepper };
            let items = items(connection, &self.pepper, SELECT_AFTER, &[&self.applied, &CHUNK])?;
            let changes: Vec<Change> = items.into_iter().map(|item| item.change).collect();
            let gapless =
                (self.applied + 1..).zip(&changes).all(|(wanted, change)| wanted == change.sequence);
            let Some(last) = changes.last().filter(|_| gapless) else {
                return Err(StorageError::Corrupt("the feed has a hole"));
            };
            self.applied = last.sequence;
            if let Some(observer) = &mut self.observer {
                observer.apply(&changes, &view);
            }
        }
        self.data_version = data_version;
        Ok(())
    }

    fn load_all(&mut self, connection: &Connection, head: Head, epoch: String) -> Result<(), StorageError> {
        if let Some(observer) = &mut self.observer {
            observer.load(&View { connection, pepper: &self.pepper })?;
        }
        (self.applied, self.epoch, self.must_load) = (head.sequence, epoch, false);
        Ok(())
    }

    /// Tells the observer what was just committed here.
    pub(crate) fn apply_own(&mut self, connection: &Connection, head: &Head, changes: &[Change]) {
        if self.must_load || changes.is_empty() {
            return;
        }
        if let Some(observer) = &mut self.observer {
            observer.apply(changes, &View { connection, pepper: &self.pepper });
        }
        self.applied = head.sequence;
    }
}

/// A writer's thread that panics follows nothing any more: nobody may call what is known fresh.
impl Drop for Follower {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.lose();
        }
    }
}
