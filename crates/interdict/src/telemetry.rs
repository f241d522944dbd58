//! Logs on standard error, as text or as JSON lines. They never hold identifiers, keys or bodies; those
//! who log see to that.

use std::io::IsTerminal as _;

use anyhow::Result;
use tracing_subscriber::EnvFilter;

use crate::arguments::LogFormat;
use crate::failure::misuse;

/// What is logged unless said otherwise by a command that serves.
pub const SERVING: &str = "warn,interdict=info";
/// What is logged unless said otherwise by a command that ends.
pub const PASSING: &str = "warn";

/// Starts logging. A `filter` is in the words of `tracing-subscriber`: `debug`, `interdict_http=trace`.
pub fn start(filter: &str, format: LogFormat) -> Result<()> {
    let filter: EnvFilter = filter.parse().map_err(|error| {
        misuse(format!("INTERDICT_LOG cannot be read ({error}): give a level such as info or debug"))
    })?;
    let builder = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .log_internal_errors(false)
        .with_env_filter(filter);
    let started = match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("logging cannot be started: {error}"))
}
