//! The words in which the tables describe objects.

use super::{Field, Identity, List, Struct, Type};

/// Texts by their names, such as labels.
pub(super) const TEXTS_BY_NAME: Type = Type::Map(&Type::String);

/// Texts in a list that is replaced as a whole.
pub(super) const TEXTS: Type = Type::List(&List { of: Type::String, identity: Identity::Atomic });

/// A list: how its items are told apart, and the objects that they are.
macro_rules! list {
    ($identity:expr, $of:expr) => {
        $crate::http::apis::schema::Type::List(&$crate::http::apis::schema::List {
            of: $crate::http::apis::schema::Type::Object(&$of),
            identity: $identity,
        })
    };
}

/// The object that lists objects of a kind.
macro_rules! object_list {
    ($name:literal, $description:literal, $of:expr) => {
        $crate::http::apis::schema::describe::object(
            $name,
            $description,
            &[
                $crate::http::apis::schema::describe::defaulted(
                    "metadata",
                    $crate::http::apis::schema::Type::Object(&$crate::http::apis::schema::meta::LIST_META),
                    "What is known of the list as a whole.",
                ),
                $crate::http::apis::schema::describe::required(
                    "items",
                    list!($crate::http::apis::schema::Identity::Atomic, $of),
                    "The objects.",
                ),
            ],
        )
    };
}

pub(super) use {list, object_list};

/// An object with known fields.
pub(super) const fn object(name: &'static str, description: &'static str, fields: &'static [Field]) -> Struct {
    Struct { name, description, atomic: false, fields }
}

/// An object that has one owner as a whole.
pub(super) const fn atomic(name: &'static str, description: &'static str, fields: &'static [Field]) -> Struct {
    Struct { name, description, atomic: true, fields }
}

/// The metadata of an object.
pub(super) const fn metadata() -> Field {
    defaulted("metadata", Type::Object(&super::meta::OBJECT_META), "Name, labels and what else every object has.")
}

/// A field that must be there.
pub(super) const fn required(name: &'static str, of: Type, description: &'static str) -> Field {
    let default =
        matches!(of, Type::String | Type::Enum(_) | Type::Int32 | Type::Int64 | Type::Boolean | Type::Object(_));
    Field { name, of, required: true, default, description }
}

/// A field that must be there, and may be null.
pub(super) const fn nullable(name: &'static str, of: Type, description: &'static str) -> Field {
    Field { name, of, required: true, default: false, description }
}

/// A field that may be missing, which then means nothing.
pub(super) const fn optional(name: &'static str, of: Type, description: &'static str) -> Field {
    Field { name, of, required: false, default: false, description }
}

/// A field that may be missing, which then means the type's empty value.
pub(super) const fn defaulted(name: &'static str, of: Type, description: &'static str) -> Field {
    Field { name, of, required: false, default: true, description }
}
