//! The feed: changes in a gapless sequence, in commit order (invariant 4). What follows it, whatever
//! wrote to it, sees each change once and in order; a hole means that everything is loaded anew.

use std::time::Duration;

use interdict_domain::actor::{Actor, ActorType};
use interdict_domain::change::{Action, Change, Subject};
use interdict_domain::clock::Timestamp;
use interdict_domain::customer::Customer;
use interdict_domain::entry::Entry;
use interdict_domain::identifier::Pepper;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::person::BlockedPerson;
use interdict_domain::user::UserRecord;
use serde::{Deserialize, Serialize};

use crate::chain::{Hash, Link};
use crate::entry;
use crate::entry_import;
use crate::error::StorageError;
use crate::facts;
use crate::follower::CHUNK;
use crate::load;
use crate::sql::{Connection, Row, Value, params};
use crate::statements::statements;
use crate::view::{MerchantView, View};

/// The columns of a change, in the order in which [`read_item`] takes them.
macro_rules! item_columns {
    () => {
        "c.sequence, c.at, c.merchant, c.actor_type, c.actor_id, c.action, c.subject, c.facts,
         (SELECT p.body FROM personal p WHERE p.sequence = c.sequence)"
    };
}
pub(crate) use item_columns;

// What a change says about a person is looked up for each change: a planner that knows nothing of the tables
// yet might read all of them for a join.
statements! {
    SELECT_HEAD_TEXT = "SELECT sequence, hash FROM head WHERE id = 1";
    UPDATE_HEAD_TEXT = "UPDATE head SET sequence = $1, hash = $2 WHERE id = 1";
    SELECT_POSITION_TEXT = "SELECT h.sequence, h.hash, m.value FROM head h CROSS JOIN meta m
                            WHERE h.id = 1 AND m.name = 'epoch'";
    INSERT_CHANGE = "INSERT INTO change (sequence, at, merchant, actor_type, actor_id, action, subject, facts,
                                         commitment, hash)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    SELECT_FROM_TEXT = "SELECT c.sequence, c.at, c.merchant, c.actor_type, c.actor_id, c.action, c.subject,
                           c.facts, (SELECT p.body FROM personal p WHERE p.sequence = c.sequence), c.hash
                    FROM change c
                    WHERE c.sequence >= $1 ORDER BY c.sequence LIMIT $2";
    SELECT_MERCHANT_AFTER = concat!("SELECT ", item_columns!(), " FROM change c
        WHERE c.sequence > $1 AND c.merchant = $2 ORDER BY c.sequence LIMIT $3");
    SELECT_HISTORY = concat!("SELECT ", item_columns!(), " FROM change c
        WHERE c.merchant = $1 AND c.subject = $2 AND c.sequence < $3 ORDER BY c.sequence DESC LIMIT $4");
}

/// Facts that are read at once: those of an import are a thousand times those of another change.
const FACTS_MAX: usize = 50_000;

pub(crate) const SELECT_HEAD: &str = SELECT_HEAD_TEXT;
pub(crate) const UPDATE_HEAD: &str = UPDATE_HEAD_TEXT;
pub(crate) const SELECT_POSITION: &str = SELECT_POSITION_TEXT;
pub(crate) const SELECT_FROM: &str = SELECT_FROM_TEXT;

/// Who is told of the changes, in order, by the one thread that may tell.
pub trait FeedObserver: Send {
    /// Forget everything and load all of it from this snapshot.
    fn load(&mut self, view: &View<'_>) -> Result<(), StorageError>;
    /// These changes follow on what was seen so far; the last one is the newest. After an error all of it is loaded
    /// anew.
    fn apply(&mut self, changes: &[Change], view: &View<'_>) -> Result<(), StorageError>;
    /// Everything that was committed before this uptime has been loaded or applied.
    fn heard(&mut self, as_of: Duration);
    /// Until this uptime, other nodes that want a change to hold everywhere wait for this one. Never called
    /// where there are no other nodes.
    fn leased(&mut self, _until: Duration) {}
    /// The feed could not be read: what is known may be stale.
    fn lost(&mut self);
}

/// What a change says about a customer, an entry, a blocked person or a user, before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// A customer.
    Customer(Box<Customer>),
    /// An entry.
    Entry(Box<Entry>),
    /// A person who is blocked as a whole.
    Person(Box<BlockedPerson>),
    /// Somebody who signs in.
    User(Box<UserRecord>),
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

/// The customer that a body speaks of, before and after.
pub(crate) fn customers_of(body: &str) -> Result<[Option<Customer>; 2], StorageError> {
    let body: Body<Customer> = serde_json::from_str(body)?;
    Ok([body.before, body.after])
}

pub(crate) fn insert_change(
    connection: Connection<'_>,
    link: &Link<'_>,
    hash: &Hash,
) -> Result<(), StorageError> {
    connection.execute(
        INSERT_CHANGE,
        params![
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
        ],
    )?;
    Ok(())
}

pub(crate) fn read_item(row: Row<'_>, pepper: &Pepper) -> Result<HistoryItem, StorageError> {
    let text = |index: usize| row.text(index);
    let subject = Subject::parse(text(6)?).ok_or(StorageError::Corrupt("subject"))?;
    let merchant = MerchantNumber(row.get(2)?);
    let mut facts = facts::read(text(7)?)?;
    let personal: Option<String> = row.get(8)?;
    let mut stated = None;
    let (before, after) = match (personal, subject) {
        (Some(body), Subject::Customer(_)) => {
            let body: Body<Customer> = serde_json::from_str(&body)?;
            let wrap = |customer| Recorded::Customer(Box::new(customer));
            (body.before.map(wrap), body.after.map(wrap))
        }
        (Some(body), Subject::Entry(_)) => {
            let body: Body<Entry> = serde_json::from_str(&body)?;
            if let Some(after) = &body.after {
                let after = entry::anew(after, pepper, merchant);
                stated = Some(entry::facts_of(merchant, body.before.as_ref(), &after));
            }
            let wrap = |it| Recorded::Entry(Box::new(entry::anew(&it, pepper, merchant)));
            (body.before.map(wrap), body.after.map(wrap))
        }
        (Some(body), Subject::Person(_)) => {
            let body: Body<BlockedPerson> = serde_json::from_str(&body)?;
            let wrap = |person| Recorded::Person(Box::new(person));
            (body.before.map(wrap), body.after.map(wrap))
        }
        (Some(body), Subject::User(_)) => {
            let body: Body<UserRecord> = serde_json::from_str(&body)?;
            let wrap = |user| Recorded::User(Box::new(user));
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
            | Subject::Chargeback(_)
            | Subject::Feed(_)
            | Subject::Pepper(_)
            | Subject::Import(_),
        )
        | (None, _) => (None, None),
    };
    // The texts stand apart from the facts; what was erased meanwhile stays without them.
    match &after {
        Some(Recorded::Customer(customer)) => facts = vec![load::customer_fact(customer, pepper)],
        Some(Recorded::Entry(_)) => facts = stated.unwrap_or_default(),
        Some(Recorded::Person(_) | Recorded::User(_)) | None => {}
    }
    let change = Change {
        sequence: row.get(0)?,
        at: Timestamp::from_micros(row.get(1)?),
        merchant,
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

/// Changes from a sequence on, each with its hash; fewer of them when they are heavy.
pub(crate) fn changes_from(
    connection: Connection<'_>,
    pepper: &Pepper,
    sequence: i64,
    limit: i64,
) -> Result<Vec<(Change, Hash)>, StorageError> {
    let (mut read, mut hashes, mut count): (Vec<Change>, Vec<Hash>, usize) = (Vec::new(), Vec::new(), 0);
    connection.for_each(SELECT_FROM, params![sequence, limit], &mut |row| {
        // The first one may be known: with it alone nobody would get on.
        if read.len() < 2 || count < FACTS_MAX {
            let change = read_item(row, pepper)?.change;
            count += change.facts.len();
            read.push(change);
            hashes.push(row.get(9)?);
        }
        Ok(())
    })?;
    entry_import::add_texts(connection, &mut read)?;
    Ok(read.into_iter().zip(hashes).collect())
}

fn items(
    connection: Connection<'_>,
    pepper: &Pepper,
    sql: &'static str,
    parameters: &[Value<'_>],
) -> Result<Vec<HistoryItem>, StorageError> {
    connection.query(sql, parameters, |row| read_item(row, pepper))
}

impl View<'_> {
    /// Every change that was not trimmed, oldest first.
    pub fn for_each_change(&self, sink: &mut dyn FnMut(Change)) -> Result<(), StorageError> {
        self.for_each_change_after(0, sink)
    }

    /// Every change behind a sequence that was not trimmed, oldest first.
    pub fn for_each_change_after(
        &self,
        sequence: i64,
        sink: &mut dyn FnMut(Change),
    ) -> Result<(), StorageError> {
        let mut next = sequence.saturating_add(1);
        loop {
            let changes = changes_from(self.connection, self.pepper, next, CHUNK)?;
            let Some((newest, _)) = changes.last() else { return Ok(()) };
            next = newest.sequence + 1;
            for (change, _) in changes {
                sink(change);
            }
        }
    }
}

impl MerchantView<'_> {
    /// The merchant's changes after a sequence, oldest first.
    pub fn changes_after(&self, sequence: i64, limit: i64) -> Result<Vec<HistoryItem>, StorageError> {
        let merchant = self.merchant.0;
        items(self.connection, self.pepper, SELECT_MERCHANT_AFTER, params![sequence, merchant, limit])
    }

    /// The changes of one subject before a sequence, newest first.
    pub fn history(
        &self,
        subject: Subject,
        before: i64,
        limit: i64,
    ) -> Result<Vec<HistoryItem>, StorageError> {
        let (merchant, subject) = (self.merchant.0, subject.to_string());
        items(self.connection, self.pepper, SELECT_HISTORY, params![merchant, subject, before, limit])
    }
}
