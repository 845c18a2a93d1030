//! The walk through a body along its schema.

use std::collections::HashSet;
use std::fmt::{self, Write as _};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Findings, base64, words};
use crate::http::apis::schema::{Struct, Type};

/// Where the walk is, and what it found.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) findings: Findings,
    /// The path as fields are told: `spec.tags[0].name`.
    path: String,
    /// The names on the path alone, as wrong types are told: `spec`, `tags`, `name`.
    names: Vec<&'static str>,
    /// The object with known fields that is walked through.
    within: Option<&'static Struct>,
}

impl Walk {
    /// The next value, and what it should be.
    pub(super) fn step(&mut self, of: Type) -> Step<'_> {
        Step { walk: self, of }
    }

    /// Goes to a member; its result leads back.
    fn enter(&mut self, name: &str) -> usize {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(name);
        length
    }

    fn leave(&mut self, length: usize) {
        self.path.truncate(length);
    }
}

/// The value that comes next in a walk, and what it should be.
#[derive(Debug)]
pub(super) struct Step<'a> {
    walk: &'a mut Walk,
    of: Type,
}

impl Step<'_> {
    /// Notes a value of another type than what is expected.
    fn mistyped(self, found: &str) {
        let Walk { findings, names, within, .. } = self.walk;
        findings.add_mistyped(|| words::mistyped(found, self.of, *within, names));
    }

    fn text(self, text: &str) {
        match self.of {
            Type::Bytes => {
                if let Some(position) = base64::corrupt_at(text) {
                    self.walk.findings.add_mistyped(|| format!("illegal base64 data at input byte {position}"));
                }
            }
            // What is kept as it comes is for the domain to judge.
            Type::String | Type::Enum(_) | Type::Quantity | Type::Time | Type::Any | Type::OwnedFields => {}
            Type::Int32 | Type::Int64 | Type::Boolean | Type::Object(_) | Type::Map(_) | Type::List(_) => {
                self.mistyped("string");
            }
        }
    }

    /// A number, which may be of a type that holds it.
    fn number(self, number: impl fmt::Display, fits: impl Fn(Type) -> bool) {
        match self.of {
            Type::Quantity | Type::Any | Type::OwnedFields => {}
            Type::Int32 | Type::Int64 if fits(self.of) => {}
            Type::Int32 | Type::Int64 => self.mistyped(&format!("number {number}")),
            _ => self.mistyped("number"),
        }
    }

    /// Walks through an object with known fields.
    fn fields<'de, A: MapAccess<'de>>(self, object: &'static Struct, mut map: A) -> Result<(), A::Error> {
        let Self { walk, .. } = self;
        let outer = walk.within.replace(object);
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            let length = walk.enter(&name);
            match member(object, &name) {
                None => {
                    walk.findings.add_strict(format!("unknown field \"{}\"", walk.path));
                    map.next_value::<IgnoredAny>()?;
                }
                Some((name, of)) => {
                    if !seen.insert(name) {
                        walk.findings.add_strict(format!("duplicate field \"{}\"", walk.path));
                    }
                    walk.names.push(name);
                    map.next_value_seed(walk.step(of))?;
                    walk.names.pop();
                }
            }
            walk.leave(length);
        }
        walk.within = outer;
        Ok(())
    }

    /// Walks through an object with any names.
    fn members<'de, A: MapAccess<'de>>(self, of: Type, mut map: A) -> Result<(), A::Error> {
        let Self { walk, .. } = self;
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            let length = walk.enter(&name);
            if !seen.insert(name) {
                walk.findings.add_strict(format!("duplicate field \"{}\"", walk.path));
            }
            map.next_value_seed(walk.step(of))?;
            walk.leave(length);
        }
        Ok(())
    }
}

/// The field of an object with a name, and its type.
fn member(object: &'static Struct, name: &str) -> Option<(&'static str, Type)> {
    match object.field(name) {
        Some(field) => Some((field.name, field.of)),
        None if object.is_typed() && name == "kind" => Some(("kind", Type::String)),
        None if object.is_typed() && name == "apiVersion" => Some(("apiVersion", Type::String)),
        None => None,
    }
}

impl<'de> DeserializeSeed<'de> for Step<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Step<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    /// Null is as good as nothing, whatever is expected.
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        if !matches!(self.of, Type::Boolean | Type::Any | Type::OwnedFields) {
            self.mistyped("bool");
        }
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.number(number, |of| matches!(of, Type::Int64) || i32::try_from(number).is_ok());
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        let fits = |of| match of {
            Type::Int64 => i64::try_from(number).is_ok(),
            _ => i32::try_from(number).is_ok(),
        };
        self.number(number, fits);
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.number(number, |_| false);
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.text(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Type::List(list) = self.of else {
            if !matches!(self.of, Type::Any | Type::OwnedFields) {
                self.mistyped("array");
            }
            while items.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        };
        let length = self.walk.path.len();
        for position in 0_usize.. {
            // Writing to a string does not fail.
            let _ = write!(self.walk.path, "[{position}]");
            let next = items.next_element_seed(self.walk.step(list.of))?;
            self.walk.leave(length);
            if next.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        match self.of {
            Type::Object(object) => return self.fields(object, map),
            Type::Map(of) => return self.members(*of, map),
            Type::Any | Type::OwnedFields => {}
            Type::String
            | Type::Enum(_)
            | Type::Quantity
            | Type::Bytes
            | Type::Time
            | Type::Int32
            | Type::Int64
            | Type::Boolean
            | Type::List(_) => self.mistyped("object"),
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }
}
