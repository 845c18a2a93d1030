//! The entries of a tag's log.

use serde::{Deserialize, Serialize};
use weir_storage::Digest;

use super::{Item, Moment, PullSpec, SpecTag};
use crate::oci::{MediaType, Tag};

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Actor(String);

impl Actor {
    /// Whoever asks a server that knows no users.
    pub(crate) fn anonymous() -> Self {
        Self("system:anonymous".into())
    }

    /// The server itself, when it imports what is wanted or scheduled.
    pub(crate) fn importer() -> Self {
        Self("system:importer".into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a tag moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Cause {
    /// A manifest was pushed by tag.
    Push,
    /// The tag was set by its spec.
    Tag {
        /// What from, as the spec names it: a tag, an image, or a pull spec.
        from: String,
    },
    /// It was imported from an upstream.
    Import {
        /// The pull spec that was imported, as it was given.
        from: String,
    },
    /// The tag follows another, and that one moved.
    Tracking {
        /// The tag that was followed.
        tag: Tag,
    },
    /// It was taken back to what it meant before, or came back after it was deleted.
    Rollback {
        /// Where to, as it was asked for.
        to: String,
    },
    /// The status of its stream was written.
    Status,
    /// The tag itself was deleted.
    TagDelete,
    /// The manifest that it meant was deleted.
    ManifestDelete,
    /// Its stream was deleted.
    StreamDelete,
}

impl Cause {
    /// One word for people and for annotations.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Tag { .. } => "tag",
            Self::Import { .. } => "import",
            Self::Tracking { .. } => "tracking",
            Self::Rollback { .. } => "rollback",
            Self::Status => "status",
            Self::TagDelete => "tag-delete",
            Self::ManifestDelete => "manifest-delete",
            Self::StreamDelete => "stream-delete",
        }
    }

    /// Where the move came from, beyond its kind.
    pub(crate) fn source(&self) -> Option<&str> {
        match self {
            Self::Tag { from } | Self::Import { from } => Some(from),
            Self::Tracking { tag } => Some(tag.as_str()),
            Self::Rollback { to } => Some(to),
            Self::Push | Self::Status | Self::TagDelete | Self::ManifestDelete | Self::StreamDelete => None,
        }
    }
}

/// What is known of the manifest that an entry is about, so that history can be told when its link is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TaggedManifest {
    pub(crate) media_type: MediaType,
    /// Size of the manifest, in bytes.
    pub(crate) size: u64,
}

/// One entry of a tag's log. Entries are appended, never rewritten or reordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LogEntry {
    /// When; later than the entry before.
    pub(crate) at: Moment,
    pub(crate) actor: Actor,
    pub(crate) cause: Cause,
    pub(crate) kind: LogKind,
}

/// How a top item changes in place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Amendment {
    pub(crate) generation: i64,
    /// The image that it now means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) image: Option<AmendedImage>,
    /// Where that is now pulled from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<PullSpec>,
}

/// The image that an amendment sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AmendedImage {
    /// None: the tag is only a reference from then on.
    None,
    /// This one.
    Image(Digest),
}

/// What happened to the tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogKind {
    /// It got a new top item.
    Event {
        item: Item,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        manifest: Option<TaggedManifest>,
    },
    /// Its top item changed in place, as OpenShift's tag algorithm has it: a new generation, or the same image under
    /// another reference.
    Amendment {
        amendment: Amendment,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        manifest: Option<TaggedManifest>,
    },
    /// It was deleted. What it meant until then stands here again.
    Deletion {
        item: Item,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        manifest: Option<TaggedManifest>,
        /// What else went with it, so that it can come back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        taken: Option<Box<Taken>>,
    },
    /// Its deletion was undone: it means again what it meant then, and its items are those that it had.
    Restoration {
        item: Item,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        manifest: Option<TaggedManifest>,
    },
    /// Items of it are shown no longer, as a prune of the status asks for. They stay in the log.
    Trim {
        /// The sequence numbers of the events that made them.
        hidden: Vec<u64>,
    },
}

/// What a deletion takes away beside the top item of a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Taken {
    /// Where the items of the tag began.
    pub(crate) since: u64,
    /// The sequence number that gave the top item its image.
    pub(crate) top_sequence: u64,
    /// What was wanted of the tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) spec: Option<SpecTag>,
}
