//! Whether each package's licence can be satisfied with those that are allowed. Only what the manifests declare is
//! read; cargo-deny reads the texts as well.

use crate::workspace::Metadata;

/// The outside packages whose licence is not allowed, or not declared.
pub fn check(metadata: &Metadata, allowed: &[String]) -> Vec<String> {
    metadata
        .packages
        .iter()
        .filter(|package| !metadata.workspace_members.contains(&package.id))
        .filter_map(|package| {
            let named = format!("{} {}", package.name, package.version);
            match &package.license {
                None => Some(format!("{named} declares no licence")),
                Some(expression) => match is_satisfied(expression, allowed) {
                    Some(true) => None,
                    Some(false) => Some(format!("{named}: `{expression}` is not allowed by deny.toml")),
                    None => Some(format!("{named}: `{expression}` is no licence expression")),
                },
            }
        })
        .collect()
}

/// Whether the allowed licences satisfy an SPDX expression; nothing when it is none. The old `/` means OR.
fn is_satisfied(expression: &str, allowed: &[String]) -> Option<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut parser = Parser { words: &words, allowed };
    let satisfied = parser.any()?;
    parser.words.is_empty().then_some(satisfied)
}

/// By descent: any = all (OR all)*, all = one (AND one)*, one = ( any ) | licence (WITH exception)?
struct Parser<'a> {
    words: &'a [&'a str],
    allowed: &'a [String],
}

impl Parser<'_> {
    fn any(&mut self) -> Option<bool> {
        let mut satisfied = self.all()?;
        while self.takes("OR") {
            satisfied |= self.all()?;
        }
        Some(satisfied)
    }

    fn all(&mut self) -> Option<bool> {
        let mut satisfied = self.one()?;
        while self.takes("AND") {
            satisfied &= self.one()?;
        }
        Some(satisfied)
    }

    fn one(&mut self) -> Option<bool> {
        if self.takes("(") {
            let satisfied = self.any()?;
            return self.takes(")").then_some(satisfied);
        }
        let mut licence = self.next()?.to_owned();
        if ["OR", "AND", "WITH", ")"].contains(&licence.as_str()) {
            return None;
        }
        if self.takes("WITH") {
            licence = format!("{licence} WITH {}", self.next()?);
        }
        Some(self.allowed.contains(&licence))
    }

    fn next(&mut self) -> Option<&str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    fn takes(&mut self, word: &str) -> bool {
        let is_next = self.words.first() == Some(&word);
        if is_next {
            self.next();
        }
        is_next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_weighed() {
        let allowed = ["MIT", "Apache-2.0", "Unicode-3.0"].map(str::to_owned);
        for (expression, expected) in [
            ("MIT", Some(true)),
            ("GPL-3.0-only", Some(false)),
            ("GPL-3.0-only OR MIT", Some(true)),
            ("Unlicense/MIT", Some(true)),
            ("MIT AND BSD-3-Clause", Some(false)),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", Some(true)),
            ("(MIT OR Apache-2.0) AND GPL-3.0-only", Some(false)),
            // AND binds more tightly than OR.
            ("MIT OR GPL-3.0-only AND GPL-2.0-only", Some(true)),
            // A licence with an exception is another licence.
            ("Apache-2.0 WITH LLVM-exception", Some(false)),
            ("Apache-2.0 WITH LLVM-exception OR MIT", Some(true)),
            ("", None),
            ("MIT OR", None),
            ("(MIT", None),
            ("MIT Apache-2.0", None),
        ] {
            assert_eq!(is_satisfied(expression, &allowed), expected, "{expression}");
        }
    }
}
