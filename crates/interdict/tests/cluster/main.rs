//! Three nodes over one PostgreSQL, with writers and readers, while processes are killed and stopped, the
//! server crashes, and connections are cut, delayed and swallowed. What is checked: nothing acknowledged is
//! lost, nothing happens twice, the feed has no hole, nobody reads his own write away, and a block that was
//! waited for on all nodes is not overlooked by any that calls itself fresh. Controls break one promise each,
//! and must be caught within a minute.
//!
//! `INTERDICT_CLUSTER_SECONDS` makes it longer than the form that every run has.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod clients;
mod history;
mod nemesis;
mod nodes;

use std::sync::Arc;
use std::time::{Duration, Instant};

use clients::{Clients, audit};
use history::History;
use nemesis::{Fault, Nemesis};
use nodes::{Cluster, Promise};

const SECONDS: u64 = 40;
/// How long a control may go on before it is caught.
const CAUGHT_WITHIN: Duration = Duration::from_mins(1);

fn seconds() -> Duration {
    let wanted = std::env::var("INTERDICT_CLUSTER_SECONDS").ok().map(|text| text.parse().unwrap());
    Duration::from_secs(wanted.unwrap_or(SECONDS))
}

/// Lets clients and faults at a cluster until the time is over or something was caught.
fn torment(cluster: &mut Cluster, faults: &[Fault], time: Duration) -> Arc<History> {
    let history = Arc::new(History::default());
    let clients = Clients::start(&cluster.addresses(), cluster.key(), &history);
    let mut nemesis = Nemesis::new(faults);
    let end = Instant::now() + time;
    while Instant::now() < end && history.violation().is_none() {
        nemesis.strike(cluster);
    }
    cluster.heal();
    clients.stop();
    history
}

#[test]
fn three_nodes_keep_what_they_promise_whatever_happens_to_them() {
    let mut cluster = Cluster::start(Promise::Kept);
    let history = torment(&mut cluster, &Fault::ALL, seconds());
    audit(&cluster, &history);
    println!("{}", history.summary());
    assert_eq!(history.violation(), None);
    history.assert_busy();
}

/// What the checker must find out within a minute.
fn is_caught(promise: Promise, faults: &[Fault]) {
    let mut cluster = Cluster::start(promise);
    let begun = Instant::now();
    // In rounds, because some of it shows only when everything has come to rest.
    while begun.elapsed() < CAUGHT_WITHIN {
        let history = torment(&mut cluster, faults, Duration::from_secs(8));
        if history.violation().is_none() {
            audit(&cluster, &history);
        }
        if let Some(violation) = history.violation() {
            println!("{promise:?} was caught after {:?}: {violation}", begun.elapsed());
            return;
        }
    }
    panic!("{promise:?} was not caught");
}

#[test]
fn a_control_that_follows_numbers_instead_of_commits_is_caught() {
    is_caught(Promise::TailById, &[]);
}

#[test]
fn a_control_that_answers_before_the_commit_is_caught() {
    is_caught(Promise::EarlyAcknowledgement, &[Fault::ServerCrashes, Fault::NodeKilled]);
}

#[test]
fn a_control_that_ignores_the_leases_is_caught() {
    is_caught(Promise::LeasesIgnored, &[Fault::NetworkSwallows, Fault::NetworkSlow]);
}
