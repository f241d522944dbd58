//! The project's chores, as `cargo xtask …`. What the service itself does lives under `crates/`.

mod bench;
mod codegen;
mod dependencies;
mod fuzz;
mod openapi;
mod prerequisites;
mod process;
mod test;
mod tidy;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Interdict's chores", disable_version_flag = true)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Pass every check: one command, on a fresh machine too (it installs what it lacks when root, else names it)
    Test(test::Arguments),
    /// Measure the service beside Redis, PostgreSQL, SQLite and a bare hyper server (on a quiet machine)
    Bench(bench::Arguments),
    /// Feed libFuzzer's inputs to what reads identifiers, bodies and files (on Linux; builds for minutes the first time)
    Fuzz(fuzz::Arguments),
    /// The bare hyper server of the benchmark
    #[command(hide = true)]
    BenchBareServer(bench::bare::Arguments),
    /// House rules: sizes, opening comments, leftovers, names of folders, links
    Tidy,
    /// The walls between the crates, licences, doubled versions, the reason for each dependency
    Dependencies,
    /// Compare the OpenAPI document with the checked-in one and validate it
    Openapi {
        /// Validate this file instead of asking the binary
        #[arg(long)]
        document: Option<PathBuf>,
    },
    /// Regenerate the files that are generated and checked in
    Codegen {
        /// Change nothing, and fail where a file is not what would be generated
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().chore {
        Chore::Test(arguments) => test::run(&arguments),
        Chore::Bench(arguments) => bench::run(&arguments),
        Chore::Fuzz(arguments) => fuzz::run(&arguments),
        Chore::BenchBareServer(arguments) => bench::bare::serve(&arguments),
        Chore::Tidy => tidy::run(),
        Chore::Dependencies => dependencies::run(),
        Chore::Openapi { document: None } => openapi::run(),
        Chore::Openapi { document: Some(document) } => openapi::validate(&document),
        Chore::Codegen { check } => codegen::run(check),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
