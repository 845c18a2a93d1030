//! What a change of the store did to the objects of one resource.
//!
//! Resources whose object is one record ([`record`]) need nothing but the change itself, which tells the record before
//! and after. Streams and their tags are many records: [`streams`] and [`tags`] keep the states of those that changed
//! lately, and read others as they were right before the change.

mod cache;
mod images;
mod kept;
mod nothing;
mod record;
mod streams;
mod tags;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use weir_storage::{Change, Revision};

use super::object::{Happening, Object};
use crate::namespaces::{KeptKind, Keyring};
use crate::records::{Error, Records};
use crate::streams::HostNames;
use crate::streams::object::{Image, ImageStream, ImageStreamTag, ImageTag, ObjectMeta, Typed};
use crate::streams::view::View;

/// A resource that can be watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Watched {
    /// `imagestreams`
    Streams,
    /// `imagestreamtags`, which OpenShift does not let anyone watch.
    StreamTags,
    /// `imagetags`, the same.
    ImageTags,
    /// `images`
    Images,
    /// `namespaces`, `projects`, `secrets` or `limitranges`
    Kept(KeptKind),
    /// `resourcequotas`, of which there are none.
    Quotas,
}

impl Watched {
    /// Begins to project what happens after a revision.
    pub(super) fn projection(self, source: &Source, after: Revision) -> Box<dyn Projection> {
        let source = source.clone();
        match self {
            Self::Streams => Box::new(streams::Streams::after(source, after)),
            Self::StreamTags => Box::new(tags::Tags::after(source, after, tags::Kind::StreamTag)),
            Self::ImageTags => Box::new(tags::Tags::after(source, after, tags::Kind::ImageTag)),
            Self::Images => Box::new(record::Single::new(source, images::Images)),
            Self::Quotas => Box::new(nothing::Nothing { records: source.records }),
            Self::Kept(kind) => Box::new(record::Single::new(source, kept::KeptObjects(kind))),
        }
    }

    /// What a bookmark carries: an object of the resource with nothing in it but a revision.
    pub(super) fn bookmark(self, revision: Revision, initial_end: bool) -> Value {
        let mut metadata = ObjectMeta { resource_version: revision.to_string(), ..ObjectMeta::default() };
        if initial_end {
            metadata.annotations.insert("k8s.io/initial-events-end".to_owned(), "true".to_owned());
        }
        let printed = match self {
            Self::Streams => {
                // As recorded: what fills in streams that are read fills in this one.
                "default".clone_into(&mut metadata.namespace);
                serde_json::to_value(Typed::new(ImageStream { metadata, ..ImageStream::default() }))
            }
            Self::StreamTags => {
                serde_json::to_value(Typed::new(ImageStreamTag { metadata, ..ImageStreamTag::default() }))
            }
            Self::ImageTags => serde_json::to_value(Typed::new(ImageTag { metadata, ..ImageTag::default() })),
            Self::Images => serde_json::to_value(Typed::new(Image { metadata, ..Image::default() })),
            Self::Quotas => Ok(json!({ "kind": "ResourceQuota", "apiVersion": "v1", "metadata": metadata })),
            Self::Kept(kind) => kind.print(&BTreeMap::from([("metadata", metadata)])),
        };
        // Nothing in them has names that are not text.
        printed.unwrap_or_default()
    }
}

/// What projections read.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) records: Records,
    pub(crate) names: Arc<HostNames>,
    /// Opens secrets.
    pub(crate) keyring: Arc<Keyring>,
}

impl Source {
    fn view(&self) -> View<'_> {
        View { records: &self.records, names: &self.names }
    }
}

/// Which objects are listed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Extent<'a> {
    /// Only those of a namespace.
    pub(crate) namespace: Option<&'a str>,
    /// Only that one.
    pub(crate) name: Option<&'a str>,
}

/// Follows the objects of one resource.
pub(crate) trait Projection: Send + Sync {
    /// The objects that there are, by namespace and name, with the revision that they show.
    fn list<'a>(&'a self, extent: Extent<'a>) -> BoxFuture<'a, Result<(Vec<Object>, Revision), Error>>;

    /// What a change did, in the order of the objects' names. It is called with every change, in order. After an error
    /// it may be called with the same change again.
    fn project<'a>(&'a mut self, change: &'a Change) -> BoxFuture<'a, Result<Vec<Happening>, Error>>;

    /// Nothing that is visible is left to project: what was read to look back can be forgotten.
    fn caught_up(&mut self, _at: Revision) {}

    /// How much memory it takes to look back, in bytes.
    fn past_bytes(&self) -> usize {
        0
    }
}
