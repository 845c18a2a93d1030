//! Image stream tags and image tags: two views of one tag of a stream, and two ways to write its spec.

use std::collections::BTreeMap;

use super::{Editor, Precondition, WriteError};
use crate::oci::{StreamId, Tag};
use crate::records::{Actor, Cause, Decide, Records, SpecTag, Stream, Transaction, keys};
use crate::streams::field_error::{FieldError, Path};
use crate::streams::object::{ImageStreamTag, ImageTag, NamedTagEventList, ObjectMeta};
use crate::streams::spec::change::{ChangeSpec, NewTags};
use crate::streams::validation::allowed::AllowList;
use crate::streams::view::{View, ViewError};
use crate::streams::{history, mapping, validation};

/// The kinds of these objects.
const STREAM_TAG: &str = "ImageStreamTag";
const IMAGE_TAG: &str = "ImageTag";

/// The tag of a name that has none.
const LATEST: &str = "latest";

impl Editor<'_> {
    /// Makes a spec tag, and its stream where there is none. An object without a spec tag makes none.
    pub(crate) async fn create_stream_tag(&self, object: ImageStreamTag) -> Result<ImageStreamTag, WriteError> {
        let name = &object.metadata.name;
        WriteError::unless_valid(STREAM_TAG, name, validation::stream_tag::create(&object))?;
        let spec = validation::stream_tag::spec(&object).map_err(|errors| invalid(STREAM_TAG, name, errors))?;
        let (id, tag) = tag_id(&object.metadata, name.split_once(':'))?;
        allow(self.allowed, STREAM_TAG, name, spec.as_ref(), None)?;
        let create = CreateTag { id: &id, tag: &tag, spec, actor: self.actor };
        let after = self.records.perform(&create, self.dry_run).await?.after;
        self.shown_stream_tag(&after, &id, &tag).await
    }

    /// Replaces a spec tag, or makes it. Returns whether it was made.
    pub(crate) async fn update_stream_tag(
        &self,
        id: &StreamId,
        tag: &Tag,
        object: ImageStreamTag,
    ) -> Result<(ImageStreamTag, bool), WriteError> {
        let update = UpdateTag { id, tag, body: Body::StreamTag(&object), actor: self.actor, allowed: self.allowed };
        let performed = self.records.perform(&update, self.dry_run).await?;
        Ok((self.shown_stream_tag(&performed.after, id, tag).await?, performed.outcome))
    }

    /// Makes a spec tag, and its stream where there is none.
    pub(crate) async fn create_image_tag(&self, object: ImageTag) -> Result<ImageTag, WriteError> {
        let name = &object.metadata.name;
        let (stream, tag) = name.split_once(':').unwrap_or((name, LATEST));
        let mut errors = validation::image_tag::create(&object, tag);
        if !name.contains(':') && errors.is_empty() {
            // As where the tag is taken to be the usual one, which no name says.
            errors.push(Path::new("spec").child("name").invalid(LATEST, "must match image tag name"));
        }
        WriteError::unless_valid(IMAGE_TAG, name, errors)?;
        let spec = validation::image_tag::spec(&object).map_err(|errors| invalid(IMAGE_TAG, name, errors))?;
        let (id, tag) = tag_id(&object.metadata, Some((stream, tag)))?;
        allow(self.allowed, IMAGE_TAG, name, spec.as_ref(), None)?;
        let create = CreateTag { id: &id, tag: &tag, spec, actor: self.actor };
        let after = self.records.perform(&create, self.dry_run).await?.after;
        self.shown_image_tag(&after, &id, &tag).await
    }

    /// Replaces a spec tag, makes it, or, where the object has none, takes it away. Returns whether it was made.
    pub(crate) async fn update_image_tag(
        &self,
        id: &StreamId,
        tag: &Tag,
        object: ImageTag,
    ) -> Result<(ImageTag, bool), WriteError> {
        let view = View { records: self.records, names: self.names };
        let status = match view.image_tag(id, tag).await {
            Ok(current) => current.status,
            Err(ViewError::NoStream(_) | ViewError::NoTag) => None,
            Err(error) => return Err(WriteError::of_view(id, Some(tag), error)),
        };
        let body = Body::ImageTag { object: &object, status: status.as_ref() };
        let update = UpdateTag { id, tag, body, actor: self.actor, allowed: self.allowed };
        let performed = self.records.perform(&update, self.dry_run).await?;
        Ok((self.shown_image_tag(&performed.after, id, tag).await?, performed.outcome))
    }

    /// Deletes a tag: what is wanted of it, and what it means. It can be brought back.
    pub(crate) async fn delete_tag(
        &self,
        id: &StreamId,
        tag: &Tag,
        condition: &Precondition,
    ) -> Result<(), WriteError> {
        let delete = DeleteTag { id, tag, condition, actor: self.actor };
        self.records.perform(&delete, self.dry_run).await?;
        Ok(())
    }

    async fn shown_stream_tag(
        &self,
        records: &Records,
        id: &StreamId,
        tag: &Tag,
    ) -> Result<ImageStreamTag, WriteError> {
        let view = View { records, names: self.names };
        view.written_stream_tag(id, tag).await.map_err(|error| WriteError::of_view(id, Some(tag), error))
    }

    async fn shown_image_tag(&self, records: &Records, id: &StreamId, tag: &Tag) -> Result<ImageTag, WriteError> {
        let view = View { records, names: self.names };
        view.written_image_tag(id, tag).await.map_err(|error| WriteError::of_view(id, Some(tag), error))
    }
}

