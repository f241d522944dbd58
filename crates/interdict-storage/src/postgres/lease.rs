//! Leases: which nodes decide, and how far each of them is. Whoever must be sure that a change holds everywhere
//! waits for all of them; a node without a lease does not call what it knows fresh.
//!
//! No two machines' clocks are compared. A node counts its term from before it sent the renewal; everybody else
//! counts it from when the renewal was seen, and a little longer. So nobody takes a node for gone that still
//! takes itself for a holder, however the clocks of the machines and of the server go.

use std::collections::HashMap;
use std::time::Duration;

use interdict_domain::clock::Random;
use interdict_domain::ids::Ksuid;

use super::session::Session;
use crate::error::StorageError;
use crate::sql::{AsValue, Connection, FromColumn, Value, params};
use crate::statements::statements;

statements! {
    RENEW = "INSERT INTO lease (node, term_ms, renewals, applied) VALUES ($1, $2, 1, $3)
             ON CONFLICT (node) DO UPDATE SET term_ms = excluded.term_ms, renewals = lease.renewals + 1,
                 applied = excluded.applied";
    REPORT = "UPDATE lease SET applied = $1 WHERE node = $2";
    SELECT = "SELECT node, term_ms, renewals, applied FROM lease";
    GIVE_BACK = "DELETE FROM lease WHERE node = $1";
    REMOVE = "DELETE FROM lease WHERE node = $1 AND renewals = $2";
}

/// A renewal comes at each such part of the term.
const RENEWALS_A_TERM: u32 = 4;
/// What others add to a node's term before they take it for gone: a quarter. Clocks that run at so different
/// speeds are broken.
const GRACE_DIVISOR: u32 = 4;
/// Terms after which the row of a node that is gone is removed.
const TERMS_UNTIL_REMOVED: u32 = 10;
/// However short the term, its row stays for longer than what it asked of a payment provider can be under way: what it was at is
/// another node's only then.
const UNTIL_REMOVED_MIN: Duration = Duration::from_mins(1);

/// A node's name among the others: as random as can be. On SQLite there is one node, the same in each life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node([u8; 16]);

impl Node {
    pub(crate) fn new(random: &dyn Random) -> Self {
        let mut node = Self::default();
        random.fill(&mut node.0);
        node
    }
}

impl AsValue for Node {
    fn as_value(&self) -> Value<'_> {
        self.0.as_value()
    }
}

impl FromColumn for Node {
    fn from_column(column: Value<'_>) -> Option<Self> {
        <[u8; 16]>::from_column(column).map(Self)
    }
}

/// What was seen of another node.
#[derive(Clone, Copy, Debug)]
struct Other {
    term: Duration,
    renewals: i64,
    applied: i64,
    /// Since when the row has stood like this, at the earliest look that saw it so.
    since: Duration,
}

impl Other {
    fn is_gone(&self, uptime: Duration) -> bool {
        uptime.saturating_sub(self.since) > self.term + self.term / GRACE_DIVISOR
    }

    fn is_long_gone(&self, uptime: Duration) -> bool {
        uptime.saturating_sub(self.since) > (self.term * TERMS_UNTIL_REMOVED).max(UNTIL_REMOVED_MIN)
    }
}

/// A node's own lease, and its watch on the others'.
#[derive(Debug)]
pub(super) struct Lease {
    node: Node,
    term: Duration,
    /// Own uptime until which it holds.
    until: Duration,
    renew_at: Duration,
    others: HashMap<Node, Other>,
}

impl Lease {
    pub(super) fn new(node: Node, term: Duration) -> Self {
        Self { node, term, until: Duration::ZERO, renew_at: Duration::ZERO, others: HashMap::new() }
    }

    /// Own uptime until which it holds.
    pub(super) fn until(&self) -> Duration {
        self.until
    }

    /// How long nothing need be done for it.
    pub(super) fn rest(&self, uptime: Duration) -> Duration {
        self.renew_at.saturating_sub(uptime)
    }

    /// Renews it. True when it had lapsed, or never was: then what others committed meanwhile waited for
    /// nobody here, and has to be caught up with before anything is called fresh.
    pub(super) fn renew(
        &mut self,
        session: &Session,
        uptime: Duration,
        applied: i64,
    ) -> Result<bool, StorageError> {
        let had_lapsed = uptime >= self.until;
        let term_ms = i64::try_from(self.term.as_millis()).unwrap_or(i64::MAX);
        session.execute(RENEW, params![self.node, term_ms, applied])?;
        self.until = uptime + self.term;
        self.renew_at = uptime + self.term / RENEWALS_A_TERM;
        Ok(had_lapsed)
    }

    /// Says how far this node is. A report that a crash of the server loses is none too many.
    pub(super) fn report(&self, session: &Session, applied: i64) -> Result<(), StorageError> {
        session.defer("BEGIN", &[])?;
        session.defer("SET LOCAL synchronous_commit = off", &[])?;
        session.defer(REPORT, params![applied, self.node])?;
        session.defer("COMMIT", &[])?;
        session.flush()
    }

