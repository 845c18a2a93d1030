//! Every key and value that Weir keeps, typed, and the transaction that reads, decides and commits.
//!
//! The registry and the image streams share one state: a tag of the one is a tag of the other. This module is the only
//! place that knows how that state lies in the metadata store.
//!
//! | key | record | written by |
//! |---|---|---|
//! | `stream` ns name | [`Stream`] | the first push, or a create |
//! | `deleted` ns name | [`DeletedStream`]: the stream that was deleted last under a name | a stream delete |
//! | `touch` ns name | nothing: its revision is the stream's `resourceVersion` | every change of the stream |
//! | `catalog` repository | [`StreamId`](crate::oci::StreamId) | the first manifest link; gone with the last one |
//! | `spec` ns name tag | [`SpecTag`] | a spec change |
//! | `tracker` ns name followed follower | nothing | a spec change |
//! | `head` ns name tag | [`TagHead`]: what the tag means now | every move of the tag |
//! | `log` ns name tag sequence | [`LogEntry`], never rewritten | every move of the tag |
//! | `condition` ns name tag | [`ImportCondition`]: why the tag's last import failed | a failed import; gone when the tag moves |
//! | `import` ns name tag | [`ImportState`]: what its imports found and how they failed | every import |
//! | `tagged` ns name digest tag sequence | nothing: the log entries that tagged an image | every event |
//! | `manifest` ns name digest | [`ManifestLink`] | a manifest push, a tag event |
//! | `removed` ns name digest | the [`ManifestLink`] that a delete took away | a manifest or stream delete |
//! | `parent` ns name child index | nothing: what an index holds | the link of an index |
//! | `referrer` ns name subject digest | [`Referrer`] | the link of a manifest with a subject |
//! | `blob` digest ns name | [`BlobLink`] | an upload, a mount, a tag event |
//! | `unlinked` digest ns name | the [`BlobLink`] that a delete took away | a blob or stream delete |
//! | `image` name | [`ImageRecord`] | the first link of a manifest anywhere, a mapping, a create |
//! | `namespace` ns | [`Kept`]`<`[`NamespaceContent`]`>` | a create, and the first thing that is made in a namespace |
//! | `secret` ns name | [`Kept`]`<`[`SecretContent`]`>`, what it holds encrypted | a secret's create or update |
//! | `limitrange` ns name | [`Kept`]`<`[`LimitRangeContent`]`>` | a limit range's create or update |
//! | `removed-image` name | the [`ImageRecord`] that a delete took away | an image delete |
//!
//! Parts of a key are separated by a zero byte and the last is followed by one, so that no key is the beginning of
//! another and keys sort as their parts do. A push guards the head of its tag, the next place in its log, and the
//! stream's record; it writes `touch` unguarded, so that pushes to different tags of one stream never conflict.
//!
//! The outbox that watchers and webhooks read is the change feed of the store itself: each change that holds a `log`
//! key is a tag event, with what stood before and after beside it. There is no second record of it.
//!
//! Values are JSON. A value above the store's limit lies in the blob store, and its place holds its digest.

mod as_of;
mod condition;
mod event;
mod image;
mod import_state;
mod kept;
pub(crate) mod keys;
mod link;
mod moment;
mod reading;
mod rehearsal;
mod stream;
mod tag;
mod transaction;
mod turns;
pub(crate) mod value;

pub(crate) use as_of::{Past, Span};
pub(crate) use condition::ImportCondition;
pub(crate) use event::{Actor, AmendedImage, Amendment, Cause, LogEntry, LogKind, TaggedManifest, Taken};
pub(crate) use image::ImageRecord;
pub(crate) use import_state::{Failing, ImportState, Seen};
pub(crate) use kept::{Kept, LimitRangeContent, NamespaceContent, Sealed, SecretContent};
pub(crate) use keys::{Key, Prefix};
pub(crate) use link::{BlobLink, ManifestLink, Origin, Referrer};
pub(crate) use moment::Moment;
pub(crate) use reading::{Found, Records};
pub(crate) use stream::{DeletedStream, Stream};
pub(crate) use tag::{ImportPolicy, Item, PullSpec, ReferencePolicy, SourceKind, SpecSource, SpecTag, TagHead};
pub(crate) use transaction::{Decide, Performed, Transaction};

/// Why the state could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A store refused.
    #[error(transparent)]
    Storage(#[from] weir_storage::Error),

    /// A record does not read as what its key says it is.
    #[error("the record at {key} does not parse")]
    Record {
        /// The key, escaped.
        key: String,
        /// What the parser said.
        #[source]
        source: serde_json::Error,
    },

    /// Other writers changed the same records again and again.
    #[error("too many writers change the same records; try again")]
    Contended,
}

/// What an error means to whoever asked for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// There is no room for what is written.
    Full,
    /// It may work when it is tried again.
    Unavailable,
    /// The server has failed.
    Internal,
}

impl Trouble {
    /// What an error of a store means.
    pub(crate) fn of_store(error: &weir_storage::Error) -> Self {
        use weir_storage::Error as E;
        match error {
            E::Full { .. } => Self::Full,
            E::Unavailable(_) => Self::Unavailable,
            E::BlobNotFound(_)
            | E::UploadNotFound(_)
            | E::UploadBusy(_)
            | E::DigestMismatch { .. }
            | E::RangeOutside { .. }
            | E::Conflict { .. }
            | E::TooLarge { .. }
            | E::Corrupt { .. }
            | E::DataDirectory(_)
            | E::Io { .. } => Self::Internal,
        }
    }
}

impl Error {
    /// What it means to whoever asked.
    pub(crate) fn trouble(&self) -> Trouble {
        match self {
            Self::Storage(error) => Trouble::of_store(error),
            Self::Contended => Trouble::Unavailable,
            Self::Record { .. } => Trouble::Internal,
        }
    }
}
