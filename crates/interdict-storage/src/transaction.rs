//! What a piece of work may do inside a commit. For one merchant: [`Transaction::merchant`].

use interdict_domain::actor::Actor;
use interdict_domain::change::{Action, Change, Fact, Subject};
use interdict_domain::clock::{Random, Timestamp};
use interdict_domain::identifier::{IdentifierKey, Pepper};
use interdict_domain::merchant::MerchantNumber;

use crate::chain;
use crate::counter::{self, Deltas};
use crate::departure;
use crate::error::StorageError;
use crate::facts;
use crate::feed;
use crate::personal;
use crate::sql::{Connection, Row, params};
use crate::view::MerchantView;

/// The newest sequence and its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) sequence: i64,
    pub(crate) hash: chain::Hash,
}

impl Head {
    pub(crate) fn read(connection: Connection<'_>) -> Result<Self, StorageError> {
        connection.query_one(feed::SELECT_HEAD, &[], Self::from_row)
    }

    pub(crate) fn from_row(row: Row<'_>) -> Result<Self, StorageError> {
        Ok(Self { sequence: row.get(0)?, hash: row.get(1)? })
    }

    pub(crate) fn write(&self, connection: Connection<'_>) -> Result<(), StorageError> {
        connection.execute(feed::UPDATE_HEAD, params![self.sequence, self.hash])
    }
}

/// Who makes a change, when, and with which randomness (invariant 6).
pub struct Authorship<'a> {
    /// Who.
    pub actor: &'a Actor,
    /// When, on the server's clock.
    pub now: Timestamp,
    /// When, on the merchant's clock, on which windows, renewals and checkouts end: in test mode it may
    /// be ahead.
    pub merchant_now: Timestamp,
    /// For ids and salts.
    pub random: &'a dyn Random,
}

impl<'a> Authorship<'a> {
    /// With the merchant's clock as the server's.
    pub fn new(actor: &'a Actor, now: Timestamp, random: &'a dyn Random) -> Self {
        Self { actor, now, merchant_now: now, random }
    }
}

/// A change before it has a place in the sequence.
pub(crate) struct NewChange<'a> {
    pub(crate) merchant: MerchantNumber,
    pub(crate) action: Action,
    pub(crate) subject: Subject,
    pub(crate) facts: Vec<Fact>,
    /// What it says about a person, as JSON, and the identifier under which an erasure finds it.
    pub(crate) personal: Option<(String, Option<IdentifierKey>)>,
    pub(crate) by: &'a Authorship<'a>,
}

/// One commit in the making.
pub struct Transaction<'c> {
    pub(crate) connection: Connection<'c>,
    pub(crate) pepper: &'c Pepper,
    head: Head,
    changes: Vec<Change>,
    pub(crate) truncate_after_commit: bool,
    depth: usize,
    pub(crate) deltas: Deltas,
}

impl<'c> Transaction<'c> {
    pub(crate) fn new(connection: Connection<'c>, pepper: &'c Pepper, head: Head) -> Self {
        Self {
            connection,
            pepper,
            head,
            changes: Vec::new(),
            truncate_after_commit: false,
            depth: 0,
            deltas: Deltas::default(),
        }
    }

    /// Writes what belongs to the commit as a whole, the head last; `before` is where that was.
    pub(crate) fn finish(self, before: Head) -> Result<(Head, Vec<Change>), StorageError> {
        self.deltas.write(self.connection)?;
        if self.head != before {
            counter::follow(self.connection, before.sequence, self.head.sequence)?;
            self.head.write(self.connection)?;
        }
        Ok((self.head, self.changes))
    }

    /// The same for one merchant: the only way to its rows.
    pub fn merchant(&mut self, merchant: MerchantNumber) -> MerchantTransaction<'_, 'c> {
        MerchantTransaction { transaction: self, merchant }
    }

    /// Runs something of which nothing stays when it fails.
    pub fn attempt<T, E: From<StorageError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut result = None;
        self.in_savepoint(|transaction| result.insert(work(transaction)).is_ok())?;
        result.unwrap_or_else(|| Err(E::from(StorageError::Stopped)))
    }

    pub(crate) fn in_savepoint(&mut self, work: impl FnOnce(&mut Self) -> bool) -> Result<(), StorageError> {
        let (head, changes, depth) = (self.head, self.changes.len(), self.depth);
        let deltas = self.deltas.len();
        let truncate = self.truncate_after_commit;
        self.connection.begin_part(depth)?;
        self.depth = depth + 1;
        let keep = work(self);
        self.depth = depth;
        if !keep {
            self.head = head;
            self.changes.truncate(changes);
            self.deltas.truncate(deltas);
            self.truncate_after_commit = truncate;
        }
        self.connection.end_part(depth, keep)
    }

    /// The newest sequence so far.
    pub fn revision(&self) -> i64 {
        self.head.sequence
    }

    /// Gives a change its place in the sequence and its link in the chain.
    pub(crate) fn append(&mut self, new: NewChange<'_>) -> Result<i64, StorageError> {
        let sequence = self.head.sequence + 1;
        let subject = new.subject.to_string();
        let commitment = match &new.personal {
            None => None,
            Some((body, key)) => {
                let row = personal::Row { sequence, merchant: new.merchant, subject: &subject, key: *key };
                Some(personal::insert(self.connection, &row, body, new.by.random)?)
            }
        };
        let facts = facts::text(&new.facts)?;
        let link = chain::Link {
            sequence,
            at: new.by.now.micros(),
            merchant: new.merchant.0,
            actor_type: new.by.actor.kind.as_str(),
            actor_id: &new.by.actor.id,
            action: new.action.as_str(),
            subject: &subject,
            facts: &facts,
            commitment: commitment.as_ref(),
        };
        let hash = link.hash(&self.head.hash);
        feed::insert_change(self.connection, &link, &hash)?;
        departure::note_entries(self.connection, new.merchant, sequence, new.action, &new.facts)?;
        self.head = Head { sequence, hash };
        self.changes.push(Change {
            sequence,
            at: new.by.now,
            merchant: new.merchant,
            actor: new.by.actor.clone(),
            action: new.action,
            subject: new.subject,
            facts: new.facts,
        });
        Ok(sequence)
    }
}

/// One merchant's part of a commit.
pub struct MerchantTransaction<'t, 'c> {
    pub(crate) transaction: &'t mut Transaction<'c>,
    pub(crate) merchant: MerchantNumber,
}

impl<'c> MerchantTransaction<'_, 'c> {
    /// What can be read, as of this moment in the commit.
    pub fn view(&self) -> MerchantView<'c> {
        MerchantView {
            connection: self.transaction.connection,
            pepper: self.transaction.pepper,
            merchant: self.merchant,
        }
    }

    /// Whose part it is.
    pub fn merchant(&self) -> MerchantNumber {
        self.merchant
    }

    /// The newest sequence so far.
    pub fn revision(&self) -> i64 {
        self.transaction.revision()
    }

    /// The secret under the identifiers' keys.
    pub fn pepper(&self) -> &'c Pepper {
        self.transaction.pepper
    }

    pub(crate) fn append(
        &mut self,
        by: &Authorship<'_>,
        action: Action,
        subject: Subject,
        facts: Vec<Fact>,
        personal: Option<(String, Option<IdentifierKey>)>,
    ) -> Result<i64, StorageError> {
        let merchant = self.merchant;
        self.transaction.append(NewChange { merchant, action, subject, facts, personal, by })
    }
}
