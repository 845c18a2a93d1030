//! Making, reading, changing and deleting what is kept as clients describe it.

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;
use weir_storage::{Revision, Scan};

use super::{Error, Keyring, namespace};
use crate::records::{Actor, Decide, Found, Kept, Key, Performed, Prefix, Records, Transaction, keys};
use crate::streams::field_error::FieldError;
use crate::streams::object::{ObjectMeta, Time};
use crate::streams::write::Precondition;

/// Namespaces and what is in them, for somebody.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Namespaces<'a> {
    pub(crate) records: &'a Records,
    pub(crate) keyring: &'a Keyring,
    /// Who writes, as it stands in logs of tags that go with a namespace.
    pub(crate) actor: &'a Actor,
    /// Decide, show what would come of it, and commit nothing.
    pub(crate) dry_run: bool,
}

/// Where an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Empty for namespaces themselves.
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Place {
    pub(super) fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.to_owned(), name: name.to_owned() }
    }
}

/// A kind of object that is kept.
pub(super) trait Keep: Send + Sync {
    /// The resource, in the plural.
    const RESOURCE: &'static str;
    /// What is of this kind alone.
    type Content: Serialize + DeserializeOwned + Clone + PartialEq + Send + Sync + 'static;

    /// Where an object lies.
    fn key(place: &Place) -> Key<Kept<Self::Content>>;

    /// Where the objects of a namespace lie, or of all.
    fn prefix(namespace: Option<&str>) -> Prefix<Kept<Self::Content>>;

    /// The place that a key of this kind means.
    fn place(key: &[u8]) -> Place {
        Place { namespace: keys::part(key, 0).to_owned(), name: keys::part(key, 1).to_owned() }
    }
}

/// An object as it is kept.
#[derive(Debug, Clone)]
pub(super) struct Stored<C> {
    pub(super) place: Place,
    pub(super) record: Kept<C>,
    pub(super) revision: Revision,
}

/// Objects that were read together.
#[derive(Debug, Clone)]
pub(crate) struct Listed<O> {
    pub(crate) items: Vec<O>,
    /// Whether the limit left some out.
    pub(crate) more: bool,
    /// The state that was read.
    pub(crate) revision: Revision,
}

/// Which objects of a list are wanted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted<'a> {
    /// Those of one namespace, or of all.
    pub(crate) namespace: Option<&'a str>,
    /// Those behind this namespace and name; the namespace of namespaces is empty.
    pub(crate) after: Option<(&'a str, &'a str)>,
    /// At most so many; 0 for all.
    pub(crate) limit: usize,
}

impl<C> Stored<C> {
    /// What the object says of itself.
    pub(super) fn metadata(&self) -> ObjectMeta {
        let Kept { uid, created, labels, annotations, owner_references, managed_fields, .. } = &self.record;
        // What a dry run would have made has no version.
        let written = Some(self.revision).filter(|revision| *revision != Revision::ZERO);
        let resource_version = written.map(|revision| revision.to_string()).unwrap_or_default();
        ObjectMeta {
            name: self.place.name.clone(),
            namespace: self.place.namespace.clone(),
            uid: uid.to_string(),
            resource_version,
            creation_timestamp: Some(Time::from_seconds(created.timestamp().as_second())),
            labels: labels.clone(),
            annotations: annotations.clone(),
            owner_references: owner_references.clone(),
            managed_fields: managed_fields.clone(),
            ..ObjectMeta::default()
        }
    }
}

impl Namespaces<'_> {
    /// Makes an object.
    pub(super) async fn keep<K: Keep>(
        &self,
        place: Place,
        metadata: &ObjectMeta,
        content: K::Content,
    ) -> Result<Stored<K::Content>, Error> {
        let create = Create::<K> { place: &place, metadata, content, uid: Uuid::new_v4() };
        let Performed { after, .. } = self.records.perform(&create, self.dry_run).await?;
        find::<K>(&after, place).await
    }

    /// Changes an object into what `change` makes of its content.
    pub(super) async fn change<K: Keep>(
        &self,
        place: Place,
        metadata: &ObjectMeta,
        change: impl Fn(&Kept<K::Content>) -> Result<K::Content, Error> + Send + Sync,
    ) -> Result<Stored<K::Content>, Error> {
        let update = Update::<K, _> { place: &place, metadata, change, kind: PhantomData };
        let Performed { after, .. } = self.records.perform(&update, self.dry_run).await?;
        find::<K>(&after, place).await
    }

    /// Deletes an object that nothing else hangs on.
    pub(super) async fn discard<K: Keep>(&self, place: Place, only: &Precondition) -> Result<Uuid, Error> {
        let delete = Delete::<K> { place: &place, only, kind: PhantomData };
        Ok(self.records.perform(&delete, self.dry_run).await?.outcome)
    }

    pub(super) async fn all<K: Keep>(&self, wanted: &Wanted<'_>) -> Result<Listed<Stored<K::Content>>, Error> {
        let prefix = K::prefix(wanted.namespace);
        let after = wanted.after.map(|(namespace, name)| K::key(&Place::new(namespace, name)));
        let narrow = |scan: Scan| {
            let scan = match &after {
                Some(after) => scan.after(after.bytes()),
                None => scan,
            };
            if wanted.limit == 0 { scan } else { scan.limit(wanted.limit) }
        };
        let page = self.records.scan(&prefix, narrow).await?;
        let stored = |found: Found<Kept<K::Content>>| Stored {
            place: K::place(&found.key),
            record: found.record,
            revision: found.revision,
        };
        Ok(Listed { more: page.more, revision: page.revision, items: page.records.into_iter().map(stored).collect() })
    }
}

