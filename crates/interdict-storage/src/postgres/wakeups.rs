//! What the server's notifications say: that there is something new, or that somebody wants to know how far this
//! node is. They say no more, and what they say may be lost.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Set by the connection, taken by whoever waits on it.
#[derive(Debug, Default)]
pub(super) struct Wakeups {
    woken: Notify,
    report_wanted: AtomicBool,
}

/// The end of the name of the channel on which reports are asked for.
const REPORT: &str = "_report";

impl Wakeups {
    pub(super) fn notified(&self, channel: &str) {
        if channel.ends_with(REPORT) {
            self.report_wanted.store(true, Ordering::Release);
        }
        self.woken.notify_one();
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
