//! The push of a manifest: one transaction for everything that it means.
//!
//! Source: distribution-spec "Pushing Manifests"; `imagestreammapping` of OpenShift. The bytes are stored first, and are
//! nobody's until the commit links them. The commit holds the link, the referrer, the image, the events of the tags and
//! of the tags that follow them; after a crash all of it is there or nothing.

use bytes::Bytes;
use weir_storage::{Algorithm, Digest};

use super::{Error, Precondition, Registry, Result};
use crate::oci::{Descriptor, Manifest, ManifestKind, MediaType, Reference, RepositoryName, StreamId, Tag};
use crate::records::{
    Actor, Cause, Decide, ImageRecord, ManifestLink, Origin, PullSpec, Stream, TaggedManifest, Transaction, keys,
};
use crate::streams::image::{self, MadeImage};
use crate::streams::links::Linked;
use crate::streams::mapping::{self, Mapping};

/// Lists in lists are followed so deep.
const DEEPEST: usize = 3;

/// A manifest that arrives.
#[derive(Debug)]
pub(crate) struct PushManifest<'a> {
    pub(crate) repository: &'a RepositoryName,
    pub(crate) reference: &'a Reference,
    /// More tags, of a push by digest.
    pub(crate) tags: &'a [Tag],
    /// The digest that the client states beside a tag.
    pub(crate) stated: Option<&'a Digest>,
    pub(crate) content_type: Option<&'a MediaType>,
    pub(crate) content: Bytes,
    pub(crate) preconditions: &'a [Precondition],
    pub(crate) actor: &'a Actor,
}

/// What a push came to.
#[derive(Debug)]
pub(crate) struct Pushed {
    pub(crate) digest: Digest,
    /// The manifest that this one refers to.
    pub(crate) subject: Option<Digest>,
    /// What the manifest names and the repository does not have.
    pub(crate) missing: Vec<Digest>,
}

impl Registry {
    /// Stores a manifest and moves its tags.
    pub(crate) async fn push_manifest(&self, push: &PushManifest<'_>) -> Result<Pushed> {
        let limit = self.settings().manifest_limit;
        if u64::try_from(push.content.len()).unwrap_or(u64::MAX) > limit {
            return Err(Error::ManifestTooLarge { limit });
        }
        let digest = verified_digest(push)?;
        let manifest = Manifest::parse(&push.content, push.content_type)?;
        let stream = StreamId::from(push.repository);
        let tags = tags_of(push);
        let pushed = self.check_sizes(&stream, &manifest).await?;
        if !pushed {
            self.hold_blobs(&stream, &manifest).await?;
            self.hold_children(&stream, &manifest, DEEPEST).await?;
        }
        self.records.blobs().put(&digest, push.content.clone()).await?;
        let image = self.made_image(&stream, &digest, &manifest).await?;
        let commit = CommitManifest {
            push,
            tags,
            image,
            size: u64::try_from(push.content.len()).unwrap_or(u64::MAX),
            sparse: match manifest.kind() {
                ManifestKind::Image => self.settings().sparse_images,
                ManifestKind::Index => self.settings().sparse_indexes,
            },
            digest: &digest,
            stream: &stream,
            manifest: &manifest,
        };
        let committed = self.records.transact(&commit).await?;
        tracing::debug!(
            repository.name = %push.repository,
            image.digest = %digest,
            revision = committed.revision.0,
            "Pushed {digest} to {} at revision {}",
            push.repository,
            committed.revision
        );
        let subject = manifest.subject().map(|subject| subject.digest.clone());
        Ok(Pushed { digest, subject, missing: committed.outcome })
    }

    /// Refuses a manifest that states wrong sizes: clients give up on such an image half-way through a pull. Returns whether all
    /// that it names was pushed, as far as is seen here.
    async fn check_sizes(&self, stream: &StreamId, manifest: &Manifest) -> Result<bool> {
        let mut pushed = true;
        for Descriptor { digest, size, .. } in manifest.required_blobs() {
            if let Some(link) = self.records.get(&keys::blob(digest, stream)).await? {
                check_size(digest, *size, link.record.size)?;
                pushed &= link.record.origin.is_pushed();
            }
        }
        for Descriptor { digest, size, .. } in manifest.manifests() {
            let link = self.records.get(&keys::manifest(stream, digest)).await?;
            // What is no manifest here may be a layer.
            pushed &= link.as_ref().is_some_and(|link| link.record.origin.is_pushed());
            if let Some(link) = link.filter(|link| !link.record.listed) {
                check_size(digest, *size, link.record.size)?;
            }
        }
        Ok(pushed)
    }

    /// The image of a manifest; poorer where its config is not at hand or not JSON.
    async fn made_image(&self, stream: &StreamId, digest: &Digest, manifest: &Manifest) -> Result<MadeImage> {
        let config = match manifest.config() {
            Some(config) if config.size <= image::CONFIG_LIMIT => self.small_blob(stream, &config.digest).await?,
            _ => None,
        };
        Ok(image::made(digest, manifest, config.as_deref(), self.records.now())?)
    }

    /// A small blob of the repository. What lies on the disk for others is not looked at: whoever may push here need not
    /// be allowed to read there.
    async fn small_blob(&self, stream: &StreamId, digest: &Digest) -> Result<Option<Bytes>> {
        if !self.records.exists(&keys::blob(digest, stream)).await? {
            return Ok(None);
        }
        let reader = match self.records.blobs().open(digest).await {
            Err(weir_storage::Error::BlobNotFound(_)) => return Ok(None),
            other => other?,
        };
        if reader.size() > image::CONFIG_LIMIT {
            return Ok(None);
        }
        Ok(Some(reader.read(0..reader.size()).await?))
    }
}

