//! `imagestreamtags` and `imagetags`
//!
//! The `resourceVersion` of a tag is that of its stream, as it is for OpenShift. An event is told where something of the
//! tag itself changed, not for each tag of a stream when another one moved: that would be 10,000 events for one push.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use weir_storage::{Change, Digest, Entry, Revision};

use super::cache;
use super::{Extent, Projection, Source};
use crate::events::object::{EventKind, Happening, Object, Traits};
use crate::oci::{StreamId, Tag};
use crate::records::{Error, Found, ImageRecord, ManifestLink, Past, Span, Stream, keys};
use crate::streams::object::{Image, Typed};
use crate::streams::state::{self, LISTED_ITEMS, States, StreamChange, StreamState};
use crate::streams::view::Facts;

/// What a tag is made of: its stream, and what is known of its image.
const FAMILIES: &[&str] = &["stream", "touch", "spec", "head", "condition", "image", "manifest"];

/// Under which of its two kinds a tag is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `ImageStreamTag`: a tag that has an image.
    StreamTag,
    /// `ImageTag`: any tag, with what happened to it.
    ImageTag,
}

impl Kind {
    /// How many items of a tag are shown.
    fn items(self) -> usize {
        match self {
            Self::StreamTag => 1,
            Self::ImageTag => LISTED_ITEMS,
        }
    }

    /// Whether a tag is there under this kind.
    fn has(self, state: &StreamState, tag: &Tag) -> bool {
        let head = state.tags.get(tag).map(|found| &found.head);
        match self {
            Self::StreamTag => head.is_some_and(|head| head.top.image.is_some()),
            Self::ImageTag => head.is_some() || state.specs.contains_key(tag) || state.conditions.contains_key(tag),
        }
    }

    /// What of a stream's record each of its tags shows; the rest is left empty.
    fn shown(self, record: &Stream) -> Stream {
        let record = Stream {
            source_repository: String::new(),
            managed_fields: Vec::new(),
            owner_references: Vec::new(),
            ..record.clone()
        };
        match self {
            Self::ImageTag => record,
            Self::StreamTag => Stream { generation: 0, annotations: BTreeMap::new(), ..record },
        }
    }

    /// The tags that are there.
    fn all(self, state: &StreamState) -> BTreeSet<Tag> {
        let tags = state.tags.keys().chain(state.specs.keys()).chain(state.conditions.keys());
        tags.filter(|tag| self.has(state, tag)).cloned().collect()
    }
}

/// Follows tags of streams.
#[derive(Debug)]
pub(super) struct Tags {
    source: Source,
    kind: Kind,
    states: cache::States,
}

/// One tag as it is to be printed.
struct Printing<'a> {
    state: &'a StreamState,
    tag: &'a Tag,
    /// As of when.
    at: Revision,
    /// What is shown as `resourceVersion`.
    revision: Revision,
    event: EventKind,
}

impl Tags {
    pub(super) fn after(source: Source, after: Revision, kind: Kind) -> Self {
        Self { source, kind, states: cache::States::after(after, kind.items(), FAMILIES) }
    }

    async fn list(&self, extent: Extent<'_>) -> Result<(Vec<Object>, Revision), Error> {
        let named = extent.name.map(|name| name.split_once(':').unwrap_or((name, "")));
        let one = match (extent.namespace, named) {
            (Some(namespace), Some((stream, _))) => StreamId::new(namespace, stream).ok(),
            _ => None,
        };
        let which = match (&one, extent.namespace) {
            (Some(id), _) => States::One(id),
            (None, Some(namespace)) => States::Namespace(namespace),
            (None, None) => States::All,
        };
        let (states, revision) = state::read(&self.source.records, which, self.kind.items()).await?;
        let mut past = Past::after(revision, FAMILIES);
        let mut objects = Vec::new();
        for state in &states {
            let tags = self.kind.all(state);
            for tag in tags.iter().filter(|tag| named.is_none_or(|(_, name)| name == tag.as_str())) {
                let printing = Printing { state, tag, at: revision, revision: state.touched, event: EventKind::Added };
                objects.extend(print(&self.source, self.kind, &mut past, printing).await?);
            }
        }
        Ok((objects, revision))
    }

    async fn project(&mut self, change: &Change) -> Result<Vec<Happening>, Error> {
        let mut happened = Vec::new();
        let mut kept = Vec::new();
        for (id, keys) in cache::by_stream(change) {
            let change = StreamChange { id: &id, revision: change.revision, keys };
            let step = self.states.step(&self.source, change).await?;
            for tag in touched(self.kind, &step) {
                happened.extend(self.happening(&step, &tag).await?);
            }
            kept.push((step.change.id.clone(), step.after));
        }
        for (id, state) in kept {
            self.states.keep(id, state);
        }
        Ok(happened)
    }

