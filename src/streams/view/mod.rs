//! The objects of `image.openshift.io/v1`, made from the records.
//!
//! A stream is many records. What belongs to one object, or to one page of a list of streams, is read as of one revision,
//! without a lock: see [`state`](super::state).
//!
//! - [`stream`]: streams. [`tag`]: their tags, as image stream tags and as image tags. [`image`]: images, alone and in a
//!   stream. [`layers`]: what the images of a stream are made of. Each lists a page at a time.

mod image;
mod layers;
mod stream;
mod tag;

pub(crate) use stream::shown_condition;
pub(crate) use tag::Facts;

use weir_storage::{Digest, Revision};

use super::HostNames;
use crate::oci::{StreamId, Tag};
use crate::records::{Error, Found, Records, Stream, keys};

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ViewError {
    /// There is no such stream.
    #[error("there is no image stream {0}")]
    NoStream(StreamId),
    /// The stream has no such tag, or the tag no image.
    #[error("the image stream has no such tag")]
    NoTag,
    /// No image of the stream has such an id, or there is no such image at all.
    #[error("there is no such image")]
    NoImage,
    /// The tag or id means an image whose object is gone.
    #[error("the image {0} is gone")]
    ImageGone(Digest),
    /// More than one image of the stream has such an id.
    #[error("multiple images match the prefix")]
    Ambiguous(Vec<Digest>),
    /// The state could not be read.
    #[error(transparent)]
    Records(#[from] Error),
}

/// A part of a list: what comes after an object, and how many.
#[derive(Debug, Clone)]
pub(crate) struct Part<A> {
    /// The last object of the page before.
    pub(crate) after: Option<A>,
    /// At most this many.
    pub(crate) limit: usize,
}

#[cfg(test)]
impl<A> Part<A> {
    /// The whole list.
    pub(crate) fn all() -> Self {
        Self { after: None, limit: usize::MAX }
    }
}

/// A page of a list.
#[derive(Debug)]
pub(crate) struct Listing<T, A> {
    pub(crate) items: Vec<T>,
    /// Where the next page begins, if there is one: after this object.
    pub(crate) next: Option<A>,
    /// The store was at this revision when the page was begun: a watch can begin there.
    pub(crate) revision: Revision,
}

/// A tag of a stream, where a list of tags can go on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TagPlace {
    pub(crate) stream: StreamId,
    pub(crate) tag: Tag,
}

/// Shows what the records hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) records: &'a Records,
    pub(crate) names: &'a HostNames,
}

impl View<'_> {
    async fn require_stream(&self, id: &StreamId) -> Result<Found<Stream>, ViewError> {
        self.records.get(&keys::stream(id)).await?.ok_or_else(|| ViewError::NoStream(id.clone()))
    }
}

/// A revision as a `resourceVersion`; none where nothing was committed, as in a dry run.
fn version(revision: Revision) -> String {
    if revision == Revision::ZERO { String::new() } else { revision.to_string() }
}
