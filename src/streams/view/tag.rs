//! The tags of streams.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use weir_storage::Revision;

use super::stream::{metadata, shown_condition};
use super::{Listing, Part, TagPlace, View, ViewError, version};
use crate::oci::{StreamId, Tag};
use crate::records::{Error, ImportCondition, Item, Prefix, PullSpec, ReferencePolicy, SpecTag, Stream, TagHead, keys};
use crate::streams::history;
use crate::streams::image::time;
use crate::streams::object::{
    DockerImage, Image, ImageLookupPolicy, ImageStreamTag, ImageTag, NamedTagEventList, ObjectMeta, ObjectReference,
    TagImportPolicy, TagReference, TagReferencePolicy,
};
use crate::streams::state::{self, ITEMS};

/// How many keys are read at once to find a page of tags.
const BATCH: usize = 256;

/// What is known of one tag.
pub(crate) struct Facts {
    pub(crate) record: Stream,
    pub(crate) touched: Revision,
    pub(crate) head: Option<TagHead>,
    pub(crate) spec: Option<SpecTag>,
    pub(crate) condition: Option<ImportCondition>,
}

impl Facts {
    /// Whether anything is known of the tag.
    fn any(&self) -> bool {
        self.head.is_some() || self.spec.is_some() || self.condition.is_some()
    }

    /// The pull spec that a tag hands out: its own, or this server's where its policy says so.
    pub(crate) fn resolved(&self, id: &StreamId) -> Option<PullSpec> {
        let top = &self.head.as_ref()?.top;
        Some(resolved(id, top, self.spec.as_ref()))
    }

    /// The tag with an image.
    pub(crate) fn stream_tag(&self, id: &StreamId, tag: &Tag, mut image: Image) -> ImageStreamTag {
        let annotations = self.spec.as_ref().map(|spec| spec.annotations.clone()).unwrap_or_default();
        image.metadata.annotations.extend(annotations.clone());
        let top = self.head.as_ref().map(|head| &head.top);
        ImageStreamTag {
            metadata: ObjectMeta {
                name: format!("{}:{tag}", id.name()),
                namespace: id.namespace().to_owned(),
                uid: self.record.uid.to_string(),
                resource_version: version(self.touched),
                creation_timestamp: Some(time(top.map_or(self.record.created, |top| top.created))),
                labels: self.record.labels.clone(),
                annotations,
                ..ObjectMeta::default()
            },
            tag: self.spec.clone().map(|spec| tag_reference(tag, spec)),
            // As recorded: without an image there is nothing that a generation could be of.
            generation: top.filter(|top| top.image.is_some()).map_or(0, |top| top.generation),
            lookup_policy: ImageLookupPolicy { local: self.record.lookup_local },
            conditions: self.condition.iter().map(shown_condition).collect(),
            image,
        }
    }

    /// The tag with what happened to it, and without its image.
    pub(crate) fn image_tag(self, id: &StreamId, tag: &Tag, status: Option<NamedTagEventList>) -> ImageTag {
        let mut metadata = metadata(id, &self.record, self.touched);
        metadata.name = format!("{}:{tag}", id.name());
        metadata.owner_references.clear();
        ImageTag { metadata, spec: self.spec.map(|spec| tag_reference(tag, spec)), status, image: None }
    }
}

