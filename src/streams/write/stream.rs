//! Making, changing and deleting streams.

use std::collections::BTreeMap;

use weir_storage::Digest;

use serde_json::Value;

use super::{Editor, Precondition, WriteError};
use crate::oci::{StreamId, Tag};
use crate::records::{Actor, Cause, Decide, DeletedStream, Error, Records, SpecTag, Stream, Transaction, keys};
use crate::streams::field_error::{FieldError, Path};
use crate::streams::history::{self, By};
use crate::streams::object::{ImageStream, ObjectMeta};
use crate::streams::spec::change::{ChangeSpec, NewTags};
use crate::streams::validation::allowed::AllowList;
use crate::streams::view::View;
use crate::streams::{links, mapping, spec, validation};

/// The kind of these objects.
const KIND: &str = "ImageStream";

impl Editor<'_> {
    /// Makes a stream. Its status begins empty, whatever the object says of it.
    pub(crate) async fn create_stream(&self, object: ImageStream) -> Result<ImageStream, WriteError> {
        let name = object.metadata.name.clone();
        WriteError::unless_valid(KIND, &name, validation::stream::create(&object))?;
        let tags = validation::stream::spec_tags(&object).map_err(|errors| invalid(&name, errors))?;
        let named = |error| WriteError::unless_valid(KIND, &name, error);
        named(not_allowed(self.allowed, &tags, &BTreeMap::new(), &object.spec.docker_image_repository))?;
        let id = stream_id(&object.metadata)?;
        let create = CreateStream { id: &id, tags, object: &object, actor: self.actor };
        let performed = self.records.perform(&create, self.dry_run).await?;
        self.shown(&performed.after, &id).await
    }

    /// Replaces what is wanted of a stream, and what it says of itself. Its status is not looked at.
    pub(crate) async fn update_stream(&self, id: &StreamId, object: ImageStream) -> Result<ImageStream, WriteError> {
        let update = UpdateStream { id, object: &object, actor: self.actor, allowed: self.allowed };
        let performed = self.records.perform(&update, self.dry_run).await?;
        self.shown(&performed.after, id).await
    }

    /// Deletes a stream with its tags. Returns its identity. Everything can be brought back.
    pub(crate) async fn delete_stream(
        &self,
        id: &StreamId,
        condition: &Precondition,
    ) -> Result<uuid::Uuid, WriteError> {
        let delete = DeleteStream { id, condition, actor: self.actor };
        Ok(self.records.perform(&delete, self.dry_run).await?.outcome)
    }

    pub(super) async fn shown(&self, records: &Records, id: &StreamId) -> Result<ImageStream, WriteError> {
        let view = View { records, names: self.names };
        view.stream(id).await.map_err(|error| WriteError::of_view(id, None, error))
    }
}

fn invalid(name: &str, errors: Vec<FieldError>) -> WriteError {
    WriteError::Invalid { kind: KIND, name: name.to_owned(), errors }
}

/// What a spec names that may not be named, and was not before.
fn not_allowed(
    allowed: &AllowList,
    tags: &BTreeMap<Tag, SpecTag>,
    old: &BTreeMap<Tag, SpecTag>,
    repository: &str,
) -> Vec<FieldError> {
    let spec = Path::new("spec");
    let of_tag = |(tag, spec_tag): (&Tag, &SpecTag)| {
        allowed.tag_refusal(spec_tag, old.get(tag), &spec.child("tags").key(tag.as_str()))
    };
    let of_repository = allowed.refusal(repository, false, &spec.child("dockerImageRepository"));
    of_repository.into_iter().chain(tags.iter().filter_map(of_tag)).collect()
}

/// The stream that metadata names.
pub(super) fn stream_id(metadata: &ObjectMeta) -> Result<StreamId, WriteError> {
    StreamId::new(&metadata.namespace, &metadata.name).map_err(|rule| {
        let path = Path::new("metadata").child("name");
        invalid(&metadata.name, vec![path.invalid(metadata.name.as_str(), rule.to_string())])
    })
}

