//! Where the image of a tag comes from.

use std::fmt;

use serde_json::Value;

use super::{Destination, error};
use crate::cli::failure::Failure;
use crate::oci::DockerReference;

/// What a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SourceKind {
    /// `ImageStreamTag`
    Tag,
    /// `ImageStreamImage`
    StreamImage,
    /// `DockerImage`: a pull spec of any registry.
    Image,
}

impl SourceKind {
    /// As the API names it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Tag => "ImageStreamTag",
            Self::StreamImage => "ImageStreamImage",
            Self::Image => "DockerImage",
        }
    }

    fn read(text: &str) -> Result<Self, Failure> {
        match text.to_ascii_lowercase().as_str() {
            "istag" | "imagestreamtag" | "imagestreamtags" => Ok(Self::Tag),
            "isimage" | "imagestreamimage" | "imagestreamimages" => Ok(Self::StreamImage),
            "docker" | "dockerimage" => Ok(Self::Image),
            _ => Err(error(format_args!(
                "invalid source {text:?}; valid values are docker, dockerimage, imagestreamimage, imagestreamtag, isimage, \
                 istag\nSee 'weir tag -h' for help and examples"
            ))),
        }
    }
}

/// A source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) kind: SourceKind,
    /// The namespace, where one was said.
    pub(super) namespace: Option<String>,
    /// The stream; empty for a pull spec.
    pub(super) stream: String,
    /// `stream:tag`, `stream@image`, or the pull spec.
    pub(super) name: String,
    /// As it was typed.
    typed: String,
}

impl Source {
    /// Reads a source; `kind` is what the user says it is.
    pub(super) fn read(text: &str, kind: Option<&str>) -> Result<Self, Failure> {
        let said = kind.map(SourceKind::read).transpose()?;
        let spec = pull_spec(text).map_err(|why| error(format_args!("invalid SOURCE: {why}")))?;
        let kind = said.unwrap_or_else(|| kind_of(&spec));
        if kind == SourceKind::Image {
            return Ok(Self::image(text));
        }
        let (namespace, stream) = stream_of(&spec)?;
        let name = match (kind, spec.tag.as_str(), spec.id.as_str()) {
            (SourceKind::Tag, tag, "") if !tag.is_empty() => format!("{stream}:{tag}"),
            (SourceKind::StreamImage, _, id) if !id.is_empty() => format!("{stream}@{id}"),
            (SourceKind::Tag, ..) => {
                return Err(error("--source=ImageStreamTag requires a valid <name>:<tag> in SOURCE"));
            }
            _ => return Err(error("--source=ImageStreamImage requires a valid <name>@<id> in SOURCE")),
        };
        Ok(Self { kind, namespace, stream, name, typed: text.to_owned() })
    }

    fn image(name: &str) -> Self {
        let (namespace, stream) = (None, String::new());
        Self { kind: SourceKind::Image, namespace, stream, name: name.to_owned(), typed: name.to_owned() }
    }

    /// What the tag means now, in a stream that was read: an image of the stream, or a pull spec.
    pub(super) fn resolved(&self, stream: &Value) -> Option<Self> {
        let (_, wanted) = self.name.split_once(':')?;
        let tags = stream.pointer("/status/tags")?.as_array()?;
        let tag = tags.iter().find(|tag| tag.get("tag").and_then(Value::as_str) == Some(wanted))?;
        let text = |name: &str| tag.pointer(&format!("/items/0/{name}")).and_then(Value::as_str).unwrap_or_default();
        match (text("image"), text("dockerImageReference")) {
            ("", "") => None,
            ("", reference) => Some(Self::image(reference)),
            (image, _) => {
                let name = format!("{}@{image}", self.stream);
                Some(Self { kind: SourceKind::StreamImage, name, ..self.clone() })
            }
        }
    }

    /// The namespace, where the destination does not say it already.
    pub(super) fn namespace_for(&self, to: &Destination, current: &str) -> Option<String> {
        if self.kind == SourceKind::Image {
            return None;
        }
        let elsewhere = (to.namespace != current).then(|| current.to_owned());
        self.namespace.clone().or(elsewhere)
    }

    /// As the user is told.
    pub(super) fn shown(&self, to: &Destination, current: &str) -> String {
        match self.namespace_for(to, current) {
            Some(namespace) => format!("{namespace}/{}", self.name),
            None => self.name.clone(),
        }
    }

    /// Whether it is of the same stream as a destination.
    pub(super) fn is_of(&self, to: &Destination, current: &str) -> bool {
        let namespace = self.namespace.as_deref().unwrap_or(current);
        self.kind != SourceKind::Image && namespace == to.namespace && self.stream == to.stream_name()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.typed)
    }
}

/// Reads a pull spec, or says why it is none.
pub(in crate::cli) fn pull_spec(text: &str) -> Result<DockerReference, String> {
    text.parse::<DockerReference>().map_err(|error| error.to_string())
}

/// What a pull spec is, where nobody says it.
fn kind_of(spec: &DockerReference) -> SourceKind {
    let is = |part: &str| !part.is_empty();
    match spec {
        DockerReference { registry, .. } if is(registry) => SourceKind::Image,
        DockerReference { id, .. } if is(id) => SourceKind::StreamImage,
        DockerReference { tag, .. } if is(tag) => SourceKind::Tag,
        _ => SourceKind::Image,
    }
}

/// The namespace and the stream of a pull spec that is of this server. Namespaces may have dots, so that they look like
/// registries.
fn stream_of(spec: &DockerReference) -> Result<(Option<String>, String), Failure> {
    if spec.registry.contains(':') {
        return Err(error("server in SOURCE is only allowed when providing a container image"));
    }
    let parts = [spec.registry.clone(), spec.repository()];
    let path = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    Ok(match path.split_once('/') {
        None => (None, path),
        // Each further slash is two dots in the name of a stream.
        Some((namespace, rest)) => (Some(namespace.to_owned()), rest.replace('/', "..")),
    })
}
