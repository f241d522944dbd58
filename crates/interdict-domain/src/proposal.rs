//! Proposals: entries that hit so many that a second person has to approve them. Pure: who may approve what is a use
//! case's.

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::clock::Timestamp;
use crate::entry::{Entry, words};
use crate::ids::{ProposalId, UserId};

words!(
    /// How a proposal stands, as it is stored. One that is open past its end is over.
    ProposalState {
        /// It waits for a second person.
        Open = "open",
        /// Somebody approved it, and it was done.
        Approved = "approved",
        /// Somebody refused it.
        Refused = "refused",
    }
);

/// For so long a proposal may be approved.
pub const PROPOSAL_S: i64 = 7 * 86_400;

/// How many an entry would have hit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blast {
    /// How many were counted.
    pub count: i64,
    /// Whether there may be more.
    pub is_least: bool,
}

/// An entry that waits for a second person, or has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Which.
    pub id: ProposalId,
    /// The entry as it would be. Its times are those of the proposal.
    pub entry: Entry,
    /// When the entry that it changes was last changed; nothing where there was none.
    pub seen: Option<Timestamp>,
    /// The customers that it covers.
    pub customers: Blast,
    /// The attempts that it would have hit.
    pub attempts: Blast,
    /// How it stands.
    pub state: ProposalState,
    /// Who wants it.
    pub created_by: Actor,
    /// Since when.
    pub created_at: Timestamp,
    /// Nobody can approve it from then on.
    pub expires_at: Timestamp,
    /// Who approved or refused it, and when.
    pub decided: Option<(UserId, Timestamp)>,
}

impl Proposal {
    /// Whether it still waits.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.state == ProposalState::Open && now < self.expires_at
    }

    /// How it stands at a moment: `open`, `approved`, `refused` or `expired`.
    pub fn state_at(&self, now: Timestamp) -> &'static str {
        if self.state == ProposalState::Open && !self.is_open(now) { "expired" } else { self.state.as_str() }
    }
}
