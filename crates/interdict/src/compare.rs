//! The comparison of memory and database beside the requests: now and then, and at once on SIGUSR1.
//!
//! Deliberately not here: how they are compared, and what follows from a difference (`interdict-app`).

use std::sync::Arc;
use std::time::Duration;

use interdict_app::{Comparison, Service};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

/// How soon it is looked again whether the index was loaded anew.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Compares until it is aborted. The signal is listened for from the call on, which is inside a runtime: before
/// it would end the process.
pub fn now_and_then(service: Arc<Service>, every: Option<Duration>) -> impl Future<Output = ()> {
    let asked = signal(SignalKind::user_defined1())
        .inspect_err(|error| {
            tracing::warn!(error = error as &dyn std::error::Error, "SIGUSR1 cannot be listened for");
        })
        .ok();
    compare(service, every, asked)
}

async fn compare(service: Arc<Service>, every: Option<Duration>, mut asked: Option<Signal>) {
    let mut ticks = every.map(|every| ticks(&service, every));
    loop {
        tokio::select! {
            () = next_tick(ticks.as_mut()) => {}
            () = next_signal(asked.as_mut()) => {}
        }
        if run(&service).await.is_some_and(|found| !found.is_equal()) {
            // Whether loading it anew was of help is known from another comparison only.
            while !service.readiness().fresh {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            run(&service).await;
        }
    }
}

/// On a thread that may wait: it reads for as long as a start takes.
async fn run(service: &Arc<Service>) -> Option<Comparison> {
    let comparing = Arc::clone(service);
    match tokio::task::spawn_blocking(move || comparing.compare_with_store()).await {
        Ok(Ok(found)) => Some(found),
        Ok(Err(error)) => {
            let mode = service.mode().as_str();
            tracing::warn!(error = &error as &dyn std::error::Error, mode, "memory is compared later");
            None
        }
        Err(_) => {
            tracing::error!("a comparison of memory and database panicked");
            None
        }
    }
}

/// The first one somewhere in the first interval: nodes that start together do not all read at once.
fn ticks(service: &Service, every: Duration) -> Interval {
    let mut drawn = [0; 8];
    service.random().fill(&mut drawn);
    let interval_ms = u64::try_from(every.as_millis()).unwrap_or(u64::MAX).max(1);
    let first = Duration::from_millis(u64::from_le_bytes(drawn) % interval_ms);
    let mut ticks = interval_at(Instant::now() + first, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

async fn next_tick(ticks: Option<&mut Interval>) {
    match ticks {
        Some(ticks) => drop(ticks.tick().await),
        None => std::future::pending().await,
    }
}

async fn next_signal(asked: Option<&mut Signal>) {
    if let Some(asked) = asked
        && asked.recv().await.is_some()
    {
        return;
    }
    // The runtime is about to end: nothing more comes.
    std::future::pending::<()>().await;
}
