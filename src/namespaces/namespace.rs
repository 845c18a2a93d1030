//! Namespaces: how they come to be, and what goes with them.

use std::collections::BTreeSet;

use bytes::Bytes;
use weir_storage::Scan;

use super::keeper::{Keep, Place, Stored, Wanted, expected, find, unless_valid};
use super::object::{Namespace, NamespaceSpec, NamespaceStatus};
use super::{Error, Listed, Namespaces, keeper, validation};
use crate::oci::StreamId;
use crate::records::{self, Actor, Decide, Kept, Key, NamespaceContent, Prefix, Records, Transaction, keys};
use crate::streams::object::{ObjectMeta, Time};
use crate::streams::write::{DeleteStream, Precondition};

/// The resource, in the plural.
pub(super) const RESOURCE: &str = "namespaces";

/// The namespace of names without one. It is always there.
pub(super) const DEFAULT: &str = "default";

/// Namespaces as they are kept.
pub(super) struct NamespaceKind;

impl Keep for NamespaceKind {
    const RESOURCE: &'static str = RESOURCE;
    type Content = NamespaceContent;

    fn key(place: &Place) -> Key<Kept<NamespaceContent>> {
        keys::namespace(&place.name)
    }

    fn prefix(_: Option<&str>) -> Prefix<Kept<NamespaceContent>> {
        keys::namespaces_all()
    }

    fn place(key: &[u8]) -> Place {
        place(keys::part(key, 0))
    }
}

/// Where a namespace is.
pub(super) fn place(name: &str) -> Place {
    Place { namespace: String::new(), name: name.to_owned() }
}

impl Namespaces<'_> {
    /// A namespace.
    pub(crate) async fn namespace(&self, name: &str) -> Result<Namespace, Error> {
        Ok(shown(&find::<NamespaceKind>(self.records, place(name)).await?))
    }

    /// All namespaces, in the order of their names.
    pub(crate) async fn namespaces(&self, wanted: &Wanted<'_>) -> Result<Listed<Namespace>, Error> {
        let Listed { items, more, revision } = self.all::<NamespaceKind>(wanted).await?;
        Ok(Listed { items: items.iter().map(shown).collect(), more, revision })
    }

    /// Makes a namespace.
    pub(crate) async fn create_namespace(&self, object: Namespace) -> Result<Namespace, Error> {
        let finalizers = vec![NamespaceContent::FINALIZER.to_owned()];
        self.make("Namespace", object.metadata, finalizers).await
    }

    /// Makes a namespace that is called `kind` where it is refused.
    pub(super) async fn make(
        &self,
        kind: &'static str,
        mut metadata: ObjectMeta,
        finalizers: Vec<String>,
    ) -> Result<Namespace, Error> {
        keeper::name(&mut metadata);
        unless_valid(kind, &metadata.name, validation::namespace_name(&metadata.name))?;
        let name = metadata.name.clone();
        NamespaceContent::label(&name, &mut metadata.labels);
        let content = NamespaceContent { finalizers };
        Ok(shown(&self.keep::<NamespaceKind>(place(&name), &metadata, content).await?))
    }

    /// Replaces labels and annotations of a namespace.
    pub(crate) async fn update_namespace(&self, name: &str, object: Namespace) -> Result<Namespace, Error> {
        let mut metadata = object.metadata;
        NamespaceContent::label(name, &mut metadata.labels);
        let same = |old: &Kept<NamespaceContent>| Ok(old.content.clone());
        Ok(shown(&self.change::<NamespaceKind>(place(name), &metadata, same).await?))
    }

    /// Deletes a namespace with everything in it. Returns it as it was, on its way out.
    pub(crate) async fn delete_namespace(&self, name: &str, only: &Precondition) -> Result<Namespace, Error> {
        if name == DEFAULT {
            return Err(Error::Undeletable(name.to_owned()));
        }
        let was = find::<NamespaceKind>(self.records, place(name)).await?;
        let delete = DeleteNamespace { name, only, actor: self.actor };
        let gone = self.records.perform(&delete, self.dry_run).await?;
        let mut namespace = shown(&Stored { record: gone.outcome, ..was });
        namespace.metadata.deletion_timestamp = Some(now(self.records));
        "Terminating".clone_into(&mut namespace.status.phase);
        Ok(namespace)
    }
}

fn now(records: &Records) -> Time {
    Time::from_seconds(records.now().timestamp().as_second())
}

/// A namespace as clients see it.
pub(super) fn shown(stored: &Stored<NamespaceContent>) -> Namespace {
    Namespace {
        metadata: stored.metadata(),
        spec: NamespaceSpec { finalizers: stored.record.content.finalizers.clone() },
        status: NamespaceStatus { phase: "Active".to_owned() },
    }
}

struct DeleteNamespace<'a> {
    name: &'a str,
    only: &'a Precondition,
    actor: &'a Actor,
}

impl Decide for DeleteNamespace<'_> {
    type Outcome = Kept<NamespaceContent>;
    type Error = Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<Kept<NamespaceContent>, Error> {
        let name = self.name;
        let old = expected::<NamespaceKind>(transaction, &place(name), self.only).await?;
        for key in transaction.keys(&keys::streams_of(name)).await? {
            let Ok(id) = StreamId::new(name, keys::part(&key, 1)) else { continue };
            let condition = &Precondition::default();
            DeleteStream { id: &id, condition, actor: self.actor }.decide(transaction).await?;
        }
        for key in transaction.keys(&keys::secrets_in(Some(name))).await? {
            transaction.delete(&keys::secret(name, keys::part(&key, 1)));
        }
        for key in transaction.keys(&keys::limit_ranges_in(Some(name))).await? {
            transaction.delete(&keys::limit_range(name, keys::part(&key, 1)));
        }
        transaction.delete(&keys::namespace(name));
        Ok(old)
    }
}

struct Ensure<'a>(&'a str);

impl Decide for Ensure<'_> {
    type Outcome = ();
    type Error = records::Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), records::Error> {
        Kept::ensure_namespace(transaction, self.0).await
    }
}

/// Makes the namespaces that should be there: `default`, and those of streams that an earlier version made. Called at
/// each start; where all are there, it writes nothing.
pub(crate) async fn adopt(records: &Records) -> Result<(), records::Error> {
    let mut names = BTreeSet::from([DEFAULT.to_owned()]);
    let mut after = Bytes::new();
    loop {
        // One stream of each namespace is looked at, not all of them.
        let narrow = |scan: Scan| if after.is_empty() { scan } else { scan.after(&after) }.limit(1);
        let found = records.keys(&keys::streams_all(), narrow).await?;
        let Some(key) = found.first() else { break };
        let name = keys::part(key, 0).to_owned();
        after = keys::after_all(&keys::streams_of(&name));
        names.insert(name);
    }
    for name in names {
        if !records.exists(&keys::namespace(&name)).await? {
            records.transact(&Ensure(&name)).await?;
        }
    }
    Ok(())
}