/// Says of a stream what its object says beside spec and status. That alone is no new generation, and where nothing else
/// `changed`, neither are new times beside the owners of fields.
pub(super) async fn describe(
    transaction: &mut Transaction<'_>,
    id: &StreamId,
    metadata: &ObjectMeta,
    changed: bool,
) -> Result<(), Error> {
    let key = keys::stream(id);
    let Some(old) = transaction.get(&key).await? else { return Ok(()) };
    let mut annotations = metadata.annotations.clone();
    annotations.remove(ImageStream::ITEMS_SHOWN);
    let new = Stream {
        labels: metadata.labels.clone(),
        annotations,
        managed_fields: metadata.managed_fields.clone(),
        owner_references: metadata.owner_references.clone(),
        ..old.clone()
    };
    let timeless = |stream: &Stream| Stream { managed_fields: without_times(&stream.managed_fields), ..stream.clone() };
    if new == old || (!changed && timeless(&new) == timeless(&old)) {
        return Ok(());
    }
    transaction.put(&key, &new)?;
    mapping::touch(transaction, id)
}

fn without_times(managers: &[Value]) -> Vec<Value> {
    let without = |manager: &Value| {
        let mut manager = manager.clone();
        if let Some(members) = manager.as_object_mut() {
            members.shift_remove("time");
        }
        manager
    };
    managers.iter().map(without).collect()
}

struct CreateStream<'a> {
    id: &'a StreamId,
    tags: BTreeMap<Tag, SpecTag>,
    object: &'a ImageStream,
    actor: &'a Actor,
}

impl Decide for CreateStream<'_> {
    type Outcome = ();
    type Error = WriteError;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), WriteError> {
        if transaction.get(&keys::stream(self.id)).await?.is_some() {
            return Err(WriteError::StreamExists(self.id.clone()));
        }
        let repository = self.id.repository();
        let change = ChangeSpec {
            stream: self.id,
            tags: NewTags::All(self.tags.clone()),
            lookup_local: Some(self.object.spec.lookup_policy.local),
            source_repository: Some(self.object.spec.docker_image_repository.clone()),
            create: Some(&repository),
            actor: self.actor,
        };
        let changed = change.decide(transaction).await.map_err(|error| WriteError::of_spec(self.id, error))?.changed;
        Ok(describe(transaction, self.id, &self.object.metadata, changed).await?)
    }
}

/// Reads a stream that is to be replaced, if it is as the client saw it.
pub(super) async fn expected(
    transaction: &mut Transaction<'_>,
    id: &StreamId,
    metadata: &ObjectMeta,
) -> Result<Stream, WriteError> {
    let stream = transaction.get(&keys::stream(id)).await?.ok_or_else(|| WriteError::NoStream(id.clone()))?;
    let condition = Precondition::of(metadata);
    condition.check_uid(&stream.uid)?;
    let wanted = condition.version.as_ref().ok_or(WriteError::NoVersion)?;
    if wanted.parse::<u64>().is_err() {
        return Err(WriteError::BadVersion(wanted.clone()));
    }
    let version = transaction.revision_of(&keys::touch(id)).await?;
    condition.check(&stream.uid, version)?;
    Ok(stream)
}

struct UpdateStream<'a> {
    id: &'a StreamId,
    object: &'a ImageStream,
    actor: &'a Actor,
    allowed: &'a AllowList,
}

impl Decide for UpdateStream<'_> {
    type Outcome = ();
    type Error = WriteError;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), WriteError> {
        let stream = expected(transaction, self.id, &self.object.metadata).await?;
        let name = self.id.name();
        WriteError::unless_valid(KIND, name, validation::stream::update(self.object))?;
        let tags = validation::stream::spec_tags(self.object).map_err(|errors| invalid(name, errors))?;
        let old = spec::wanted(transaction, self.id).await?;
        let repository = &self.object.spec.docker_image_repository;
        let repository = if *repository == stream.source_repository { "" } else { repository };
        WriteError::unless_valid(KIND, name, not_allowed(self.allowed, &tags, &old, repository))?;
        let change = ChangeSpec {
            stream: self.id,
            tags: NewTags::All(tags),
            lookup_local: Some(self.object.spec.lookup_policy.local),
            source_repository: Some(self.object.spec.docker_image_repository.clone()),
            create: None,
            actor: self.actor,
        };
        let changed = change.decide(transaction).await.map_err(|error| WriteError::of_spec(self.id, error))?.changed;
        Ok(describe(transaction, self.id, &self.object.metadata, changed).await?)
    }
}

