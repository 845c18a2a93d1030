//! What a write of a status may do.
//!
//! A status is the projection of logs that are never rewritten. So a write may say what the status should show from now
//! on, as prunes do, and not what happened: items may be left out, new ones may come on top, whole tags may go. Each of
//! these is an entry of the log. To change an item, or to put one between others, is refused. Lists and watches show the
//! newest items of each tag and say so ([`ImageStream::ITEMS_SHOWN`]): a status that came from there is compared with those,
//! and the older ones stay as they are, unless their tag goes.
//!
//! Source: the status strategy of openshift-apiserver: spec tags and the source repository stay as they are, the lookup
//! policy and the metadata are taken, and an item of generation 0 gets that of its spec tag, or of the stream.

use std::collections::{BTreeMap, BTreeSet};

use weir_storage::Digest;

use super::stream::{describe, expected};
use super::{Editor, WriteError};
use crate::oci::{StreamId, Tag};
use crate::records::{Actor, Cause, Decide, Moment, Records, Stream, TagHead, TaggedManifest, Transaction, keys};
use crate::streams::field_error::{FieldError, Path};
use crate::streams::history::{self, By, Move, Placed};
use crate::streams::object::{ImageStream, NamedTagEventList, TagEvent};
use crate::streams::state::ITEMS;
use crate::streams::view::{View, shown_condition};
use crate::streams::{HostNames, mapping, validation};

/// The kind of these objects.
const KIND: &str = "ImageStream";

impl Editor<'_> {
    /// Writes the status of a stream.
    pub(crate) async fn update_stream_status(
        &self,
        id: &StreamId,
        object: ImageStream,
    ) -> Result<ImageStream, WriteError> {
        let tags = named(&object)?;
        let update =
            UpdateStatus { id, object: &object, tags, records: self.records, names: self.names, actor: self.actor };
        let performed = self.records.perform(&update, self.dry_run).await?;
        self.shown(&performed.after, id).await
    }
}

/// The tags of a status, or what is wrong with them.
fn named(object: &ImageStream) -> Result<BTreeMap<Tag, &NamedTagEventList>, WriteError> {
    let mut errors = validation::stream::status(&object.status);
    let mut tags = BTreeMap::new();
    for events in &object.status.tags {
        let path = Path::new("status").child("tags").key(&events.tag);
        match events.tag.parse::<Tag>() {
            Ok(tag) => {
                tags.insert(tag, events);
            }
            Err(rule) => errors.push(path.child("tag").invalid(events.tag.as_str(), rule.to_string())),
        }
    }
    WriteError::unless_valid(KIND, &object.metadata.name, errors)?;
    Ok(tags)
}

struct UpdateStatus<'a> {
    id: &'a StreamId,
    object: &'a ImageStream,
    tags: BTreeMap<Tag, &'a NamedTagEventList>,
    /// For reading logs, which the heads that are guarded pin down.
    records: &'a Records,
    names: &'a HostNames,
    actor: &'a Actor,
}

impl Decide for UpdateStatus<'_> {
    type Outcome = ();
    type Error = WriteError;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), WriteError> {
        let stream = expected(transaction, self.id, &self.object.metadata).await?;
        let mut all: BTreeSet<Tag> = self.tags.keys().cloned().collect();
        for key in transaction.keys(&keys::heads_of(self.id)).await? {
            all.extend(keys::part(&key, 2).parse::<Tag>());
        }
        for key in transaction.keys(&keys::conditions_of(self.id)).await? {
            all.extend(keys::part(&key, 2).parse::<Tag>());
        }
        let mut changed = false;
        for tag in &all {
            changed |= self.tag(transaction, &stream, tag).await?;
        }
        if self.object.spec.lookup_policy.local != stream.lookup_local {
            let record = Stream { lookup_local: self.object.spec.lookup_policy.local, ..stream };
            transaction.put(&keys::stream(self.id), &record)?;
            changed = true;
        }
        if changed {
            mapping::touch(transaction, self.id)?;
        }
        Ok(describe(transaction, self.id, &self.object.metadata, changed).await?)
    }
}

/// How the items of a tag change.
#[derive(Debug)]
struct Difference<'a> {
    /// New items, the newest first.
    added: &'a [TagEvent],
    /// Items that are shown no longer, the newest first.
    hidden: Vec<Placed>,
    /// Items that stay, the newest first.
    kept: Vec<Placed>,
}

