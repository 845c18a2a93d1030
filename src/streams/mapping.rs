//! The mapping: "this image is now this tag".
//!
//! Source: `imagestreammapping` of openshift-apiserver: the image first, then an event with the stream's generation,
//! then the tags that follow. Here all of it is staged in one transaction, together with the links.

use super::history::{self, Move};
use super::tracking;
use crate::oci::{RepositoryName, StreamId, Tag};
use crate::records::{Actor, Cause, Error, Kept, PullSpec, Stream, TaggedManifest, Transaction, keys};
use weir_storage::Digest;

/// An image that becomes a tag.
#[derive(Debug, Clone)]
pub(crate) struct Mapping<'a> {
    pub(crate) stream: &'a StreamId,
    pub(crate) tag: &'a Tag,
    pub(crate) image: &'a Digest,
    /// Where it is pulled from.
    pub(crate) reference: PullSpec,
    /// What is known of its manifest; `None` of one that is not here.
    pub(crate) manifest: Option<TaggedManifest>,
    pub(crate) cause: Cause,
    pub(crate) actor: &'a Actor,
}

/// The stream of a repository, made where it does not exist yet.
pub(crate) async fn provision(
    transaction: &mut Transaction<'_>,
    id: &StreamId,
    repository: &RepositoryName,
) -> Result<Stream, Error> {
    if let Some(stream) = transaction.get(&keys::stream(id)).await? {
        return Ok(stream);
    }
    let stream = Stream {
        repository: repository.clone(),
        uid: uuid::Uuid::new_v4(),
        created: transaction.now(),
        generation: 1,
        labels: std::collections::BTreeMap::new(),
        annotations: std::collections::BTreeMap::new(),
        lookup_local: false,
        source_repository: String::new(),
        managed_fields: Vec::new(),
        owner_references: Vec::new(),
    };
    Kept::ensure_namespace(transaction, id.namespace()).await?;
    transaction.put(&keys::stream(id), &stream)?;
    touch(transaction, id)?;
    Ok(stream)
}

/// Moves the tag of a mapping, and what follows it, in a stream that exists.
pub(crate) async fn stage(
    transaction: &mut Transaction<'_>,
    stream: &Stream,
    mapping: &Mapping<'_>,
) -> Result<(), Error> {
    let to = Move {
        created: None,
        reference: mapping.reference.clone(),
        image: Some(mapping.image.clone()),
        generation: stream.generation,
        manifest: mapping.manifest.clone(),
        cause: mapping.cause.clone(),
        actor: mapping.actor.clone(),
    };
    let Some(head) = history::advance(transaction, mapping.stream, mapping.tag, &to).await? else { return Ok(()) };
    tracking::follow(transaction, mapping.stream, mapping.tag, &head, &to).await?;
    touch(transaction, mapping.stream)
}

/// Gives the stream a new `resourceVersion`, unguarded.
pub(crate) fn touch(transaction: &mut Transaction<'_>, id: &StreamId) -> Result<(), Error> {
    transaction.put(&keys::touch(id), &())
}
