//! Resources whose object is one record: the change itself tells it before and after.

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use weir_storage::{Change, Entry, Revision};

use super::{Extent, Projection, Source};
use crate::events::object::{EventKind, Happening, Object, Traits};
use crate::records::{Error, Span, keys};

/// An object with what selectors look at, if there is one.
pub(super) type Shown<O> = Option<(Traits, O)>;

/// A resource whose object is one record.
pub(crate) trait SingleRecord: Send + Sync + 'static {
    /// What is stored.
    type Record: DeserializeOwned + Send + Sync;
    /// What is printed.
    type Object: Serialize + Send + Sync;

    /// The family of its keys.
    fn family(&self) -> &'static str;

    /// The keys of an extent, as near as a range comes.
    fn span(&self, extent: Extent<'_>) -> Span;

    /// The object, with `revision` as its `resourceVersion`, and what selectors look at. `None` where there is none in
    /// that record.
    fn object<'a>(
        &'a self,
        source: &'a Source,
        key: &'a [u8],
        record: &'a Self::Record,
        revision: Revision,
    ) -> BoxFuture<'a, Result<Shown<Self::Object>, Error>>;
}

/// Follows the objects of such a resource.
pub(super) struct Single<R> {
    source: Source,
    resource: R,
}

impl<R: SingleRecord> Single<R> {
    pub(super) fn new(source: Source, resource: R) -> Self {
        Self { source, resource }
    }

    async fn print(
        &self,
        kind: EventKind,
        key: &[u8],
        value: Option<&Bytes>,
        revision: Revision,
    ) -> Result<Option<Object>, Error> {
        let Some(value) = value else { return Ok(None) };
        let record = self.source.records.decode(key, value).await?;
        match self.resource.object(&self.source, key, &record, revision).await? {
            Some((traits, object)) => Object::print(kind, traits, &object).map(Some),
            None => Ok(None),
        }
    }

    async fn list(&self, extent: Extent<'_>) -> Result<(Vec<Object>, Revision), Error> {
        let snapshot = self.source.records.snapshot([self.resource.span(extent)]).await?;
        let [entries] = snapshot.ranges;
        let mut objects = Vec::with_capacity(entries.len());
        for Entry { key, value, revision } in entries {
            objects.extend(self.print(EventKind::Added, &key, Some(&value), revision).await?);
        }
        Ok((objects, snapshot.revision))
    }

    async fn project(&self, change: &Change) -> Result<Vec<Happening>, Error> {
        let mut happened = Vec::new();
        let family = self.resource.family().as_bytes();
        let ours = change.keys.iter().filter(|changed| keys::family(&changed.key) == family);
        for changed in ours {
            let before = changed.before.as_ref().map(|before| &before.value);
            let before = self.print(EventKind::Deleted, &changed.key, before, change.revision).await?;
            let kind = if before.is_some() { EventKind::Modified } else { EventKind::Added };
            let after = self.print(kind, &changed.key, changed.after.as_ref(), change.revision).await?;
            happened.extend(match (before, after) {
                (None, None) => None,
                (None, Some(after)) => Some(Happening::Added(after)),
                (Some(before), None) => Some(Happening::Deleted(before)),
                (Some(before), Some(after)) if before.traits == after.traits => Some(Happening::Modified(after)),
                (Some(before), Some(after)) => Some(Happening::Moved { before, after }),
            });
        }
        Ok(happened)
    }
}

impl<R: SingleRecord> Projection for Single<R> {
    fn list<'a>(&'a self, extent: Extent<'a>) -> BoxFuture<'a, Result<(Vec<Object>, Revision), Error>> {
        self.list(extent).boxed()
    }

    fn project<'a>(&'a mut self, change: &'a Change) -> BoxFuture<'a, Result<Vec<Happening>, Error>> {
        let this = &*self;
        this.project(change).boxed()
    }
}
