//! The command line: one file a subcommand.
//!
//! Most commands ask a running server ([`api`]) and say what `oc` says, for people who have none.
//!
//! A subcommand returns what it has to say, or a [`Failure`]; only [`output`] writes to the terminal. Exit codes are
//! those of `sysexits.h`, and 1 where the answer is no.

mod api;
mod completions;
mod config;
mod delete;
mod describe;
mod failure;
mod get;
mod healthcheck;
mod history;
mod import_image;
mod kubeconfig;
mod output;
mod print;
mod rollback;
mod serve;
mod settings;
mod tag;
mod text;
mod watch;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Failure;

/// An OCI registry in which every tag remembers.
#[derive(Debug, Parser)]
#[command(
    name = "weir",
    version,
    after_help = "Exit codes: 0 done, 1 the answer is no, 64 usage, 70 failed, 78 configuration."
)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the registry until it is told to stop.
    Serve(serve::Arguments),
    /// Check or show the configuration.
    #[command(subcommand)]
    Config(config::Command),
    /// Show objects of a server as a table, in JSON or in YAML.
    Get(get::Arguments),
    /// Show objects of a server in words.
    Describe(describe::Arguments),
    /// Make tags mean what others mean or follow them, or delete them.
    Tag(tag::Arguments),
    /// Read tags and images from another registry.
    ImportImage(import_image::Arguments),
    /// Show what a tag has meant, newest first.
    History(history::Arguments),
    /// Make a tag mean again what it meant before, or bring back a stream that was deleted.
    Rollback(rollback::Arguments),
    /// Delete objects of a server.
    Delete(delete::Arguments),
    /// Show changes of objects as they come.
    Watch(watch::Arguments),
    /// Print what a shell needs to complete these commands.
    Completions(completions::Arguments),
    /// Write what oc and kubectl need to know about a server.
    Kubeconfig(kubeconfig::Arguments),
    /// Ask a running server whether it is well; for containers.
    Healthcheck(healthcheck::Arguments),
    /// Print the version.
    Version,
}

/// Does what `arguments` say, the first of which is the program's name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let command = match CommandLine::try_parse_from(arguments) {
        Ok(CommandLine { command }) => command,
        Err(error) => return output::usage(&error),
    };
    match execute(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => output::failure(&failure),
    }
}

fn execute(command: Command) -> Result<(), Failure> {
    match command {
        Command::Serve(arguments) => serve::run(arguments),
        Command::Config(command) => config::run(command),
        Command::Get(arguments) => get::run(&arguments),
        Command::Describe(arguments) => describe::run(&arguments),
        Command::Tag(arguments) => tag::run(&arguments),
        Command::ImportImage(arguments) => import_image::run(&arguments),
        Command::History(arguments) => history::run(&arguments),
        Command::Rollback(arguments) => rollback::run(&arguments),
        Command::Delete(arguments) => delete::run(&arguments),
        Command::Watch(arguments) => watch::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Kubeconfig(arguments) => kubeconfig::run(arguments),
        Command::Healthcheck(arguments) => healthcheck::run(arguments),
        Command::Version => output::print(concat!("weir ", env!("CARGO_PKG_VERSION"), "\n")),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn bad_usage_is_refused() {
        let wrong: &[&[&str]] = &[
            &[],
            &["serve", "--listne", "x"],
            &["history"],
            &["history", "team/app@sha256:00"],
            &["history", "team/app:v1", "-n", "0"],
            &["kubeconfig", "--force"],
            &["serve", "--tls", "none"],
            &["history", "team/app:v1", "--server", "localhost:5000"],
        ];
        for arguments in wrong {
            let arguments = ["weir"].iter().chain(*arguments);
            assert!(CommandLine::try_parse_from(arguments).is_err());
        }
    }
}
