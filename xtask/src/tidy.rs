//! The house rules that no compiler knows. What clippy or rustfmt can say, they say.

mod exceptions;
mod functions;
mod incidents;
mod links;

use std::path::Path;

use anyhow::{Result, ensure};

use crate::workspace::{Depth, Metadata, files, read, relative};
use exceptions::{Exceptions, Measured};
use incidents::Incidents;

/// A file longer than this wants to be two.
const FILE_LINES_MAX: usize = 400;
/// A function longer than this does not fit a screen.
const FUNCTION_LINES_MAX: usize = 70;
/// The larger ones that are there already; the list may only shrink.
const EXCEPTIONS: &str = "xtask/tidy-exceptions.txt";

/// What was found: problems fail the run, notes do not.
#[derive(Debug, Default, PartialEq, Eq)]
struct Findings {
    problems: Vec<String>,
    notes: Vec<String>,
}

/// Checks every file of the workspace.
pub fn run() -> Result<()> {
    let metadata = Metadata::load(Depth::Workspace)?;
    let root = &metadata.workspace_root;
    let mut findings = Findings::default();

    let (mut measured, mut incidents) = (Vec::new(), Incidents::default());
    let sources = files(root, "rs")?;
    for path in &sources {
        let name = relative(root, path);
        let text = read(path)?;
        check_text(&name, &text, &mut findings);
        // The tests of the check itself hold names, too.
        if !name.starts_with("xtask/") {
            incidents.look(&text);
        }
        measured.push(Measured {
            what: format!("file {name}"),
            lines: text.lines().count(),
            limit: FILE_LINES_MAX,
        });
        measured.extend(functions::measure(&name, &text)?);
        if name.ends_with("/mod.rs") {
            findings.notes.extend(functions::logic_in_mod(&name, &text)?);
        }
    }
    findings.problems.extend(incidents.untested());
    let exceptions = Exceptions::parse(&read(&root.join(EXCEPTIONS))?)?;
    exceptions.settle(&measured, &mut findings);

    for package in metadata.members() {
        let folder = package.manifest_path.parent().and_then(Path::file_name).unwrap_or_default();
        if folder != package.name.as_str() {
            findings.problems.push(format!("{}: the folder is not named so", package.name));
        }
    }
    let documents = files(root, "md")?;
    for path in &documents {
        findings.problems.extend(links::broken(root, path, &read(path)?));
    }
    findings
        .notes
        .push("fuzz/ is built by `cargo xtask fuzz` alone: with its counters that takes minutes".to_owned());
    report(&findings, sources.len(), documents.len())
}

fn report(findings: &Findings, sources: usize, documents: usize) -> Result<()> {
    for note in &findings.notes {
        println!("note: {note}");
    }
    for problem in &findings.problems {
        println!("problem: {problem}");
    }
    println!("tidy: {sources} sources and {documents} documents, {} problems", findings.problems.len());
    ensure!(findings.problems.is_empty(), "{} problems", findings.problems.len());
    Ok(())
}

/// Marks of unfinished work, in pieces so that this file does not hold them.
const LEFTOVERS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("db", "g!(")];

fn check_text(name: &str, text: &str, findings: &mut Findings) {
    if !text.starts_with("//!") {
        findings.problems.push(format!("{name}:1: does not open with `//!` and its purpose"));
    }
    for (index, line) in text.lines().enumerate() {
        for leftover in LEFTOVERS.iter().filter(|leftover| holds_word(line, leftover)) {
            findings.problems.push(format!("{name}:{}: holds `{leftover}`", index + 1));
        }
    }
}

/// Whether the line holds the mark, and not within a longer word.
fn holds_word(line: &str, mark: &str) -> bool {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    line.match_indices(mark).any(|(start, _)| {
        let before = line.get(..start).and_then(|text| text.chars().next_back());
        let after = line.get(start + mark.len()..).and_then(|text| text.chars().next());
        // A bracket ends the mark; a letter does not, when another follows.
        let goes_on = mark.chars().next_back().is_some_and(is_word) && after.is_some_and(is_word);
        let is_part = before.is_some_and(is_word) || goes_on;
        !is_part
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let mut findings = Findings::default();
        check_text("a.rs", text, &mut findings);
        findings.problems
    }

    #[test]
    fn a_file_opens_with_its_purpose() {
        assert_eq!(problems("//! Why.\nfn f() {}\n"), Vec::<String>::new());
        assert_eq!(problems("// Why.\n"), ["a.rs:1: does not open with `//!` and its purpose"]);
    }

    #[test]
    fn leftovers_are_found_as_words() {
        let [to_do, fix_me, debug] = LEFTOVERS;
        assert_eq!(problems(&format!("//! Why.\n// {to_do}: later\n")), [format!("a.rs:2: holds `{to_do}`")]);
        assert_eq!(problems(&format!("//! Why.\n{debug}x);\n")), [format!("a.rs:2: holds `{debug}`")]);
        assert_eq!(problems(&format!("//! {fix_me}\n")), [format!("a.rs:1: holds `{fix_me}`")]);
        assert_eq!(problems(&format!("//! Why.\nconst MAS{to_do}N: u8 = 1;\n")), Vec::<String>::new());
    }
}
