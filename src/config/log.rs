//! `[log]`: what is logged, and how.

use tracing_subscriber::EnvFilter;

use super::reader::Section;
use super::setting::{Setting, choice, text};
use super::tree::Value;

/// What is logged, and how. Logs go to standard error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Which events: a level, or directives as `tracing_subscriber` reads them (`info,weir::http=debug`).
    pub filter: String,
    /// How a line looks.
    pub format: LogFormat,
    /// Whether each request that was answered is logged.
    pub access: bool,
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    const CHOICES: [(&str, Self); 2] = [("text", Self::Text), ("json", Self::Json)];

    /// The word for it in a configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

impl Setting for LogFormat {
    fn read(value: Value) -> Result<Self, String> {
        choice(value, &Self::CHOICES)
    }
}

/// Text that is known to be a filter.
struct Filter(String);

impl Setting for Filter {
    fn read(value: Value) -> Result<Self, String> {
        let written = text(value, "a filter such as \"info\"")?;
        if written.trim().is_empty() {
            return Err("the filter is empty: write a level, or \"off\"".to_owned());
        }
        match EnvFilter::try_new(&written) {
            Ok(_) => Ok(Self(written)),
            Err(error) => Err(format!("{written:?} is no filter: {error}")),
        }
    }
}

impl Log {
    pub(super) fn read(mut section: Section<'_>, default: Self) -> Self {
        let log = Self {
            filter: section.or("filter", Filter(default.filter)).0,
            format: section.or("format", default.format),
            access: section.or("access", default.access),
        };
        section.finish();
        log
    }
}
