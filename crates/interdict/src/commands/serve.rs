//! `interdict serve`.

use std::process::ExitCode;

use anyhow::Result;

use crate::application::{self, Wanted};
use crate::arguments::ServeArguments;
use crate::configuration::Configuration;
use crate::serve::Listening;
use crate::{data_folder, first_start, output};

/// Serves until a signal.
pub fn run(configuration: &Configuration, arguments: ServeArguments) -> Result<ExitCode> {
    let serving = configuration.serving(arguments)?;
    let (max_staleness, decision_retention) = (serving.max_staleness, serving.decision_retention);
    let listening = Listening::start(serving)?;
    data_folder::create(&configuration.data_dir)?;
    let alone = data_folder::serve_alone(&configuration.data_dir)?;
    let wanted = Wanted::Serving { alone: alone.is_some(), max_staleness, decision_retention };
    let app = application::open(configuration, wanted)?;
    let base_url = listening.base_url();
    first_start::begin(&app, &configuration.data_dir, &base_url)?;
    let data = match &configuration.server {
        Some(server) => server.to_string(),
        None => configuration.data_dir.display().to_string(),
    };
    output::print(&format!("Interdict listens on {base_url} (API at {base_url}/docs, data in {data})\n"))?;
    listening.serve(app)?;
    Ok(ExitCode::SUCCESS)
}
