//! The tags and streams that commands change.

use super::error;
use crate::cli::failure::Failure;
use crate::oci::Tag;

/// An object of a namespace: a stream, or a tag of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Destination {
    pub(in crate::cli) namespace: String,
    pub(in crate::cli) name: String,
}

impl Destination {
    /// Reads `stream`, `namespace/stream`, or a nested repository.
    pub(in crate::cli) fn stream(text: &str, current: &str) -> Result<Self, Failure> {
        let (namespace, name) = match text.split_once('/') {
            None => (current, text.to_owned()),
            // Each further slash is two dots in the name of a stream.
            Some((namespace, rest)) => (namespace, rest.replace('/', "..")),
        };
        if namespace.is_empty() || name.is_empty() || text.ends_with('/') || text.contains("//") {
            return Err(error(format_args!("invalid image stream {text:?}")));
        }
        Ok(Self { namespace: namespace.to_owned(), name })
    }

    /// Reads `stream:tag`, with a namespace or nested as [`Self::stream`] takes it.
    pub(in crate::cli) fn tag(text: &str, current: &str) -> Result<Self, Failure> {
        let form = || error(format_args!("{text:?} must be of the form <stream_name>:<tag>"));
        let (stream, tag) = text.split_once(':').ok_or_else(form)?;
        if stream.is_empty() || tag.is_empty() {
            return Err(form());
        }
        let Self { namespace, name } = Self::stream(stream, current)?;
        Ok(Self { namespace, name: format!("{name}:{tag}") })
    }

    /// Reads a tag that may not exist yet, so that its name must be one.
    pub(super) fn new_tag(text: &str, current: &str) -> Result<Self, Failure> {
        let tag = Self::tag(text, current)?;
        if tag.tag_name().parse::<Tag>().is_err() {
            return Err(error(format_args!(
                "invalid tag {:?} format, tags must start with an alphanumeric character followed by alphanumeric, '.' or \
                 '-' characters, and have a maximum of 128 characters",
                tag.tag_name()
            )));
        }
        Ok(tag)
    }

    /// The name of the stream.
    pub(super) fn stream_name(&self) -> &str {
        self.name.split_once(':').map_or(&self.name, |(stream, _)| stream)
    }

    /// The name of the tag within the stream.
    pub(super) fn tag_name(&self) -> &str {
        self.name.split_once(':').map_or("", |(_, tag)| tag)
    }
}
