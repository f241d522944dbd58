//! A server's process in the hands of one thread. The kernel's death signal follows the thread that spawned the child,
//! and a test's own thread ends while the server is still shared: so a thread of the server's own spawns it.

use std::io;
use std::process::{Child, Command};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// How often the keeper looks whether the server has ended by itself.
const CHILD_CHECK: Duration = Duration::from_millis(20);

/// A signal for the process, and where to say what became of it.
type Order = (Signal, Sender<io::Result<()>>);

/// Dropping it ends exactly its own process, after a panic too.
#[derive(Debug)]
pub(crate) struct Keeper {
    process_id: u32,
    thread: Option<JoinHandle<()>>,
    /// The keeper lets go of the server when this is dropped.
    orders: Option<Sender<Order>>,
}

impl Keeper {
    /// Spawns the command on a thread that lives until it is released or the server has ended. `end` is the signal
    /// that ends the server.
    pub(crate) fn spawn(mut command: Command, end: Signal) -> io::Result<Self> {
        let (spawned, started) = mpsc::channel();
        let (orders, received) = mpsc::channel();
        let thread =
            thread::Builder::new().name("keeper".to_owned()).spawn(move || match command.spawn() {
                Ok(child) => {
                    let _ = spawned.send(Ok(child.id()));
                    keep_until_released(child, &received, end);
                }
                Err(error) => {
                    let _ = spawned.send(Err(error));
                }
            })?;
        let process_id =
            started.recv().unwrap_or_else(|_| Err(io::Error::other("the keeper's thread is gone")))?;
        Ok(Self { process_id, thread: Some(thread), orders: Some(orders) })
    }

    /// The server's process.
    pub(crate) fn process_id(&self) -> u32 {
        self.process_id
    }

    /// Whether the server has ended by itself.
    pub(crate) fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Sends the process a signal, by way of the one thread that knows that the id is still its own.
    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        let (reply, answer) = mpsc::channel();
        if let Some(orders) = &self.orders {
            // Refused when the keeper is gone; then nobody answers either.
            let _ = orders.send((signal, reply));
        }
        answer
            .recv()
            .unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::NotFound, "the process has ended")))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Ends the child when the other side lets go. Nobody else waits for it, so that its id stays its own until then.
fn keep_until_released(mut child: Child, orders: &Receiver<Order>, end: Signal) {
    loop {
        let order = orders.recv_timeout(CHILD_CHECK);
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        match order {
            Ok((signal, reply)) => {
                let _ = reply.send(kill_process(Pid::from_child(&child), signal).map_err(io::Error::from));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    if kill_process(Pid::from_child(&child), end).is_ok() {
        let _ = child.wait();
    }
}
