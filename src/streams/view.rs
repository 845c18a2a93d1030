//! The objects of `image.openshift.io/v1`, made from the records.
//!
//! A stream is many records. They are read without a lock; every change of a stream writes its `touch` key, so that a
//! reader who finds that key as it was knows that what it read belongs together.

use weir_storage::{Digest, Revision, Scan};

use super::image::{Seen, shown, time};
use super::object::{
    Image, ImageLookupPolicy, ImageStream, ImageStreamImage, ImageStreamSpec, ImageStreamStatus, ImageStreamTag, List,
    ListMeta, NamedTagEventList, ObjectMeta, ObjectReference, TagEvent, TagImportPolicy, TagReference,
    TagReferencePolicy,
};
use super::{HostNames, algorithm, history};
use crate::oci::{StreamId, Tag};
use crate::records::{Error, Found, Item, PullSpec, Records, ReferencePolicy, SpecTag, Stream, TagHead, keys};

/// How many items of a tag an image stream shows. The whole log is read as the tag's history.
const ITEMS: usize = 1000;

/// How often a stream that keeps changing is read again. After that it is shown as it was found: each tag right, two
/// tags perhaps from either side of a commit.
const ATTEMPTS: usize = 8;

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ViewError {
    /// There is no such stream.
    #[error("there is no image stream {0}")]
    NoStream(StreamId),
    /// The stream has no such tag, or the tag no image.
    #[error("the image stream has no such tag")]
    NoTag,
    /// No image of the stream has such an id, or the image is gone.
    #[error("there is no such image")]
    NoImage,
    /// More than one image of the stream has such an id.
    #[error("multiple images match the prefix")]
    Ambiguous(Vec<Digest>),
    /// The state could not be read.
    #[error(transparent)]
    Records(#[from] Error),
}

/// Shows what the records hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) records: &'a Records,
    pub(crate) names: &'a HostNames,
}

