//! Who waits until a change is applied on all nodes, and how far all of them are known to be.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::lease::Place;

/// Shared by those who wait and the thread that sees to it.
pub(crate) struct Waiting {
    /// Without leases nobody knows who the others are.
    has_leases: bool,
    /// The newest revision that somebody waits for.
    wanted: AtomicI64,
    /// What all nodes are known to have applied.
    reached: watch::Sender<i64>,
    place: Mutex<Place>,
}

impl Waiting {
    pub(super) fn new(has_leases: bool) -> Self {
        let (reached, place) = (watch::Sender::new(i64::MIN), Mutex::new(Place::ALONE));
        Self { has_leases, wanted: AtomicI64::new(i64::MIN), reached, place }
    }

    /// Whether somebody waits for more than is known.
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Acquire) > *self.reached.borrow()
    }

    pub(super) fn reached(&self, revision: i64) {
        self.reached.send_if_modified(|reached| {
            let is_more = revision > *reached;
            *reached = revision.max(*reached);
            is_more
        });
    }

    pub(super) fn set_place(&self, place: Place) {
        *self.place.lock() = place;
    }

    /// This node's place among all.
    pub(crate) fn place(&self) -> Place {
        *self.place.lock()
    }

    /// Waits until every node that may decide has applied a revision; false when the time is over. `wake`
    /// is called once the wish is known.
    pub(crate) async fn wait_for(&self, revision: i64, limit: Duration, wake: impl FnOnce()) -> bool {
        if !self.has_leases {
            return true;
        }
        let mut reached = self.reached.subscribe();
        self.wanted.fetch_max(revision, Ordering::AcqRel);
        wake();
        let reached = reached.wait_for(|reached| *reached >= revision);
        matches!(tokio::time::timeout(limit, reached).await, Ok(Ok(_)))
    }
}
