//! A server's state in memory, and what happens to it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use weir_storage::metadata::memory::MemoryStore;
use weir_storage::{Algorithm, Digest, ManualClock, MetadataStore, Revision};

use super::blobs::MemoryBlobs;
use crate::oci::{Manifest, MediaType, StreamId, Tag};
use crate::records::{
    Actor, BlobLink, Cause, Decide, Error, ImageRecord, ImportPolicy, ManifestLink, Origin, PullSpec, Records,
    ReferencePolicy, SourceKind, SpecSource, SpecTag, TaggedManifest, Transaction, keys,
};
use crate::streams::history::{self, Move};
use crate::streams::mapping::{self, Mapping};
use crate::streams::object::ImageStream;
use crate::streams::spec::change::{ChangeSpec, NewTags, SpecChanged};
use crate::streams::spec::refusal::SpecError;
use crate::streams::validation::allowed::AllowList;
use crate::streams::view::View;
use crate::streams::write::Editor;
use crate::streams::{HostNames, image, tracking};

/// An item as it is shown: pull spec, image, generation.
pub(in crate::streams) type Shown = (String, String, i64);

pub(in crate::streams) struct World {
    pub(in crate::streams) records: Records,
    pub(in crate::streams) clock: Arc<ManualClock>,
    pub(in crate::streams) names: HostNames,
    actor: Actor,
    allowed: AllowList,
}

impl World {
    pub(in crate::streams) fn new() -> Self {
        Self::upon(Arc::new(MemoryStore::new()))
    }

    pub(in crate::streams) fn upon(metadata: Arc<dyn MetadataStore>) -> Self {
        let clock = Arc::new(ManualClock::at(1_000));
        let records = Records::new(metadata, Arc::new(MemoryBlobs::default()), Arc::clone(&clock) as _);
        let names = HostNames { internal: "registry:5000".to_owned(), public: None };
        Self { records, clock, names, actor: Actor::anonymous(), allowed: AllowList::default() }
    }

    pub(in crate::streams) fn view(&self) -> View<'_> {
        View { records: &self.records, names: &self.names }
    }

    /// Writes as anybody.
    pub(in crate::streams) fn editor(&self) -> Editor<'_> {
        Editor {
            records: &self.records,
            names: &self.names,
            actor: &self.actor,
            allowed: &self.allowed,
            dry_run: false,
        }
    }

    /// Decides as anybody, and writes nothing.
    pub(in crate::streams) fn rehearsal(&self) -> Editor<'_> {
        Editor { dry_run: true, ..self.editor() }
    }

    pub(in crate::streams) fn tick(&self) {
        self.clock.advance(Duration::from_secs(1));
    }

    /// Makes a stream without tags.
    pub(in crate::streams) async fn create(&self, stream: &StreamId) {
        self.set_spec(stream, &[]).await.unwrap();
    }

    /// Pushes an image with its manifest and blobs.
    pub(in crate::streams) async fn push(&self, stream: &StreamId, tag: &str, content: &Content) -> Revision {
        self.records.blobs().put(&content.digest, content.manifest.clone()).await.unwrap();
        for blob in &content.blobs {
            self.records.blobs().put(blob, Bytes::from_static(b"{}")).await.unwrap();
        }
        let push = Push { stream, tag: tag.parse().unwrap(), content };
        self.records.transact(&push).await.unwrap().revision
    }

    /// Adds a tag event, and lets the tags that follow move. Returns whether anything changed.
    pub(in crate::streams) async fn event(
        &self,
        stream: &StreamId,
        tag: &str,
        reference: PullSpec,
        image: Option<&Digest>,
    ) -> bool {
        let event = Event { stream, tag: tag.parse().unwrap(), reference, image: image.cloned() };
        self.records.transact(&event).await.unwrap().outcome
    }

    /// Replaces the whole spec; the stream is made where there is none.
    pub(in crate::streams) async fn set_spec(
        &self,
        stream: &StreamId,
        tags: &[(&str, SpecTag)],
    ) -> Result<SpecChanged, SpecError> {
        let tags = tags.iter().map(|(tag, spec)| (tag.parse().unwrap(), spec.clone())).collect();
        let (repository, actor) = (stream.repository(), Actor::anonymous());
        let change = ChangeSpec {
            stream,
            tags: NewTags::All(tags),
            lookup_local: None,
            source_repository: None,
            create: Some(&repository),
            actor: &actor,
        };
        Ok(self.records.transact(&change).await?.outcome)
    }

    /// Sets one spec tag, or takes it away, as a write of an image stream tag does.
    pub(in crate::streams) async fn set_tag(
        &self,
        stream: &StreamId,
        tag: &str,
        spec: Option<SpecTag>,
    ) -> Result<SpecChanged, SpecError> {
        let tag = tag.parse().unwrap();
        Ok(self.records.transact(&SetTag { stream, tag, spec }).await?.outcome)
    }

    /// Deletes a tag with its spec.
    pub(in crate::streams) async fn delete_tag(&self, stream: &StreamId, tag: &str) -> bool {
        self.records.transact(&DeleteTag { stream, tag: tag.parse().unwrap() }).await.unwrap().outcome
    }

    pub(in crate::streams) async fn stream(&self, stream: &StreamId) -> ImageStream {
        self.view().stream(stream).await.unwrap()
    }

    /// The items of a tag, newest first.
    pub(in crate::streams) async fn items(&self, stream: &StreamId, tag: &str) -> Vec<Shown> {
        let tags = self.stream(stream).await.status.tags;
        let items = tags.into_iter().find(|events| events.tag == tag).and_then(|events| events.items);
        let shown = items.into_iter().flatten();
        shown.map(|item| (item.docker_image_reference, item.image, item.generation)).collect()
    }

    /// The generation of a stream, and that of each of its spec tags.
    pub(in crate::streams) async fn generations(&self, stream: &StreamId) -> (i64, BTreeMap<String, i64>) {
        let object = self.stream(stream).await;
        let tags = object.spec.tags.into_iter().map(|tag| (tag.name, tag.generation.unwrap()));
        (object.metadata.generation, tags.collect())
    }
}