struct Create<'a, K: Keep> {
    place: &'a Place,
    metadata: &'a ObjectMeta,
    content: K::Content,
    uid: Uuid,
}

impl<K: Keep> Decide for Create<'_, K> {
    type Outcome = Kept<K::Content>;
    type Error = Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<Kept<K::Content>, Error> {
        let Place { namespace, name } = self.place;
        if !namespace.is_empty() && transaction.get(&keys::namespace(namespace)).await?.is_none() {
            return Err(Error::NotFound { resource: namespace::RESOURCE, name: namespace.clone() });
        }
        let key = K::key(self.place);
        if transaction.get(&key).await?.is_some() {
            return Err(Error::Exists { resource: K::RESOURCE, name: name.clone() });
        }
        let ObjectMeta { labels, annotations, owner_references, managed_fields, .. } = self.metadata.clone();
        let (uid, created, content) = (self.uid, transaction.now(), self.content.clone());
        let record = Kept { uid, created, labels, annotations, owner_references, managed_fields, content };
        transaction.put(&key, &record)?;
        Ok(record)
    }
}

struct Update<'a, K: Keep, F> {
    place: &'a Place,
    metadata: &'a ObjectMeta,
    change: F,
    kind: PhantomData<fn() -> K>,
}

impl<K: Keep, F> Decide for Update<'_, K, F>
where
    F: Fn(&Kept<K::Content>) -> Result<K::Content, Error> + Send + Sync,
{
    type Outcome = ();
    type Error = Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), Error> {
        let old = expected::<K>(transaction, self.place, &Precondition::of(self.metadata)).await?;
        let content = (self.change)(&old)?;
        let ObjectMeta { labels, annotations, owner_references, managed_fields, .. } = self.metadata.clone();
        let new = Kept { labels, annotations, owner_references, managed_fields, content, ..old.clone() };
        // What changes nothing is no new version.
        if new != old {
            transaction.put(&K::key(self.place), &new)?;
        }
        Ok(())
    }
}

struct Delete<'a, K: Keep> {
    place: &'a Place,
    only: &'a Precondition,
    kind: PhantomData<fn() -> K>,
}

impl<K: Keep> Decide for Delete<'_, K> {
    type Outcome = Uuid;
    type Error = Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<Uuid, Error> {
        let old = expected::<K>(transaction, self.place, self.only).await?;
        transaction.delete(&K::key(self.place));
        Ok(old.uid)
    }
}

/// Reads an object that is to change or go, if it is as the client saw it.
pub(super) async fn expected<K: Keep>(
    transaction: &mut Transaction<'_>,
    place: &Place,
    only: &Precondition,
) -> Result<Kept<K::Content>, Error> {
    let key = K::key(place);
    let old = transaction.get(&key).await?.ok_or_else(|| not_found::<K>(place))?;
    let revision = transaction.revision_of(&key).await?;
    only.check(&old.uid, revision)?;
    Ok(old)
}

/// Reads an object.
pub(super) async fn find<K: Keep>(records: &Records, place: Place) -> Result<Stored<K::Content>, Error> {
    match records.get(&K::key(&place)).await? {
        Some(found) => Ok(Stored { place, record: found.record, revision: found.revision }),
        None => Err(not_found::<K>(&place)),
    }
}

fn not_found<K: Keep>(place: &Place) -> Error {
    Error::NotFound { resource: K::RESOURCE, name: place.name.clone() }
}

/// Letters of generated names: none of them makes a word.
const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// How many letters a generated name ends with.
const GENERATED: usize = 5;

/// Makes up a name for an object that only says how it begins.
pub(super) fn name(metadata: &mut ObjectMeta) {
    if metadata.name.is_empty() && !metadata.generate_name.is_empty() {
        let random = Uuid::new_v4().into_bytes();
        let letter = |byte: &u8| LETTERS.get(usize::from(*byte) % LETTERS.len()).copied().unwrap_or(b'x');
        let end = random.iter().take(GENERATED).map(letter).map(char::from);
        metadata.name = metadata.generate_name.chars().chain(end).collect();
    }
}

/// Refuses an object that breaks rules.
pub(super) fn unless_valid(kind: &'static str, name: &str, errors: Vec<FieldError>) -> Result<(), Error> {
    if errors.is_empty() { Ok(()) } else { Err(Error::Invalid { kind, name: name.to_owned(), errors }) }
}
