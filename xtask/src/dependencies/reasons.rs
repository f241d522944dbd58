//! Each outside crate that one of ours names has its reason in a document.

use std::collections::{BTreeMap, BTreeSet};

use crate::workspace::Metadata;

/// Where the reasons are, from the workspace's root.
pub const DOCUMENT: &str = "docs/dependencies.md";

/// The crates without a reason, and the reasons without a crate.
pub fn check(metadata: &Metadata, document: &str) -> Vec<String> {
    let used: BTreeSet<_> = metadata
        .members()
        .flat_map(|package| &package.dependencies)
        .filter(|dependency| dependency.path.is_none())
        .map(|dependency| dependency.name.as_str())
        .collect();
    compare(&used, &rows(document))
}

fn compare(used: &BTreeSet<&str>, written: &BTreeMap<&str, &str>) -> Vec<String> {
    let lacking = used
        .iter()
        .filter(|name| written.get(*name).is_none_or(|reason| reason.is_empty()))
        .map(|name| format!("{DOCUMENT} gives no reason for {name}"));
    let stale = written
        .keys()
        .filter(|name| !used.contains(*name))
        .map(|name| format!("{DOCUMENT} lists {name}, which none of our crates uses"));
    lacking.chain(stale).collect()
}

/// The rows of its tables: `` | `name` | reason | ``.
fn rows(document: &str) -> BTreeMap<&str, &str> {
    document
        .lines()
        .filter_map(|line| {
            let mut cells = line.trim().strip_prefix('|')?.split('|').map(str::trim);
            let name = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
            Some((name, cells.next()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dependency_has_a_reason_and_each_reason_a_dependency() {
        let document = "| crate | why |\n| --- | --- |\n| `a` | because |\n| `b` | |\n| `c` | once |\n";
        assert_eq!(
            compare(&["a", "b", "d"].into(), &rows(document)),
            [
                "docs/dependencies.md gives no reason for b",
                "docs/dependencies.md gives no reason for d",
                "docs/dependencies.md lists c, which none of our crates uses",
            ]
        );
    }
}
