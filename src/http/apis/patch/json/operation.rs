//! The six operations of a patch.

use serde_json::Value;

use super::place::{self, Place, parse};
use super::work::Work;

/// Changes the document as one operation asks, or says why that cannot be.
pub(super) fn perform(doc: &mut Value, operation: &Value, work: &mut Work) -> Result<(), String> {
    let text = |name: &str| operation.get(name).and_then(Value::as_str);
    let pointer = |name: &str| text(name).map(parse).ok_or_else(|| format!("operation without a {name}"))?;
    let path = pointer("path")?;
    let value = operation.get("value");
    match text("op") {
        Some("add") => add(doc, &path, value.cloned().unwrap_or_default(), work),
        Some("remove") => take(doc, &path, work).map(drop),
        Some("replace") => replace(doc, &path, value.cloned().unwrap_or_default(), work),
        Some("move") => {
            let moved = take(doc, &pointer("from")?, work)?;
            add(doc, &path, moved, work)
        }
        Some("copy") => {
            let from = pointer("from")?;
            let copied = place::get(doc, &from).ok_or_else(|| missing(&from))?.clone();
            work.copy(&copied)?;
            add(doc, &path, copied, work)
        }
        Some("test") => test(doc, &path, value.unwrap_or(&Value::Null), work),
        other => Err(format!("unexpected kind of operation: {}", other.unwrap_or_default())),
    }
}

fn missing(path: &[String]) -> String {
    format!("the document lacks /{}", path.join("/"))
}

fn add(doc: &mut Value, path: &[String], value: Value, work: &mut Work) -> Result<(), String> {
    work.nest(path.len(), &value)?;
    match place::find(doc, path).ok_or_else(|| missing(path))? {
        Place::Member(fields, name) => {
            fields.insert(name.to_owned(), value);
        }
        Place::Item(items, index) => {
            let index = index.to_insert(items.len()).ok_or_else(|| missing(path))?;
            work.shift(items.len() - index)?;
            items.insert(index, value);
        }
    }
    Ok(())
}

fn take(doc: &mut Value, path: &[String], work: &mut Work) -> Result<Value, String> {
    let taken = match place::find(doc, path).ok_or_else(|| missing(path))? {
        Place::Member(fields, name) => {
            work.shift(fields.len())?;
            fields.shift_remove(name)
        }
        Place::Item(items, index) => {
            work.shift(items.len())?;
            index.of(items.len()).map(|index| items.remove(index))
        }
    };
    taken.ok_or_else(|| missing(path))
}

fn replace(doc: &mut Value, path: &[String], value: Value, work: &mut Work) -> Result<(), String> {
    work.nest(path.len(), &value)?;
    if path.is_empty() {
        *doc = value;
        return Ok(());
    }
    match place::find(doc, path).ok_or_else(|| missing(path))? {
        Place::Member(fields, name) => {
            fields.insert(name.to_owned(), value);
        }
        Place::Item(items, index) => {
            let item = index.of(items.len()).and_then(|index| items.get_mut(index));
            *item.ok_or_else(|| missing(path))? = value;
        }
    }
    Ok(())
}

fn test(doc: &mut Value, path: &[String], value: &Value, work: &mut Work) -> Result<(), String> {
    work.nest(path.len(), value)?;
    let equal = match place::get(doc, path) {
        Some(found) => found == value,
        // What an object lacks passes for null.
        None => value.is_null() && matches!(place::find(doc, path), Some(Place::Member(..))),
    };
    if equal { Ok(()) } else { Err(format!("testing value /{} failed", path.join("/"))) }
}
