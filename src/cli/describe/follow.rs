//! Follows tags that follow other tags of their stream.

use serde_json::Value;

use super::{items, text};

/// Why following a tag leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Unfollowed {
    /// A tag on the way is not in the spec.
    NotFound,
    /// A tag follows one of another stream.
    OtherStream,
    /// The name of the tag that is followed is none.
    Invalid,
    /// The way leads back.
    Circle,
}

/// The spec of a tag.
pub(in crate::cli) fn spec_tag<'a>(stream: &'a Value, tag: &str) -> Option<&'a Value> {
    items(stream, "/spec/tags").iter().find(|spec| text(spec, "/name") == tag)
}

/// The tag at the end of the way, and its spec. The way may have no step at all.
pub(in crate::cli) fn follow<'a>(stream: &'a Value, tag: &str) -> Result<(String, &'a Value), Unfollowed> {
    let mut seen = vec![tag.to_owned()];
    loop {
        let current = seen.last().map(String::as_str).unwrap_or_default();
        let spec = spec_tag(stream, current).ok_or(Unfollowed::NotFound)?;
        if text(spec, "/from/kind") != "ImageStreamTag" {
            return Ok((current.to_owned(), spec));
        }
        let next = step(stream, spec)?.to_owned();
        if seen.contains(&next) {
            return Err(Unfollowed::Circle);
        }
        seen.push(next);
    }
}

fn step<'a>(stream: &Value, spec: &'a Value) -> Result<&'a str, Unfollowed> {
    let namespace = text(spec, "/from/namespace");
    if !namespace.is_empty() && namespace != text(stream, "/metadata/namespace") {
        return Err(Unfollowed::OtherStream);
    }
    let name = text(spec, "/from/name");
    match name.split_once(':') {
        None => Ok(name),
        Some((_, tag)) if tag.is_empty() || tag.contains(':') => Err(Unfollowed::Invalid),
        Some((of, tag)) if of == text(stream, "/metadata/name") => Ok(tag),
        Some(_) => Err(Unfollowed::OtherStream),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tags_are_followed_within_their_stream() {
        let alias = |name: &str, from: &str| json!({"name": name, "from": {"kind": "ImageStreamTag", "name": from}});
        let stream = json!({"metadata": {"name": "s"}, "spec": {"tags": [
            {"name": "end", "from": {"kind": "DockerImage", "name": "r"}},
            alias("a", "s:end"), alias("b", "a"), alias("x", "y"), alias("y", "x"), alias("z", "other:t"),
            alias("lost", "gone"), alias("odd", "s:a:b")
        ]}});
        let end = |tag: &str| follow(&stream, tag).map(|(tag, _)| tag);
        assert_eq!(end("end"), Ok("end".to_owned()));
        assert_eq!(end("b"), Ok("end".to_owned()));
        assert_eq!(end("x"), Err(Unfollowed::Circle));
        assert_eq!(end("z"), Err(Unfollowed::OtherStream));
        assert_eq!(end("lost"), Err(Unfollowed::NotFound));
        assert_eq!(end("odd"), Err(Unfollowed::Invalid));
    }
}
