//! Changes on one node at fixed moments, and how long after each acknowledgement the other nodes answer by it.
//!
//! Those who change wait for nobody but their own node: what they were acknowledged goes to those who ask through queues
//! that are bounded, and what a queue does not take counts as never seen.

use std::ops::AddAssign;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::bench::client::{Connection, kept_alive};
use crate::bench::data::email;
use crate::bench::machine;

/// Changes a second.
const CHANGES_PER_S: u32 = 200;
/// Connections that change; each has one to each of the other nodes that asks after it.
const CONNECTIONS: u32 = 8;
/// Samples that wait for one who asks: a fifth of a second.
const QUEUE: usize = 8;

/// What is done, and where.
pub struct Spread<'a> {
    /// The node that is changed.
    pub changed: u16,
    /// The nodes that are asked.
    pub asked: [u16; 2],
    pub secret: &'a str,
    /// The first word of emails that nobody has seen.
    pub name: &'a str,
    /// Changes that go on before any of them counts.
    pub before: Duration,
    pub measured: Duration,
}

/// Times in milliseconds.
#[derive(Debug, Default, PartialEq)]
pub struct Times {
    /// From the moment a change was due until it was acknowledged.
    pub acknowledged: Vec<f64>,
    /// From the acknowledgement to the end of another node's answer by it; endless where it was not sampled.
    pub known: Vec<f64>,
    /// The same for a revision that the other node had long seen.
    pub floor: Vec<f64>,
    /// Changes that a queue did not take.
    pub given_up: u32,
}

impl AddAssign for Times {
    fn add_assign(&mut self, mut more: Self) {
        self.acknowledged.append(&mut more.acknowledged);
        self.known.append(&mut more.known);
        self.floor.append(&mut more.floor);
        self.given_up += more.given_up;
    }
}

/// What one who asks is told.
#[derive(Clone, Copy)]
struct Sample {
    turn: u32,
    revision: i64,
    from: Instant,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Change,
    Floor,
    /// It counts for nothing.
    Before,
}

impl Spread<'_> {
    pub fn measure(&self) -> Result<Times> {
        let began = machine::now();
        thread::scope(|scope| {
            let (mut asking, mut changing) = (Vec::new(), Vec::new());
            for number in 0..CONNECTIONS {
                let queues = self.asked.map(|port| {
                    let (queue, samples) = sync_channel(QUEUE);
                    asking.push(scope.spawn(move || self.ask(port, samples)));
                    queue
                });
                changing.push(scope.spawn(move || self.change(number, began, &queues)));
            }
            let mut times = Times::default();
            // Those who ask come first: when one of them fails, its error is the cause of the other.
            for thread in asking.into_iter().chain(changing) {
                times += joined(thread)?;
            }
            Ok(times)
        })
    }

    /// One connection to the node that is changed: every eighth change.
    fn change(&self, number: u32, began: Instant, queues: &[SyncSender<Sample>]) -> Result<Times> {
        let mut connection = Connection::open(self.changed)?;
        let mut times = Times::default();
        for turn in (number..).step_by(CONNECTIONS as usize) {
            let after = Duration::from_secs(1) * turn / CHANGES_PER_S;
            if after >= self.before + self.measured {
                break;
            }
            let due = began + after;
            thread::sleep(due.saturating_duration_since(machine::now()));
            let revision = self.block(&mut connection, turn)?;
            let acknowledged = machine::now();
            let counts = after >= self.before;
            let kind = if counts { Kind::Change } else { Kind::Before };
            let sample = Sample { turn, revision, from: acknowledged, kind };
            for queue in queues {
                if !offer(queue, sample)? && counts {
                    times.given_up += 1;
                    times.known.push(f64::INFINITY);
                }
            }
            if counts {
                times.acknowledged.push(milliseconds(acknowledged.duration_since(due)));
            }
            // Half of its turn later, between two changes of other connections: long there.
            let floor = due + Duration::from_secs(1) * (CONNECTIONS + 1) / (2 * CHANGES_PER_S);
            let pause = floor.saturating_duration_since(machine::now());
            if counts && !pause.is_zero() {
                thread::sleep(pause);
                let sample = Sample { from: machine::now(), kind: Kind::Floor, ..sample };
                for queue in queues {
                    offer(queue, sample)?;
                }
            }
        }
        Ok(times)
    }

    /// Blocks an email, and returns the revision of it.
    fn block(&self, connection: &mut Connection, turn: u32) -> Result<i64> {
        let body = format!(r#"{{"email":"{}","reason":"chargeback"}}"#, email(self.name, turn.into()));
        let answer = connection.ask(&kept_alive("/blacklist", self.secret, "", &body))?;
        ensure!(answer.status == 201, "a change was answered with {}", answer.status);
        let revision = answer.header("interdict-revision").context("a change without its revision")?;
        revision.parse().with_context(|| format!("the revision {revision:?} is no number"))
    }

    /// One connection to another node. Its answer must say what was changed, and not only come.
    fn ask(&self, port: u16, samples: Receiver<Sample>) -> Result<Times> {
        let mut connection = Connection::open(port)?;
        let mut times = Times::default();
        for sample in samples {
            let email = email(self.name, sample.turn.into());
            let body = format!(r#"{{"initiator":"customer","email":"{email}","dryRun":true}}"#);
            let header = format!("Interdict-At-Least: {}\r\n", sample.revision);
            let answer = connection.ask(&kept_alive("/v1/decisions", self.secret, &header, &body))?;
            let time = milliseconds(machine::now().duration_since(sample.from));
            let text = String::from_utf8_lossy(&answer.body);
            ensure!(
                answer.status == 200 && text.contains(r#""outcome":"block""#),
                "revision {} was asked for, and the answer was {}: {text}",
                sample.revision,
                answer.status
            );
            match sample.kind {
                Kind::Change => times.known.push(time),
                Kind::Floor => times.floor.push(time),
                Kind::Before => {}
            }
        }
        Ok(times)
    }
}

/// Hands over without waiting. False when the queue is full.
fn offer(queue: &SyncSender<Sample>, sample: Sample) -> Result<bool> {
    match queue.try_send(sample) {
        Ok(()) => Ok(true),
        Err(TrySendError::Full(_)) => Ok(false),
        Err(TrySendError::Disconnected(_)) => bail!("nobody asks any more"),
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn joined(thread: ScopedJoinHandle<'_, Result<Times>>) -> Result<Times> {
    match thread.join() {
        Ok(times) => times,
        Err(_) => bail!("a thread of the measurement panicked"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_queue_does_not_take_is_known() {
        let sample = Sample { turn: 0, revision: 1, from: machine::now(), kind: Kind::Change };
        let (queue, samples) = sync_channel(1);
        assert!(offer(&queue, sample).unwrap());
        assert!(!offer(&queue, sample).unwrap(), "it is full, and nobody waits");
        drop(samples);
        assert!(offer(&queue, sample).is_err(), "nobody would ever ask");
    }

    #[test]
    fn times_add_up() {
        let mut all = Times { known: vec![1.0], given_up: 1, ..Times::default() };
        all += Times { known: vec![f64::INFINITY], floor: vec![0.5], given_up: 2, acknowledged: vec![3.0] };
        let wanted =
            Times { known: vec![1.0, f64::INFINITY], floor: vec![0.5], given_up: 3, acknowledged: vec![3.0] };
        assert_eq!(all, wanted);
    }
}