/// Refuses a spec tag from a registry that may not be named, unless it named that before.
fn allow(
    allowed: &AllowList,
    kind: &'static str,
    name: &str,
    spec: Option<&SpecTag>,
    old: Option<&SpecTag>,
) -> Result<(), WriteError> {
    let path = Path::new(if kind == STREAM_TAG { "tag" } else { "spec" });
    let refusal = spec.and_then(|spec| allowed.tag_refusal(spec, old, &path));
    WriteError::unless_valid(kind, name, refusal.into_iter().collect())
}

fn invalid(kind: &'static str, name: &str, errors: Vec<FieldError>) -> WriteError {
    WriteError::Invalid { kind, name: name.to_owned(), errors }
}

/// Stream and tag of an object that is to be made. Streams are named as Kubernetes has it, and tags as OCI has it.
fn tag_id(metadata: &ObjectMeta, parts: Option<(&str, &str)>) -> Result<(StreamId, Tag), WriteError> {
    let name = || WriteError::TagName(metadata.name.clone());
    let (stream, tag) = parts.filter(|(stream, tag)| !stream.is_empty() && !tag.is_empty()).ok_or_else(name)?;
    let id = StreamId::new(&metadata.namespace, stream).map_err(|_| stream_name(&metadata.namespace, stream))?;
    let tag = tag.parse::<Tag>().map_err(|rule| {
        let path = Path::new("metadata").child("name");
        invalid(STREAM_TAG, &metadata.name, vec![path.invalid(metadata.name.as_str(), rule.to_string())])
    })?;
    Ok((id, tag))
}

/// What is wrong with the name of a stream that is to be made.
fn stream_name(namespace: &str, name: &str) -> WriteError {
    let mut errors = Vec::new();
    validation::names::check_stream(namespace, name, &Path::new("metadata").child("name"), &mut errors);
    invalid("ImageStream", name, errors)
}

/// Changes one spec tag. The stream is made where there is none, if its name is one that Kubernetes takes.
async fn set(
    transaction: &mut Transaction<'_>,
    id: &StreamId,
    tag: &Tag,
    spec: Option<SpecTag>,
    actor: &Actor,
) -> Result<(), WriteError> {
    if transaction.get(&keys::stream(id)).await?.is_none() {
        let mut errors = Vec::new();
        validation::names::check_stream(id.namespace(), id.name(), &Path::new("metadata").child("name"), &mut errors);
        WriteError::unless_valid("ImageStream", id.name(), errors)?;
    }
    let repository = id.repository();
    let change = ChangeSpec {
        stream: id,
        tags: NewTags::One(tag.clone(), spec),
        lookup_local: None,
        source_repository: None,
        create: Some(&repository),
        actor,
    };
    change.decide(transaction).await.map_err(|error| WriteError::of_spec(id, error))?;
    Ok(())
}

struct CreateTag<'a> {
    id: &'a StreamId,
    tag: &'a Tag,
    spec: Option<SpecTag>,
    actor: &'a Actor,
}

impl Decide for CreateTag<'_> {
    type Outcome = ();
    type Error = WriteError;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), WriteError> {
        if transaction.get(&keys::spec(self.id, self.tag)).await?.is_some() {
            return Err(WriteError::TagExists { stream: self.id.clone(), tag: self.tag.clone() });
        }
        set(transaction, self.id, self.tag, self.spec.clone(), self.actor).await
    }
}

/// What a tag is replaced by.
enum Body<'a> {
    StreamTag(&'a ImageStreamTag),
    ImageTag {
        object: &'a ImageTag,
        /// What happened to the tag when it was looked at.
        status: Option<&'a NamedTagEventList>,
    },
}

impl Body<'_> {
    fn metadata(&self) -> &ObjectMeta {
        match self {
            Self::StreamTag(object) => &object.metadata,
            Self::ImageTag { object, .. } => &object.metadata,
        }
    }
}

struct UpdateTag<'a> {
    id: &'a StreamId,
    tag: &'a Tag,
    body: Body<'a>,
    actor: &'a Actor,
    allowed: &'a AllowList,
}

