//! The hash chain over the changes. Each hash covers the one before it and all that a change says,
//! with a commitment in the place of what it says about a person.

use interdict_domain::change::{Action, Subject};

use crate::error::StorageError;
use crate::personal;
use crate::sql::{Connection, Row, params};
use crate::statements::statements;
use crate::transaction::Head;
use crate::trim::Anchor;

macro_rules! links {
    () => {
        "SELECT c.sequence, c.at, c.merchant, c.actor_type, c.actor_id, c.action, c.subject, c.facts,
                c.commitment, c.hash, p.salt, p.body,
                CASE WHEN p.merchant = c.merchant AND p.subject = c.subject THEN 1 ELSE 0 END
         FROM change c LEFT JOIN personal p ON p.sequence = c.sequence"
    };
}

statements! {
    WALK = concat!(links!(), " ORDER BY c.sequence");
    // The bounds stand twice: a planner that knows nothing of the tables yet might read all of one for a join.
    WALK_PART = concat!(links!(), " AND p.sequence > $1 AND p.sequence <= $2
                                    WHERE c.sequence > $1 AND c.sequence <= $2 ORDER BY c.sequence");
    HEAD = "SELECT sequence, hash FROM head WHERE id = 1";
}

/// A link's hash.
pub(crate) type Hash = [u8; 32];

/// What stands before the first change.
pub(crate) const GENESIS: Hash = [0; 32];

/// Changes between two reports of progress.
const PROGRESS_EVERY: i64 = 10_000;

/// All that a hash covers, besides the hash before it.
pub(crate) struct Link<'a> {
    pub(crate) sequence: i64,
    pub(crate) at: i64,
    pub(crate) merchant: i64,
    pub(crate) actor_type: &'a str,
    pub(crate) actor_id: &'a str,
    pub(crate) action: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) facts: &'a str,
    pub(crate) commitment: Option<&'a [u8; 32]>,
}

impl Link<'_> {
    pub(crate) fn hash(&self, previous: &Hash) -> Hash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(previous);
        for number in [self.sequence, self.at, self.merchant] {
            hasher.update(&number.to_le_bytes());
        }
        // Each text with its length before it: no two links run into one another.
        for text in [self.actor_type, self.actor_id, self.action, self.subject, self.facts] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        hasher.update(self.commitment.map_or(&[][..], |commitment| &commitment[..]));
        *hasher.finalize().as_bytes()
    }
}

/// What a walk over the chain found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ChainReport {
    /// Changes that were trimmed: the walk begins behind them.
    pub trimmed: i64,
    /// Changes walked.
    pub changes: i64,
    /// Changes about a person whose words are still there, and agree with their commitment.
    pub personal: i64,
    /// Changes about a person whose words were erased.
    pub erased: i64,
    /// The first fault, if there is one.
    pub fault: Option<ChainError>,
}

/// How a chain can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// A change is missing.
    #[error("change {0} is missing")]
    Hole(i64),
    /// A change was altered, or one before it.
    #[error("change {0} does not agree with its hash")]
    Altered(i64),
    /// What a change says about a person was altered.
    #[error("the personal data of change {0} does not agree with its commitment")]
    AlteredPersonal(i64),
    /// The head is not the last change.
    #[error("the head names change {0}, which is not the last")]
    Head(i64),
    /// Changes stand where all were trimmed, so it is said.
    #[error("change {0} stands before the beginning of the feed")]
    Before(i64),
    /// The feed begins elsewhere than where the last trimming says.
    #[error("the feed begins behind change {0}, which no record of a trimming names")]
    Unrecorded(i64),
}

/// Walks the whole chain and stops at the first fault.
pub(crate) fn verify(
    connection: Connection<'_>,
    progress: &mut dyn FnMut(i64),
) -> Result<ChainReport, StorageError> {
    let head = connection.query_one(HEAD, &[], Head::from_row)?;
    verify_up_to(connection, head, progress)
}

