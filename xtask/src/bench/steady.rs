//! A steady load: decisions asked at fixed moments whether or not the ones before are answered, and timed from the
//! moment at which they were due. A server that stalls is charged with everybody who would have come meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use super::client::{Connection, kept_alive};
use super::data::email;
use super::machine;

/// Connections, each with a thread that waits for its answers.
const CONNECTIONS: u32 = 16;

/// What is asked.
#[derive(Clone)]
pub struct Steady {
    pub port: u16,
    pub secret: String,
    /// The emails' first word; a number below `emails` follows.
    pub name: &'static str,
    pub emails: u64,
    pub per_s: u32,
}

/// A load that is running.
pub struct Running {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Result<Vec<f64>>>>,
}

impl Steady {
    /// Begins to ask.
    pub fn start(&self) -> Running {
        let (stop, began) = (Arc::new(AtomicBool::new(false)), machine::now());
        let threads = (0..CONNECTIONS)
            .map(|number| {
                let (steady, stop) = (self.clone(), Arc::clone(&stop));
                thread::spawn(move || steady.ask(number, began, &stop))
            })
            .collect();
        Running { stop, threads }
    }

    /// Asks for so long, and returns each answer's time in microseconds.
    pub fn ask_for(&self, duration: Duration) -> Result<Vec<f64>> {
        let running = self.start();
        thread::sleep(duration);
        running.stop()
    }

    /// One connection: every sixteenth question.
    fn ask(&self, number: u32, began: Instant, stop: &AtomicBool) -> Result<Vec<f64>> {
        let mut connection = Connection::open(self.port)?;
        let mut times_us = Vec::new();
        let mut turn = number;
        while !stop.load(Ordering::Relaxed) {
            let due = began + Duration::from_secs(1) * turn / self.per_s;
            thread::sleep(due.saturating_duration_since(machine::now()));
            let answer = connection.ask(&self.request(turn))?;
            ensure!(answer.status == 200, "a decision was answered with {}", answer.status);
            times_us.push(machine::now().duration_since(due).as_secs_f64() * 1e6);
            turn += CONNECTIONS;
        }
        Ok(times_us)
    }

    fn request(&self, turn: u32) -> String {
        // A prime step: no two neighbours one after the other.
        let email = email(self.name, u64::from(turn) * 7_368_787 % self.emails);
        let body = format!(r#"{{"initiator":"customer","email":"{email}"}}"#);
        kept_alive("/v1/decisions", &self.secret, "", &body)
    }
}

impl Running {
    /// Ends the load, and returns each answer's time in microseconds.
    pub fn stop(self) -> Result<Vec<f64>> {
        self.stop.store(true, Ordering::Relaxed);
        let mut times_us = Vec::new();
        for thread in self.threads {
            match thread.join() {
                Ok(times) => times_us.append(&mut times?),
                Err(_) => bail!("a thread of the steady load panicked"),
            }
        }
        Ok(times_us)
    }
}

/// The value that so many of a thousand do not exceed.
pub fn percentile(times: &[f64], of_a_thousand: usize) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (sorted.len() * of_a_thousand).div_ceil(1_000).saturating_sub(1);
    sorted.get(place).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_value_that_was_seen() {
        let times: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        assert!((percentile(&times, 500) - 100.0).abs() < f64::EPSILON);
        assert!((percentile(&times, 990) - 198.0).abs() < f64::EPSILON);
        assert!((percentile(&times, 1_000) - 200.0).abs() < f64::EPSILON);
        assert!(percentile(&[], 990).is_nan());
    }
}
