//! One connection to PostgreSQL, used by one thread at a time.
//!
//! Writes are kept back and go out together: with the next read, or with the commit. Reads that were foreseen
//! come in together, before the work that wants them. What runs in between runs as if each statement had
//! gone out at once.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use tokio::runtime::Runtime;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};

use super::deferred::{Deferred, Request};
use super::fetched::Fetched;
use super::values::columns_of;
use super::wakeups::Wakeups;
use crate::error::StorageError;
use crate::foreseen::Foreseen;
use crate::sql::{self, Bound, Value, bind};

pub(super) const COMMIT: &str = "COMMIT";
/// A commit waits until the log is on the disk up to its own record, and many wait for one flush.
const FLUSH: &str = "SELECT pg_logical_emit_message(true, 'interdict', '')";

/// A connection with what is kept back on it.
pub(crate) struct Session {
    /// Drives the connection while somebody waits for it, and only then. Nothing once it is dropped.
    runtime: Option<Runtime>,
    client: Client,
    /// By text, and whether it is the form for many rows.
    prepared: RefCell<HashMap<(&'static str, bool), Statement>>,
    deferred: RefCell<Deferred>,
    fetched: RefCell<Fetched>,
    wakeups: Arc<Wakeups>,
    /// How long an answer may take, or the next row of one.
    patience: Cell<Option<Duration>>,
    /// An answer is outstanding that nobody waits for any more: what comes next would wait for it, too.
    gave_up: Cell<bool>,
}

/// What came back for a statement.
struct Answer {
    rows: Vec<Row>,
    touched: u64,
}

impl Session {
    pub(super) fn new(
        runtime: Runtime,
        client: Client,
        wakeups: Arc<Wakeups>,
        patience: Option<Duration>,
    ) -> Self {
        Self {
            runtime: Some(runtime),
            client,
            prepared: RefCell::default(),
            deferred: RefCell::default(),
            fetched: RefCell::default(),
            wakeups,
            patience: Cell::new(patience),
            gave_up: Cell::new(false),
        }
    }

    /// Waits for something with the connection alive.
    pub(crate) fn wait<T>(&self, what: impl Future<Output = T>) -> Result<T, StorageError> {
        Ok(self.runtime.as_ref().ok_or(StorageError::Stopped)?.block_on(what))
    }

    /// Waits for the server, as long as there is patience.
    async fn answered<T>(
        &self,
        answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, StorageError> {
        let Some(patience) = self.patience.get() else { return Ok(answer.await?) };
        if let Ok(answer) = tokio::time::timeout(patience, answer).await {
            return Ok(answer?);
        }
        self.gave_up.set(true);
        Err(StorageError::Away("no answer in time".to_owned()))
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Does something that takes as long as it takes.
    pub(super) fn patiently<T>(&self, work: impl FnOnce() -> T) -> T {
        let patience = self.patience.take();
        let done = work();
        self.patience.set(patience);
        done
    }

    /// Told of each notification that arrives while somebody waits.
    pub(super) fn wakeups(&self) -> &Wakeups {
        &self.wakeups
    }

    /// Keeps a statement back until something has to be known, or until [`Self::flush`].
    pub(crate) fn defer(&self, sql: &'static str, parameters: &[Value<'_>]) -> Result<(), StorageError> {
        for value in parameters {
            if let Value::Text(text) = value
                && text.contains('\0')
            {
                // The one text that PostgreSQL does not take. Found here, it fails its own work alone.
                return Err(StorageError::Corrupt("a text with a NUL in it"));
            }
        }
        let parameters = bind(parameters);
        self.forget_touched(sql, &parameters);
        self.deferred.borrow_mut().push(sql, parameters);
        Ok(())
    }

    /// Runs a statement now, after all that was kept back, and says how many rows it touched.
    pub(crate) fn execute(&self, sql: &'static str, parameters: &[Value<'_>]) -> Result<u64, StorageError> {
        let parameters = bind(parameters);
        self.forget_touched(sql, &parameters);
        let kept_back = self.deferred.borrow_mut().take(true);
        let answers = self.fly(kept_back, vec![Request::one(sql, parameters)])?;
        Ok(answers.first().map_or(0, |answer| answer.touched))
    }