    /// Looks at the others, `uptime` being a moment before the look.
    pub(super) fn watch(&mut self, session: &Session, uptime: Duration) -> Result<(), StorageError> {
        let rows = Connection::Postgres(session).query(SELECT, &[], |row| {
            Ok((row.get::<Node>(0)?, row.get::<u32>(1)?, row.get::<i64>(2)?, row.get::<i64>(3)?))
        })?;
        self.others.retain(|node, _| rows.iter().any(|(other, ..)| other == node));
        for (node, term_ms, renewals, applied) in rows {
            if node != self.node {
                let term = Duration::from_millis(u64::from(term_ms));
                self.saw(node, Other { term, renewals, applied, since: uptime });
            }
        }
        Ok(())
    }

    fn saw(&mut self, node: Node, seen: Other) {
        let known = self.others.entry(node).or_insert(seen);
        if known.renewals == seen.renewals {
            known.applied = seen.applied;
        } else {
            *known = seen;
        }
    }

    /// The least that any node has applied that may still decide; nothing when there is no other.
    pub(super) fn least_applied(&self, uptime: Duration) -> Option<i64> {
        self.others.values().filter(|other| !other.is_gone(uptime)).map(|other| other.applied).min()
    }

    /// Which place this node has among those that are there, and how many they are.
    pub(super) fn place(&self, uptime: Duration) -> Place {
        let there = || self.others.iter().filter(|(_, other)| !other.is_gone(uptime));
        Place { rank: there().filter(|(node, _)| **node < self.node).count(), nodes: there().count() + 1 }
    }

    /// Removes the rows of nodes that have long been gone.
    pub(super) fn clear_away(&self, session: &Session, uptime: Duration) -> Result<(), StorageError> {
        for (node, other) in &self.others {
            if other.is_long_gone(uptime) {
                session.execute(REMOVE, params![node, other.renewals])?;
            }
        }
        Ok(())
    }

    /// Gives it back: nobody needs to wait for a node that ends.
    pub(super) fn give_back(&self, session: &Session) -> Result<(), StorageError> {
        session.execute(GIVE_BACK, params![self.node]).map(drop)
    }
}

/// A node's place among the nodes of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// From zero.
    pub rank: usize,
    /// At least one.
    pub nodes: usize,
}

impl Place {
    /// A node by itself.
    pub const ALONE: Self = Self { rank: 0, nodes: 1 };

    /// Whether something is this node's to do, by its id. While nodes come and go two may take it for theirs,
    /// or none: whoever does it claims it first, and what nobody does is found again at the next look.
    pub fn owns(self, id: &Ksuid) -> bool {
        let end = id.bytes().last_chunk::<8>().map_or(0, |end| u64::from_be_bytes(*end));
        let nodes = u64::try_from(self.nodes.max(1)).unwrap_or(1);
        end % nodes == u64::try_from(self.rank).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERM: Duration = Duration::from_secs(4);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn seen(renewals: i64, applied: i64, since: u64) -> Other {
        Other { term: TERM, renewals, applied, since: at(since) }
    }

    #[test]
    fn a_node_is_there_for_its_term_and_a_quarter_after_its_last_renewal_was_seen() {
        let mut lease = Lease::new(Node([1; 16]), TERM);
        assert_eq!(lease.least_applied(at(0)), None);
        lease.saw(Node([2; 16]), seen(7, 10, 100));
        // Looked at again and again, it stands as it stood.
        lease.saw(Node([2; 16]), seen(7, 12, 104));
        assert_eq!(lease.least_applied(at(105)), Some(12));
        assert_eq!(lease.least_applied(at(106)), None);
        // Renewed, or back from a crash that lost renewals: any other number counts.
        lease.saw(Node([2; 16]), seen(6, 9, 106));
        assert_eq!(lease.least_applied(at(111)), Some(9));
    }

    #[test]
    fn a_row_outlasts_what_its_node_may_have_under_way_however_short_the_term() {
        let short = Other { term: Duration::from_millis(200), ..seen(1, 1, 0) };
        assert!(short.is_gone(at(1)) && !short.is_long_gone(at(60)) && short.is_long_gone(at(61)));
        let long = Other { term: Duration::from_secs(10), ..short };
        assert!(!long.is_long_gone(at(100)) && long.is_long_gone(at(101)));
    }

    #[test]
    fn places_are_given_to_those_who_are_there() {
        let mut lease = Lease::new(Node([5; 16]), TERM);
        assert_eq!(lease.place(at(0)), Place::ALONE);
        lease.saw(Node([2; 16]), seen(1, 1, 0));
        lease.saw(Node([9; 16]), seen(1, 1, 3));
        assert_eq!(lease.place(at(4)), Place { rank: 1, nodes: 3 });
        assert_eq!(lease.place(at(7)), Place { rank: 0, nodes: 2 });
    }

    #[test]
    fn each_thing_is_one_nodes_to_do_and_nobody_has_all_of_them() {
        for nodes in 1..5 {
            let mut shares = vec![0; nodes];
            for number in 0..1_000_u16 {
                let hash = *blake3::hash(&number.to_be_bytes()).as_bytes();
                let id = Ksuid::from_bytes(*hash.first_chunk().unwrap());
                let owners: Vec<usize> =
                    (0..nodes).filter(|rank| Place { rank: *rank, nodes }.owns(&id)).collect();
                assert_eq!(owners.len(), 1);
                shares[owners[0]] += 1;
            }
            assert!(shares.iter().all(|share| *share > 700 / nodes), "{shares:?}");
        }
    }
}
