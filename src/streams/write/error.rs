//! Why a write is refused.

use weir_storage::{Digest, Revision};

use crate::oci::{StreamId, Tag};
use crate::records::{Error, Moment};
use crate::streams::field_error::{FieldError, list};
use crate::streams::spec::refusal::{Refusal, SpecError};
use crate::streams::view::ViewError;

/// Why a write is refused. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// There is no such stream.
    #[error("there is no image stream {0}")]
    NoStream(StreamId),
    /// The stream has no such tag.
    #[error("there is no tag {tag} in the image stream {stream}")]
    NoTag { stream: StreamId, tag: Tag },
    /// There is no such image.
    #[error("there is no image {0}")]
    NoImage(String),
    /// The image has no such signature.
    #[error("there is no signature {0}")]
    NoSignature(String),
    /// There is such a stream already.
    #[error("there is an image stream {0} already")]
    StreamExists(StreamId),
    /// The stream's spec has such a tag already.
    #[error("the spec of the image stream {stream} has a tag {tag} already")]
    TagExists { stream: StreamId, tag: Tag },
    /// There is such an image already.
    #[error("there is an image {0} already")]
    ImageExists(String),
    /// The image has a signature of that name, or of that content, already.
    #[error("there is such a signature already: {0}")]
    SignatureExists(String),
    /// Fields of an object break rules.
    #[error("{kind} {name:?} is invalid: {}", list(errors))]
    Invalid {
        /// The kind of the object whose fields these are.
        kind: &'static str,
        /// Its name, as it was given.
        name: String,
        errors: Vec<FieldError>,
    },
    /// The object is not as the client saw it.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// An update does not say which version it is made from.
    #[error("the version that is to be replaced must be given")]
    NoVersion,
    /// A `resourceVersion` is none.
    #[error("{0:?} is no resource version")]
    BadVersion(String),
    /// A tag without a spec cannot be updated without one.
    #[error("imagestreamtag {tag} is not a spec tag in imagestream {stream}, cannot be updated")]
    NotASpecTag { stream: StreamId, tag: Tag },
    /// The name of a tag is not `<stream>:<tag>`.
    #[error("{0:?} must be of the form <stream_name>:<tag>")]
    TagName(String),
    /// The name of a signature is not `<image>@<signature>`.
    #[error("ImageSignatures must be accessed with <imageName>@<signatureName>")]
    SignatureName,
    /// A limit of the namespace is in the way.
    #[error("ImageStream {:?} is forbidden: {why}", stream.name())]
    LimitExceeded { stream: StreamId, why: String },
    /// A tag cannot be taken back.
    #[error(transparent)]
    Rollback(#[from] RollbackRefusal),
    /// The state could not be read or changed.
    #[error(transparent)]
    Records(#[from] Error),
}

/// How an object differs from what the client saw.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Conflict {
    /// It is another object of that name.
    #[error("the object has the uid {actual}, not {wanted}")]
    Uid { wanted: String, actual: uuid::Uuid },
    /// It was changed since.
    #[error("the object has the version {actual}, not {wanted}")]
    Version { wanted: String, actual: Revision },
}

/// Why a tag or a stream cannot be taken back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RollbackRefusal {
    /// The tag never meant anything.
    #[error("{stream}:{tag} has no history")]
    NoHistory { stream: StreamId, tag: Tag },
    /// The history is shorter than that.
    #[error("the history of the tag goes back {available} revisions, not {wanted}")]
    TooFar { wanted: usize, available: usize },
    /// The tag meant nothing at that time.
    #[error("the tag meant nothing at {0}")]
    NothingThen(Moment),
    /// The tag never meant such an image.
    #[error("the tag never meant an image {0}")]
    UnknownImage(String),
    /// The tag has meant more than one such image.
    #[error("multiple images match the prefix {id:?}: {}", digests(images))]
    Ambiguous { id: String, images: Vec<Digest> },
    /// Content of the image is here no longer.
    #[error("{0} is here no longer")]
    ContentGone(Digest),
    /// No stream of that name was deleted.
    #[error("no image stream {0} was deleted")]
    NeverDeleted(StreamId),
    /// The stream is there, with all that a deletion of it took.
    #[error("the image stream {0} is not deleted")]
    NotDeleted(StreamId),
}

fn digests(images: &[Digest]) -> String {
    images.iter().map(Digest::as_str).collect::<Vec<_>>().join(", ")
}

impl WriteError {
    /// What a change of a stream's spec was refused for.
    pub(in crate::streams) fn of_spec(stream: &StreamId, error: SpecError) -> Self {
        match error {
            SpecError::NoStream(id) => Self::NoStream(id),
            SpecError::Refused(refusals) => {
                let errors = refusals.iter().map(Refusal::field_error).collect();
                Self::Invalid { kind: "ImageStream", name: stream.name().to_owned(), errors }
            }
            SpecError::Records(error) => Self::Records(error),
        }
    }

    /// Refuses an object of which anything is wrong.
    pub(in crate::streams) fn unless_valid(
        kind: &'static str,
        name: &str,
        errors: Vec<FieldError>,
    ) -> Result<(), Self> {
        if errors.is_empty() { Ok(()) } else { Err(Self::Invalid { kind, name: name.to_owned(), errors }) }
    }

    /// Why what was written cannot be shown: it may be gone again.
    pub(in crate::streams) fn of_view(stream: &StreamId, tag: Option<&Tag>, error: ViewError) -> Self {
        match (error, tag) {
            (ViewError::NoStream(id), _) => Self::NoStream(id),
            (ViewError::NoTag, Some(tag)) => Self::NoTag { stream: stream.clone(), tag: tag.clone() },
            (ViewError::NoTag, None) => Self::NoStream(stream.clone()),
            (ViewError::ImageGone(image), _) => Self::NoImage(image.to_string()),
            (ViewError::NoImage | ViewError::Ambiguous(_), _) => Self::NoImage(stream.to_string()),
            (ViewError::Records(error), _) => Self::Records(error),
        }
    }
}
