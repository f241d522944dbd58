//! `interdict demo`: a filled sample shop in a temporary folder, the same each time, with a story of
//! seven curl lines.
//!
//! Deliberately not here: who is in the shop ([`shop`], [`cast`]) and what is told of it ([`story`]).

mod asked;
mod cast;
mod past;
mod person;
mod seed;
mod shop;
mod story;
mod till;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use interdict_domain::identifier::Pepper;
use interdict_domain::mode::Mode;

use crate::application::{self, Wanted};
use crate::arguments::ServeArguments;
use crate::configuration::Configuration;
use crate::output;
use crate::serve::Listening;
use seed::Seed;

/// Fills a shop and serves it until a signal; then it is gone.
pub fn run(configuration: &Configuration, arguments: ServeArguments) -> Result<ExitCode> {
    let serving = configuration.serving(arguments)?;
    let (max_staleness, decision_retention) = (serving.max_staleness, serving.decision_retention);
    let wanted = Wanted::Serving { alone: false, max_staleness, decision_retention };
    let listening = Listening::start(serving)?;
    let folder = tempfile::Builder::new()
        .prefix("interdict-demo-")
        .tempdir()
        .context("a temporary folder cannot be made: see TMPDIR")?;
    let seed = Arc::new(Seed::new());
    let pepper = Pepper::from_bytes(seed.bytes());
    let app = application::open_with(folder.path(), &folder.path().join("pepper"), pepper, wanted)?;
    let shop = shop::fill(&app, &seed).context("the shop cannot be filled")?;
    let till = listening.run(async {
        while !app.service(Mode::Test).readiness().loaded {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        till::fill(&app, &shop).await
    });
    let till = till.context("the shop's till cannot be filled")?;
    asked::ask(&app, &shop).context("the shop's questions cannot be asked")?;
    person::fill(&app, &shop).context("the shop's person cannot be blocked")?;
    output::print(&story::tell(&shop, &till, &listening.base_url()))?;
    listening.serve(app)?;
    folder.close().context("the temporary folder cannot be removed")?;
    Ok(ExitCode::SUCCESS)
}
