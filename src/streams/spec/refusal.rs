//! Why a change of a spec is not made.

use weir_storage::Digest;

use crate::oci::{StreamId, Tag};
use crate::records::Error;
use crate::streams::field_error::{FieldError, Path};

/// Why a spec was not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpecError {
    /// There is no such stream, and none was to be made.
    #[error("there is no image stream {0}")]
    NoStream(StreamId),
    /// Tags of the new spec cannot be had. Each is named, and nothing was changed.
    #[error("the spec is refused: {}", list(.0))]
    Refused(Vec<Refusal>),
    /// The state could not be read or changed.
    #[error(transparent)]
    Records(#[from] Error),
}

/// What is wrong with one spec tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) tag: Tag,
    /// The name of its source, as it was given.
    pub(crate) value: String,
    pub(crate) reason: Reason,
}

impl Refusal {
    /// As an error of the field that it is about.
    pub(crate) fn field_error(&self) -> FieldError {
        let path = Path::new("spec").child("tags").key(self.tag.as_str()).child("from").child("name");
        match &self.reason {
            Reason::StreamNotFound => path.not_found(self.value.as_str()),
            reason => path.invalid(self.value.as_str(), reason.to_string()),
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.field_error().fmt(f)
    }
}

/// Why a spec tag cannot be had. The texts are those of openshift-apiserver, where it has one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Reason {
    /// The stream of the source does not exist.
    #[error("not found")]
    StreamNotFound,
    /// The name of the source does not read as its kind wants it.
    #[error("must be of the form <tag>, <repo>:<tag>, <id>, or <repo>@<id>")]
    Form,
    /// The stream has had no such image.
    #[error("error generating tag event: imagestreamimage.image.openshift.io {id:?} not found")]
    ImageNotFound {
        /// As it was given.
        id: String,
    },
    /// The stream has had more than one such image.
    #[error(
        "error generating tag event: Operation cannot be fulfilled on imagestreamimage.image.openshift.io {id:?}: \
         multiple images match the prefix {id:?}: {}",
        list(images)
    )]
    Ambiguous {
        /// As it was given.
        id: String,
        /// All that it may mean, sorted.
        images: Vec<Digest>,
    },
    /// The tag would follow itself, directly or through others.
    #[error("the tag would follow itself: {}", chain(tags))]
    Loop {
        /// The tags in the order in which they follow each other, from this one back to it.
        tags: Vec<Tag>,
    },
}

/// What ends the resolution of one tag.
#[derive(Debug)]
pub(super) enum Failure {
    /// The tag cannot be had; others may still be looked at.
    Refused(Reason),
    /// The state could not be read or changed.
    Records(Error),
}

impl From<Reason> for Failure {
    fn from(reason: Reason) -> Self {
        Self::Refused(reason)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Records(error)
    }
}

fn list<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn chain(tags: &[Tag]) -> String {
    tags.iter().map(Tag::as_str).collect::<Vec<_>>().join(" → ")
}
