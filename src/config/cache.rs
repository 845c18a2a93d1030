//! `[cache]`: how much of other registries' content is cached.

use super::ByteSize;
use super::reader::{Reading, Section};

/// How much of other registries' content is cached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cache {
    /// Bytes of blobs that may be cached: beyond them, those go that were not used for longest. Any number where it is
    /// absent.
    pub size: Option<u64>,
}

impl Cache {
    pub(super) fn read(mut section: Section<'_>, default: &Self) -> Self {
        let size = match section.read::<ByteSize>("size") {
            Reading::Given(ByteSize(bytes), _) => Some(bytes),
            Reading::Absent | Reading::Wrong => default.size,
        };
        section.finish();
        Self { size }
    }
}
