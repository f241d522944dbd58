//! The hash chain over the changes. Each hash covers the one before it and all that a change says,
//! with a commitment in the place of what it says about a person.

use crate::error::StorageError;
use crate::personal;
use crate::sql::{Connection, Row};
use crate::statements::statements;
use crate::transaction::Head;

statements! {
    WALK = "SELECT c.sequence, c.at, c.merchant, c.actor_type, c.actor_id, c.action, c.subject, c.facts,
                   c.commitment, c.hash, p.salt, p.body,
                   CASE WHEN p.merchant = c.merchant AND p.subject = c.subject THEN 1 ELSE 0 END
            FROM change c LEFT JOIN personal p ON p.sequence = c.sequence
            ORDER BY c.sequence";
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
    let mut walk = Walk { report: ChainReport::default(), previous: GENESIS };
    connection.for_each(WALK, &[], &mut |row| {
        // Behind the first fault nothing means anything.
        if walk.report.fault.is_none() {
            walk.step(row)?;
            if walk.report.changes % PROGRESS_EVERY == 0 {
                progress(walk.report.changes);
            }
        }
        Ok(())
    })?;
    let Walk { mut report, previous } = walk;
    let reached = Head { sequence: report.changes, hash: previous };
    if report.fault.is_none() && head != reached {
        report.fault = Some(ChainError::Head(head.sequence));
    }
    Ok(report)
}

struct Walk {
    report: ChainReport,
    previous: Hash,
}

impl Walk {
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
        self.report.fault = if sequence != self.report.changes + 1 {
            Some(ChainError::Hole(self.report.changes + 1))
        } else if hash != stored {
            Some(ChainError::Altered(sequence))
        } else {
            // A row that hides under another subject would escape an erasure.
            let at_home: bool = row.get(12)?;
            check_personal(sequence, commitment, salt.zip(body), at_home, &mut self.report)
        };
        if self.report.fault.is_none() {
            (self.previous, self.report.changes) = (hash, sequence);
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
