//! Copying the write-ahead log into the database: on a thread of its own, so that commits do not wait for it. A log that
//! is written without a pause never comes to its end that way; beyond a length, the commit that finds it so copies what
//! is left, and the log begins anew.
//!
//! Deliberately not here: cutting the log to nothing after erasures ([`super::writer`]).

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};
use rusqlite::Connection;
use rusqlite::hooks::Wal;

use super::connection;
use crate::aside::spawn_aside;
use crate::error::StorageError;
use crate::store::Durability;

/// Pages that the log grows by between two turns of the thread.
const PAGES_BETWEEN: i32 = 8_000;
/// Pages of the log, about, at most: 128 MiB, which the next start reads in a fraction of a second.
const PAGES_MOST: i32 = 32_000;
/// Nobody waits longer for the thread, which may have ended.
const PATIENCE: Duration = Duration::from_secs(1);

/// The thread. It ends when the connection that it serves is closed.
pub(crate) struct Checkpointer {
    thread: Option<JoinHandle<()>>,
    at_work: Arc<Mutex<()>>,
    turns: Arc<Turns>,
}

/// How often the thread was wanted, and how often it came.
#[derive(Default)]
pub(crate) struct Turns {
    counts: Mutex<TurnCounts>,
    came: Condvar,
}

#[derive(Default)]
struct TurnCounts {
    wanted: u64,
    come: u64,
}

impl Turns {
    fn want(&self) {
        self.counts.lock().wanted += 1;
    }

    fn come(&self) {
        self.counts.lock().come += 1;
        self.came.notify_all();
    }

    /// Waits until the thread has come as often as it was wanted by now.
    pub(crate) fn wait(&self) {
        let mut counts = self.counts.lock();
        let wanted = counts.wanted;
        self.came.wait_while_for(&mut counts, |counts| counts.come < wanted, PATIENCE);
    }
}

impl Checkpointer {
    /// Serves the connection that writes.
    pub(crate) fn start(
        writer: &mut Connection,
        path: &Path,
        durability: Durability,
    ) -> Result<Self, StorageError> {
        let own = connection::open_checkpointer(path, durability)?;
        let at_work = Arc::<Mutex<()>>::default();
        let (signal, signals) = sync_channel(1);
        let turns = Arc::<Turns>::default();
        let mut growth = Growth { signal, copied_at: 0, turns: Arc::clone(&turns) };
        writer.wal_hook(Some(move |log: &mut Wal, pages| {
            growth.grown(log, pages);
            Ok(())
        }))?;
        let (lock, own_turns) = (Arc::clone(&at_work), Arc::clone(&turns));
        let thread = spawn_aside("checkpoint", move || run(&own, &signals, &lock, &own_turns))?;
        Ok(Self { thread: Some(thread), at_work, turns })
    }

    /// For whoever waits for it.
    pub(crate) fn turns(&self) -> Arc<Turns> {
        Arc::clone(&self.turns)
    }

    /// Waits until the thread is not at work, and keeps it so: two at once are in each other's way.
    pub(crate) fn hold(&self) -> MutexGuard<'_, ()> {
        self.at_work.lock()
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a checkpoint's thread had panicked");
        }
    }
}

/// How far the log has grown.
struct Growth {
    signal: SyncSender<()>,
    /// Its pages when the thread was last told.
    copied_at: i32,
    turns: Arc<Turns>,
}

impl Growth {
    /// Called at the end of each commit.
    fn grown(&mut self, log: &mut Wal, pages: i32) {
        if pages < self.copied_at {
            // It has begun anew.
            self.copied_at = 0;
        }
        if pages >= PAGES_MOST {
            // The thread may be at it, or a reader in the way: the next commit tries again.
            if let Err(error) = log.checkpoint() {
                tracing::debug!(error = &error as &dyn std::error::Error, "the log was not copied");
            }
        } else if pages - self.copied_at >= PAGES_BETWEEN {
            match self.signal.try_send(()) {
                Ok(()) => {
                    self.copied_at = pages;
                    self.turns.want();
                }
                Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
            }
        }
    }
}

fn run(connection: &Connection, signals: &Receiver<()>, at_work: &Mutex<()>, turns: &Turns) {
    while signals.recv().is_ok() {
        let held = at_work.lock();
        if let Err(error) = connection::copy_log(connection) {
            tracing::warn!(error = &error as &dyn std::error::Error, "the log could not be copied");
        }
        drop(held);
        turns.come();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each fills a page.
    const ROWS: &str = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 90)
                        INSERT INTO t SELECT n, zeroblob(4000) FROM n";

    fn open(path: &Path) -> (Connection, Checkpointer) {
        let mut writer = connection::open_writer(path, Durability::Full).unwrap();
        let checkpointer = Checkpointer::start(&mut writer, path, Durability::Full).unwrap();
        writer.execute_batch("CREATE TABLE t (n, body)").unwrap();
        (writer, checkpointer)
    }

    /// Commits until so many pages were written, and says how many pages the log has at most meanwhile.
    fn write(connection: &Connection, pages: usize, path: &Path, between: impl Fn()) -> u64 {
        let mut longest = 0;
        for number in 0..pages / 100 {
            connection.execute(ROWS, []).unwrap_or_else(|error| panic!("{number}: {error}"));
            between();
            longest = longest.max(std::fs::metadata(path).unwrap().len() / 4_096);
        }
        longest
    }

    #[test]
    fn a_log_that_is_written_without_a_pause_stays_bounded_and_nothing_of_it_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let (writer, checkpointer) = open(&path);
        let most = u64::try_from(PAGES_MOST).unwrap();
        let longest = write(&writer, 3 * PAGES_MOST as usize, &folder.path().join("a.db-wal"), || ());
        assert!(longest > most / 2, "the thread alone copies while commits go on: {longest}");
        assert!(longest < most * 3 / 2, "{longest}");
        let rows: i64 = writer.query_row("SELECT COUNT(*) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, i64::from(3 * PAGES_MOST / 100 * 90));
        drop(writer);
        drop(checkpointer);
        let again = connection::open_writer(&path, Durability::Full).unwrap();
        assert_eq!(again.query_row("SELECT COUNT(*) FROM t", [], |row| row.get::<_, i64>(0)).unwrap(), rows);
        let sound: String = again.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(sound, "ok");
    }

    #[test]
    fn the_log_of_whoever_waits_for_the_thread_begins_anew_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let (writer, checkpointer) = open(&path);
        let turns = checkpointer.turns();
        let pages = 4 * PAGES_BETWEEN as usize;
        let longest = write(&writer, pages, &folder.path().join("a.db-wal"), || turns.wait());
        assert!(longest < u64::try_from(PAGES_BETWEEN).unwrap() * 5 / 4, "{longest}");
        // The thread ends with it, and is waited for.
        drop(writer);
    }
}