pub(in crate::streams) fn stream(id: &str) -> StreamId {
    id.parse().unwrap()
}

/// An item with an image of this server.
pub(in crate::streams) fn own(stream: &StreamId, image: &Digest, generation: i64) -> Shown {
    (format!("registry:5000/{}@{image}", stream.repository()), image.to_string(), generation)
}

/// An item from elsewhere.
pub(in crate::streams) fn external(reference: &str, image: Option<&Digest>, generation: i64) -> Shown {
    (reference.to_owned(), image.map(ToString::to_string).unwrap_or_default(), generation)
}

/// The pull spec of an image of a stream.
pub(in crate::streams) fn own_spec(stream: &StreamId, image: &Digest) -> PullSpec {
    PullSpec::Own { stream: stream.clone(), digest: image.clone() }
}

pub(in crate::streams) fn external_spec(reference: &str) -> PullSpec {
    PullSpec::External(reference.to_owned())
}

/// A digest whose hexadecimal part begins with `start`, and is zeros otherwise.
pub(in crate::streams) fn digest(start: &str) -> Digest {
    format!("sha256:{start:0<64}").parse().unwrap()
}

/// A spec tag.
pub(in crate::streams) fn from(kind: SourceKind, name: &str) -> SpecTag {
    SpecTag {
        from: Some(SpecSource { kind, name: name.to_owned(), namespace: None }),
        annotations: BTreeMap::new(),
        reference: false,
        generation: None,
        import_policy: ImportPolicy::default(),
        reference_policy: ReferencePolicy::Source,
    }
}

pub(in crate::streams) fn from_tag(name: &str) -> SpecTag {
    from(SourceKind::ImageStreamTag, name)
}

pub(in crate::streams) fn from_image(name: &str) -> SpecTag {
    from(SourceKind::ImageStreamImage, name)
}

pub(in crate::streams) fn upstream(name: &str) -> SpecTag {
    from(SourceKind::DockerImage, name)
}

/// A spec tag that is only a pointer.
pub(in crate::streams) fn pointer(name: &str) -> SpecTag {
    SpecTag { reference: true, ..upstream(name) }
}

/// What is pushed.
#[derive(Debug, Clone)]
pub(in crate::streams) struct Content {
    pub(in crate::streams) digest: Digest,
    pub(in crate::streams) manifest: Bytes,
    pub(in crate::streams) media_type: MediaType,
    pub(in crate::streams) blobs: Vec<Digest>,
    children: Vec<Digest>,
}

