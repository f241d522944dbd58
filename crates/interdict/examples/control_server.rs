//! A server that breaks a promise on purpose, for the fault tests: their checker must catch it. Not a
//! part of the product, and not built into the binary.
//!
//! `control_server DATA_DIR LISTEN early-acknowledgement|without-flush|full`

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use interdict_app::store::Durability;
use interdict_app::{App, AppOptions};
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
}

impl Random for System {
    #[allow(clippy::disallowed_methods, reason = "this is a program of its own, and has the real generator")]
    #[allow(clippy::expect_used, reason = "a test's program without randomness is of no use")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the system has randomness");
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(data_dir), Some(listen), Some(promise)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        bail!("usage: control_server DATA_DIR LISTEN early-acknowledgement|without-flush|full");
    };
    let durability = match promise.as_str() {
        "early-acknowledgement" => Durability::ControlEarlyAcknowledgement,
        "without-flush" => Durability::ControlWithoutFlush,
        "full" => Durability::Full,
        other => bail!("unknown promise {other}"),
    };
    let data_dir = PathBuf::from(data_dir);
    let pepper = std::fs::read_to_string(data_dir.join("pepper")).context("the folder has no pepper")?;
    let options = AppOptions {
        stripe: interdict_app::StripeAddress::default(),
        data_dir,
        pepper: Pepper::parse(&pepper)?,
        clock: Arc::new(System),
        random: Arc::new(System),
        durability,
        with_index: true,
    };
    let app = Arc::new(App::open(&options)?);
    let http = Http::new(app, Metrics::new(), HttpOptions::default());
    let listener = tokio::net::TcpListener::bind(&listen).await?;
    serve(listener, ServerOptions::default(), http, std::future::pending()).await?;
    Ok(())
}
