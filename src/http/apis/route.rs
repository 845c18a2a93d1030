//! What a request under `/apis/` asks for.

use http::Method;
use percent_encoding::percent_decode_str;

use crate::auth::Access;
use crate::oci::{Digest, StreamId, Tag};

/// The API group and version that is served.
pub(super) const GROUP: &str = "image.openshift.io";

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// `…/namespaces/{namespace}/imagestreams`
    Streams(String),
    /// `…/namespaces/{namespace}/imagestreams/{name}`
    Stream(StreamId),
    /// `…/namespaces/{namespace}/imagestreamtags/{name}:{tag}`
    StreamTag(StreamId, Tag),
    /// `…/namespaces/{namespace}/imagestreamimages/{name}@{id}`
    StreamImage(StreamId, String),
    /// `…/images/{name}`
    Image(Digest),
    /// `POST …/namespaces/{namespace}/imagestreams`
    CreateStream(String),
    /// `PUT …/namespaces/{namespace}/imagestreams/{name}`
    ReplaceStream(StreamId),
}

/// Why a request asks for nothing that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoRoute {
    /// No resource has such a path.
    Path,
    /// The resource does not take the method; it takes these.
    Method(&'static str),
    /// The name of an object breaks the rule that the message tells.
    Name(String),
    /// No object can have such a name.
    Absent {
        /// The resource, in the plural.
        resource: &'static str,
        name: String,
    },
}

impl Route {
    /// Parses a method and a whole path.
    pub(crate) fn parse(method: &Method, path: &str) -> Result<Self, NoRoute> {
        let path = percent_decode_str(path).decode_utf8().map_err(|_| NoRoute::Path)?;
        let rest = path.strip_prefix("/apis/image.openshift.io/v1/").ok_or(NoRoute::Path)?;
        let parts: Vec<&str> = rest.split('/').collect();
        let route = match parts.as_slice() {
            ["namespaces", namespace, "imagestreams"] => Self::Streams((*namespace).to_owned()),
            ["namespaces", namespace, "imagestreams", name] => {
                Self::Stream(stream("imagestreams", namespace, name, name)?)
            }
            ["namespaces", namespace, "imagestreamtags", name] => Self::stream_tag(namespace, name)?,
            ["namespaces", namespace, "imagestreamimages", name] => Self::stream_image(namespace, name)?,
            ["images", name] => Self::Image(name.parse().map_err(|_| absent("images", name))?),
            _ => return Err(NoRoute::Path),
        };
        match (method, route) {
            (&Method::GET | &Method::HEAD, route) => Ok(route),
            (&Method::POST, Self::Streams(namespace)) => Ok(Self::CreateStream(namespace)),
            (&Method::PUT, Self::Stream(id)) => Ok(Self::ReplaceStream(id)),
            (_, Self::Streams(_)) => Err(NoRoute::Method("GET, HEAD, POST")),
            (_, Self::Stream(_)) => Err(NoRoute::Method("GET, HEAD, PUT")),
            _ => Err(NoRoute::Method("GET, HEAD")),
        }
    }

    fn stream_tag(namespace: &str, name: &str) -> Result<Self, NoRoute> {
        let rule = || NoRoute::Name("ImageStreamTags must be retrieved with <name>:<tag>".into());
        let (stream_name, tag) = name.split_once(':').ok_or_else(rule)?;
        if stream_name.is_empty() || tag.is_empty() || tag.contains(':') || name.contains('@') {
            return Err(rule());
        }
        let id = stream("imagestreamtags", namespace, stream_name, stream_name)?;
        let tag = tag.parse().map_err(|_| absent("imagestreamtags", name))?;
        Ok(Self::StreamTag(id, tag))
    }

    fn stream_image(namespace: &str, name: &str) -> Result<Self, NoRoute> {
        let rule = || NoRoute::Name("ImageStreamImages must be retrieved with <name>@<id>".into());
        let (stream_name, id) = name.split_once('@').ok_or_else(rule)?;
        if stream_name.is_empty() || id.is_empty() || id.contains('@') {
            return Err(rule());
        }
        Ok(Self::StreamImage(stream("imagestreamimages", namespace, stream_name, stream_name)?, id.to_owned()))
    }

    /// The route's name, for metrics and logs.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Streams(_) => "imagestreams-list",
            Self::Stream(_) => "imagestream-get",
            Self::StreamTag(..) => "imagestreamtag-get",
            Self::StreamImage(..) => "imagestreamimage-get",
            Self::Image(_) => "image-get",
            Self::CreateStream(_) => "imagestream-create",
            Self::ReplaceStream(_) => "imagestream-replace",
        }
    }

    /// What the route needs to be allowed.
    pub(crate) fn access(&self) -> Access {
        match self {
            Self::Streams(namespace) => Access::ListNamespace(namespace.clone()),
            Self::Stream(id) | Self::StreamTag(id, _) | Self::StreamImage(id, _) => Access::Pull(id.clone()),
            Self::Image(_) => Access::List,
            Self::CreateStream(namespace) => Access::PushNamespace(namespace.clone()),
            Self::ReplaceStream(id) => Access::Push(id.clone()),
        }
    }
}

/// The stream that a path names. A name that no stream can have is that of an absent one.
fn stream(resource: &'static str, namespace: &str, name: &str, shown: &str) -> Result<StreamId, NoRoute> {
    StreamId::new(namespace, name).map_err(|_| absent(resource, shown))
}

fn absent(resource: &'static str, name: &str) -> NoRoute {
    NoRoute::Absent { resource, name: name.to_owned() }
}
