//! `[storage]`: where content and metadata are kept.

use std::path::PathBuf;

use super::ByteSize;
use super::reader::Section;
use super::setting::{Setting, choice};
use super::tree::Value;

/// Where content and metadata are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// The data directory. A relative path begins at the working directory, not at the file that names it.
    pub data: PathBuf,
    /// What holds the metadata.
    pub metadata: MetadataBackend,
    /// Bytes of memory for sled's page cache.
    pub cache: u64,
    /// Bytes that are kept free on the disk: uploads are refused before it is full. Metadata may use half of them, so that
    /// tags can be moved and deleted on a disk that takes no more uploads. 0 keeps nothing free.
    pub reserve: u64,
}

/// What holds the metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetadataBackend {
    /// Memory: gone when the server ends. For tests.
    Memory,
    /// The journal, and sled as its index.
    Sled,
}

impl MetadataBackend {
    const CHOICES: [(&str, Self); 2] = [("sled", Self::Sled), ("memory", Self::Memory)];

    /// The word for it in a configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sled => "sled",
        }
    }
}

impl Setting for MetadataBackend {
    fn read(value: Value) -> Result<Self, String> {
        choice(value, &Self::CHOICES)
    }
}

/// With less, sled would read each page from the disk again and again.
const LEAST_CACHE: ByteSize = ByteSize(1 << 20);
const ANY: ByteSize = ByteSize(u64::MAX);

impl Storage {
    pub(super) fn read(mut section: Section<'_>, default: Self) -> Self {
        let storage = Self {
            data: section.or("data", default.data),
            metadata: section.or("metadata", default.metadata),
            cache: section.within("cache", ByteSize(default.cache), LEAST_CACHE..=ANY).0,
            reserve: section.or("reserve", ByteSize(default.reserve)).0,
        };
        section.finish();
        storage
    }
}
