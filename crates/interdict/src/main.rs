//! Interdict's command line: reads the arguments, starts the logs, runs one command, ends with a status
//! that programs can read.
//!
//! Deliberately not here: logic that a test would want to reach below the command line.

mod application;
mod arguments;
mod clock;
mod commands;
mod compare;
mod configuration;
mod data_folder;
mod failure;
mod first_start;
mod oidc;
mod output;
mod password_input;
mod serve;
mod shutdown;
mod telemetry;

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

use anyhow::Result;
use clap::builder::Resettable;
use clap::error::ErrorKind;
use clap::{CommandFactory as _, FromArgMatches as _};

use arguments::{Arguments, Command};
use configuration::Configuration;

fn main() -> ExitCode {
    let arguments = match parse(std::env::args_os().collect()) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help goes to standard output, and a reader that went away is no fault.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    run(arguments).unwrap_or_else(|error| failure::report(&error))
}

fn run(arguments: Arguments) -> Result<ExitCode> {
    let command = arguments.command.unwrap_or(Command::Serve(Box::default()));
    match command {
        // These two touch no data: they work without a configuration.
        Command::Completions { shell } => return commands::completions::run(shell),
        Command::Openapi => return commands::openapi::run(),
        _ => {}
    }
    let mut common = arguments.common;
    if let Command::Migrate(arguments) = &command {
        arguments.name_places(&mut common);
    }
    let configuration = Configuration::load(common)?;
    let serves = matches!(command, Command::Serve(_) | Command::Demo(_));
    let filter = if serves { telemetry::SERVING } else { telemetry::PASSING };
    telemetry::start(configuration.log.as_deref().unwrap_or(filter), configuration.log_format)?;
    match command {
        Command::Serve(arguments) => commands::serve::run(&configuration, *arguments),
        Command::Demo(arguments) => commands::demo::run(&configuration, arguments.serve),
        Command::Merchant(command) => commands::merchant::run(&configuration, command),
        Command::Key(command) => commands::key::run(&configuration, command),
        Command::User(command) => commands::user::run(&configuration, command),
        Command::Check(arguments) => commands::check::run(&configuration, &arguments),
        Command::Import(arguments) => commands::import::run(&configuration, &arguments),
        Command::Export(arguments) => commands::export::run(&configuration, &arguments),
        Command::Erase(arguments) => commands::erase::run(&configuration, &arguments),
        Command::Audit(command) => commands::audit::run(&configuration, command),
        Command::Doctor(arguments) => commands::doctor::run(&configuration, &arguments),
        Command::Backup(arguments) => commands::backup::run(&configuration, &arguments),
        Command::Restore(arguments) => commands::restore::run(&configuration, &arguments),
        Command::Migrate(arguments) => commands::migrate::run(&configuration, &arguments),
        Command::Pepper(command) => commands::pepper::run(&configuration, command),
        Command::Completions { shell } => commands::completions::run(shell),
        Command::Openapi => commands::openapi::run(),
    }
}

/// Without a command, the options are those of `serve`.
fn parse(words: Vec<OsString>) -> Result<Arguments, clap::Error> {
    let plain = read(&words);
    let is_serve = match &plain {
        Ok(arguments) => arguments.command.is_none(),
        Err(error) => error.kind() == ErrorKind::UnknownArgument,
    };
    if !is_serve {
        return plain;
    }
    let mut words = words;
    words.insert(words.len().min(1), OsString::from("serve"));
    match read(&words) {
        Err(error) if error.kind() == ErrorKind::UnknownArgument => plain,
        served => served,
    }
}

fn read(words: &[OsString]) -> Result<Arguments, clap::Error> {
    let matches = without_empty_variables(Arguments::command()).try_get_matches_from(words)?;
    Arguments::from_arg_matches(&matches)
}

/// A variable that is set to nothing says nothing: that is how a service file or a container leaves one
/// out.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let says_nothing = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    command
        .mut_args(|argument| match argument.get_env() {
            Some(name) if says_nothing(name) => argument.env(Resettable::Reset),
            _ => argument,
        })
        .mut_subcommands(without_empty_variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Arguments, clap::Error> {
        parse(line.split(' ').map(OsString::from).collect())
    }

    #[test]
    fn without_a_command_the_options_are_those_of_serve() {
        for line in ["interdict --listen :1 --data-dir d", "interdict --data-dir d serve --listen :1"] {
            let arguments = parsed(line).unwrap_or_else(|error| panic!("{line}: {error}"));
            assert_eq!(arguments.common.data_dir, Some("d".into()), "{line}");
            match arguments.command {
                Some(Command::Serve(serve)) => assert_eq!(serve.listen.as_deref(), Some(":1"), "{line}"),
                _ => panic!("{line}"),
            }
        }
        assert!(matches!(parsed("interdict").unwrap().command, Some(Command::Serve(_))));
    }

    #[test]
    fn what_is_no_option_of_any_command_is_named() {
        for line in ["interdict --lisen :1", "interdict --workers two", "interdict serv", "interdict key"] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }

    #[test]
    fn the_grammar_is_sound() {
        Arguments::command().debug_assert();
    }
}