/// Deletes a stream within a transaction, so that it can be brought back.
pub(crate) struct DeleteStream<'a> {
    pub(crate) id: &'a StreamId,
    pub(crate) condition: &'a Precondition,
    pub(crate) actor: &'a Actor,
}

impl Decide for DeleteStream<'_> {
    type Outcome = uuid::Uuid;
    type Error = WriteError;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<uuid::Uuid, WriteError> {
        let key = keys::stream(self.id);
        let stream = transaction.get(&key).await?.ok_or_else(|| WriteError::NoStream(self.id.clone()))?;
        self.condition.check_uid(&stream.uid)?;
        if self.condition.version.is_some() {
            let version = transaction.revision_of(&keys::touch(self.id)).await?;
            self.condition.check(&stream.uid, version)?;
        }
        let (tags, specs) = self.take_tags(transaction).await?;
        self.put_links_aside(transaction, &stream).await?;
        transaction.delete(&keys::catalog(&stream.repository));
        let uid = stream.uid;
        let (deleted, actor) = (transaction.now(), self.actor.clone());
        transaction
            .put(&keys::deleted_stream(self.id), &DeletedStream { record: stream, deleted, actor, tags, specs })?;
        transaction.delete(&key);
        transaction.delete(&keys::touch(self.id));
        Ok(uid)
    }
}

impl DeleteStream<'_> {
    /// Takes every tag with its spec. Returns those that meant something, and the specs of those that did not.
    async fn take_tags(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<(Vec<Tag>, BTreeMap<Tag, SpecTag>), WriteError> {
        let mut specs = BTreeMap::new();
        for key in transaction.keys(&keys::specs_of(self.id)).await? {
            let Ok(tag) = keys::part(&key, 2).parse::<Tag>() else { continue };
            if let Some(spec) = spec::take(transaction, self.id, &tag).await? {
                specs.insert(tag, spec);
            }
        }
        let mut tags = Vec::new();
        for key in transaction.keys(&keys::heads_of(self.id)).await? {
            let Ok(tag) = keys::part(&key, 2).parse::<Tag>() else { continue };
            let spec = specs.remove(&tag);
            history::retire(transaction, self.id, &tag, spec, By { cause: &Cause::StreamDelete, actor: self.actor })
                .await?;
            tags.push(tag);
        }
        // Those of tags that mean nothing.
        for key in transaction.keys(&keys::conditions_of(self.id)).await? {
            let Ok(tag) = keys::part(&key, 2).parse::<Tag>() else { continue };
            history::forgive(transaction, self.id, &tag).await?;
        }
        Ok((tags, specs))
    }

    /// Puts the links of all manifests aside, and those of the blobs that they name. A blob that no manifest names was
    /// uploaded and never used; its link hurts nobody.
    async fn put_links_aside(&self, transaction: &mut Transaction<'_>, stream: &Stream) -> Result<(), WriteError> {
        for key in transaction.keys(&keys::manifests_of(self.id)).await? {
            let Ok(digest) = keys::part(&key, 2).parse::<Digest>() else { continue };
            let Some(mut link) = transaction.get(&keys::manifest(self.id, &digest)).await? else { continue };
            link.deleted_with = Some(stream.uid);
            match links::read_if_fetched(transaction, &digest, &link).await {
                Ok(None) => {
                    // There is nothing to restore it from. Its registry lists it again.
                    links::take(transaction, self.id, &digest, &link);
                    continue;
                }
                Ok(Some(manifest)) => {
                    let children = manifest.manifests().iter();
                    let blobs = manifest.config().into_iter().chain(manifest.layers()).chain(children);
                    for descriptor in blobs {
                        links::put_blob_aside(transaction, self.id, &descriptor.digest, link.deleted_with).await?;
                    }
                }
                // A manifest that cannot be read must not keep the stream from being deleted.
                Err(error) => tracing::warn!(
                    image.digest = %digest,
                    %error,
                    "Left the links of the blobs of {digest} in {}, whose manifest cannot be read: {error}",
                    self.id
                ),
            }
            links::put_aside(transaction, self.id, &digest, &link)?;
        }
        Ok(())
    }
}
