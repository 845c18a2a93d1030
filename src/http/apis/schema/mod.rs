//! What the objects of the API look like: one description, from which everything that must know their shape is derived.
//!
//! OpenAPI documents, `kubectl explain`, the check for unknown fields, the merge keys of strategic patches and the
//! structure that field ownership rests on: each reads the tables below and nothing else, so that they cannot disagree.

mod core;
mod describe;
mod image;
mod import;
pub(crate) mod kinds;
pub(crate) mod meta;
mod project;
mod review;
mod stream;
mod stream_tag;

/// The kind of an object that a request or an answer may consist of.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "the API itself calls it the kind")]
pub(crate) struct Kind {
    /// The API group; empty for the core group.
    pub(crate) group: &'static str,
    /// The version within the group.
    pub(crate) version: &'static str,
    /// The kind itself, such as `ImageStream`.
    pub(crate) kind: &'static str,
    /// Its fields, `metadata` among them; `kind` and `apiVersion`, which every kind has, are not repeated there.
    pub(crate) object: &'static Struct,
}

impl Kind {
    /// The group and version, as `apiVersion` has them.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }
}

/// An object with known fields.
#[derive(Debug)]
pub(crate) struct Struct {
    /// The name under which OpenAPI lists it, such as `com.github.openshift.api.image.v1.TagReference`.
    pub(crate) name: &'static str,
    /// For people, in our own words.
    pub(crate) description: &'static str,
    /// Whether it has one owner as a whole, as object references do (`x-kubernetes-map-type: atomic`).
    pub(crate) atomic: bool,
    /// In the order in which they are printed.
    pub(crate) fields: &'static [Field],
}

impl Struct {
    /// The field with a name.
    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The last part of its name, such as `TagReference`.
    pub(crate) fn short_name(&self) -> &'static str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }

    /// Whether it says `kind` and `apiVersion` besides its fields: kinds do, also where they stand within another.
    pub(crate) fn is_typed(&'static self) -> bool {
        kinds::of(self).is_some()
    }
}

/// A field of a [`Struct`].
#[derive(Debug)]
pub(crate) struct Field {
    /// As JSON spells it.
    pub(crate) name: &'static str,
    /// What stands there.
    pub(crate) of: Type,
    /// Whether OpenAPI calls it required.
    pub(crate) required: bool,
    /// Whether a missing value is the same as the type's empty one, which OpenAPI then names as the default.
    pub(crate) default: bool,
    /// For people, in our own words.
    pub(crate) description: &'static str,
}

/// What stands in a field, a list or a map.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Type {
    /// Text.
    String,
    /// Bytes in base64.
    Bytes,
    /// A time of RFC 3339.
    Time,
    /// A number of 32 bits.
    Int32,
    /// A number of 64 bits.
    Int64,
    /// True or false.
    Boolean,
    /// Text that is one of these.
    Enum(&'static [&'static str]),
    /// An amount such as `10Gi`: text, or a bare number.
    Quantity,
    /// Any object, kept as it comes, and replaced as a whole by strategic patches.
    Any,
    /// The tree of the fields that a manager owns.
    OwnedFields,
    /// An object with known fields.
    Object(&'static Struct),
    /// An object with any names, all of one type.
    Map(&'static Type),
    /// A list.
    List(&'static List),
}

/// A list, and how two of them are merged.
#[derive(Debug)]
pub(crate) struct List {
    /// What each item is.
    pub(crate) of: Type,
    /// How items are told apart, by strategic patches and by owners of fields.
    pub(crate) identity: Identity,
}

/// How the items of a list are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identity {
    /// They are not: the list is replaced as a whole, and has one owner.
    Atomic,
    /// By their values (`x-kubernetes-list-type: set`, strategic merge of plain values).
    Set,
    /// By the value of this field (`x-kubernetes-list-type: map`, `x-kubernetes-patch-merge-key`).
    Key(&'static str),
    /// Likewise, where the recorded schemas name the key for strategic patches only; owners tell the items apart all the
    /// same.
    PatchKey(&'static str),
}
