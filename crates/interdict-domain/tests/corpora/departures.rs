//! The comparison of departures found with departures listed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Departures found, by case: what the collection says, and what we say.
#[derive(Default)]
pub struct Departures {
    found: BTreeMap<String, String>,
    cases: usize,
}

impl Departures {
    /// Notes one case: what the collection expects and what came out, none for a refusal.
    pub fn compare(&mut self, case: &str, expected: Option<&str>, actual: Option<&str>) {
        self.cases += 1;
        if expected != actual {
            self.found.insert(case.to_owned(), format!("expected {expected:?}, got {actual:?}"));
        }
    }

    /// Fails unless exactly the listed cases depart. Each list is a reason and its cases.
    pub fn assert_listed(self, at_least_cases: usize, listed: &[(&str, &[&str])]) {
        assert!(self.cases >= at_least_cases, "only {} cases were read", self.cases);
        let mut listed: BTreeMap<&str, &str> = listed
            .iter()
            .flat_map(|(reason, cases)| cases.iter().map(move |case| (*case, *reason)))
            .collect();
        let mut problems = String::new();
        for (case, what) in &self.found {
            if listed.remove(case.as_str()).is_none() {
                writeln!(problems, "unlisted: {case:?}: {what}").unwrap();
            }
        }
        for (case, reason) in listed {
            writeln!(problems, "listed, but no departure: {case:?} ({reason})").unwrap();
        }
        assert!(problems.is_empty(), "\n{problems}");
    }
}
