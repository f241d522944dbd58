//! `interdict doctor`: whether the data is sound, and the nodes that serve it, with what to do next.
//!
//! It reads and changes nothing. A node is asked for nothing but what it says to everybody (`/readyz`,
//! `/metrics`): what its last comparison of memory and database found, and how far it is.

mod data;
mod node;

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;

use crate::application::{self, Wanted};
use crate::arguments::DoctorArguments;
use crate::configuration::Configuration;
use crate::failure::Misuse;
use crate::output;
use node::Node;

/// One thing that was looked at.
struct Check {
    name: String,
    ok: bool,
    found: String,
    /// What to do about it.
    next: Option<String>,
}

impl Check {
    fn passed(name: impl Into<String>, found: impl Into<String>) -> Self {
        Self { name: name.into(), ok: true, found: found.into(), next: None }
    }

    fn failed(name: impl Into<String>, found: impl Into<String>, next: impl Into<String>) -> Self {
        Self { name: name.into(), ok: false, found: found.into(), next: Some(next.into()) }
    }
}

/// Looks at everything, and says what it found.
pub fn run(configuration: &Configuration, arguments: &DoctorArguments) -> Result<ExitCode> {
    let nodes = arguments.nodes.iter().map(|url| Node::parse(url)).collect::<Result<Vec<Node>>>()?;
    let mut checks = Vec::new();
    let app = match application::open(configuration, Wanted::Data) {
        Ok(app) => {
            checks.extend(data::opened(configuration));
            data::look_at(&app, &mut checks);
            Some(app)
        }
        Err(error) if error.is::<Misuse>() => return Err(error),
        Err(error) => {
            checks.push(data::not_opened(&error));
            None
        }
    };
    for node in nodes {
        node.look_at(app.as_ref(), &mut checks);
    }
    let sound = checks.iter().all(|check| check.ok);
    if arguments.json.json {
        let checks: Vec<_> = checks
            .iter()
            .map(
                |check| json!({"name": check.name, "ok": check.ok, "found": check.found, "next": check.next}),
            )
            .collect();
        output::print_json(&json!({"ok": sound, "checks": checks}))?;
    } else {
        output::print(&as_text(&checks))?;
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn as_text(checks: &[Check]) -> String {
    let mut text = String::new();
    for Check { name, ok, found, next } in checks {
        let sign = if *ok { '✓' } else { '✗' };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{sign} {name}: {found}");
        if let Some(next) = next {
            let _ = writeln!(text, "  → {next}");
        }
    }
    let failed = checks.iter().filter(|check| !check.ok).count();
    let _ = match failed {
        0 => writeln!(text, "\nAll is well."),
        failed => writeln!(text, "\n{failed} of {} checks failed.", checks.len()),
    };
    text
}
