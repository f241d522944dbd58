//! The end of serving: the first SIGTERM or SIGINT lets running requests finish, the second cuts them.
//! What was acknowledged is on disk either way.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens for the two signals from the moment that it is made.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Begins to listen; inside a runtime.
    pub fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next signal.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
