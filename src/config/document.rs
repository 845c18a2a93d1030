//! The lowest layer: a TOML file as a tree whose nodes know their lines.

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use super::mistake::Mistake;
use super::tree::{Entries, Node, Place, Value};

/// Reads `text` as far as it can be read; what cannot is a mistake of its line.
pub(super) fn parse(text: &str) -> (Node, Vec<Mistake>) {
    let lines = Lines::of(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    let root = Node::new(Place::File, Value::Section(lines.section(table.into_inner())));
    (root, errors.iter().map(|error| lines.mistake(error)).collect())
}

/// The offsets at which the lines of a text begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(at, _)| at.saturating_add(1));
        Self(std::iter::once(0).chain(after_breaks).collect())
    }

    fn at(&self, offset: usize) -> Place {
        Place::Line(self.0.partition_point(|start| *start <= offset))
    }

    fn mistake(&self, error: &Error) -> Mistake {
        let place = error.span().map_or(Place::File, |span| self.at(span.start));
        Mistake::new(place, "", format!("not valid TOML: {}", error.message()))
    }

    fn section(&self, table: DeTable<'_>) -> Entries {
        let node = |(key, value): (Spanned<std::borrow::Cow<'_, str>>, Spanned<DeValue<'_>>)| {
            // The line of the key: a value may begin further down, but the key is what an operator looks for.
            let place = self.at(key.span().start);
            (key.into_inner().into_owned(), Node::new(place, self.value(value.into_inner())))
        };
        table.into_iter().map(node).collect()
    }

    fn value(&self, value: DeValue<'_>) -> Value {
        match value {
            DeValue::String(text) => Value::Text(text.into_owned()),
            DeValue::Integer(integer) => i128::from_str_radix(integer.as_str(), integer.radix())
                .map_or(Value::Unusable("an integer beyond all bounds"), Value::Integer),
            DeValue::Boolean(boolean) => Value::Boolean(boolean),
            DeValue::Float(_) => Value::Unusable("a number with a fraction"),
            DeValue::Datetime(_) => Value::Unusable("a date or time"),
            DeValue::Array(items) => Value::List(items.into_iter().map(|item| self.item(item)).collect()),
            DeValue::Table(table) => Value::Section(self.section(table)),
        }
    }

    fn item(&self, item: Spanned<DeValue<'_>>) -> Node {
        Node::new(self.at(item.span().start), self.value(item.into_inner()))
    }
}
