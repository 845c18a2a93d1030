//! Comparing an answer with the recorded one.

use serde_json::Value;

use super::difference::{Differ, Difference};
use super::scenario::Exchange;
use super::text;
use super::translation::Translation;
use super::watch::Answer;

/// Headers that are compared by their values.
const HEADERS: [&str; 4] = ["content-type", "warning", "location", "retry-after"];

/// How much of a body a difference shows.
const SHOWN: usize = 300;

/// Compares an answer that has ended.
pub(super) fn compare(known: &mut Translation, exchange: &Exchange, answer: &Answer) -> Vec<Difference> {
    if let Some(status) = status(exchange, answer) {
        return vec![status];
    }
    let mut found = headers(known, exchange, answer);
    found.extend(body(known, exchange, answer));
    found
}

/// Compares a watch.
pub(super) fn compare_events(
    known: &mut Translation,
    exchange: &Exchange,
    answer: &Answer,
    events: Vec<Value>,
) -> Vec<Difference> {
    if let Some(status) = status(exchange, answer) {
        return vec![status];
    }
    let mut found = headers(known, exchange, answer);
    let recorded = Value::Array(exchange.events.clone().unwrap_or_default());
    found.extend(values(known, &recorded, &Value::Array(events)));
    found
}

/// A status that differs is all that is said of an answer.
fn status(exchange: &Exchange, answer: &Answer) -> Option<Difference> {
    let recorded = match (&exchange.answer, &exchange.answer_text) {
        (Some(body), _) => body.to_string(),
        (_, Some(text)) => text.clone(),
        _ => exchange.dropped.clone().unwrap_or_default(),
    };
    let actual = String::from_utf8_lossy(&answer.body);
    (exchange.status != answer.status.as_u16()).then(|| {
        let recorded = format!("{} {}", exchange.status, excerpt(&recorded));
        Difference::new("@status", recorded, format!("{} {}", answer.status.as_u16(), excerpt(&actual)))
    })
}

fn excerpt(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

fn headers(known: &mut Translation, exchange: &Exchange, answer: &Answer) -> Vec<Difference> {
    let mut found = Vec::new();
    for name in HEADERS {
        let (recorded, actual) = (exchange.answered(name), actual(answer, name));
        let same = recorded.len() == actual.len()
            && recorded.iter().zip(&actual).all(|(recorded, actual)| text::same(recorded, actual));
        if !same {
            found.push(Difference::new(format!("@{name}"), recorded.join(" | "), actual.join(" | ")));
        }
    }
    match (exchange.answered("etag").first(), actual(answer, "etag").first()) {
        (Some(recorded), Some(actual)) => known.opaque(recorded, actual),
        (None, None) => {}
        (recorded, actual) => found.push(Difference::new("@etag", format!("{recorded:?}"), format!("{actual:?}"))),
    }
    found
}

fn actual<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    answer.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect()
}

fn body(known: &mut Translation, exchange: &Exchange, answer: &Answer) -> Vec<Difference> {
    let actual = String::from_utf8_lossy(&answer.body);
    if exchange.dropped.is_some() {
        return Vec::new();
    }
    let Some(recorded) = &exchange.answer else {
        let recorded = exchange.answer_text.as_deref().unwrap_or_default();
        let same = text::same(recorded, &actual);
        return if same { Vec::new() } else { vec![Difference::new("@body", recorded, actual)] };
    };
    match serde_json::from_str(&actual) {
        Ok(actual) => values(known, recorded, &actual),
        Err(_) => vec![Difference::new("@body", recorded.to_string(), actual)],
    }
}

fn values(known: &mut Translation, recorded: &Value, actual: &Value) -> Vec<Difference> {
    let mut differ = Differ { translation: known, found: Vec::new() };
    differ.values("", recorded, actual);
    differ.found
}
