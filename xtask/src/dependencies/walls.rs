//! Which of our crates may use which: the house as a table. A new row or a wider one is a decision, with an ADR.

use std::collections::{BTreeMap, BTreeSet};

use crate::workspace::{Metadata, Package};

const DOMAIN: &str = "interdict-domain";
const DECISION: &str = "interdict-decision";
const STORAGE: &str = "interdict-storage";
const GATEWAY: &str = "interdict-gateway";
const OIDC: &str = "interdict-oidc";
const APP: &str = "interdict-app";
const HTTP: &str = "interdict-http";
const DASHBOARD: &str = "interdict-dashboard";
const COMMAND_LINE: &str = "interdict";
const TEST_SUPPORT: &str = "interdict-test-support";
const XTASK: &str = "xtask";

/// A crate of ours, and those of ours that it may use.
const HOUSE: [(&str, &[&str]); 11] = [
    (DOMAIN, &[]),
    (DECISION, &[DOMAIN]),
    (STORAGE, &[DOMAIN]),
    (GATEWAY, &[DOMAIN]),
    (OIDC, &[DOMAIN]),
    (APP, &[DECISION, STORAGE, GATEWAY, OIDC, DOMAIN]),
    (HTTP, &[APP, DOMAIN]),
    (DASHBOARD, &[APP, DOMAIN]),
    // The only place where backends and gateways are chosen.
    (COMMAND_LINE, &[HTTP, DASHBOARD, APP, STORAGE, GATEWAY, DECISION, DOMAIN]),
    (TEST_SUPPORT, &[]),
    // The benchmarks fill a database with the keys that the service looks up.
    (XTASK, &[TEST_SUPPORT, DOMAIN]),
];

/// Crates that are pure: nothing below them, however deep, may do input or output.
const PURE: [&str; 2] = [DOMAIN, DECISION];
const IMPURE: [&str; 9] =
    ["axum", "hyper", "mio", "reqwest", "rusqlite", "sqlx", "socket2", "tokio", "tokio-postgres"];

/// An outside crate, and the only ones of ours that may use it directly outside of tests. Chores and the support of
/// tests are not the service: they are free.
const KEPT_IN: [(&str, &[&str]); 8] = [
    ("rusqlite", &[STORAGE]),
    ("sqlx", &[STORAGE]),
    ("tokio-postgres", &[STORAGE]),
    ("axum", &[HTTP, DASHBOARD]),
    ("hyper", &[HTTP]),
    // Nothing but a payment provider, and an issuer at which people sign in, is called by the service.
    ("hyper-rustls", &[GATEWAY, OIDC]),
    ("openidconnect", &[OIDC]),
    ("anyhow", &[COMMAND_LINE]),
];
const FREE: [&str; 2] = [TEST_SUPPORT, XTASK];

/// The edges that break through a wall.
pub fn check(metadata: &Metadata) -> Vec<String> {
    let mut problems: Vec<_> = metadata.members().flat_map(edges_through_walls).collect();
    for package in metadata.members().filter(|package| PURE.contains(&package.name.as_str())) {
        for name in below(metadata, &package.id).intersection(&IMPURE.into()) {
            problems.push(format!("{} is pure, but {name} is somewhere below it", package.name));
        }
    }
    problems
}

fn edges_through_walls(package: &Package) -> Vec<String> {
    let Some(allowed) = house_of(&package.name) else {
        return vec![format!("{} is not in the table of xtask/src/dependencies/walls.rs", package.name)];
    };
    let mut problems = Vec::new();
    for dependency in &package.dependencies {
        let name = dependency.name.as_str();
        let in_tests = dependency.kind.as_deref() == Some("dev");
        let kept_in = KEPT_IN.iter().find(|(kept, _)| *kept == name).map(|(_, rooms)| *rooms);
        if dependency.path.is_some() {
            // A test may also use what stands anywhere below its crate, and what is there for tests.
            let may = allowed.contains(&name)
                || (in_tests && (name == TEST_SUPPORT || all_below(&package.name).contains(name)));
            if !may {
                problems.push(format!("{} may not use {name}: the house has no such arrow", package.name));
            }
        } else if let Some(rooms) = kept_in {
            let own = package.name.as_str();
            if !in_tests && !rooms.contains(&own) && !FREE.contains(&own) {
                problems.push(format!("{own} may not use {name}: it stays in {}", rooms.join(", ")));
            }
        }
    }
    problems
}

