//! Secrets: kept encrypted, shown as they were written.
//!
//! A secret whose key is missing keeps its place: it is listed without what it holds, cannot be read or replaced, so that
//! nothing is lost when the key comes back, and can be deleted.

use super::keeper::{Keep, Place, Stored, Wanted, find, unless_valid};
use super::object::{Secret, SecretData};
use super::{Error, KeyringError, Listed, Namespaces, keeper, validation};
use crate::records::{Kept, Key, Prefix, Sealed, SecretContent, keys};
use crate::streams::field_error::{FieldError, Path};
use crate::streams::write::Precondition;

/// The kind of these objects.
const KIND: &str = "Secret";

/// The type of a secret that says none.
const OPAQUE: &str = "Opaque";

/// Secrets as they are kept.
pub(super) struct SecretKind;

impl Keep for SecretKind {
    const RESOURCE: &'static str = "secrets";
    type Content = SecretContent;

    fn key(place: &Place) -> Key<Kept<SecretContent>> {
        keys::secret(&place.namespace, &place.name)
    }

    fn prefix(namespace: Option<&str>) -> Prefix<Kept<SecretContent>> {
        keys::secrets_in(namespace)
    }
}

impl Namespaces<'_> {
    /// A secret, with what it holds.
    pub(crate) async fn secret(&self, namespace: &str, name: &str) -> Result<Secret, Error> {
        self.opened(&find::<SecretKind>(self.records, Place::new(namespace, name)).await?)
    }

    /// Secrets, in the order of their names. One whose key is missing is there without what it holds.
    pub(crate) async fn secrets(&self, wanted: &Wanted<'_>) -> Result<Listed<Secret>, Error> {
        let Listed { items, more, revision } = self.all::<SecretKind>(wanted).await?;
        Ok(Listed { items: items.iter().map(|stored| self.opened_or_empty(stored)).collect(), more, revision })
    }

    /// A secret as lists and watches show it.
    pub(super) fn opened_or_empty(&self, stored: &Stored<SecretContent>) -> Secret {
        self.opened(stored).unwrap_or_else(|error| {
            let Place { namespace, name } = &stored.place;
            tracing::error!(
                secret.namespace = namespace,
                secret.name = name,
                "Listed the secret {namespace}/{name} without its data: {}",
                Cause(&error)
            );
            shown(stored, SecretData::default())
        })
    }

    /// Makes a secret.
    pub(crate) async fn create_secret(&self, mut object: Secret) -> Result<Secret, Error> {
        let data = prepare(&mut object);
        keeper::name(&mut object.metadata);
        let name = object.metadata.name.clone();
        let mut errors = validation::name(&name);
        errors.extend(validation::secret_data(&object.kind, &data));
        unless_valid(KIND, &name, errors)?;
        let place = Place::new(&object.metadata.namespace, &name);
        let content =
            SecretContent { kind: object.kind, immutable: object.immutable, sealed: self.sealed(&place, &data).await? };
        let stored = self.keep::<SecretKind>(place, &object.metadata, content).await?;
        Ok(shown(&stored, data))
    }

    /// Replaces a secret.
    pub(crate) async fn update_secret(&self, namespace: &str, name: &str, mut object: Secret) -> Result<Secret, Error> {
        let data = prepare(&mut object);
        unless_valid(KIND, name, validation::secret_data(&object.kind, &data))?;
        let place = Place::new(namespace, name);
        let sealed = self.sealed(&place, &data).await?;
        let at = place.clone();
        let change = |old: &Kept<SecretContent>| {
            let before = self.unsealed(&at, &old.content.sealed)?;
            unless_valid(KIND, name, refusals(old, &object, before != data))?;
            // The same content stays as it is, so that a write which changes nothing is none.
            let sealed = if before == data { old.content.sealed.clone() } else { sealed.clone() };
            Ok(SecretContent { kind: object.kind.clone(), immutable: object.immutable, sealed })
        };
        let stored = self.change::<SecretKind>(place, &object.metadata, change).await?;
        Ok(shown(&stored, data))
    }

    /// Deletes a secret for good. Its key is not needed. Returns its identity.
    pub(crate) async fn delete_secret(
        &self,
        namespace: &str,
        name: &str,
        only: &Precondition,
    ) -> Result<uuid::Uuid, Error> {
        self.discard::<SecretKind>(Place::new(namespace, name), only).await
    }

    fn opened(&self, stored: &Stored<SecretContent>) -> Result<Secret, Error> {
        Ok(shown(stored, self.unsealed(&stored.place, &stored.record.content.sealed)?))
    }

    async fn sealed(&self, place: &Place, data: &SecretData) -> Result<Sealed, Error> {
        let failed = |source| Error::Key { name: place.name.clone(), source };
        let text = serde_json::to_vec(data).map_err(|_| failed(KeyringError::Damaged))?;
        self.keyring.seal(&belongs(place), &text).await.map_err(failed)
    }

    fn unsealed(&self, place: &Place, sealed: &Sealed) -> Result<SecretData, Error> {
        let failed = |source| Error::Key { name: place.name.clone(), source };
        let text = self.keyring.open(&belongs(place), sealed).map_err(failed)?;
        // The parser's words could hold some of the text.
        serde_json::from_slice(&text).map_err(|_| failed(KeyringError::Damaged))
    }
}

/// What the encrypted content of a secret is bound to: moved to another secret, it is refused.
fn belongs(Place { namespace, name }: &Place) -> String {
    format!("secret\0{namespace}\0{name}")
}

/// An error with what is behind it.
struct Cause<'a>(&'a Error);

impl std::fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Error::Key { source, .. } => source.fmt(f),
            other => other.fmt(f),
        }
    }
}

/// Sets what a secret does not say, and puts its text into its data, which is returned.
fn prepare(object: &mut Secret) -> SecretData {
    if object.kind.is_empty() {
        OPAQUE.clone_into(&mut object.kind);
    }
    let mut data = std::mem::take(&mut object.data);
    let text = std::mem::take(&mut object.string_data).0;
    data.0.extend(text.into_iter().map(|(key, value)| (key, value.into_bytes())));
    data
}

/// What is wrong with a secret that replaces another.
fn refusals(old: &Kept<SecretContent>, new: &Secret, changed: bool) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if old.content.immutable == Some(true) {
        let set = "field is immutable when `immutable` is set";
        if new.immutable != Some(true) {
            errors.push(Path::new("immutable").forbidden(set));
        }
        if changed {
            errors.push(Path::new("data").forbidden(set));
        }
    }
    if old.content.kind != new.kind {
        errors.push(Path::new("type").invalid(new.kind.as_str(), "field is immutable"));
    }
    errors
}

fn shown(stored: &Stored<SecretContent>, data: SecretData) -> Secret {
    let SecretContent { kind, immutable, .. } = &stored.record.content;
    Secret { metadata: stored.metadata(), immutable: *immutable, data, kind: kind.clone(), ..Secret::default() }
}