/// The same where the head is known from elsewhere.
pub(crate) fn verify_up_to(
    connection: Connection<'_>,
    head: Head,
    progress: &mut dyn FnMut(i64),
) -> Result<ChainReport, StorageError> {
    let anchor = Anchor::read(connection)?;
    let mut walk = Walk::behind(anchor);
    connection.for_each(WALK, &[], &mut |row| {
        // Behind the first fault nothing means anything.
        if walk.report.fault.is_none() {
            walk.step(row)?;
            if walk.report.changes % PROGRESS_EVERY == 0 {
                progress(walk.reached().sequence);
            }
        }
        Ok(())
    })?;
    let mut report = walk.report;
    if report.fault.is_none() {
        report.fault = if head != walk.reached() {
            Some(ChainError::Head(head.sequence))
        } else if walk.recorded != anchor.sequence {
            Some(ChainError::Unrecorded(anchor.sequence))
        } else {
            None
        };
    }
    Ok(report)
}

/// Walks the part of the chain between the anchor and a sequence, for as long as `wanted` says so of a row, and
/// says up to where. A fault on the way is an error.
pub(crate) fn verify_part(
    connection: Connection<'_>,
    anchor: Anchor,
    last: i64,
    wanted: &mut dyn FnMut(Row<'_>) -> Result<bool, StorageError>,
) -> Result<Anchor, StorageError> {
    let (mut walk, mut is_over) = (Walk::behind(anchor), false);
    connection.for_each(WALK_PART, params![anchor.sequence, last], &mut |row| {
        is_over = is_over || walk.report.fault.is_some() || !wanted(row)?;
        if is_over { Ok(()) } else { walk.step(row) }
    })?;
    let Head { sequence, hash } = walk.reached();
    match walk.report.fault {
        None => Ok(Anchor { sequence, hash }),
        Some(fault) => Err(StorageError::BrokenChain(fault)),
    }
}

struct Walk {
    report: ChainReport,
    previous: Hash,
    /// What the newest record of a trimming names; 0 when there is none.
    recorded: i64,
}

impl Walk {
    fn behind(anchor: Anchor) -> Self {
        let report = ChainReport { trimmed: anchor.sequence, ..ChainReport::default() };
        Self { report, previous: anchor.hash, recorded: 0 }
    }

    /// The last change that is sound.
    fn reached(&self) -> Head {
        Head { sequence: self.report.trimmed.saturating_add(self.report.changes), hash: self.previous }
    }

    fn step(&mut self, row: Row<'_>) -> Result<(), StorageError> {
        let sequence: i64 = row.get(0)?;
        let commitment: Option<[u8; 32]> = row.get(8)?;
        let stored: Hash = row.get(9)?;
        let link = Link {
            sequence,
            at: row.get(1)?,
            merchant: row.get(2)?,
            actor_type: row.text(3)?,
            actor_id: row.text(4)?,
            action: row.text(5)?,
            subject: row.text(6)?,
            facts: row.text(7)?,
            commitment: commitment.as_ref(),
        };
        let hash = link.hash(&self.previous);
        let salt: Option<Vec<u8>> = row.get(10)?;
        let body: Option<String> = row.get(11)?;
        let next = self.reached().sequence.saturating_add(1);
        self.report.fault = if sequence < next {
            Some(ChainError::Before(sequence))
        } else if sequence != next {
            Some(ChainError::Hole(next))
        } else if hash != stored {
            Some(ChainError::Altered(sequence))
        } else {
            // A row that hides under another subject would escape an erasure.
            let at_home: bool = row.get(12)?;
            check_personal(sequence, commitment, salt.zip(body), at_home, &mut self.report)
        };
        if self.report.fault.is_none() {
            self.previous = hash;
            self.report.changes += 1;
            if link.action == Action::FeedTrimmed.as_str() {
                self.recorded = match Subject::parse(link.subject) {
                    Some(Subject::Feed(sequence)) => sequence,
                    _ => 0,
                };
            }
        }
        Ok(())
    }
}

fn check_personal(
    sequence: i64,
    commitment: Option<[u8; 32]>,
    personal: Option<(Vec<u8>, String)>,
    at_home: bool,
    report: &mut ChainReport,
) -> Option<ChainError> {
    match (commitment, personal) {
        (None, None) => None,
        (None, Some(_)) => Some(ChainError::AlteredPersonal(sequence)),
        (Some(_), None) => {
            report.erased += 1;
            None
        }
        (Some(commitment), Some((salt, body))) => {
            report.personal += 1;
            let agrees = at_home && personal::commitment(&salt, &body) == commitment;
            (!agrees).then_some(ChainError::AlteredPersonal(sequence))
        }
    }
}