impl View<'_> {
    /// A tag with its image.
    pub(crate) async fn stream_tag(&self, id: &StreamId, tag: &Tag) -> Result<ImageStreamTag, ViewError> {
        let facts = self.facts(id, tag).await?;
        let image = facts.head.as_ref().and_then(|head| head.top.image.as_ref()).ok_or(ViewError::NoTag)?;
        let reference = facts.resolved(id).ok_or(ViewError::NoTag)?;
        let image = self.image_in(id, &facts.record, image, &reference).await?;
        Ok(facts.stream_tag(id, tag, image))
    }

    /// A tag as its write is answered: where it has no image yet, an empty one stands for it, and where the image's object
    /// is gone, its name.
    pub(crate) async fn written_stream_tag(&self, id: &StreamId, tag: &Tag) -> Result<ImageStreamTag, ViewError> {
        match self.stream_tag(id, tag).await {
            Err(ViewError::NoTag | ViewError::ImageGone(_)) => {}
            other => return other,
        }
        let place = TagPlace { stream: id.clone(), tag: tag.clone() };
        Ok(self.stub(&place, &self.facts(id, tag).await?))
    }

    /// A tag, with or without an image.
    pub(crate) async fn image_tag(&self, id: &StreamId, tag: &Tag) -> Result<ImageTag, ViewError> {
        let facts = self.facts(id, tag).await?;
        if !facts.any() {
            return Err(ViewError::NoTag);
        }
        self.written_image_tag(id, tag).await
    }

    /// A tag as its write is answered, also when it is gone afterwards.
    pub(crate) async fn written_image_tag(&self, id: &StreamId, tag: &Tag) -> Result<ImageTag, ViewError> {
        let facts = self.facts(id, tag).await?;
        let image = match (facts.head.as_ref().and_then(|head| head.top.image.clone()), facts.resolved(id)) {
            (Some(image), Some(reference)) => match self.image_in(id, &facts.record, &image, &reference).await {
                Ok(image) => Some(image),
                Err(ViewError::ImageGone(_)) => None,
                Err(error) => return Err(error),
            },
            _ => None,
        };
        let mut object = self.assemble_image_tag(id, tag, facts).await?;
        object.image = image;
        Ok(object)
    }

    /// A part of the tags that have an image, of a namespace or of all, by stream and tag. Their images are stubs.
    pub(crate) async fn stream_tags(
        &self,
        namespace: Option<&str>,
        part: Part<TagPlace>,
    ) -> Result<Listing<ImageStreamTag, TagPlace>, ViewError> {
        let revision = self.records.metadata().revision();
        let mut listing = Listing { items: Vec::new(), next: None, revision };
        let mut after = part.after.map(|place| keys::head(&place.stream, &place.tag).bytes().clone());
        let mut streams = Streams::default();
        loop {
            let prefix = keys::heads_in(namespace);
            let page = self.records.scan(&prefix, |scan| from(scan, after.as_ref()).limit(BATCH)).await?;
            for found in page.records {
                after = Some(found.key.clone());
                let (Some(place), true) = (place(&found.key), found.record.top.image.is_some()) else { continue };
                if listing.items.len() == part.limit {
                    return Ok(listing);
                }
                let Some(facts) = streams.facts(self, &place, Some(found.record)).await? else { continue };
                listing.items.push(self.stub(&place, &facts));
                listing.next = Some(place);
            }
            if !page.more {
                return Ok(Listing { next: None, ..listing });
            }
        }
    }

    /// A part of the tags of a namespace, or of all, by stream and tag, without their images.
    pub(crate) async fn image_tags(
        &self,
        namespace: Option<&str>,
        part: Part<TagPlace>,
    ) -> Result<Listing<ImageTag, TagPlace>, ViewError> {
        let revision = self.records.metadata().revision();
        let (places, next) = self.tag_places(namespace, part).await?;
        let mut items = Vec::with_capacity(places.len());
        let mut streams = Streams::default();
        for place in places {
            let head = self.records.get(&keys::head(&place.stream, &place.tag)).await?.map(|found| found.record);
            let Some(facts) = streams.facts(self, &place, head).await? else { continue };
            if facts.any() {
                items.push(self.assemble_image_tag(&place.stream, &place.tag, facts).await?);
            }
        }
        Ok(Listing { items, next, revision })
    }

    /// The tags that have a spec or a status, be it a failed import, in order, and where they go on.
    async fn tag_places(
        &self,
        namespace: Option<&str>,
        part: Part<TagPlace>,
    ) -> Result<(Vec<TagPlace>, Option<TagPlace>), Error> {
        let wanted = part.limit.saturating_add(1);
        let head = part.after.as_ref().map(|place| keys::head(&place.stream, &place.tag).bytes().clone());
        let spec = part.after.as_ref().map(|place| keys::spec(&place.stream, &place.tag).bytes().clone());
        let failed = part.after.as_ref().map(|place| keys::condition(&place.stream, &place.tag).bytes().clone());
        let mut places = BTreeSet::new();
        places.extend(self.places(&keys::heads_in(namespace), head, wanted).await?);
        places.extend(self.places(&keys::specs_in(namespace), spec, wanted).await?);
        places.extend(self.places(&keys::conditions_in(namespace), failed, wanted).await?);
        let more = places.len() > part.limit;
        let places: Vec<TagPlace> = places.into_iter().take(part.limit).collect();
        let next = places.last().cloned().filter(|_| more);
        Ok((places, next))
    }

    async fn places<R>(&self, prefix: &Prefix<R>, after: Option<Bytes>, limit: usize) -> Result<Vec<TagPlace>, Error> {
        let keys = self.records.keys(prefix, |scan| from(scan, after.as_ref()).limit(limit)).await?;
        Ok(keys.iter().filter_map(|key| place(key)).collect())
    }

    async fn facts(&self, id: &StreamId, tag: &Tag) -> Result<Facts, ViewError> {
        let found = state::read_tag(self.records, id, tag).await?;
        let mut state = found.ok_or_else(|| ViewError::NoStream(id.clone()))?;
        let head = state.tags.remove(tag).map(|tag| tag.head);
        let (spec, condition) = (state.specs.remove(tag), state.conditions.remove(tag));
        Ok(Facts { record: state.record, touched: state.touched, head, spec, condition })
    }

    /// A tag as lists show it, with nothing of its image but the name and where it is.
    fn stub(&self, place: &TagPlace, facts: &Facts) -> ImageStreamTag {
        let (id, tag) = (&place.stream, &place.tag);
        let name = facts.head.as_ref().and_then(|head| head.top.image.as_ref());
        let reference = facts.resolved(id).filter(|_| name.is_some());
        let image = Image {
            metadata: ObjectMeta { name: name.map(ToString::to_string).unwrap_or_default(), ..ObjectMeta::default() },
            docker_image_reference: reference
                .map(|reference| self.names.pull_spec(&reference, id, &facts.record.repository))
                .unwrap_or_default(),
            docker_image_metadata: Some(DockerImage::default()),
            docker_image_metadata_version: Image::METADATA_VERSION.to_owned(),
            ..Image::default()
        };
        let mut object = facts.stream_tag(id, tag, image);
        object.image.metadata.annotations.clear();
        object
    }

    async fn assemble_image_tag(&self, id: &StreamId, tag: &Tag, facts: Facts) -> Result<ImageTag, Error> {
        let items = match &facts.head {
            Some(head) => Some(history::items(self.records, id, tag, head, ITEMS).await?),
            None => None,
        };
        let status = self.tag_status(id, &facts.record, tag, items.as_deref(), facts.condition.as_ref());
        Ok(facts.image_tag(id, tag, status))
    }
}

