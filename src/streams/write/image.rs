//! Images: objects that all streams share.
//!
//! What an image is made of never changes: an update that says otherwise is taken without that, as a cluster takes it. A
//! delete takes the object away, so that views of tags that mean the image find none; links are the repositories' own, so
//! pulls go on, and the object is put aside, to come back when a tag is taken back to it.

use weir_storage::Algorithm;

use super::mapping::new_record;
use super::{Editor, Precondition, WriteError};
use crate::records::{Decide, ImageRecord, Records, Transaction, keys};
use crate::streams::field_error::Path;
use crate::streams::object::Image;
use crate::streams::view::View;
use crate::streams::{HostNames, image, validation};

/// The kind of these objects.
const KIND: &str = "Image";

impl Editor<'_> {
    /// Makes an image.
    pub(crate) async fn create_image(&self, object: Image) -> Result<Image, WriteError> {
        let name = object.metadata.name.clone();
        WriteError::unless_valid(KIND, &name, validation::image::check(&object, &Path::default()))?;
        let create = CreateImage { object: &object, names: self.names };
        let after = self.records.perform(&create, self.dry_run).await?.after;
        self.shown_image(&after, &name).await
    }

    /// Changes what may be changed of an image: labels, annotations, its pull spec and its signatures.
    pub(crate) async fn update_image(&self, name: &str, object: Image) -> Result<Image, WriteError> {
        let update = UpdateImage { name, object: &object, names: self.names };
        let after = self.records.perform(&update, self.dry_run).await?.after;
        self.shown_image(&after, name).await
    }

    /// Deletes an image. Returns its identity.
    pub(crate) async fn delete_image(&self, name: &str, condition: &Precondition) -> Result<uuid::Uuid, WriteError> {
        let delete = DeleteImage { name, condition };
        Ok(self.records.perform(&delete, self.dry_run).await?.outcome)
    }

    async fn shown_image(&self, records: &Records, name: &str) -> Result<Image, WriteError> {
        use crate::streams::view::ViewError;
        let view = View { records, names: self.names };
        view.image(name).await.map_err(|error| match error {
            ViewError::Records(error) => WriteError::Records(error),
            ViewError::NoStream(_)
            | ViewError::NoTag
            | ViewError::NoImage
            | ViewError::ImageGone(_)
            | ViewError::Ambiguous(_) => WriteError::NoImage(name.to_owned()),
        })
    }
}

struct CreateImage<'a> {
    object: &'a Image,
    names: &'a HostNames,
}

impl Decide for CreateImage<'_> {
    type Outcome = ();
    type Error = WriteError;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), WriteError> {
        let name = &self.object.metadata.name;
        let key = keys::image_named(name);
        if transaction.get(&key).await?.is_some() {
            return Err(WriteError::ImageExists(name.clone()));
        }
        let reference = self.names.read(&self.object.docker_image_reference);
        let record = new_record(transaction, self.object, reference)?;
        Ok(transaction.put(&key, &record)?)
    }
}

/// Reads an image with its version.
pub(super) async fn existing(
    transaction: &mut Transaction<'_>,
    name: &str,
    condition: &Precondition,
) -> Result<ImageRecord, WriteError> {
    let key = keys::image_named(name);
    let version = transaction.revision_of(&key).await?;
    let record = transaction.get(&key).await?.ok_or_else(|| WriteError::NoImage(name.to_owned()))?;
    condition.check(&record.uid, version)?;
    Ok(record)
}

struct UpdateImage<'a> {
    name: &'a str,
    object: &'a Image,
    names: &'a HostNames,
}

impl Decide for UpdateImage<'_> {
    type Outcome = ();
    type Error = WriteError;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), WriteError> {
        let condition = Precondition::of(&self.object.metadata);
        let record = existing(transaction, self.name, &condition).await?;
        if condition.version.is_none() {
            return Err(WriteError::NoVersion);
        }
        WriteError::unless_valid(KIND, self.name, validation::image::check(self.object, &Path::default()))?;
        let old = image::read(self.name, &record)?;
        let object = image::stored(self.name, &self.merged(old))?;
        let given = self.names.read(&self.object.docker_image_reference);
        let kept = record.reference.is_none() && record.pull_spec(self.name).as_ref() == Some(&given);
        let reference = if kept { None } else { Some(given) };
        let changed = ImageRecord { reference, object, ..record.clone() };
        if changed != record {
            transaction.put(&keys::image_named(self.name), &changed)?;
        }
        Ok(())
    }
}

impl UpdateImage<'_> {
    /// The image with what may be changed of it.
    fn merged(&self, old: Image) -> Image {
        let new = self.object;
        let mut image = Image { signatures: new.signatures.clone(), ..old };
        image.metadata.labels.clone_from(&new.metadata.labels);
        image.metadata.annotations.clone_from(&new.metadata.annotations);
        image.metadata.managed_fields.clone_from(&new.metadata.managed_fields);
        image.metadata.owner_references.clone_from(&new.metadata.owner_references);
        // Manifest and config may come later, if they are those that the image names.
        let is = |content: &str, digest: &str| {
            !content.is_empty() && Algorithm::Sha256.digest(content.as_bytes()).as_str() == digest
        };
        if is(&new.docker_image_manifest, self.name) {
            image.docker_image_manifest.clone_from(&new.docker_image_manifest);
        }
        let config = image.docker_image_metadata.as_ref().map(|metadata| metadata.id.as_str()).unwrap_or_default();
        if is(&new.docker_image_config, config) {
            image.docker_image_config.clone_from(&new.docker_image_config);
        }
        image
    }
}

struct DeleteImage<'a> {
    name: &'a str,
    condition: &'a Precondition,
}

impl Decide for DeleteImage<'_> {
    type Outcome = uuid::Uuid;
    type Error = WriteError;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<uuid::Uuid, WriteError> {
        let record = existing(transaction, self.name, self.condition).await?;
        transaction.delete(&keys::image_named(self.name));
        transaction.put(&keys::removed_image(self.name), &record)?;
        Ok(record.uid)
    }
}
