//! Where commands take their configuration from: a file, the environment of the process, and flags.

use std::path::PathBuf;

use clap::Args;

use super::failure::Failure;
use crate::config::{Config, ENVIRONMENT_PREFIX, Flags, Sources};

/// The file that a configuration is read from.
#[derive(Debug, Args)]
pub(super) struct ConfigFile {
    /// Read settings from this TOML file; `WEIR__SECTION__KEY` variables and flags go over it.
    #[arg(long = "config", value_name = "FILE", env = "WEIR_CONFIG")]
    pub(super) file: Option<PathBuf>,
}

/// Reads and checks all layers.
pub(super) fn load(file: ConfigFile, flags: Flags) -> Result<Config, Failure> {
    Ok(Config::load(Sources { file: file.file, environment: environment()?, flags })?)
}

/// The variables that are ours. Others are left alone: they need not even be text.
fn environment() -> Result<Vec<(String, String)>, Failure> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, _)| name.starts_with(ENVIRONMENT_PREFIX))
        .map(|(name, value)| match value.into_string() {
            Ok(value) => Ok((name, value)),
            Err(_) => Err(Failure::Environment(name)),
        })
        .collect()
}
