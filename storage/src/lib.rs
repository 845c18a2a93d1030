//! The stores of Weir: where its bytes and its metadata lie, and when they are durable.
//!
//! This crate knows bytes, keys and digests. It knows nothing of HTTP, repositories or image streams.
//!
//! # Layout
//!
//! - [`blob`]: [`BlobStore`], content addressed by [`Digest`], with resumable uploads. Backend: [`blob::filesystem`].
//! - [`metadata`]: [`MetadataStore`], ordered keys with revisions and guarded commits. Backends: [`metadata::memory`]
//!   and [`metadata::journaled`] (a journal that is durable, and sled as the state that the journal implies).
//! - [`data_directory`]: the format version and the lock of the folder that holds all of it.
//! - [`durable_file`]: small files beside the stores, such as keys.
//! - [`clock`]: where time comes from.
//!
//! # Durability
//!
//! What a method acknowledges has survived a power cut from then on, where its documentation says *durable*:
//! [`MetadataStore::commit`], [`BlobStore::put`] and [`Upload::commit`]. An upload session survives a regular
//! end of the process but not that of the machine: a client that sees its session gone starts again.

mod ahead;
pub mod blob;
mod boot;
pub mod clock;
pub mod data_directory;
mod digest;
pub mod durable_file;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod metadata;

pub use blob::cache::{CachedContent, ContentCache};
pub use blob::{BlobReader, BlobStore, ByteStream, InvalidUploadId, Upload, UploadId, UploadReader};
pub use clock::{Clock, ManualClock, SystemClock};
pub use data_directory::DataDirectory;
pub use digest::{Algorithm, Digest, Hasher, InvalidDigest};
pub use error::{Error, Result};
pub use metadata::{
    Change, ChangedKey, Commit, Entry, Guard, MetadataStore, Order, Page, Revision, Scan, Versioned, Write,
};
