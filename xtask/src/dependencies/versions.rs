//! Crates of which two versions would be two states: a list in `deny.toml`. Others may double.

use std::collections::BTreeSet;

use crate::workspace::Metadata;

/// The listed crates that stand in the tree more than once.
pub fn check(metadata: &Metadata, single: &[&str]) -> Vec<String> {
    single.iter().filter_map(|name| doubled(name, metadata)).collect()
}

fn doubled(name: &str, metadata: &Metadata) -> Option<String> {
    let versions: BTreeSet<_> = metadata
        .packages
        .iter()
        .filter(|package| package.name == name)
        .map(|package| package.version.as_str())
        .collect();
    let listed = versions.iter().copied().collect::<Vec<_>>().join(", ");
    (versions.len() > 1).then(|| format!("{name} stands in the tree more than once: {listed}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Package;

    #[test]
    fn a_listed_crate_stands_in_the_tree_once() {
        let package = |name: &str, version: &str| Package {
            id: format!("{name} {version}"),
            name: name.to_owned(),
            version: version.to_owned(),
            license: None,
            manifest_path: "Cargo.toml".into(),
            dependencies: Vec::new(),
            targets: Vec::new(),
        };
        let metadata = Metadata {
            packages: vec![package("http", "1.0.0"), package("http", "0.2.0"), package("serde", "1.0.0")],
            workspace_members: BTreeSet::new(),
            workspace_root: "/".into(),
            target_directory: "/target".into(),
            resolve: None,
        };
        assert_eq!(
            check(&metadata, &["http", "serde", "absent"]),
            ["http stands in the tree more than once: 0.2.0, 1.0.0"]
        );
    }
}
