//! `[secrets]`: what secrets are encrypted with.

use std::path::PathBuf;

use super::listener::readable_file;
use super::reader::{Reading, Section};

/// What secrets are encrypted with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    /// The file of the keys, 32 bytes in base64 on each line, of which the first encrypts; one in the data directory,
    /// made when it is needed, where it is absent.
    pub key_file: Option<PathBuf>,
}

impl Secrets {
    pub(super) fn read(mut section: Section<'_>, default: Self) -> Self {
        let key_file = match readable_file(&mut section, "key_file") {
            Reading::Given(file, _) => Some(file),
            Reading::Absent | Reading::Wrong => default.key_file,
        };
        section.finish();
        Self { key_file }
    }
}
