//! What of an object has owners: where it is taken apart, and where it has one owner as a whole.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::{Map, Value};

use super::element::{Element, Scalar};
use crate::http::apis::schema::{Identity, List, Struct, Type};

/// How a value is taken apart.
#[derive(Debug, Clone, Copy)]
pub(super) enum Structure {
    /// Not at all.
    Leaf,
    /// By its known fields.
    Struct(&'static Struct),
    /// By its names, each of a value of this type.
    Map(Type),
    /// By what tells its items apart.
    List(&'static List),
}

impl Structure {
    /// How values of a type are taken apart.
    pub(super) fn of(of: Type) -> Self {
        match of {
            Type::Object(object) if !object.atomic => Self::Struct(object),
            Type::Map(values) => Self::Map(*values),
            Type::List(list) if list.identity != Identity::Atomic => Self::List(list),
            _ => Self::Leaf,
        }
    }

    /// How a value in a named place is taken apart, and what that place is called. None for what the structure does not
    /// know: it has no owners.
    pub(super) fn field(self, name: &str) -> Option<(Element, Self)> {
        match self {
            Self::Struct(object) => object.field(name).map(|field| (Element::named(field.name), Self::of(field.of))),
            Self::Map(values) => Some((Element::Field(Cow::Owned(name.to_owned())), Self::of(values))),
            Self::Leaf | Self::List(_) => None,
        }
    }

    /// Whether this is a struct that has a field of the name.
    pub(super) fn is_named_field(self, step: &Element) -> bool {
        match (self, step) {
            (Self::Struct(object), Element::Field(name)) => object.field(name).is_some(),
            _ => false,
        }
    }

    /// How what lies behind a step is taken apart.
    pub(super) fn behind(self, step: &Element) -> Self {
        match (self, step) {
            (Self::Struct(_) | Self::Map(_), Element::Field(name)) => {
                self.field(name).map_or(Self::Leaf, |(_, structure)| structure)
            }
            (Self::List(list), _) => Self::of(list.of),
            _ => Self::Leaf,
        }
    }
}

/// What tells an item of a list apart from others. None for an item that lacks it.
pub(super) fn item(list: &List, value: &Value) -> Option<Element> {
    match list.identity {
        Identity::Key(key) | Identity::PatchKey(key) => {
            let value = Scalar::of(value.get(key)?)?;
            Some(Element::Key(vec![(Cow::Borrowed(key), value)]))
        }
        Identity::Set => Scalar::of(value).map(Element::Value),
        Identity::Atomic => None,
    }
}

/// The items of a list by what tells them apart, in their order; an item may be there several times.
pub(super) struct Items<'v> {
    /// All, in the order of their first appearance.
    pub(super) order: Vec<Element>,
    /// The values of each.
    pub(super) values: HashMap<Element, Vec<&'v Value>>,
}

impl<'v> Items<'v> {
    /// Takes a list apart. What cannot be told apart from others has no owners, and is left out.
    pub(super) fn of(list: &List, values: &'v [Value]) -> Self {
        let mut items = Self { order: Vec::with_capacity(values.len()), values: HashMap::with_capacity(values.len()) };
        for value in values {
            let Some(step) = item(list, value) else { continue };
            let same = items.values.entry(step.clone()).or_default();
            if same.is_empty() {
                items.order.push(step);
            }
            same.push(value);
        }
        items
    }

    /// The values of an item.
    pub(super) fn get(&self, step: &Element) -> &[&'v Value] {
        self.values.get(step).map_or(&[], Vec::as_slice)
    }
}

/// The fields of a value; none if it has not any.
pub(super) fn fields(value: Option<&Value>) -> Option<&Map<String, Value>> {
    value.and_then(Value::as_object).filter(|fields| !fields.is_empty())
}

/// The items of a value; none if it has not any.
pub(super) fn items(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
