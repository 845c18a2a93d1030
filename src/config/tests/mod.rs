//! Tests of the whole configuration: layers, mistakes, examples, and reading back what was shown.

mod examples;
mod layers;
mod mirrors;
mod mistakes;
mod round_trip;
mod upstreams;

use std::path::Path;

use super::{Config, ConfigErrors, Flags, Sources};

/// Reads `text` as a file called `weir.toml`.
fn parse(text: &str) -> Result<Config, ConfigErrors> {
    Config::parse(Path::new("weir.toml"), text)
}

/// The lines that tell what is wrong with `text`.
fn complaints(text: &str) -> Vec<String> {
    match parse(text) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.to_string().lines().map(str::to_owned).collect(),
    }
}

/// Loads variables and flags without a file.
fn load(variables: &[(&str, &str)], flags: Flags) -> Result<Config, ConfigErrors> {
    let environment: Vec<_> = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::load(Sources { file: None, environment, flags })
}
