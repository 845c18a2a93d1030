//! Signatures of images. They are kept in the image that they sign.

use super::image::existing;
use super::{Editor, Precondition, WriteError};
use crate::records::{Decide, ImageRecord, Transaction, keys};
use crate::streams::field_error::Path;
use crate::streams::image;
use crate::streams::object::ImageSignature;
use crate::streams::validation::{self, signature::split_name};

/// The kind of these objects.
const KIND: &str = "ImageSignature";

impl Editor<'_> {
    /// Adds a signature to the image that its name says. What only a check of it can find is not taken from the client.
    pub(crate) async fn create_signature(&self, mut object: ImageSignature) -> Result<ImageSignature, WriteError> {
        object = ImageSignature {
            metadata: object.metadata,
            kind: object.kind,
            content: object.content,
            ..ImageSignature::default()
        };
        let name = object.metadata.name.clone();
        WriteError::unless_valid(KIND, &name, validation::signature::check(&object, &Path::default()))?;
        let (image, _) = split_name(&name).ok_or(WriteError::SignatureName)?;
        let create = CreateSignature { image, object: &object };
        Ok(self.records.perform(&create, self.dry_run).await?.outcome)
    }

    /// Takes a signature away.
    pub(crate) async fn delete_signature(&self, name: &str, condition: &Precondition) -> Result<(), WriteError> {
        let (image, _) = split_name(name).ok_or(WriteError::SignatureName)?;
        let delete = DeleteSignature { image, name, condition };
        self.records.perform(&delete, self.dry_run).await?;
        Ok(())
    }
}

struct CreateSignature<'a> {
    image: &'a str,
    object: &'a ImageSignature,
}

impl Decide for CreateSignature<'_> {
    type Outcome = ImageSignature;
    type Error = WriteError;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<ImageSignature, WriteError> {
        let record = existing(transaction, self.image, &Precondition::default()).await?;
        let mut image = image::read(self.image, &record)?;
        let same = |other: &ImageSignature| {
            other.metadata.name == self.object.metadata.name
                || (other.kind == self.object.kind && other.content == self.object.content)
        };
        if image.signatures.iter().any(same) {
            return Err(WriteError::SignatureExists(self.object.metadata.name.clone()));
        }
        let mut made = self.object.clone();
        made.metadata.uid = uuid::Uuid::new_v4().to_string();
        made.metadata.creation_timestamp = Some(image::time(transaction.now()));
        image.signatures.push(made.clone());
        let object = image::stored(self.image, &image)?;
        transaction.put(&keys::image_named(self.image), &ImageRecord { object, ..record })?;
        Ok(made)
    }
}

struct DeleteSignature<'a> {
    image: &'a str,
    name: &'a str,
    condition: &'a Precondition,
}

impl Decide for DeleteSignature<'_> {
    type Outcome = ();
    type Error = WriteError;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), WriteError> {
        let record = existing(transaction, self.image, &Precondition::default()).await?;
        let mut image = image::read(self.image, &record)?;
        let found = image.signatures.iter().position(|signature| signature.metadata.name == self.name);
        let index = found.ok_or_else(|| WriteError::NoSignature(self.name.to_owned()))?;
        let signature = image.signatures.remove(index);
        let uid = signature.metadata.uid.parse().unwrap_or_default();
        self.condition.check_uid(&uid)?;
        let object = image::stored(self.image, &image)?;
        Ok(transaction.put(&keys::image_named(self.image), &ImageRecord { object, ..record })?)
    }
}
