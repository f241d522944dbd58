//! `interdict openapi`.

use std::process::ExitCode;

use anyhow::Result;

use crate::output;

/// Prints the document.
pub fn run() -> Result<ExitCode> {
    output::print(interdict_http::openapi_json().trim_end())?;
    output::print("\n")?;
    Ok(ExitCode::SUCCESS)
}
