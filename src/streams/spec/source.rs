//! What a spec tag is made from.

use super::namespace;
use super::refusal::Reason;
use crate::oci::{StreamId, Tag};
use crate::records::{SourceKind, SpecTag};

/// The source of a spec tag, as its `from` spells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// An upstream: an import is what moves the tag.
    Upstream,
    /// A pull spec that is only handed on.
    Pointer(String),
    /// What a tag means, of this stream or another.
    Tag { stream: StreamId, tag: Tag },
    /// One of the images that a stream has had, by its digest or the beginning of it.
    Image { stream: StreamId, id: String },
}

/// Reads the source of a spec tag of `own`; `None` where it has none.
///
/// Source: `tagsChanged` and `parseFromReference` of openshift-apiserver.
pub(super) fn parse(own: &StreamId, spec: &SpecTag) -> Result<Option<Source>, Reason> {
    let Some(from) = &spec.from else { return Ok(None) };
    let source = match from.kind {
        SourceKind::DockerImage if from.name.is_empty() => return Err(Reason::Form),
        SourceKind::DockerImage if spec.reference => Source::Pointer(from.name.clone()),
        SourceKind::DockerImage => Source::Upstream,
        SourceKind::ImageStreamTag => {
            let (stream, tag) = split(own, namespace(own, from), &from.name, ':')?;
            Source::Tag { stream, tag: tag.parse().map_err(|_| Reason::Form)? }
        }
        SourceKind::ImageStreamImage => {
            let (stream, id) = split(own, namespace(own, from), &from.name, '@')?;
            Source::Image { stream, id: id.to_owned() }
        }
    };
    Ok(Some(source))
}

/// `<tag>` or `<stream>:<tag>`; likewise with an id after `@`.
fn split<'a>(own: &StreamId, namespace: &str, name: &'a str, separator: char) -> Result<(StreamId, &'a str), Reason> {
    let (stream, rest) = name.split_once(separator).unwrap_or((own.name(), name));
    if stream.is_empty() || rest.is_empty() || rest.contains(separator) {
        return Err(Reason::Form);
    }
    // What cannot be the name of a stream is the name of none.
    let stream = StreamId::new(namespace, stream).map_err(|_| Reason::StreamNotFound)?;
    Ok((stream, rest))
}
