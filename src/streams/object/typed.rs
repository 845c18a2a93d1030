//! Kinds: what an object says of itself before anything else.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The API group and version of the resources here.
pub const API_VERSION: &str = "image.openshift.io/v1";

/// An object that a request or an answer can consist of.
pub trait Resource {
    /// Its kind.
    const KIND: &'static str;
    /// Its group and version.
    const API_VERSION: &'static str = API_VERSION;
}

/// A resource that can be listed.
pub trait Listed: Resource {
    /// The kind of the list.
    const LIST_KIND: &'static str;
}

/// A resource with its kind and version in front: the whole of an answer. Inside of others, objects stand without.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Typed<T> {
    kind: &'static str,
    api_version: &'static str,
    #[serde(flatten)]
    object: T,
}

impl<T: Resource> Typed<T> {
    /// Puts the kind in front of `object`.
    pub fn new(object: T) -> Self {
        Self { kind: T::KIND, api_version: T::API_VERSION, object }
    }

    /// The object itself.
    pub fn into_inner(self) -> T {
        self.object
    }
}

impl<'de, T: Resource + Deserialize<'de>> Deserialize<'de> for Typed<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::new)
    }
}

impl<T: Resource + ?Sized> Resource for &T {
    const KIND: &'static str = T::KIND;
    const API_VERSION: &'static str = T::API_VERSION;
}

/// Reads an object that a client sent. Null means what absence means, as it does for the API server of the cluster.
/// The kind is not looked at.
pub fn read<T: DeserializeOwned>(mut value: Value) -> Result<T, serde_json::Error> {
    if !value.is_object() {
        return Err(serde_json::Error::custom("an object is expected"));
    }
    drop_nulls(&mut value);
    serde_json::from_value(value)
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(elements) => elements.iter_mut().for_each(drop_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