    async fn happening(&mut self, step: &cache::Step<'_>, tag: &Tag) -> Result<Option<Happening>, Error> {
        let revision = step.change.revision;
        let past = Revision(revision.0.saturating_sub(1));
        let existed = step.before.as_ref().is_some_and(|state| self.kind.has(state, tag));
        let after = match &step.after {
            Some(state) => {
                let event = if existed { EventKind::Modified } else { EventKind::Added };
                let printing = Printing { state, tag, at: revision, revision, event };
                print(&self.source, self.kind, self.states.past(), printing).await?
            }
            None => None,
        };
        let before = match &step.before {
            Some(state) if after.is_none() || relabelled(step) => {
                let printing = Printing { state, tag, at: past, revision, event: EventKind::Deleted };
                print(&self.source, self.kind, self.states.past(), printing).await?
            }
            Some(_) | None => None,
        };
        Ok(match (before, after) {
            (Some(before), Some(after)) => Some(Happening::Moved { before, after }),
            (Some(before), None) => Some(Happening::Deleted(before)),
            (None, Some(after)) if existed => Some(Happening::Modified(after)),
            (None, Some(after)) => Some(Happening::Added(after)),
            (None, None) => None,
        })
    }
}

impl Projection for Tags {
    fn list<'a>(&'a self, extent: Extent<'a>) -> BoxFuture<'a, Result<(Vec<Object>, Revision), Error>> {
        self.list(extent).boxed()
    }

    fn project<'a>(&'a mut self, change: &'a Change) -> BoxFuture<'a, Result<Vec<Happening>, Error>> {
        self.project(change).boxed()
    }

    fn caught_up(&mut self, at: Revision) {
        self.states.past().forget(at);
    }

    fn past_bytes(&self) -> usize {
        self.states.past_bytes()
    }
}

fn relabelled(step: &cache::Step<'_>) -> bool {
    match (&step.before, &step.after) {
        (Some(before), Some(after)) => before.record.labels != after.record.labels,
        _ => false,
    }
}

/// The tags of which something changed: all of them where something of the stream did that each shows.
fn touched(kind: Kind, step: &cache::Step<'_>) -> BTreeSet<Tag> {
    let shown = |state: &StreamState| kind.shown(&state.record);
    if step.before.as_ref().map(shown) != step.after.as_ref().map(shown) {
        let both = step.before.iter().chain(&step.after);
        return both.flat_map(|state| kind.all(state)).collect();
    }
    let (Some(before), Some(after)) = (&step.before, &step.after) else { return BTreeSet::new() };
    let ours = |family: &[u8]| matches!(family, b"head" | b"spec" | b"condition");
    let ours = step.change.keys.iter().filter(|changed| ours(keys::family(&changed.key)));
    let tags = ours.filter_map(|changed| keys::part(&changed.key, 2).parse::<Tag>().ok());
    let differs = |tag: &Tag| {
        before.tags.get(tag) != after.tags.get(tag)
            || before.specs.get(tag) != after.specs.get(tag)
            || before.conditions.get(tag) != after.conditions.get(tag)
    };
    tags.filter(differs).collect()
}

/// A tag with its image; nothing where there is no such object.
async fn print(source: &Source, kind: Kind, past: &mut Past, of: Printing<'_>) -> Result<Option<Object>, Error> {
    let Printing { state, tag, at, revision, event } = of;
    if !kind.has(state, tag) {
        return Ok(None);
    }
    let (id, view) = (&state.id, source.view());
    let found = state.tags.get(tag);
    let facts = Facts {
        record: state.record.clone(),
        touched: revision,
        head: found.map(|found| found.head.clone()),
        spec: state.specs.get(tag).cloned(),
        condition: state.conditions.get(tag).cloned(),
    };
    let image = match &facts.head {
        Some(head) => image(source, past, id, &facts, head.top.image.as_ref(), at).await?,
        None => None,
    };
    let traits = Traits::new(id.namespace(), &format!("{}:{tag}", id.name()), &state.record.labels);
    match (kind, image) {
        (Kind::StreamTag, None) => Ok(None),
        (Kind::StreamTag, Some(image)) => {
            let object = facts.stream_tag(id, tag, image);
            Object::print(event, traits, &Typed::new(object)).map(Some)
        }
        (Kind::ImageTag, image) => {
            let items = found.map(|found| found.items.as_slice());
            let status = view.tag_status(id, &state.record, tag, items, facts.condition.as_ref());
            let mut object = facts.image_tag(id, tag, status);
            object.image = image;
            Object::print(event, traits, &Typed::new(object)).map(Some)
        }
    }
}

/// The image that a tag means, as it was at a revision; nothing where it is gone.
async fn image(
    source: &Source,
    past: &mut Past,
    id: &StreamId,
    facts: &Facts,
    digest: Option<&Digest>,
    at: Revision,
) -> Result<Option<Image>, Error> {
    let (Some(digest), Some(reference)) = (digest, facts.resolved(id)) else { return Ok(None) };
    let spans = [Span::key(&keys::image(digest)), Span::key(&keys::manifest(id, digest))];
    let [image, link] = past.read(&source.records, spans, at).await?;
    let Some(Entry { key, value, revision }) = image.into_iter().next() else { return Ok(None) };
    let record: ImageRecord = source.records.decode(&key, &value).await?;
    let link: Option<ManifestLink> = match link.into_iter().next() {
        Some(Entry { key, value, .. }) => Some(source.records.decode(&key, &value).await?),
        None => None,
    };
    let found = Found { key, record, revision };
    let media_type = link.as_ref().map(|link| &link.media_type);
    source.view().image_of(id, &facts.record, &found, media_type, &reference).map(Some)
}
