//! A node over PostgreSQL that breaks a promise on purpose, for the cluster's tests: their checker must catch
//! it. Not a part of the product, and not built into the binary.
//!
//! `control_node DATA_DIR LISTEN PROMISE DATABASE_URL MAX_STALENESS_MS`, where the promise that is broken is
//! one of `tail-by-id`, `early-acknowledgement`, `leases-ignored`; or `full`, none.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use interdict_app::store::{Durability, PostgresServer};
use interdict_app::{App, AppOptions, DataPlace};
use interdict_domain::clock::{Clock, Random, Timestamp};
use interdict_domain::identifier::Pepper;
use interdict_http::middleware::metrics::Metrics;
use interdict_http::server::{ServerOptions, serve};
use interdict_http::{Http, HttpOptions};

struct System;

impl Clock for System {
    #[allow(clippy::disallowed_methods, reason = "this is a program of its own, and has the real clock")]
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(jiff::Timestamp::now().as_microsecond())
    }

    fn uptime(&self) -> Duration {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
    }
}

impl Random for System {
    #[allow(clippy::disallowed_methods, reason = "this is a program of its own, and has the real generator")]
    #[allow(clippy::expect_used, reason = "a test's program without randomness is of no use")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the system has randomness");
    }
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data_dir, listen, promise, url, max_staleness_ms] = arguments.as_slice() else {
        bail!("usage: control_node DATA_DIR LISTEN PROMISE DATABASE_URL MAX_STALENESS_MS");
    };
    let durability = match promise.as_str() {
        "tail-by-id" => Durability::ControlTailById,
        "early-acknowledgement" => Durability::ControlEarlyAcknowledgement,
        "leases-ignored" | "full" => Durability::Full,
        other => bail!("unknown promise {other}"),
    };
    let max_staleness = Duration::from_millis(max_staleness_ms.parse()?);
    let pepper = std::fs::read_to_string(PathBuf::from(data_dir).join("pepper")).context("no pepper")?;
    let app = App::open(&AppOptions {
        stripe: interdict_app::StripeAddress::default(),
        data: DataPlace::Server(PostgresServer::parse(url)?),
        pepper: Pepper::parse(&pepper)?,
        clock: Arc::new(System),
        random: Arc::new(System),
        durability,
        max_staleness,
        // Who has no lease knows of no other's.
        lease_term: (promise != "leases-ignored").then_some(max_staleness),
        with_index: true,
        take_over: false,
        decision_log: None,
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let http = Http::new(Arc::new(app), Metrics::new(), HttpOptions::default());
        let listener = tokio::net::TcpListener::bind(&listen).await?;
        serve(listener, ServerOptions::default(), http, std::future::pending()).await?;
        Ok(())
    })
}