impl Decide for UpdateTag<'_> {
    /// Whether the spec tag was made.
    type Outcome = bool;
    type Error = WriteError;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<bool, WriteError> {
        let stream = transaction.get(&keys::stream(self.id)).await?;
        self.check_version(transaction, stream.as_ref()).await?;
        let old = transaction.get(&keys::spec(self.id, self.tag)).await?;
        let created = old.is_none();
        let spec = match &self.body {
            Body::StreamTag(object) => Some(self.of_stream_tag(object, stream.as_ref(), old.clone())?),
            Body::ImageTag { object, status } => self.of_image_tag(object, stream.as_ref(), *status)?,
        };
        let made = created && spec.is_some();
        let kind = match self.body {
            Body::StreamTag(_) => STREAM_TAG,
            Body::ImageTag { .. } => IMAGE_TAG,
        };
        let name = format!("{}:{}", self.id.name(), self.tag);
        allow(self.allowed, kind, &name, spec.as_ref(), old.as_ref())?;
        set(transaction, self.id, self.tag, spec, self.actor).await?;
        Ok(made)
    }
}

impl UpdateTag<'_> {
    /// A version that is given must be that of the stream; without one the update is unconditional.
    async fn check_version(
        &self,
        transaction: &mut Transaction<'_>,
        stream: Option<&Stream>,
    ) -> Result<(), WriteError> {
        let condition = Precondition::of(self.body.metadata());
        match (stream, &condition.version) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(WriteError::NoTag { stream: self.id.clone(), tag: self.tag.clone() }),
            (Some(stream), None) => Ok(condition.check_uid(&stream.uid)?),
            (Some(stream), Some(_)) => {
                condition.check_uid(&stream.uid)?;
                let version = transaction.revision_of(&keys::touch(self.id)).await?;
                Ok(condition.check(&stream.uid, version)?)
            }
        }
    }

    /// The spec tag of an image stream tag: the one that is sent or, where none is, the one that is there, with the
    /// annotations of the object.
    fn of_stream_tag(
        &self,
        object: &ImageStreamTag,
        stream: Option<&Stream>,
        old: Option<SpecTag>,
    ) -> Result<SpecTag, WriteError> {
        let name = format!("{}:{}", self.id.name(), self.tag);
        let labels = stream.map(|stream| &stream.labels);
        // Clients need not keep both places for annotations in step: those of the object count.
        let mut object = object.clone();
        let annotations = object.metadata.annotations.clone();
        if let Some(tag) = &mut object.tag {
            tag.annotations = Some(annotations.clone());
        }
        let none = BTreeMap::new();
        let errors = validation::stream_tag::update(&object, labels.unwrap_or(&none));
        WriteError::unless_valid(STREAM_TAG, &name, errors)?;
        let sent = validation::stream_tag::spec(&object).map_err(|errors| invalid(STREAM_TAG, &name, errors))?;
        let not_wanted = || WriteError::NotASpecTag { stream: self.id.clone(), tag: self.tag.clone() };
        Ok(SpecTag { annotations, ..sent.or(old).ok_or_else(not_wanted)? })
    }

    fn of_image_tag(
        &self,
        object: &ImageTag,
        stream: Option<&Stream>,
        status: Option<&NamedTagEventList>,
    ) -> Result<Option<SpecTag>, WriteError> {
        let name = format!("{}:{}", self.id.name(), self.tag);
        let errors = validation::image_tag::update(object, self.tag.as_str(), stream, status);
        WriteError::unless_valid(IMAGE_TAG, &name, errors)?;
        validation::image_tag::spec(object).map_err(|errors| invalid(IMAGE_TAG, &name, errors))
    }
}

struct DeleteTag<'a> {
    id: &'a StreamId,
    tag: &'a Tag,
    condition: &'a Precondition,
    actor: &'a Actor,
}

impl Decide for DeleteTag<'_> {
    type Outcome = ();
    type Error = WriteError;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), WriteError> {
        let stream = transaction.get(&keys::stream(self.id)).await?;
        let stream = stream.ok_or_else(|| WriteError::NoStream(self.id.clone()))?;
        let had = self.exists(transaction).await?;
        if !had {
            return Err(WriteError::NoTag { stream: self.id.clone(), tag: self.tag.clone() });
        }
        self.check(transaction, &stream).await?;
        history::remove(transaction, self.id, self.tag, &Cause::TagDelete, self.actor).await?;
        Ok(mapping::touch(transaction, self.id)?)
    }
}

impl DeleteTag<'_> {
    async fn exists(&self, transaction: &mut Transaction<'_>) -> Result<bool, WriteError> {
        let wanted = transaction.get(&keys::spec(self.id, self.tag)).await?.is_some();
        let failed = transaction.get(&keys::condition(self.id, self.tag)).await?.is_some();
        Ok(transaction.get(&keys::head(self.id, self.tag)).await?.is_some() || wanted || failed)
    }

    async fn check(&self, transaction: &mut Transaction<'_>, stream: &Stream) -> Result<(), WriteError> {
        self.condition.check_uid(&stream.uid)?;
        if self.condition.version.is_some() {
            let version = transaction.revision_of(&keys::touch(self.id)).await?;
            self.condition.check(&stream.uid, version)?;
        }
        Ok(())
    }
}
