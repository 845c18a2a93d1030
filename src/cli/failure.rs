//! Why a command could not do what was asked, and the exit code that says so.

use crate::config::ConfigErrors;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The configuration has mistakes. They print one a line, as they are.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// A variable of ours cannot be read as text.
    #[error("the environment variable {0} is not UTF-8")]
    Environment(String),
    /// Everything worked, and the answer is no.
    #[error("{0}")]
    Answer(String),
    /// A server or a rule of a command said no, in words that are printed as they are.
    #[error("{0}")]
    Told(String),
    /// Something failed that should not have.
    #[error("{0:#}")]
    Software(#[from] anyhow::Error),
}

impl Failure {
    /// As `sysexits.h` numbers them.
    pub(super) fn code(&self) -> u8 {
        match self {
            Self::Answer(_) | Self::Told(_) => 1,
            Self::Software(_) => 70,
            Self::Config(_) | Self::Environment(_) => 78,
        }
    }
}
