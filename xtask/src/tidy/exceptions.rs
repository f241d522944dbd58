//! Files and functions that are larger than the limits allow, each with the size it had when it was let in.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};

use super::Findings;

/// Something with a size: `file crates/a/src/b.rs`, `function crates/a/src/b.rs Type::name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    pub what: String,
    pub lines: usize,
    pub limit: usize,
}

/// The list: what, and how many lines it may have.
#[derive(Debug)]
pub struct Exceptions {
    recorded: BTreeMap<String, usize>,
}

impl Exceptions {
    /// One entry a line, the size last; `#` begins a comment.
    pub fn parse(text: &str) -> Result<Self> {
        let mut recorded = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let place = || format!("line {} of the exceptions: `{line}`", index + 1);
            let (what, lines) = line.rsplit_once(' ').with_context(place)?;
            let lines: usize = lines.parse().with_context(place)?;
            ensure!(recorded.insert(what.to_owned(), lines).is_none(), "{} stands twice", place());
        }
        Ok(Self { recorded })
    }

    /// Each thing over its limit needs an entry that is large enough, and each entry a thing over its limit.
    pub fn settle(&self, measured: &[Measured], findings: &mut Findings) {
        let mut largest: BTreeMap<&str, &Measured> = BTreeMap::new();
        for thing in measured.iter().filter(|thing| thing.lines > thing.limit) {
            // Two methods of one name (of two traits) share an entry: the larger one counts.
            let slot = largest.entry(&thing.what).or_insert(thing);
            if thing.lines > slot.lines {
                *slot = thing;
            }
        }
        for (what, thing) in &largest {
            let lines = thing.lines;
            match self.recorded.get(*what) {
                None => findings.problems.push(format!("{what}: {lines} lines, of at most {}", thing.limit)),
                Some(recorded) if lines > *recorded => {
                    findings.problems.push(format!("{what}: has grown from {recorded} to {lines} lines"));
                }
                Some(recorded) if lines < *recorded => {
                    findings
                        .notes
                        .push(format!("{what}: has shrunk; lower its exception from {recorded} to {lines}"));
                }
                Some(_) => {}
            }
        }
        for what in self.recorded.keys().filter(|what| !largest.contains_key(what.as_str())) {
            findings.problems.push(format!("{what}: needs its exception no longer; remove it"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settle(exceptions: &str, lines: usize) -> Findings {
        let mut findings = Findings::default();
        let measured = [Measured { what: "file a.rs".to_owned(), lines, limit: 400 }];
        Exceptions::parse(exceptions).unwrap().settle(&measured, &mut findings);
        findings
    }

    #[test]
    fn within_the_limit_nothing_is_said() {
        assert_eq!(settle("# none\n\n", 400), Findings::default());
    }

    #[test]
    fn over_the_limit_an_entry_is_needed() {
        assert_eq!(settle("", 401).problems, ["file a.rs: 401 lines, of at most 400"]);
        assert_eq!(settle("file a.rs 401 # generated", 401), Findings::default());
    }

    #[test]
    fn an_entry_may_only_shrink() {
        assert_eq!(settle("file a.rs 450", 451).problems, ["file a.rs: has grown from 450 to 451 lines"]);
        let shrunk = settle("file a.rs 450", 420);
        assert_eq!(shrunk.problems, Vec::<String>::new());
        assert_eq!(shrunk.notes, ["file a.rs: has shrunk; lower its exception from 450 to 420"]);
        assert_eq!(
            settle("file a.rs 450", 400).problems,
            ["file a.rs: needs its exception no longer; remove it"]
        );
    }

    #[test]
    fn of_two_with_one_name_the_larger_counts() {
        let mut findings = Findings::default();
        let one = |lines| Measured { what: "function a.rs A::fmt".to_owned(), lines, limit: 70 };
        Exceptions::parse("function a.rs A::fmt 80")
            .unwrap()
            .settle(&[one(75), one(90), one(3)], &mut findings);
        assert_eq!(findings.problems, ["function a.rs A::fmt: has grown from 80 to 90 lines"]);
    }

    #[test]
    fn a_line_that_makes_no_sense_is_named() {
        assert!(Exceptions::parse("file a.rs many").unwrap_err().to_string().contains("line 1"));
        assert!(Exceptions::parse("file a.rs 1\nfile a.rs 2").is_err());
    }
}
