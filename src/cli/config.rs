//! `weir config`: what is configured, and what is wrong with it.

use clap::Subcommand;

use super::failure::Failure;
use super::output;
use super::settings::{self, ConfigFile};
use crate::config::{Config, Flags};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Tell all mistakes at once, each with its line and key.
    Check(ConfigFile),
    /// Print what holds, defaults included, as a file that says all of it.
    Show(ConfigFile),
}

pub(super) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Check(file) => {
            settings::load(file, Flags::default())?;
            output::print("the configuration has no mistakes\n")
        }
        Command::Show(file) => {
            let config: Config = settings::load(file, Flags::default())?;
            output::print(&config.to_toml())
        }
    }
}
