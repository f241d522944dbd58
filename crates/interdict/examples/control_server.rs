//! A server that breaks a promise on purpose, for the fault tests: their checker must catch it. Not a
//! part of the product, and not built into the binary.
//!
//! `control_server DATA_DIR LISTEN PROMISE`, where the promise that is broken is one of
//! `early-acknowledgement`, `without-flush`, `forgotten-keys`, `forgotten-intents`, `forgotten-reversals`; or
//! `full`, none.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use interdict_app::store::Durability;
use interdict_app::{App, AppOptions, DataPlace};
use interdict_domain::clock::{Clock, Random, Timestamp};
use interdict_domain::identifier::Pepper;
use interdict_domain::mode::Mode;
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
        let since_start = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        Duration::try_from(since_start).unwrap_or_default()
    }
}

impl Random for System {
    #[allow(clippy::disallowed_methods, reason = "this is a program of its own, and has the real generator")]
    #[allow(clippy::expect_used, reason = "a test's program without randomness is of no use")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the system has randomness");
    }
}

/// How often renewals and payments that were begun are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Loses what the product has on the disk before it asks a gateway, as if it had asked first.
fn forget(data_dir: &Path, promise: &str) -> anyhow::Result<()> {
    let lost = match promise {
        "forgotten-keys" => "DELETE FROM idempotency",
        "forgotten-intents" => {
            "DELETE FROM payment WHERE pending = 'charge'; DELETE FROM idempotency WHERE status = 0"
        }
        "forgotten-reversals" => "UPDATE payment SET pending = NULL WHERE pending = 'reversal'",
        _ => return Ok(()),
    };
    let connection = rusqlite::Connection::open(data_dir.join("test.db"))?;
    connection.execute_batch(lost).context("nothing could be forgotten")
}

/// What the product does beside serving.
async fn go_on_with_payments(app: Arc<App>) {
    let service = app.service(Mode::Test);
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        looks.tick().await;
        app.recover_payments().await;
        if service.readiness().loaded {
            // Whatever fails is tried again at the next look.
            let _ = service.renew_subscriptions().await;
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(data_dir), Some(listen), Some(promise)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        bail!("usage: control_server DATA_DIR LISTEN PROMISE");
    };
    let durability = match promise.as_str() {
        "early-acknowledgement" => Durability::ControlEarlyAcknowledgement,
        "without-flush" => Durability::ControlWithoutFlush,
        "forgotten-keys" | "forgotten-intents" | "forgotten-reversals" | "full" => Durability::Full,
        other => bail!("unknown promise {other}"),
    };
    let data_dir = PathBuf::from(data_dir);
    forget(&data_dir, &promise)?;
    let pepper = std::fs::read_to_string(data_dir.join("pepper")).context("the folder has no pepper")?;
    let options = AppOptions {
        stripe: interdict_app::StripeAddress::default(),
        data: DataPlace::Folder(data_dir),
        pepper: Pepper::parse(&pepper)?,
        clock: Arc::new(System),
        random: Arc::new(System),
        durability,
        max_staleness: interdict_app::MAX_STALENESS,
        lease_term: None,
        with_index: true,
        take_over: true,
        decision_log: None,
    };
    let app = Arc::new(App::open(&options)?);
    tokio::spawn(go_on_with_payments(Arc::clone(&app)));
    let http = Http::new(app, Metrics::new(), HttpOptions::default());
    let listener = tokio::net::TcpListener::bind(&listen).await?;
    serve(listener, ServerOptions::default(), http, std::future::pending()).await?;
    Ok(())
}
