//! Objects as clients see them, made from a record that was read at any time: what watches print.

use serde::Serialize;
use serde_json::{Map, Value};
use weir_storage::Revision;

use super::keeper::{Keep, Stored};
use super::limit_range::{self, LimitRangeKind};
use super::namespace::{self, NamespaceKind};
use super::secret::SecretKind;
use super::{Error, Namespaces};
use crate::records::{self, Kept, Span};

/// A kind of object that is kept as clients describe it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum KeptKind {
    Namespace,
    /// A namespace as OpenShift shows it.
    Project,
    Secret,
    LimitRange,
}

impl KeptKind {
    /// The family of its keys.
    pub(crate) fn family(self) -> &'static str {
        match self {
            Self::Namespace | Self::Project => "namespace",
            Self::Secret => "secret",
            Self::LimitRange => "limitrange",
        }
    }

    /// The keys of the objects of a namespace, or of all.
    pub(crate) fn span(self, namespace: Option<&str>) -> Span {
        match self {
            Self::Namespace | Self::Project => Span::of(&NamespaceKind::prefix(None)),
            Self::Secret => Span::of(&SecretKind::prefix(namespace)),
            Self::LimitRange => Span::of(&LimitRangeKind::prefix(namespace)),
        }
    }

    /// Kind and version, as they stand in front of an object.
    fn typed(self) -> (&'static str, &'static str) {
        match self {
            Self::Namespace => ("Namespace", "v1"),
            Self::Project => ("Project", "project.openshift.io/v1"),
            Self::Secret => ("Secret", "v1"),
            Self::LimitRange => ("LimitRange", "v1"),
        }
    }

    /// An object of this kind with these members.
    pub(crate) fn print(self, object: &impl Serialize) -> Result<Value, serde_json::Error> {
        let (kind, version) = self.typed();
        let mut printed = Map::new();
        printed.insert("kind".to_owned(), kind.into());
        printed.insert("apiVersion".to_owned(), version.into());
        if let Value::Object(members) = serde_json::to_value(object)? {
            printed.extend(members);
        }
        Ok(Value::Object(printed))
    }
}

impl Namespaces<'_> {
    /// The object in a record, with kind and version in front. A secret whose key is missing is shown without what it
    /// holds, as in a list.
    pub(crate) fn print(
        &self,
        kind: KeptKind,
        key: &[u8],
        record: Value,
        revision: Revision,
    ) -> Result<Value, records::Error> {
        let unreadable = |source| records::Error::Record { key: key.escape_ascii().to_string(), source };
        let printed = match kind {
            KeptKind::Namespace | KeptKind::Project => {
                let stored = stored::<NamespaceKind>(key, record, revision).map_err(unreadable)?;
                kind.print(&namespace::shown(&stored))
            }
            KeptKind::Secret => {
                let stored = stored::<SecretKind>(key, record, revision).map_err(unreadable)?;
                kind.print(&self.opened_or_empty(&stored))
            }
            KeptKind::LimitRange => {
                let stored = stored::<LimitRangeKind>(key, record, revision).map_err(unreadable)?;
                match limit_range::shown(&stored) {
                    Ok(shown) => kind.print(&shown),
                    Err(Error::Records(error)) => return Err(error),
                    Err(error) => Err(serde::ser::Error::custom(error)),
                }
            }
        };
        printed.map_err(unreadable)
    }
}

fn stored<K: Keep>(key: &[u8], record: Value, revision: Revision) -> Result<Stored<K::Content>, serde_json::Error> {
    let record: Kept<K::Content> = serde_json::from_value(record)?;
    Ok(Stored { place: K::place(key), record, revision })
}
