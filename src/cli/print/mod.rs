//! What objects look like on a terminal, as `oc` prints them.

mod json;
pub(super) mod object;
pub(super) mod table;
pub(super) mod tabs;

pub(super) use json::pretty;

use clap::ValueEnum;

/// How objects are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// A table with all columns.
    Wide,
    /// The objects in JSON.
    Json,
    /// The objects in YAML.
    Yaml,
    /// Kind and name, one a line.
    Name,
}