impl View<'_> {
    /// A stream.
    pub(crate) async fn stream(&self, id: &StreamId) -> Result<ImageStream, ViewError> {
        for attempt in 1.. {
            let before = self.records.revision_of(&keys::touch(id)).await?;
            let Some(found) = self.records.get(&keys::stream(id)).await? else {
                return Err(ViewError::NoStream(id.clone()));
            };
            let object = self.assemble(id, &found.record, before).await?;
            if attempt == ATTEMPTS || self.records.revision_of(&keys::touch(id)).await? == before {
                return Ok(object);
            }
        }
        Err(ViewError::NoStream(id.clone()))
    }

    /// The streams of a namespace, by name.
    pub(crate) async fn streams(&self, namespace: &str) -> Result<List<ImageStream>, ViewError> {
        let page = self.records.keys(&keys::streams_of(namespace), |scan| scan).await?;
        let revision = self.records.metadata().revision();
        let mut items = Vec::with_capacity(page.len());
        for key in page {
            let Ok(id) = StreamId::new(namespace, keys::part(&key, 1)) else { continue };
            match self.stream(&id).await {
                Ok(stream) => items.push(stream),
                Err(ViewError::NoStream(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let metadata = ListMeta { resource_version: revision.to_string(), ..ListMeta::default() };
        Ok(List { metadata, items })
    }

    /// A tag with its image.
    pub(crate) async fn stream_tag(&self, id: &StreamId, tag: &Tag) -> Result<ImageStreamTag, ViewError> {
        let stream = self.require_stream(id).await?;
        let head = self.records.get(&keys::head(id, tag)).await?.ok_or(ViewError::NoTag)?;
        let digest = head.record.top.image.as_ref().ok_or(ViewError::NoTag)?;
        let spec = self.records.get(&keys::spec(id, tag)).await?.map(|found| found.record);
        let reference = resolved(id, &head.record.top, spec.as_ref());
        let mut image = self.image_in(id, &stream.record, digest, &reference).await?;
        let annotations = spec.as_ref().map(|spec| spec.annotations.clone()).unwrap_or_default();
        image.metadata.annotations.extend(annotations.clone());
        let touched = self.records.revision_of(&keys::touch(id)).await?;
        Ok(ImageStreamTag {
            metadata: ObjectMeta {
                name: format!("{}:{tag}", id.name()),
                namespace: id.namespace().to_owned(),
                uid: stream.record.uid.to_string(),
                resource_version: touched.max(stream.revision).to_string(),
                creation_timestamp: Some(time(head.record.top.created)),
                labels: stream.record.labels,
                annotations,
                ..ObjectMeta::default()
            },
            tag: spec.map(|spec| tag_reference(tag, spec)),
            generation: head.record.top.generation,
            lookup_policy: ImageLookupPolicy { local: stream.record.lookup_local },
            conditions: Vec::new(),
            image,
        })
    }

    /// An image of a stream's status items, or a child of one, by its digest or the beginning of it.
    pub(crate) async fn stream_image(&self, id: &StreamId, wanted: &str) -> Result<ImageStreamImage, ViewError> {
        let stream = self.require_stream(id).await?;
        let digest = self.resolve_image(id, wanted).await?;
        let reference = PullSpec::Own { stream: id.clone(), digest: digest.clone() };
        let image = self.image_in(id, &stream.record, &digest, &reference).await?;
        Ok(ImageStreamImage {
            metadata: ObjectMeta {
                name: format!("{}@{wanted}", id.name()),
                namespace: id.namespace().to_owned(),
                creation_timestamp: image.metadata.creation_timestamp,
                annotations: stream.record.annotations,
                ..ObjectMeta::default()
            },
            image,
        })
    }

    /// An image, as the stream that it was first pushed to has it.
    pub(crate) async fn image(&self, digest: &Digest) -> Result<Image, ViewError> {
        let found = self.records.get(&keys::image(digest)).await?.ok_or(ViewError::NoImage)?;
        let id = &found.record.stream;
        let stream = self.records.get(&keys::stream(id)).await?;
        let repository = stream.map_or_else(|| id.repository(), |stream| stream.record.repository);
        let reference = PullSpec::Own { stream: id.clone(), digest: digest.clone() };
        let seen =
            Seen { names: self.names, stream: id, repository: &repository, reference: &reference, media_type: None };
        Ok(shown(&found.record, found.revision, seen)?)
    }

    /// Refuses a stream that does not exist.
    pub(crate) async fn exists(&self, id: &StreamId) -> Result<(), ViewError> {
        self.require_stream(id).await.map(drop)
    }

    async fn require_stream(&self, id: &StreamId) -> Result<Found<Stream>, ViewError> {
        self.records.get(&keys::stream(id)).await?.ok_or_else(|| ViewError::NoStream(id.clone()))
    }

    async fn assemble(&self, id: &StreamId, stream: &Stream, touched: Revision) -> Result<ImageStream, Error> {
        let heads = self.records.scan(&keys::heads_of(id), |scan| scan).await?;
        let specs = self.records.scan(&keys::specs_of(id), |scan| scan).await?;
        let mut tags = Vec::with_capacity(heads.records.len());
        for head in heads.records {
            let Ok(tag) = keys::part(&head.key, 2).parse::<Tag>() else { continue };
            tags.push(self.tag_events(id, stream, &tag, &head.record).await?);
        }
        let spec_tags = specs.records.into_iter().filter_map(|found| {
            let tag = keys::part(&found.key, 2).parse().ok()?;
            Some(tag_reference(&tag, found.record))
        });
        Ok(ImageStream {
            metadata: ObjectMeta {
                name: id.name().to_owned(),
                namespace: id.namespace().to_owned(),
                uid: stream.uid.to_string(),
                resource_version: touched.to_string(),
                generation: stream.generation,
                creation_timestamp: Some(time(stream.created)),
                labels: stream.labels.clone(),
                annotations: stream.annotations.clone(),
                ..ObjectMeta::default()
            },
            spec: ImageStreamSpec {
                lookup_policy: ImageLookupPolicy { local: stream.lookup_local },
                tags: spec_tags.collect(),
                ..ImageStreamSpec::default()
            },
            status: ImageStreamStatus {
                docker_image_repository: self.names.repository(&stream.repository),
                public_docker_image_repository: self.names.public_repository(&stream.repository).unwrap_or_default(),
                tags,
            },
        })
    }

    async fn tag_events(
        &self,
        id: &StreamId,
        stream: &Stream,
        tag: &Tag,
        head: &TagHead,
    ) -> Result<NamedTagEventList, Error> {
        let items = history::items(self.records, id, tag, head, ITEMS).await?;
        let events = items.into_iter().map(|item| TagEvent {
            created: Some(time(item.created)),
            docker_image_reference: self.names.pull_spec(&item.reference, id, &stream.repository),
            image: item.image.map(|image| image.to_string()).unwrap_or_default(),
            generation: item.generation,
        });
        Ok(NamedTagEventList { tag: tag.to_string(), items: Some(events.collect()), conditions: Vec::new() })
    }

    async fn image_in(
        &self,
        id: &StreamId,
        stream: &Stream,
        digest: &Digest,
        reference: &PullSpec,
    ) -> Result<Image, ViewError> {
        let found = self.records.get(&keys::image(digest)).await?.ok_or(ViewError::NoImage)?;
        let link = self.records.get(&keys::manifest(id, digest)).await?;
        let seen = Seen {
            names: self.names,
            stream: id,
            repository: &stream.repository,
            reference,
            media_type: link.as_ref().map(|link| &link.record.media_type),
        };
        Ok(shown(&found.record, found.revision, seen)?)
    }

    /// The one image that an id means. Only images of status items and their children count.
    async fn resolve_image(&self, id: &StreamId, wanted: &str) -> Result<Digest, ViewError> {
        let mut matches = Vec::new();
        for prefix in algorithm::beginnings(wanted).iter().flat_map(|start| keys::manifests_beginning(id, start)) {
            for key in self.records.keys(&prefix, |scan| scan).await? {
                let Ok(digest) = keys::part(&key, 2).parse::<Digest>() else { continue };
                let counts = algorithm::image_matches(&digest, wanted) && self.is_in_status(id, &digest).await?;
                if counts && !matches.contains(&digest) {
                    matches.push(digest);
                }
            }
        }
        match matches.len() {
            0 => Err(ViewError::NoImage),
            1 => matches.pop().ok_or(ViewError::NoImage),
            _ => Err(ViewError::Ambiguous(matches)),
        }
    }

    /// Whether an image is that of a status item, or a child of one that is, at any depth.
    async fn is_in_status(&self, id: &StreamId, digest: &Digest) -> Result<bool, Error> {
        let mut seen = vec![digest.clone()];
        let mut pending = vec![digest.clone()];
        while let Some(image) = pending.pop() {
            if self.is_status_item(id, &image).await? {
                return Ok(true);
            }
            for key in self.records.keys(&keys::parents_of(id, &image), |scan| scan).await? {
                if let Ok(parent) = keys::part(&key, 3).parse::<Digest>()
                    && !seen.contains(&parent)
                {
                    seen.push(parent.clone());
                    pending.push(parent);
                }
            }
        }
        Ok(false)
    }

    /// Whether a log entry since its tag's last deletion gave a tag this image.
    async fn is_status_item(&self, id: &StreamId, image: &Digest) -> Result<bool, Error> {
        for key in self.records.keys(&keys::tagged_with(id, image), Scan::descending).await? {
            let Ok(tag) = keys::part(&key, 3).parse::<Tag>() else { continue };
            let sequence: u64 = keys::part(&key, 4).parse().unwrap_or_default();
            let head = self.records.get(&keys::head(id, &tag)).await?;
            if head.is_some_and(|head| head.record.since <= sequence) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The pull spec that a tag hands out: its own, or this server's where its policy says so.
fn resolved(id: &StreamId, top: &Item, spec: Option<&SpecTag>) -> PullSpec {
    match (spec.map(|spec| spec.reference_policy), &top.image) {
        (Some(ReferencePolicy::Local), Some(image)) => PullSpec::Own { stream: id.clone(), digest: image.clone() },
        _ => top.reference.clone(),
    }
}

fn tag_reference(tag: &Tag, spec: SpecTag) -> TagReference {
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
