//! Mappings: "this image is now this tag", as registries post them.
//!
//! Source: `imagestreammapping` of openshift-apiserver. Departures: an image without a name is named by the digest of its
//! pull spec; and all of it is one commit, which is decided anew where another writer was faster, so that no conflict is
//! ever returned.
//!
//! An image whose manifest Weir holds, in the stream or in the stream that its pull spec names, is linked into the stream
//! as tagging it would link it. Of any other the tag hands out the pull spec that was given.

use weir_storage::Digest;

use super::stream::stream_id;
use super::{Editor, WriteError};
use crate::oci::{DockerReference, StreamId, Tag};
use crate::records::{Actor, Cause, Decide, ImageRecord, PullSpec, Stream, TaggedManifest, Transaction, keys};
use crate::streams::field_error::Path;
use crate::streams::mapping::{self, Mapping};
use crate::streams::object::{Image, ImageStreamMapping, annotation};
use crate::streams::spec::content::{DeletedBlobs, Linking};
use crate::streams::{HostNames, image, validation};

/// The kind of these objects.
const KIND: &str = "ImageStreamMapping";

impl Editor<'_> {
    /// Records an image, where there is none of its name, and tags it.
    pub(crate) async fn post_mapping(&self, mut object: ImageStreamMapping) -> Result<(), WriteError> {
        self.fill(&mut object);
        WriteError::unless_valid(KIND, &object.metadata.name, validation::mapping::check(&object))?;
        let id = stream_id(&object.metadata)?;
        let (Ok(tag), Ok(digest)) = (object.tag.parse::<Tag>(), object.image.metadata.name.parse::<Digest>()) else {
            return Err(WriteError::NoImage(object.image.metadata.name));
        };
        let items = Path::new("status").child("tags").key(tag.as_str()).child("items");
        let path = items.index(0).child("dockerImageReference");
        let refusal = self.allowed.refusal(&object.image.docker_image_reference, false, &path);
        WriteError::unless_valid("ImageStream", id.name(), refusal.into_iter().collect())?;
        let post = PostMapping {
            id: &id,
            tag: &tag,
            digest: &digest,
            image: &object.image,
            names: self.names,
            actor: self.actor,
        };
        self.records.perform(&post, self.dry_run).await?;
        Ok(())
    }

    /// Fills in the image's name and pull spec, where one tells the other. Signatures are posted on their own.
    fn fill(&self, object: &mut ImageStreamMapping) {
        let image = &mut object.image;
        image.signatures.clear();
        let reference = image.docker_image_reference.parse::<DockerReference>().unwrap_or_default();
        if image.metadata.name.is_empty() && reference.id.parse::<Digest>().is_ok() {
            image.metadata.name = reference.id;
        }
        if image.docker_image_reference.is_empty()
            && let Ok(digest) = image.metadata.name.parse::<Digest>()
            && let Ok(stream) = StreamId::new(&object.metadata.namespace, &object.metadata.name)
        {
            image.docker_image_reference = self.names.external(&PullSpec::Own { stream, digest });
        }
    }
}

struct PostMapping<'a> {
    id: &'a StreamId,
    tag: &'a Tag,
    digest: &'a Digest,
    image: &'a Image,
    names: &'a HostNames,
    actor: &'a Actor,
}

impl Decide for PostMapping<'_> {
    type Outcome = ();
    type Error = WriteError;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), WriteError> {
        let stream = transaction.get(&keys::stream(self.id)).await?;
        let stream = stream.ok_or_else(|| WriteError::NoStream(self.id.clone()))?;
        let given = self.names.read(&self.image.docker_image_reference);
        let manifest = self.link(transaction, &stream, &given).await?;
        let known = self.record(transaction, &given).await?;
        // What a registry pushed, as it says itself, is this stream's own from then on, wherever it was pushed first.
        let managed = known && self.says_managed();
        let own = PullSpec::Own { stream: self.id.clone(), digest: self.digest.clone() };
        let reference = if managed { own } else { given };
        let mapping = Mapping {
            stream: self.id,
            tag: self.tag,
            image: self.digest,
            reference,
            manifest,
            cause: Cause::Push,
            actor: self.actor,
        };
        Ok(mapping::stage(transaction, &stream, &mapping).await?)
    }
}

impl PostMapping<'_> {
    /// Links the image where its manifest is known.
    async fn link(
        &self,
        transaction: &mut Transaction<'_>,
        stream: &Stream,
        given: &PullSpec,
    ) -> Result<Option<TaggedManifest>, WriteError> {
        let from = match given {
            PullSpec::Own { stream, digest } if digest == self.digest => stream,
            PullSpec::Own { .. } | PullSpec::External(_) => self.id,
        };
        let linking = Linking { from, into: self.id, record: stream, blobs: DeletedBlobs::Stay };
        Ok(linking.link(transaction, self.digest).await?)
    }

    /// Records the image. Returns whether there was one already.
    async fn record(&self, transaction: &mut Transaction<'_>, given: &PullSpec) -> Result<bool, WriteError> {
        let key = keys::image(self.digest);
        if transaction.get(&key).await?.is_some() {
            return Ok(true);
        }
        let record = new_record(transaction, self.image, given.clone())?;
        transaction.put(&key, &record)?;
        Ok(false)
    }

    /// Whether the image that was posted says that it was pushed.
    fn says_managed(&self) -> bool {
        self.image.metadata.annotations.get(annotation::MANAGED).is_some_and(|managed| managed == "true")
    }
}

/// The record of an image that a client posts.
pub(super) fn new_record(
    transaction: &Transaction<'_>,
    posted: &Image,
    reference: PullSpec,
) -> Result<ImageRecord, WriteError> {
    let mut object = posted.clone();
    image::complete(&mut object, transaction.now());
    let name = object.metadata.name.clone();
    for own in [&mut object.metadata.namespace, &mut object.metadata.uid, &mut object.metadata.resource_version] {
        own.clear();
    }
    object.metadata.creation_timestamp = None;
    object.docker_image_reference.clear();
    Ok(ImageRecord {
        uid: uuid::Uuid::new_v4(),
        created: transaction.now(),
        stream: None,
        reference: Some(reference),
        lacks_config: false,
        object: image::stored(&name, &object)?,
    })
}