/// The streams that a list came by, so that each is read once.
#[derive(Default)]
struct Streams(BTreeMap<StreamId, Option<(Stream, Revision)>>);

impl Streams {
    async fn facts(
        &mut self,
        view: &View<'_>,
        place: &TagPlace,
        head: Option<TagHead>,
    ) -> Result<Option<Facts>, Error> {
        if !self.0.contains_key(&place.stream) {
            // Lists go from stream to stream: what was read before is not asked for again.
            self.0.clear();
            let touched = view.records.revision_of(&keys::touch(&place.stream)).await?;
            let found = view.records.get(&keys::stream(&place.stream)).await?;
            self.0.insert(place.stream.clone(), found.map(|found| (found.record, touched)));
        }
        let Some(Some((record, touched))) = self.0.get(&place.stream) else { return Ok(None) };
        let spec = view.records.get(&keys::spec(&place.stream, &place.tag)).await?.map(|found| found.record);
        let condition = view.records.get(&keys::condition(&place.stream, &place.tag)).await?.map(|found| found.record);
        Ok(Some(Facts { record: record.clone(), touched: *touched, head, spec, condition }))
    }
}

fn from(scan: weir_storage::Scan, after: Option<&Bytes>) -> weir_storage::Scan {
    match after {
        Some(after) => scan.after(after),
        None => scan,
    }
}

/// The tag that a head or spec is that of.
fn place(key: &[u8]) -> Option<TagPlace> {
    let stream = StreamId::new(keys::part(key, 0), keys::part(key, 1)).ok()?;
    Some(TagPlace { stream, tag: keys::part(key, 2).parse().ok()? })
}

fn resolved(id: &StreamId, top: &Item, spec: Option<&SpecTag>) -> PullSpec {
    match (spec.map(|spec| spec.reference_policy), &top.image) {
        (Some(ReferencePolicy::Local), Some(image)) => PullSpec::Own { stream: id.clone(), digest: image.clone() },
        _ => top.reference.clone(),
    }
}

/// A spec tag as it is shown.
pub(super) fn tag_reference(tag: &Tag, spec: SpecTag) -> TagReference {
    TagReference {
        name: tag.to_string(),
        annotations: (!spec.annotations.is_empty()).then_some(spec.annotations),
        from: spec.from.map(|from| ObjectReference {
            kind: from.kind.name().to_owned(),
            namespace: from.namespace.unwrap_or_default(),
            name: from.name,
            ..ObjectReference::default()
        }),
        reference: spec.reference,
        generation: spec.generation,
        import_policy: TagImportPolicy {
            insecure: spec.import_policy.insecure,
            scheduled: spec.import_policy.scheduled,
            import_mode: spec.import_policy.mode.unwrap_or_default(),
        },
        reference_policy: TagReferencePolicy { kind: spec.reference_policy.name().to_owned() },
    }
}
