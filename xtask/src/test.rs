//! `cargo xtask test`: every check in one command. A step that fails does not keep the others from running, and what
//! is left out is named.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use clap::ValueEnum;

use crate::prerequisites::{self, Prerequisite};
use crate::workspace::{Depth, Metadata};
use crate::{dependencies, openapi, process, tidy};

/// Where the outside test data is when nothing else is said, from the workspace's root.
const CORPORA: &str = "../shared/corpora";
/// The variable that says otherwise.
const CORPORA_VARIABLE: &str = "INTERDICT_CORPORA";

#[derive(clap::Args)]
pub struct Arguments {
    /// Run this step only (may be given several times)
    #[arg(long, value_enum, value_name = "STEP")]
    only: Vec<Step>,
    /// List the steps and run none
    #[arg(long)]
    list: bool,
}

/// The steps, in the order in which they run: the cheap ones first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Step {
    Fmt,
    Tidy,
    Dependencies,
    Clippy,
    Test,
    Corpora,
    Openapi,
}

/// How a step ended.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Passed,
    LeftOut(String),
    Failed(String),
}

/// One row of the closing table.
struct Row {
    name: &'static str,
    outcome: Outcome,
    elapsed: Duration,
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::Tidy => "tidy",
            Self::Dependencies => "dependencies",
            Self::Clippy => "clippy",
            Self::Test => "test",
            Self::Corpora => "corpora",
            Self::Openapi => "openapi",
        }
    }

    fn purpose(self) -> &'static str {
        match self {
            Self::Fmt => "the code is formatted",
            Self::Tidy => "sizes, opening comments, leftovers, links",
            Self::Dependencies => "walls between the crates, licences, reasons",
            Self::Clippy => "no lint objects, with and without what may be left out",
            Self::Test => "the tests of the workspace",
            Self::Corpora => "the tests on outside data, where it is",
            Self::Openapi => "the document is checked in and valid",
        }
    }

    fn needs(self) -> &'static [Prerequisite] {
        match self {
            Self::Fmt | Self::Tidy | Self::Dependencies | Self::Clippy => &[],
            Self::Test | Self::Corpora => &[
                Prerequisite::Postgres,
                Prerequisite::Strace,
                Prerequisite::Chromium,
                Prerequisite::Node,
                Prerequisite::Python,
            ],
            Self::Openapi => &[Prerequisite::Python],
        }
    }

    fn run(self) -> Result<Outcome> {
        match self {
            Self::Fmt => process::run(process::cargo().args(["fmt", "--all", "--check"]))?,
            Self::Tidy => tidy::run()?,
            Self::Dependencies => dependencies::run()?,
            Self::Clippy => {
                clippy(&["--workspace", "--all-targets"])?;
                // What may be left out of a build must not be missed by the rest.
                clippy(&["--package", "interdict", "--no-default-features"])?;
            }
            Self::Test => {
                process::run(process::cargo().args(["test", "--locked", "--workspace", "--no-fail-fast"]))?;
            }
            Self::Corpora => return corpora(),
            Self::Openapi => openapi::run()?,
        }
        Ok(Outcome::Passed)
    }
}

fn clippy(chosen: &[&str]) -> Result<()> {
    process::run(process::cargo().args(["clippy", "--locked"]).args(chosen).args(["--", "-D", "warnings"]))
}

/// Runs the steps and ends with a table of them.
pub fn run(arguments: &Arguments) -> Result<()> {
    if arguments.list {
        for step in Step::value_variants() {
            println!("{:<14}{}", step.name(), step.purpose());
        }
        return Ok(());
    }
    let chosen: Vec<Step> = Step::value_variants()
        .iter()
        .copied()
        .filter(|step| arguments.only.is_empty() || arguments.only.contains(step))
        .collect();

    let mut rows = vec![timed("prerequisites", "what the machine must have", || {
        prerequisites::ensure_all(&needs(&chosen)).map(|()| Outcome::Passed)
    })];
    // Without them each step would fail in its own confusing way.
    if !has_failed(&rows) {
        rows.extend(chosen.iter().map(|step| timed(step.name(), step.purpose(), || step.run())));
    }
    println!("\n{}", table(&rows));
    ensure!(!has_failed(&rows), "not every step passed");
    Ok(())
}

fn needs(steps: &[Step]) -> Vec<Prerequisite> {
    let mut needed = Vec::new();
    for need in steps.iter().flat_map(|step| step.needs()) {
        if !needed.contains(need) {
            needed.push(*need);
        }
    }
    needed
}

#[allow(clippy::disallowed_methods, reason = "a chore tells people how long it took")]
fn timed(name: &'static str, purpose: &str, work: impl FnOnce() -> Result<Outcome>) -> Row {
    println!("\n== {name}: {purpose}");
    let start = Instant::now();
    let outcome = work().unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
    let elapsed = start.elapsed();
    println!("-- {name}: {} after {:.1} s", describe(&outcome), elapsed.as_secs_f64());
    Row { name, outcome, elapsed }
}

