//! What the server's notifications say: that there is something new, or that somebody wants to know how far this
//! node is. They say no more, and what they say may be lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use tokio::sync::Notify;

/// The server's process for this node's writer: its commits are news to the others only. Zero while there is
/// none.
pub(crate) type OwnWriter = Arc<AtomicI32>;

/// Set by the connection, taken by whoever waits on it.
#[derive(Debug, Default)]
pub(super) struct Wakeups {
    own_writer: OwnWriter,
    woken: Notify,
    report_wanted: AtomicBool,
}

/// The end of the name of the channel on which reports are asked for.
const REPORT: &str = "_report";

impl Wakeups {
    /// For a connection that need not hear of this node's own commits.
    pub(super) fn beside(own_writer: OwnWriter) -> Self {
        Self { own_writer, ..Self::default() }
    }

    pub(super) fn notified(&self, channel: &str, process: i32) {
        let is_report = channel.ends_with(REPORT);
        if is_report {
            self.report_wanted.store(true, Ordering::Release);
        }
        if is_report || process != self.own_writer.load(Ordering::Acquire) {
            self.woken.notify_one();
        }
    }

    /// The connection has ended: whoever waits finds out by what comes next.
    pub(super) fn ended(&self) {
        self.woken.notify_one();
    }

    pub(super) async fn woken(&self) {
        self.woken.notified().await;
    }

    pub(super) fn take_report_wanted(&self) -> bool {
        self.report_wanted.swap(false, Ordering::AcqRel)
    }
}
