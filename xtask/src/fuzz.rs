//! `cargo xtask fuzz`: libFuzzer over what comes in from outside, on the toolchain that builds everything else. The
//! compiler counts the branches by a pass of LLVM; no sanitizer is needed, as there is no unsafe code of ours.
//!
//! Deliberately not here: what must hold, which is the package `fuzz/`. It can also be run as cargo-fuzz does.

mod seeds;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::process;
use crate::workspace::{Depth, Metadata, read};

/// Of one input, in bytes.
const LENGTH_MAX: u32 = 4_096;
/// As cargo-fuzz has them, but for the sanitizer.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing";

#[derive(clap::Args)]
pub struct Arguments {
    /// Only this one of fuzz/fuzz_targets
    target: Option<String>,
    /// How long each is fed
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Build them and feed nothing
    #[arg(long)]
    build_only: bool,
}

/// The part of the package's manifest that names the targets.
#[derive(Deserialize)]
struct Manifest {
    bin: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Feeds one target or each in turn, and fails where one does.
pub fn run(arguments: &Arguments) -> Result<()> {
    let root = Metadata::load(Depth::Workspace)?.workspace_root;
    let package = root.join("fuzz");
    let manifest: Manifest =
        toml::from_str(&read(&package.join("Cargo.toml"))?).context("fuzz/Cargo.toml names no targets")?;
    let names: Vec<String> = manifest.bin.into_iter().map(|target| target.name).collect();
    let chosen: Vec<&String> =
        names.iter().filter(|name| arguments.target.as_ref().is_none_or(|chosen| chosen == *name)).collect();
    ensure!(!chosen.is_empty(), "there is no such target; there are {}", names.join(", "));
    let programs = build(&root, &chosen)?;
    if arguments.build_only {
        return Ok(());
    }
    let mut failed = Vec::new();
    for name in chosen {
        println!("\n== {name}");
        if let Err(error) = feed(&root, &programs, name, arguments.seconds) {
            println!("{error:#}");
            failed.push(name.as_str());
        }
    }
    ensure!(failed.is_empty(), "found something: {} (the inputs lie in fuzz/artifacts)", failed.join(", "));
    Ok(())
}

/// Builds the targets, and says where they are.
fn build(root: &Path, names: &[&String]) -> Result<PathBuf> {
    let host = process::output(Command::new("rustc").arg("-vV"))?;
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    let folder = root.join("target/fuzz");
    let mut command = process::cargo();
    // With a target named, the flags are not for build scripts and macros.
    command.args(["build", "--release", "--locked", "--manifest-path"]).arg(root.join("fuzz/Cargo.toml"));
    command.args(["--target", host, "--target-dir"]).arg(&folder).env("RUSTFLAGS", FLAGS);
    for name in names {
        command.args(["--bin", name]);
    }
    process::run(&mut command)?;
    Ok(folder.join(host).join("release"))
}

/// What was found before is kept under `target/` and fed again first, the seeds with it.
fn feed(root: &Path, programs: &Path, name: &str, seconds: u32) -> Result<()> {
    let found = root.join("target/fuzz/corpus").join(name);
    let seeds = root.join("target/fuzz/seeds").join(name);
    let artifacts = root.join("fuzz/artifacts").join(name);
    for folder in [&found, &artifacts] {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let sown = seeds::sow(root, name, &seeds)?;
    println!("{sown} seeds");
    let mut command = Command::new(programs.join(name));
    command.arg(&found).arg(&seeds).arg(format!("-artifact_prefix={}/", artifacts.display()));
    command.arg(format!("-max_total_time={seconds}")).arg(format!("-max_len={LENGTH_MAX}"));
    command.args(["-print_final_stats=1", "-verbosity=0", "-timeout=20"]);
    process::run(&mut command)
}