fn has_failed(rows: &[Row]) -> bool {
    rows.iter().any(|row| matches!(row.outcome, Outcome::Failed(_)))
}

fn describe(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Passed => "passed".to_owned(),
        Outcome::LeftOut(reason) => format!("LEFT OUT: {reason}"),
        Outcome::Failed(reason) => format!("FAILED: {reason}"),
    }
}

fn table(rows: &[Row]) -> String {
    let mut text = format!("{:<14}{:>9}  outcome\n", "step", "seconds");
    for row in rows {
        let described = describe(&row.outcome);
        let outcome = described.lines().next().unwrap_or_default();
        let _ = writeln!(text, "{:<14}{:>9.1}  {outcome}", row.name, row.elapsed.as_secs_f64());
    }
    text
}

/// Runs the test targets named `corpora` on the outside data; each is `test = false` in its manifest, because the
/// workspace's own tests must pass without that data.
fn corpora() -> Result<Outcome> {
    let metadata = Metadata::load(Depth::Workspace)?;
    let Some(folder) =
        corpora_folder(&metadata.workspace_root, std::env::var_os(CORPORA_VARIABLE).map(PathBuf::from))?
    else {
        return Ok(Outcome::LeftOut(format!(
            "{CORPORA} is not there; {CORPORA_VARIABLE} may name another folder"
        )));
    };
    let targets: Vec<_> = metadata
        .members()
        .flat_map(|package| package.targets.iter().map(move |target| (package.name.as_str(), target)))
        .filter(|(_, target)| target.name == "corpora" && target.kind.iter().any(|kind| kind == "test"))
        .collect();
    if targets.is_empty() {
        return Ok(Outcome::LeftOut("no crate has a test target named `corpora`".to_owned()));
    }
    let mut command = process::cargo();
    command.args(["test", "--locked", "--no-fail-fast", "--test", "corpora"]).env(CORPORA_VARIABLE, folder);
    for (package, target) in targets {
        ensure!(!target.test, "{package}: its test target `corpora` needs `test = false` in Cargo.toml");
        command.args(["--package", package]);
    }
    process::run(&mut command)?;
    Ok(Outcome::Passed)
}

/// The default folder may be absent; one that somebody named may not.
fn corpora_folder(root: &Path, named: Option<PathBuf>) -> Result<Option<PathBuf>> {
    match named {
        None => Ok(root.join(CORPORA).canonicalize().ok()),
        Some(named) => {
            let folder = root.join(named);
            if !folder.is_dir() {
                bail!("{CORPORA_VARIABLE} names {}, which is no folder", folder.display());
            }
            folder.canonicalize().map(Some).context("cannot resolve the corpora's folder")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &'static str, outcome: Outcome) -> Row {
        Row { name, outcome, elapsed: Duration::from_millis(1_250) }
    }

    #[test]
    fn the_table_names_what_failed_and_what_was_left_out() {
        let rows = [
            row("fmt", Outcome::Passed),
            row("corpora", Outcome::LeftOut("not there".to_owned())),
            row("openapi", Outcome::Failed("one\ntwo".to_owned())),
        ];
        assert_eq!(
            table(&rows),
            "step            seconds  outcome\n\
             fmt                 1.2  passed\n\
             corpora             1.2  LEFT OUT: not there\n\
             openapi             1.2  FAILED: one\n"
        );
        assert!(has_failed(&rows));
        assert!(!has_failed(&rows[..2]));
    }

    #[test]
    fn a_step_that_fails_is_a_row_and_not_the_end() {
        let row = timed("openapi", "", || bail!("it is out of date"));
        assert_eq!(row.outcome, Outcome::Failed("it is out of date".to_owned()));
    }

    #[test]
    fn a_single_step_needs_only_what_it_uses() {
        assert_eq!(needs(&[Step::Fmt]), []);
        assert_eq!(needs(&[Step::Openapi]), [Prerequisite::Python]);
        assert_eq!(
            needs(&[Step::Test, Step::Corpora, Step::Openapi]),
            [
                Prerequisite::Postgres,
                Prerequisite::Strace,
                Prerequisite::Chromium,
                Prerequisite::Node,
                Prerequisite::Python
            ]
        );
    }

    #[test]
    fn only_the_default_corpora_may_be_absent() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(corpora_folder(root.path(), None).unwrap(), None);
        assert!(corpora_folder(root.path(), Some("absent".into())).is_err());
        std::fs::create_dir(root.path().join("here")).unwrap();
        assert!(corpora_folder(root.path(), Some("here".into())).unwrap().unwrap().is_absolute());
    }
}