impl UpdateStatus<'_> {
    fn by(&self) -> By<'_> {
        By { cause: &Cause::Status, actor: self.actor }
    }

    /// How many items of each tag the client has seen.
    fn seen(&self) -> usize {
        let shown = self.object.metadata.annotations.get(ImageStream::ITEMS_SHOWN);
        shown.and_then(|shown| shown.parse().ok()).map_or(ITEMS, |shown: usize| shown.clamp(1, ITEMS))
    }

    /// Brings one tag to what the status says of it. Returns whether that changed anything.
    async fn tag(&self, transaction: &mut Transaction<'_>, stream: &Stream, tag: &Tag) -> Result<bool, WriteError> {
        let forgiven = self.conditions(transaction, tag).await?;
        let head = transaction.get(&keys::head(self.id, tag)).await?;
        let shown = match &head {
            Some(head) => history::placed(self.records, self.id, tag, head, self.seen()).await?,
            None => Vec::new(),
        };
        let wanted = self.tags.get(tag).and_then(|events| events.items.as_deref()).unwrap_or_default();
        let difference = self.difference(stream, tag, shown, wanted)?;
        if difference.added.is_empty() && difference.hidden.is_empty() {
            return Ok(forgiven);
        }
        if difference.added.is_empty() && difference.kept.is_empty() {
            history::retire(transaction, self.id, tag, None, self.by()).await?;
            return Ok(true);
        }
        self.bring(transaction, stream, tag, head, difference).await?;
        Ok(true)
    }

    /// Leaves out that an import failed, where the status does. Returns whether that changed anything.
    async fn conditions(&self, transaction: &mut Transaction<'_>, tag: &Tag) -> Result<bool, WriteError> {
        let wanted = self.tags.get(tag).map(|events| events.conditions.as_slice()).unwrap_or_default();
        let failed = transaction.get(&keys::condition(self.id, tag)).await?;
        if wanted.is_empty() {
            return Ok(history::forgive(transaction, self.id, tag).await?);
        }
        if failed.iter().map(shown_condition).collect::<Vec<_>>() == wanted {
            return Ok(false);
        }
        let path = Path::new("status").child("tags").key(tag.as_str()).child("conditions");
        Err(self.invalid(path.forbidden("only imports write conditions")))
    }

    /// Appends what a difference asks for. An item that comes to lie on top because those above it are hidden is
    /// tagged anew, for the top is what the tag means.
    async fn bring(
        &self,
        transaction: &mut Transaction<'_>,
        stream: &Stream,
        tag: &Tag,
        head: Option<TagHead>,
        mut difference: Difference<'_>,
    ) -> Result<(), WriteError> {
        let top_goes = difference
            .hidden
            .first()
            .zip(head.as_ref())
            .is_some_and(|(hidden, head)| hidden.image_sequence == head.top_sequence);
        if top_goes && difference.added.is_empty() && !difference.kept.is_empty() {
            let next = difference.kept.remove(0);
            let to = Move {
                created: Some(next.item.created),
                reference: next.item.reference.clone(),
                image: next.item.image.clone(),
                generation: next.item.generation,
                manifest: self.manifest(transaction, &next).await?,
                cause: Cause::Status,
                actor: self.actor.clone(),
            };
            history::prepend(transaction, self.id, tag, &to).await?;
            difference.hidden.push(next);
        }
        for event in difference.added.iter().rev() {
            let to = self.moved(transaction, stream, tag, event).await?;
            history::prepend(transaction, self.id, tag, &to).await?;
        }
        if !difference.hidden.is_empty() {
            history::hide(transaction, self.id, tag, &difference.hidden, self.by()).await?;
        }
        Ok(())
    }

    /// Compares what a tag shows with what it is to show: some of that, in order, with new items before the first.
    fn difference<'o>(
        &self,
        stream: &Stream,
        tag: &Tag,
        shown: Vec<Placed>,
        wanted: &'o [TagEvent],
    ) -> Result<Difference<'o>, WriteError> {
        let view = View { records: self.records, names: self.names };
        let events: Vec<TagEvent> = shown.iter().map(|placed| view.tag_event(self.id, stream, &placed.item)).collect();
        let new = wanted.iter().take_while(|event| !events.contains(event)).count();
        let (added, old) = wanted.split_at(new);
        let mut difference = Difference { added, hidden: Vec::new(), kept: Vec::new() };
        let mut old = old.iter().enumerate().peekable();
        for (placed, event) in shown.into_iter().zip(events) {
            match old.next_if(|(_, wanted)| **wanted == event) {
                Some(_) => difference.kept.push(placed),
                None => difference.hidden.push(placed),
            }
        }
        match old.next() {
            None => Ok(difference),
            Some((index, _)) => Err(self.rewritten(tag, new.saturating_add(index))),
        }
    }

    fn rewritten(&self, tag: &Tag, index: usize) -> WriteError {
        let path = Path::new("status").child("tags").key(tag.as_str()).child("items").index(index);
        self.invalid(path.forbidden("history is not rewritten: items can only be left out, or come on top"))
    }

    fn invalid(&self, error: FieldError) -> WriteError {
        WriteError::Invalid { kind: KIND, name: self.id.name().to_owned(), errors: vec![error] }
    }

    /// A new item as a move.
    async fn moved(
        &self,
        transaction: &mut Transaction<'_>,
        stream: &Stream,
        tag: &Tag,
        event: &TagEvent,
    ) -> Result<Move, WriteError> {
        let items = Path::new("status").child("tags").key(tag.as_str()).child("items");
        let image =
            match event.image.as_str() {
                "" => None,
                text => Some(text.parse().map_err(|_| {
                    self.invalid(items.child("image").invalid(text, "must be the digest of a manifest"))
                })?),
            };
        let spec = transaction.get(&keys::spec(self.id, tag)).await?;
        let observed = spec.and_then(|spec| spec.generation).unwrap_or(stream.generation);
        let mut to = Move {
            created: event.created.and_then(|created| Moment::parse(&created.to_string())),
            reference: self.names.read(&event.docker_image_reference),
            image,
            generation: if event.generation == 0 { observed } else { event.generation },
            manifest: None,
            cause: Cause::Status,
            actor: self.actor.clone(),
        };
        if let Some(image) = &to.image {
            to.manifest = known(transaction, self.id, image).await?;
        }
        Ok(to)
    }

    async fn manifest(
        &self,
        transaction: &mut Transaction<'_>,
        placed: &Placed,
    ) -> Result<Option<TaggedManifest>, WriteError> {
        match &placed.item.image {
            Some(image) => known(transaction, self.id, image).await,
            None => Ok(None),
        }
    }
}

/// What is known of the manifest of an image.
async fn known(
    transaction: &mut Transaction<'_>,
    id: &StreamId,
    image: &Digest,
) -> Result<Option<TaggedManifest>, WriteError> {
    let link = match transaction.get(&keys::manifest(id, image)).await? {
        Some(link) => Some(link),
        None => transaction.get(&keys::removed(id, image)).await?,
    };
    Ok(link.map(|link| TaggedManifest { media_type: link.media_type, size: link.size }))
}