impl Content {
    /// An image with a config and a layer of its own.
    pub(in crate::streams) fn image(name: &str) -> Self {
        let blob = |of: &str| Algorithm::Sha256.digest(format!("{of} of {name}").as_bytes());
        let (config, layer) = (blob("config"), blob("layer"));
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": media_type,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": 2},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": layer, "size": 3}],
        });
        Self::new(media_type, &manifest, vec![config, layer], Vec::new())
    }

    /// An index of others.
    pub(in crate::streams) fn index(children: &[&Self]) -> Self {
        let media_type = "application/vnd.oci.image.index.v1+json";
        let descriptors: Vec<_> = children
            .iter()
            .map(|child| json!({"mediaType": child.media_type, "digest": child.digest, "size": child.manifest.len()}))
            .collect();
        let manifest = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": descriptors});
        let children = children.iter().map(|child| child.digest.clone()).collect();
        Self::new(media_type, &manifest, Vec::new(), children)
    }

    fn new(media_type: &str, manifest: &serde_json::Value, blobs: Vec<Digest>, children: Vec<Digest>) -> Self {
        let manifest = Bytes::from(manifest.to_string());
        let digest = Algorithm::Sha256.digest(&manifest);
        Self { digest, manifest, media_type: media_type.parse().unwrap(), blobs, children }
    }

    fn size(&self) -> u64 {
        self.manifest.len() as u64
    }
}

struct Push<'a> {
    stream: &'a StreamId,
    tag: Tag,
    content: &'a Content,
}

impl Decide for Push<'_> {
    type Outcome = ();
    type Error = Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), Error> {
        let (id, content) = (self.stream, self.content);
        let stream = mapping::provision(transaction, id, &id.repository()).await?;
        for blob in &content.blobs {
            transaction
                .put(&keys::blob(blob, id), &BlobLink { size: 1, origin: Origin::Pushed, deleted_with: None })?;
        }
        for child in &content.children {
            transaction.put(&keys::parent(id, child, &content.digest), &())?;
        }
        let link = ManifestLink {
            media_type: content.media_type.clone(),
            size: content.size(),
            linked: transaction.now(),
            origin: Origin::Pushed,
            subject: None,
            children: content.children.clone(),
            listed: false,
            deleted_with: None,
        };
        transaction.put(&keys::manifest(id, &content.digest), &link)?;
        transaction.put(&keys::catalog(&stream.repository), id)?;
        let manifest = Manifest::parse(&content.manifest, Some(&content.media_type)).unwrap();
        let created = transaction.now();
        let made = image::made(&content.digest, &manifest, None, created)?;
        let record = ImageRecord {
            uid: uuid::Uuid::new_v4(),
            created,
            stream: Some(id.clone()),
            reference: None,
            lacks_config: made.lacks_config,
            object: made.object,
        };
        transaction.put(&keys::image(&content.digest), &record)?;
        let mapping = Mapping {
            stream: id,
            tag: &self.tag,
            image: &content.digest,
            reference: own_spec(id, &content.digest),
            manifest: Some(TaggedManifest { media_type: content.media_type.clone(), size: content.size() }),
            cause: Cause::Push,
            actor: &Actor::anonymous(),
        };
        mapping::stage(transaction, &stream, &mapping).await
    }
}

struct Event<'a> {
    stream: &'a StreamId,
    tag: Tag,
    reference: PullSpec,
    image: Option<Digest>,
}

impl Decide for Event<'_> {
    type Outcome = bool;
    type Error = Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<bool, Error> {
        let stream = mapping::provision(transaction, self.stream, &self.stream.repository()).await?;
        let to = Move {
            created: None,
            reference: self.reference.clone(),
            image: self.image.clone(),
            generation: stream.generation,
            manifest: None,
            cause: Cause::Push,
            actor: Actor::anonymous(),
        };
        let Some(head) = history::advance(transaction, self.stream, &self.tag, &to).await? else { return Ok(false) };
        tracking::follow(transaction, self.stream, &self.tag, &head, &to).await?;
        mapping::touch(transaction, self.stream)?;
        Ok(true)
    }
}

struct SetTag<'a> {
    stream: &'a StreamId,
    tag: Tag,
    spec: Option<SpecTag>,
}

impl Decide for SetTag<'_> {
    type Outcome = SpecChanged;
    type Error = SpecError;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<SpecChanged, SpecError> {
        let (repository, actor) = (self.stream.repository(), Actor::anonymous());
        let change = ChangeSpec {
            stream: self.stream,
            tags: NewTags::One(self.tag.clone(), self.spec.clone()),
            lookup_local: None,
            source_repository: None,
            create: Some(&repository),
            actor: &actor,
        };
        change.decide(transaction).await
    }
}

struct DeleteTag<'a> {
    stream: &'a StreamId,
    tag: Tag,
}

impl Decide for DeleteTag<'_> {
    type Outcome = bool;
    type Error = Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<bool, Error> {
        let actor = Actor::anonymous();
        let removed = history::remove(transaction, self.stream, &self.tag, &Cause::TagDelete, &actor).await?;
        if removed {
            mapping::touch(transaction, self.stream)?;
        }
        Ok(removed)
    }
}