fn check_size(digest: &Digest, stated: u64, actual: u64) -> Result<()> {
    if stated == actual { Ok(()) } else { Err(Error::SizeMismatch { digest: digest.clone(), stated, actual }) }
}

/// The digest of the content, in the client's algorithm, if it is what the client says.
fn verified_digest(push: &PushManifest<'_>) -> Result<Digest> {
    let by_reference = match push.reference {
        Reference::Digest(digest) => Some(digest),
        Reference::Tag(_) => None,
    };
    let algorithm = by_reference.or(push.stated).map_or(Algorithm::Sha256, Digest::algorithm);
    let actual = algorithm.digest(&push.content);
    match by_reference.into_iter().chain(push.stated).find(|expected| **expected != actual) {
        Some(expected) => Err(Error::DigestMismatch { expected: expected.clone(), actual }),
        None => Ok(actual),
    }
}

/// The tags that the push moves, each once.
fn tags_of<'a>(push: &'a PushManifest<'_>) -> Vec<&'a Tag> {
    let mut tags: Vec<&Tag> = match push.reference {
        Reference::Tag(tag) => vec![tag],
        Reference::Digest(_) => Vec::new(),
    };
    for tag in push.tags {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

struct CommitManifest<'a> {
    push: &'a PushManifest<'a>,
    tags: Vec<&'a Tag>,
    image: MadeImage,
    size: u64,
    sparse: bool,
    digest: &'a Digest,
    stream: &'a StreamId,
    manifest: &'a Manifest,
}

impl Decide for CommitManifest<'_> {
    /// What the manifest names and the repository does not have.
    type Outcome = Vec<Digest>;
    type Error = Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<Vec<Digest>> {
        self.check_preconditions(transaction).await?;
        let missing = self.missing_content(transaction).await?;
        if !missing.is_empty() && !self.sparse {
            return Err(Error::ContentMissing(missing));
        }
        let stream = mapping::provision(transaction, self.stream, self.push.repository).await?;
        self.link(transaction, &stream).await?;
        self.record_image(transaction).await?;
        for tag in &self.tags {
            let mapping = Mapping {
                stream: self.stream,
                tag,
                image: self.digest,
                reference: PullSpec::Own { stream: self.stream.clone(), digest: self.digest.clone() },
                manifest: Some(TaggedManifest { media_type: self.manifest.media_type().clone(), size: self.size }),
                cause: Cause::Push,
                actor: self.push.actor,
            };
            mapping::stage(transaction, &stream, &mapping).await?;
        }
        Ok(missing)
    }
}

impl CommitManifest<'_> {
    async fn check_preconditions(&self, transaction: &mut Transaction<'_>) -> Result<()> {
        if self.push.preconditions.is_empty() {
            return Ok(());
        }
        for tag in &self.tags {
            let current = transaction.get(&keys::head(self.stream, tag)).await?.and_then(|head| head.top.image);
            if !self.push.preconditions.iter().all(|condition| condition.holds(current.as_ref())) {
                return Err(Error::PreconditionFailed { current });
            }
        }
        Ok(())
    }

    /// What the manifest needs and the repository does not have. All of it is guarded: what is unlinked or pushed
    /// meanwhile makes the commit fail and judge again.
    async fn missing_content(&self, transaction: &mut Transaction<'_>) -> Result<Vec<Digest>> {
        let mut missing = Vec::new();
        for descriptor in self.manifest.required_blobs() {
            if transaction.get(&keys::blob(&descriptor.digest, self.stream)).await?.is_none() {
                missing.push(descriptor.digest.clone());
            }
        }
        for child in self.manifest.manifests() {
            let linked = transaction.get(&keys::manifest(self.stream, &child.digest)).await?.is_some();
            // An index may hold layers, as build caches have it.
            if !linked && transaction.get(&keys::blob(&child.digest, self.stream)).await?.is_none() {
                missing.push(child.digest.clone());
            }
        }
        Ok(missing)
    }

    /// Links the manifest where it is not linked under its type yet, or was imported only. The link is guarded: a delete
    /// that comes meanwhile is seen.
    async fn link(&self, transaction: &mut Transaction<'_>, stream: &Stream) -> Result<()> {
        let media_type = self.manifest.media_type();
        let linked = transaction.get(&keys::manifest(self.stream, self.digest)).await?;
        if linked.is_some_and(|link| link.media_type == *media_type && link.origin.is_pushed()) {
            return Ok(());
        }
        let link = ManifestLink {
            media_type: media_type.clone(),
            size: self.size,
            linked: transaction.now(),
            origin: Origin::Pushed,
            subject: self.manifest.subject().map(|subject| subject.digest.clone()),
            children: self.manifest.manifests().iter().map(|child| child.digest.clone()).collect(),
            listed: false,
            deleted_with: None,
        };
        let linked = Linked { stream: self.stream, record: stream, digest: self.digest, manifest: self.manifest };
        Ok(linked.put(transaction, &link).await?)
    }

    /// Records the image where there is none yet. One that was made without its config is completed by the push that
    /// brings it, and stays the same image.
    async fn record_image(&self, transaction: &mut Transaction<'_>) -> Result<()> {
        let key = keys::image(self.digest);
        let record = match transaction.get(&key).await? {
            Some(record) if record.lacks_config && !self.image.lacks_config => image::completed(record, &self.image),
            Some(_) => return Ok(()),
            None => ImageRecord {
                uid: uuid::Uuid::new_v4(),
                created: transaction.now(),
                stream: Some(self.stream.clone()),
                reference: None,
                lacks_config: self.image.lacks_config,
                object: self.image.object.clone(),
            },
        };
        Ok(transaction.put(&key, &record)?)
    }
}
