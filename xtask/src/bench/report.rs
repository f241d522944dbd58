//! What was measured: medians over the rounds, ratios within each round, and the targets, as a table and as JSON.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{Bench, machine};

/// How a figure must stand to its target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// It must reach this.
    AtLeast(f64),
    /// It must not exceed this.
    AtMost(f64),
    /// It is there to read the others by.
    None,
}

impl Target {
    fn is_met(self, value: f64) -> Option<bool> {
        match self {
            Self::AtLeast(least) => Some(value >= least),
            Self::AtMost(most) => Some(value <= most),
            Self::None => None,
        }
    }

    fn shown(self) -> String {
        match self {
            Self::AtLeast(least) => format!(">= {}", number(least)),
            Self::AtMost(most) => format!("<= {}", number(most)),
            Self::None => String::new(),
        }
    }
}

/// One line of the table: a value a round.
#[derive(Debug, Clone)]
struct Row {
    part: &'static str,
    name: String,
    unit: &'static str,
    values: Vec<f64>,
    target: Target,
}

/// All lines, in the order in which they were added.
pub struct Report {
    machine: String,
    seconds: u64,
    rounds: u32,
    entries: u64,
    rows: Vec<Row>,
    notes: Vec<String>,
}

impl Report {
    pub fn new(bench: &Bench) -> Self {
        let machine = machine::describe();
        println!("{machine}");
        let (seconds, rounds, entries) = (bench.seconds, bench.rounds, bench.entries);
        Self { machine, seconds, rounds, entries, rows: Vec::new(), notes: Vec::new() }
    }

    /// A figure with its values, one a round.
    pub fn figure(
        &mut self,
        part: &'static str,
        name: impl Into<String>,
        unit: &'static str,
        values: Vec<f64>,
        target: Target,
    ) {
        self.rows.push(Row { part, name: name.into(), unit, values, target });
    }

    /// The first figure over the second, round by round: both sides of a round saw the same machine.
    pub fn ratio(
        &mut self,
        part: &'static str,
        name: impl Into<String>,
        over: (&[f64], &[f64]),
        target: Target,
    ) {
        let values =
            over.0.iter().zip(over.1).map(|(a, b)| if *b > 0.0 { a / b } else { f64::NAN }).collect();
        self.figure(part, name, "ratio", values, target);
    }

    /// Something that the reader of the figures must know.
    pub fn note(&mut self, text: String) {
        self.notes.push(text);
    }

    /// The table, on standard output.
    pub fn print(&self) {
        println!("\n{}", self.machine);
        println!("{} rounds of {} s a side, {} entries\n", self.rounds, self.seconds, self.entries);
        println!("| part | figure | unit | median | lowest | highest | target | met |");
        println!("| --- | --- | --- | ---: | ---: | ---: | ---: | --- |");
        for row in &self.rows {
            let middle = median(&row.values);
            let met = match row.target.is_met(middle) {
                Some(true) => "yes",
                Some(false) => "NO",
                None => "",
            };
            println!(
                "| {} | {} | {} | {} | {} | {} | {} | {met} |",
                row.part,
                row.name,
                row.unit,
                number(middle),
                number(row.values.iter().copied().fold(f64::INFINITY, f64::min)),
                number(row.values.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
                row.target.shown(),
            );
        }
        for note in &self.notes {
            println!("\nNote: {note}");
        }
    }

    /// Everything, each round's value too.
    pub fn write(&self, file: &Path) -> Result<()> {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                let middle = median(&row.values);
                let (at_least, at_most) = match row.target {
                    Target::AtLeast(least) => (Some(least), None),
                    Target::AtMost(most) => (None, Some(most)),
                    Target::None => (None, None),
                };
                json!({
                    "part": row.part, "name": row.name, "unit": row.unit, "median": middle,
                    "values": row.values, "atLeast": at_least, "atMost": at_most,
                    "met": row.target.is_met(middle),
                })
            })
            .collect();
        let document = json!({
            "machine": self.machine, "seconds": self.seconds, "rounds": self.rounds,
            "entries": self.entries, "figures": rows, "notes": self.notes,
        });
        let text = serde_json::to_string_pretty(&document).context("the report is no JSON")?;
        fs::write(file, text + "\n").with_context(|| format!("cannot write {}", file.display()))
    }
}

/// The middle value, or the mean of the two in the middle.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    let upper = sorted.get(half).copied().unwrap_or(f64::NAN);
    match sorted.len() % 2 {
        0 => half
            .checked_sub(1)
            .and_then(|lower| sorted.get(lower))
            .map_or(f64::NAN, |lower| (lower + upper) / 2.0),
        _ => upper,
    }
}

/// A number as people read it: thousands apart, three digits that count where it is small.
fn number(value: f64) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    if value.abs() < 100.0 {
        return format!("{value:.3}");
    }
    let digits = format!("{value:.0}");
    let length = digits.len();
    let mut spaced = String::with_capacity(length + length / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (length - index).is_multiple_of(3) && !spaced.ends_with('-') {
            spaced.push(',');
        }
        spaced.push(digit);
    }
    spaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < f64::EPSILON);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(number(1_234_567.0), "1,234,567");
        assert_eq!(number(123.4), "123");
        assert_eq!(number(-123_456.0), "-123,456");
        assert_eq!(number(0.8514), "0.851");
        assert_eq!(number(f64::NAN), "-");
    }

    #[test]
    fn a_target_is_met_from_its_own_side() {
        assert_eq!(Target::AtLeast(0.85).is_met(0.85), Some(true));
        assert_eq!(Target::AtMost(2.0).is_met(2.1), Some(false));
        assert_eq!(Target::AtLeast(0.85).is_met(f64::NAN), Some(false));
        assert_eq!(Target::None.is_met(1.0), None);
    }
}
