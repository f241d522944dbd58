//! Single decisions on a node over PostgreSQL beside a service on SQLite, with the same blocked emails. Both have one
//! and the same core, in turn; PostgreSQL itself is not pinned.

use std::fmt::Write as _;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use rusqlite::types::ValueRef;

use super::PART;
use super::cluster::{Cluster, Shared};
use crate::bench::Bench;
use crate::bench::data::{Data, filled, open, pepper_file};
use crate::bench::decisions::{KINDS, Kind, Measured, PATH, REQUESTS, one};
use crate::bench::report::{Report, Target};
use crate::bench::server::{Cores, Server, interdict};
use crate::bench::wrk::Load;

/// One kind of question to both.
struct Side {
    kind: Kind,
    nodes_script: PathBuf,
    lone_script: PathBuf,
    node: Vec<Measured>,
    lone: Vec<Measured>,
}

pub fn measure(bench: &Bench, cluster: &Cluster, report: &mut Report) -> Result<()> {
    let data = filled(bench, bench.entries)?;
    let shared = cluster.create(bench, "decisions", pepper_file(&data.folder))?;
    copy(cluster, &data, &shared).context("the entries cannot be copied")?;
    let lone = interdict(bench, &data.folder, Cores::One)?;
    let node = shared.node(bench, Cores::One, "node1.log")?;
    let mut sides = Vec::new();
    for kind in KINDS.into_iter().filter(|kind| kind.counts) {
        let [nodes_script, lone_script] =
            [(&node, &shared.merchant.secret, "postgres"), (&lone, &data.secret, "sqlite")]
                .map(|(server, secret, on)| script(bench, kind, server, secret, on));
        let (nodes_script, lone_script) = (nodes_script?, lone_script?);
        sides.push(Side { kind, nodes_script, lone_script, node: Vec::new(), lone: Vec::new() });
    }
    for round in 1..=bench.rounds {
        for side in &mut sides {
            side.node.push(one(bench, &node, &side.nodes_script)?);
            side.lone.push(one(bench, &lone, &side.lone_script)?);
            println!(
                "  nodes {round}/{}: {} on PostgreSQL {:.0}/s, on SQLite {:.0}/s",
                bench.rounds,
                side.kind.label,
                side.node.last().map_or(f64::NAN, |one| one.seen.requests_per_s),
                side.lone.last().map_or(f64::NAN, |one| one.seen.requests_per_s),
            );
        }
    }
    for side in &sides {
        add(report, side);
    }
    Ok(())
}

fn script(bench: &Bench, kind: Kind, server: &Server, secret: &str, on: &str) -> Result<PathBuf> {
    kind.probe(server.port, PATH, secret, &kind.decision())?;
    let load = Load {
        path: PATH,
        secret,
        name: kind.name,
        more: kind.more,
        emails: bench.entries,
        batch: 1,
        requests: REQUESTS.min(bench.entries),
    };
    load.script(bench, &format!("decisions-{}-{on}.lua", kind.label))
}

fn add(report: &mut Report, side: &Side) {
    let label = side.kind.label;
    let rates = |all: &[Measured]| all.iter().map(|one| one.seen.requests_per_s).collect::<Vec<_>>();
    for (on, all) in [("PostgreSQL", &side.node), ("SQLite", &side.lone)] {
        let mut plain = |name: &str, unit, values| {
            report.figure(PART, format!("{name} on {on}, {label}"), unit, values, Target::None);
        };
        plain("decisions", "decisions/s", rates(all));
        plain("share of its core", "ratio", all.iter().map(|one| one.busy).collect());
        plain("work left for afterwards", "s", all.iter().map(|one| one.left_s).collect());
    }
    let name = format!("on PostgreSQL / on SQLite, {label}");
    report.ratio(PART, name, (&rates(&side.node), &rates(&side.lone)), side.kind.target(0.95));
}

/// Copies the entries as they are, all columns: under the same pepper and the same merchant's number the keys are the
/// same.
fn copy(cluster: &Cluster, from: &Data, to: &Shared) -> Result<()> {
    ensure!(from.merchant == to.merchant.number, "the merchants' numbers differ, and with them the keys");
    let connection = open(&from.folder)?;
    let mut statement = connection.prepare("SELECT * FROM entry")?;
    let columns = statement.column_names().collect::<Vec<_>>().join(", ");
    let mut psql = cluster.psql(&to.url);
    psql.arg("--command").arg(format!("COPY test.entry ({columns}) FROM STDIN"));
    let mut psql = psql.stdin(Stdio::piped()).spawn().context("cannot run psql")?;
    let input = psql.stdin.take().context("psql has no input");
    let written = input.and_then(|input| {
        let mut input = BufWriter::new(input);
        let count = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            for column in 0..count {
                let end = if column + 1 == count { "\n" } else { "\t" };
                write!(input, "{}{end}", field(row.get_ref(column)?)?)?;
            }
        }
        Ok(input.flush()?)
    });
    let status = psql.wait()?;
    ensure!(status.success(), "psql ended with {status}");
    written?;
    cluster.tidy(&to.url)
}

/// A value in the text format of `COPY`.
fn field(value: ValueRef<'_>) -> Result<String> {
    Ok(match value {
        ValueRef::Null => r"\N".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => std::str::from_utf8(text)?
            .replace('\\', r"\\")
            .replace('\t', r"\t")
            .replace('\n', r"\n")
            .replace('\r', r"\r"),
        ValueRef::Blob(bytes) => {
            let mut text = r"\\x".to_owned();
            for byte in bytes {
                write!(text, "{byte:02x}")?;
            }
            text
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_what_copy_reads() {
        assert_eq!(field(ValueRef::Null).unwrap(), r"\N");
        assert_eq!(field(ValueRef::Integer(-7)).unwrap(), "-7");
        assert_eq!(field(ValueRef::Text(b"a\tb\\c\nd")).unwrap(), r"a\tb\\c\nd");
        assert_eq!(field(ValueRef::Blob(&[0, 0xab])).unwrap(), r"\\x00ab");
    }
}
