//! Streams.

use std::collections::BTreeSet;

use weir_storage::Revision;

use super::{Listing, Part, View, ViewError, version};
use crate::oci::{StreamId, Tag};
use crate::records::{Error, ImportCondition, Item, Stream, keys};
use crate::streams::image::time;
use crate::streams::object::{
    ImageLookupPolicy, ImageStream, ImageStreamSpec, ImageStreamStatus, NamedTagEventList, ObjectMeta, TagEvent,
    TagEventCondition,
};
use crate::streams::state::{self, ITEMS, LISTED_READ, States, StreamState};

use super::tag::tag_reference;

impl View<'_> {
    /// A stream.
    pub(crate) async fn stream(&self, id: &StreamId) -> Result<ImageStream, ViewError> {
        let (mut states, _) = state::read(self.records, States::One(id), ITEMS).await?;
        let state = states.pop().ok_or_else(|| ViewError::NoStream(id.clone()))?;
        Ok(self.assemble_stream(&state, ITEMS))
    }

    /// A part of the streams of a namespace, or of all, by namespace and name, all as of one revision. Of each tag the
    /// newest items are shown.
    pub(crate) async fn streams_part(
        &self,
        namespace: Option<&str>,
        part: Part<StreamId>,
    ) -> Result<Listing<ImageStream, StreamId>, ViewError> {
        let ((states, revision), next) = if part.after.is_none() && part.limit == usize::MAX {
            let all = namespace.map_or(States::All, States::Namespace);
            (state::read(self.records, all, LISTED_READ).await?, None)
        } else {
            let (ids, next) = self.stream_ids(namespace, part).await?;
            match (ids.first(), ids.last()) {
                (Some(first), Some(last)) => (state::read_between(self.records, first, last, LISTED_READ).await?, next),
                _ => ((Vec::new(), self.records.metadata().revision()), None),
            }
        };
        let items = states.iter().map(|state| self.assemble_stream(state, state.listed_items())).collect();
        Ok(Listing { items, next, revision })
    }

    /// The names of streams, and where they go on.
    pub(super) async fn stream_ids(
        &self,
        namespace: Option<&str>,
        part: Part<StreamId>,
    ) -> Result<(Vec<StreamId>, Option<StreamId>), Error> {
        let prefix = namespace.map_or_else(keys::streams_all, keys::streams_of);
        let after = part.after.map(|id| keys::stream(&id));
        let wanted = part.limit.saturating_add(1);
        let found = self.records.keys(&prefix, |scan| {
            let scan = scan.limit(wanted);
            match &after {
                Some(after) => scan.after(after.bytes()),
                None => scan,
            }
        });
        let mut keys = found.await?;
        let more = keys.len() > part.limit;
        keys.truncate(part.limit);
        let id = |key: &bytes::Bytes| StreamId::new(keys::part(key, 0), keys::part(key, 1)).ok();
        let next = keys.last().and_then(id).filter(|_| more);
        Ok((keys.iter().filter_map(id).collect(), next))
    }

    /// A stream, with at most so many items of each tag. Where a tag has more, the stream says so.
    pub(crate) fn assemble_stream(&self, state: &StreamState, items: usize) -> ImageStream {
        let StreamState { id, touched, record, specs, tags, conditions } = state;
        let shown = |tag: &Tag| {
            let found = tags.get(tag).map(|found| found.items.get(..items).unwrap_or(&found.items));
            self.tag_status(id, record, tag, found, conditions.get(tag))
        };
        let mut metadata = metadata(id, record, *touched);
        if tags.values().any(|found| found.items.len() > items) {
            metadata.annotations.insert(ImageStream::ITEMS_SHOWN.to_owned(), items.to_string());
        }
        let named: BTreeSet<&Tag> = tags.keys().chain(conditions.keys()).collect();
        ImageStream {
            metadata,
            spec: ImageStreamSpec {
                lookup_policy: ImageLookupPolicy { local: record.lookup_local },
                docker_image_repository: record.source_repository.clone(),
                tags: specs.iter().map(|(tag, spec)| tag_reference(tag, spec.clone())).collect(),
            },
            status: ImageStreamStatus {
                docker_image_repository: self.names.repository(&record.repository),
                public_docker_image_repository: self.names.public_repository(&record.repository).unwrap_or_default(),
                tags: named.into_iter().filter_map(shown).collect(),
            },
        }
    }

    /// What happened to a tag: its items, and how its last import failed. Nothing, where it neither means anything nor
    /// failed.
    pub(crate) fn tag_status(
        &self,
        id: &StreamId,
        stream: &Stream,
        tag: &Tag,
        items: Option<&[Item]>,
        condition: Option<&ImportCondition>,
    ) -> Option<NamedTagEventList> {
        if items.is_none() && condition.is_none() {
            return None;
        }
        let events = |items: &[Item]| items.iter().map(|item| self.tag_event(id, stream, item)).collect();
        let conditions = condition.map(shown_condition).into_iter().collect();
        Some(NamedTagEventList { tag: tag.to_string(), items: items.map(events), conditions })
    }

    /// An item as it is shown in a stream.
    pub(crate) fn tag_event(&self, id: &StreamId, stream: &Stream, item: &Item) -> TagEvent {
        TagEvent {
            created: Some(time(item.created)),
            docker_image_reference: self.names.pull_spec(&item.reference, id, &stream.repository),
            image: item.image.as_ref().map(ToString::to_string).unwrap_or_default(),
            generation: item.generation,
        }
    }
}

/// A failed import as it is shown. One that went well is not.
pub(crate) fn shown_condition(condition: &ImportCondition) -> TagEventCondition {
    TagEventCondition {
        kind: "ImportSuccess".to_owned(),
        status: "False".to_owned(),
        last_transition_time: Some(time(condition.since)),
        reason: condition.reason.clone(),
        message: condition.message.clone(),
        generation: condition.generation,
    }
}

/// The metadata of a stream.
pub(super) fn metadata(id: &StreamId, stream: &Stream, touched: Revision) -> ObjectMeta {
    ObjectMeta {
        name: id.name().to_owned(),
        namespace: id.namespace().to_owned(),
        uid: stream.uid.to_string(),
        resource_version: version(touched),
        generation: stream.generation,
        creation_timestamp: Some(time(stream.created)),
        labels: stream.labels.clone(),
        annotations: stream.annotations.clone(),
        owner_references: stream.owner_references.clone(),
        managed_fields: stream.managed_fields.clone(),
        ..ObjectMeta::default()
    }
}