fn house_of(name: &str) -> Option<&'static [&'static str]> {
    HOUSE.iter().find(|(own, _)| *own == name).map(|(_, allowed)| *allowed)
}

/// Everything of ours that a crate may reach through others.
fn all_below(name: &str) -> BTreeSet<&'static str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<_> = house_of(name).unwrap_or_default().to_vec();
    while let Some(next) = open.pop() {
        if reached.insert(next) {
            open.extend(house_of(next).unwrap_or_default());
        }
    }
    reached
}

/// The names of all packages that the package is built with, tests and build scripts aside.
fn below<'a>(metadata: &'a Metadata, id: &'a str) -> BTreeSet<&'a str> {
    let nodes: BTreeMap<_, _> = metadata
        .resolve
        .iter()
        .flat_map(|resolve| resolve.nodes.iter().map(|node| (node.id.as_str(), node)))
        .collect();
    let names: BTreeMap<_, _> =
        metadata.packages.iter().map(|package| (package.id.as_str(), package.name.as_str())).collect();
    let mut reached = BTreeSet::new();
    let mut open = vec![id];
    while let Some(node) = open.pop().and_then(|id| nodes.get(id)) {
        for dependency in &node.deps {
            let is_built_with = dependency.dep_kinds.iter().any(|kind| kind.kind.is_none());
            if is_built_with && reached.insert(dependency.pkg.as_str()) {
                open.push(&dependency.pkg);
            }
        }
    }
    reached.iter().filter_map(|id| names.get(id).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{Dependency, DependencyKind, Node, NodeDependency, Resolve};

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        Package {
            id: format!("id:{name}"),
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            license: None,
            manifest_path: "Cargo.toml".into(),
            dependencies: dependencies
                .iter()
                .map(|(name, kind)| Dependency {
                    name: (*name).to_owned(),
                    kind: kind.map(str::to_owned),
                    path: name.starts_with("interdict").then(|| name.into()),
                })
                .collect(),
            targets: Vec::new(),
        }
    }

    #[test]
    fn an_arrow_of_the_house_passes() {
        assert!(edges_through_walls(&package(APP, &[(STORAGE, None), ("tokio", None)])).is_empty());
        assert!(edges_through_walls(&package(STORAGE, &[("rusqlite", None)])).is_empty());
    }

    #[test]
    fn an_arrow_that_the_house_has_not_fails() {
        assert_eq!(
            edges_through_walls(&package(DECISION, &[(STORAGE, None)])),
            ["interdict-decision may not use interdict-storage: the house has no such arrow"]
        );
        assert_eq!(
            edges_through_walls(&package(HTTP, &[("rusqlite", None)])),
            ["interdict-http may not use rusqlite: it stays in interdict-storage"]
        );
        assert_eq!(edges_through_walls(&package(APP, &[(TEST_SUPPORT, None)])).len(), 1);
        assert_eq!(edges_through_walls(&package("interdict-new", &[])).len(), 1);
    }

    #[test]
    fn a_test_may_use_what_stands_below_and_never_what_stands_above() {
        let dev = Some("dev");
        assert!(edges_through_walls(&package(HTTP, &[(STORAGE, dev), (TEST_SUPPORT, dev)])).is_empty());
        assert!(edges_through_walls(&package(HTTP, &[("rusqlite", dev)])).is_empty());
        assert_eq!(edges_through_walls(&package(DOMAIN, &[(STORAGE, dev)])).len(), 1);
    }

    #[test]
    fn a_pure_crate_has_nothing_impure_below_it() {
        let edge = |from: &str, to: &str, kind: Option<&str>| Node {
            id: format!("id:{from}"),
            deps: vec![NodeDependency {
                pkg: format!("id:{to}"),
                dep_kinds: vec![DependencyKind { kind: kind.map(str::to_owned) }],
            }],
        };
        let metadata = |kind: Option<&str>| Metadata {
            packages: [DOMAIN, "helper", "tokio"].map(|name| package(name, &[])).into(),
            workspace_members: [format!("id:{DOMAIN}")].into(),
            workspace_root: "/".into(),
            target_directory: "/target".into(),
            resolve: Some(Resolve {
                nodes: vec![edge(DOMAIN, "helper", kind), edge("helper", "tokio", None)],
            }),
        };
        assert_eq!(check(&metadata(None)), ["interdict-domain is pure, but tokio is somewhere below it"]);
        assert!(check(&metadata(Some("dev"))).is_empty());
    }
}
