//! The query of a request.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::http::query::Query;

/// A whole query, without the question mark.
pub fn query(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let query = Query::parse(Some(text));
    let pairs = plain(text);
    agree(&query, &pairs);
    agree(&Query::parse(Some(&printed(&pairs))), &pairs);
    assert_eq!(query.get(&format!("{text}-")), None, "no name is longer than the query");
}

fn agree(query: &Query, pairs: &[(String, String)]) {
    for (name, _) in pairs {
        let expected: Vec<&str> =
            pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect();
        assert_eq!(query.all(name).collect::<Vec<_>>(), expected, "{name:?}");
        assert_eq!(query.get(name), expected.first().copied(), "{name:?}");
    }
}

/// The pairs, read character by character.
fn plain(text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for part in text.split('&').filter(|part| !part.is_empty()) {
        let mut halves = part.splitn(2, '=');
        let name = halves.next().and_then(decoded);
        let value = halves.next().map_or(Some(String::new()), decoded);
        pairs.extend(name.zip(value));
    }
    pairs
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match (byte, digit(ahead.next()), digit(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                bytes = ahead;
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8(out).ok()
}

fn printed(pairs: &[(String, String)]) -> String {
    let escaped = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs = pairs.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
    pairs.collect::<Vec<_>>().join("&")
}