    /// Sends all that was kept back, commits it, and waits until it is on the disk.
    pub(crate) fn commit_durably(&self) -> Result<(), StorageError> {
        let kept_back = self.deferred.borrow_mut().take(false);
        self.fly(kept_back, [COMMIT, FLUSH].map(|sql| Request::one(sql, Vec::new())).into()).map(drop)
    }

    /// Waits until everything is on the disk that anybody has committed so far: what can be read before that is
    /// gone after a crash of the server. Outside of a transaction.
    pub(crate) fn make_durable(&self) -> Result<(), StorageError> {
        self.fly(Vec::new(), vec![Request::one(FLUSH, Vec::new())]).map(drop)
    }

    /// Sends all that was kept back, and waits until it is done.
    pub(crate) fn flush(&self) -> Result<(), StorageError> {
        let kept_back = self.deferred.borrow_mut().take(false);
        self.fly(kept_back, Vec::new()).map(drop)
    }

    /// Goes through the rows of an answer. What was fetched before is not fetched again.
    pub(crate) fn for_each(
        &self,
        sql: &'static str,
        parameters: &[Value<'_>],
        sink: &mut dyn FnMut(sql::Row<'_>) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        let read = Foreseen { sql, parameters: bind(parameters) };
        let fetched = self.fetched.borrow().get(&read);
        if let Some(rows) = fetched {
            return rows.iter().try_for_each(|row| sink(sql::Row::Postgres(row)));
        }
        let kept_back = self.deferred.borrow_mut().take(false);
        if !kept_back.is_empty() {
            // All in one round trip. Only work in a commit comes here, which reads little.
            let answers = self.fly(kept_back, vec![Request::one(sql, read.parameters)])?;
            let mut rows = answers.iter().flat_map(|answer| &answer.rows);
            return rows.try_for_each(|row| sink(sql::Row::Postgres(row)));
        }
        let statement = self.statement(sql)?;
        self.wait(async {
            let rows = self.answered(self.client.query_raw(&statement, &read.parameters)).await?;
            let mut rows = std::pin::pin!(rows);
            while let Some(row) = self.answered(rows.try_next()).await? {
                sink(sql::Row::Postgres(&row))?;
            }
            Ok(())
        })?
    }

    /// Sends what was kept back and these reads all at once, and keeps what was read for those who will ask
    /// for it.
    pub(crate) fn foresee<'a>(
        &self,
        reads: impl IntoIterator<Item = &'a Foreseen>,
    ) -> Result<(), StorageError> {
        let mut wanted = HashSet::new();
        let reads: Vec<&Foreseen> = reads.into_iter().filter(|read| wanted.insert(*read)).collect();
        let requests = reads.iter().map(|read| Request::one(read.sql, read.parameters.clone()));
        let kept_back = self.deferred.borrow_mut().take(false);
        let answers = self.fly(kept_back, requests.collect())?;
        let mut fetched = self.fetched.borrow_mut();
        for (read, answer) in reads.into_iter().zip(answers) {
            fetched.insert(read.clone(), answer.rows.into());
        }
        Ok(())
    }

    /// Forgets what a write makes untrue.
    fn forget_touched(&self, sql: &'static str, parameters: &[Bound]) {
        let mut fetched = self.fetched.borrow_mut();
        if fetched.is_empty() {
            return;
        }
        match self.deferred.borrow_mut().parsed(sql) {
            Some(write) => fetched.forget_touched(write, parameters),
            None => fetched.clear(),
        }
    }

    /// Begins a part of the transaction that can be undone by itself.
    pub(crate) fn begin_part(&self, depth: usize) -> Result<(), StorageError> {
        self.deferred.borrow_mut().begin_part(depth)
    }

    /// Ends the part, kept or undone.
    pub(crate) fn end_part(&self, depth: usize, keep: bool) -> Result<(), StorageError> {
        self.deferred.borrow_mut().end_part(depth, keep)
    }

    /// Drops what was kept back, and what was fetched.
    pub(crate) fn abandon(&self) {
        self.deferred.borrow_mut().clear();
        self.fetched.borrow_mut().clear();
    }

    /// Sends what was kept back and then these, without waiting in between, and returns what came of these.
    /// The first that fails fails them all: in a transaction, what follows on it is refused.
    fn fly(&self, before: Vec<Request>, requests: Vec<Request>) -> Result<Vec<Answer>, StorageError> {
        let mut all = before;
        let kept_back = all.len();
        all.extend(requests);
        if all.is_empty() {
            return Ok(Vec::new());
        }
        let prepared = all.iter().map(|request| self.prepare(request)).collect::<Result<Vec<_>, _>>()?;
        let answers = self.wait(async {
            let mut under_way = Vec::with_capacity(all.len());
            for (statement, request) in prepared.iter().zip(&all) {
                under_way.push(Box::pin(self.answer(statement, request)));
            }
            self.answered(send_in_order(under_way)).await
        })?;
        let mut answers = answers?;
        Ok(answers.split_off(kept_back))
    }

    async fn answer(
        &self,
        statement: &Statement,
        request: &Request,
    ) -> Result<Answer, tokio_postgres::Error> {
        let columns;
        let parameters: Vec<&(dyn ToSql + Sync)> = match request.rows() {
            [row] => row.iter().map(|bound| bound as &(dyn ToSql + Sync)).collect(),
            rows => {
                columns = columns_of(rows);
                columns.iter().map(|column| column as &(dyn ToSql + Sync)).collect()
            }
        };
        let stream = self.client.query_raw(statement, parameters).await?;
        let mut stream = std::pin::pin!(stream);
        let mut rows = Vec::new();
        while let Some(row) = stream.try_next().await? {
            rows.push(row);
        }
        Ok(Answer { rows, touched: stream.rows_affected().unwrap_or(0) })
    }

    fn prepare(&self, request: &Request) -> Result<Statement, StorageError> {
        let single = self.statement(request.sql())?;
        if request.rows().len() == 1 {
            return Ok(single);
        }
        self.prepared_or(request.sql(), true, || request.set_wise(single.params()))
    }

    fn statement(&self, sql: &'static str) -> Result<Statement, StorageError> {
        self.prepared_or(sql, false, || sql.to_owned())
    }

    fn prepared_or(
        &self,
        sql: &'static str,
        set_wise: bool,
        text: impl FnOnce() -> String,
    ) -> Result<Statement, StorageError> {
        if let Some(statement) = self.prepared.borrow().get(&(sql, set_wise)) {
            return Ok(statement.clone());
        }
        let statement = self.wait(self.answered(self.client.prepare(&text())))??;
        self.prepared.borrow_mut().insert((sql, set_wise), statement.clone());
        Ok(statement)
    }

    /// Runs a script: statements without parameters, after what was kept back.
    pub(crate) fn run_script(&self, text: &str) -> Result<(), StorageError> {
        self.flush()?;
        self.wait(self.answered(self.client.batch_execute(text)))?
    }

    /// Whether nothing can come of it any more, as far as is known without asking.
    pub(crate) fn is_closed(&self) -> bool {
        self.gave_up.get() || self.client.is_closed()
    }
}

/// A runtime must not wait for its threads where somebody else's is running.
impl Drop for Session {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A request goes out when its future is polled for the first time: in this order. The answers come in the
/// same order.
async fn send_in_order<F, T, E>(mut under_way: Vec<F>) -> Result<Vec<T>, E>
where
    F: Future<Output = Result<T, E>> + Unpin,
{
    let mut answers: Vec<Option<F::Output>> = Vec::with_capacity(under_way.len());
    std::future::poll_fn(|context| {
        for request in under_way.iter_mut().skip(answers.len()) {
            answers.push(match std::pin::Pin::new(request).poll(context) {
                Poll::Ready(answer) => Some(answer),
                Poll::Pending => None,
            });
        }
        Poll::Ready(())
    })
    .await;
    let mut in_order = Vec::with_capacity(under_way.len());
    for (request, answer) in under_way.into_iter().zip(answers) {
        in_order.push(match answer {
            Some(answer) => answer?,
            None => request.await?,
        });
    }
    Ok(in_order)
}
