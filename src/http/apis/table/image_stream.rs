//! The row of an image stream.

use std::cmp::Reverse;

use serde_json::{Value, json};

use super::cells;
use crate::streams::object::Time;

/// As many columns may the tags take.
const WIDTH: usize = 40;
/// As far may they stand out, where less than the width would leave more than this much empty.
const MARGIN: usize = WIDTH / 4;

pub(super) fn cells(object: &Value, now: Time) -> Vec<Value> {
    let tags = tags(object);
    let updated = tags.iter().filter_map(|tag| tag.created).max();
    let shown = fitting(&tags.iter().map(|tag| tag.name).collect::<Vec<_>>());
    vec![cells::name(object), repository(object), json!(shown), json!(cells::ago(updated, now))]
}

/// Where it can be pulled from: from outside, from upstream, or from within.
fn repository(object: &Value) -> Value {
    let places =
        ["/status/publicDockerImageRepository", "/spec/dockerImageRepository", "/status/dockerImageRepository"];
    let mut known = places.iter().map(|place| cells::text(object, place)).filter(|text| *text != "");
    known.next().unwrap_or_else(|| json!(""))
}

struct Tag<'a> {
    name: &'a str,
    /// Since when it means what it means; `None` where it means nothing yet.
    created: Option<Time>,
}

/// All tags that something happened to, the latest change first.
fn tags(object: &Value) -> Vec<Tag<'_>> {
    let list = object.pointer("/status/tags").and_then(Value::as_array).into_iter().flatten();
    let mut tags: Vec<Tag<'_>> = list
        .filter_map(|tag| {
            let name = tag.get("tag")?.as_str()?;
            Some(Tag { name, created: cells::time(tag, "/items/0/created") })
        })
        .collect();
    tags.sort_by_key(|tag| (Reverse(tag.created), tag.name));
    tags
}

/// As many names as fit into the width; the first one always does.
fn fitting(names: &[&str]) -> String {
    let mut used = 0_usize;
    let fits = names.iter().position(|name| {
        let before = used;
        used = used.saturating_add(name.len() + 1);
        // One that stands out a little is better than much empty space.
        let ragged = before + 1 + MARGIN < WIDTH && used <= WIDTH + MARGIN;
        used > WIDTH && (before == 0 || !ragged)
    });
    let count = fits.unwrap_or(names.len()).max(1).min(names.len());
    let shown = names.iter().take(count).copied().collect::<Vec<_>>().join(",");
    match names.len() - count {
        0 => shown,
        hidden => format!("{shown} + {hidden} more..."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(names: &str) -> String {
        fitting(&names.split_whitespace().collect::<Vec<_>>())
    }

    #[test]
    fn as_many_tags_are_shown_as_fit() {
        assert_eq!(fitting(&[]), "");
        assert_eq!(
            shown("bare dup latest multi noorder noref oci stable"),
            "bare,dup,latest,multi,noorder,noref,oci + 1 more..."
        );
        assert_eq!(
            shown("fromelsewhere localv2 refv2 s1 s2 c latest"),
            "fromelsewhere,localv2,refv2,s1,s2,c + 1 more..."
        );
        assert_eq!(shown("pending 2.7 3.0 latest old missing"), "pending,2.7,3.0,latest,old,missing");
    }

    #[test]
    fn the_first_tag_is_shown_however_long_it_is() {
        let long = "x".repeat(128);
        assert_eq!(fitting(&[&long]), long);
        assert_eq!(fitting(&[&long, "b", "c"]), format!("{long} + 2 more..."));
    }

    #[test]
    fn a_tag_may_stand_out_where_much_would_be_empty() {
        let (short, long) = ("a".repeat(20), "b".repeat(28));
        assert_eq!(fitting(&[&short, &long]), format!("{short},{long}"));
        let longer = "b".repeat(30);
        assert_eq!(fitting(&[&short, &longer]), format!("{short} + 1 more..."));
        let full = "a".repeat(29);
        assert_eq!(fitting(&[&full, &"b".repeat(15)]), format!("{full} + 1 more..."));
    }
}
