//! `interdict completions`.

use std::process::ExitCode;

use anyhow::Result;
use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::output;

/// Prints the script for a shell.
pub fn run(shell: Shell) -> Result<ExitCode> {
    // Into memory first: the generator panics when its reader goes away.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "interdict", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
