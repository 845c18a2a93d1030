//! What a request under `/v2/` asks for: one pure parse of method and path.
//!
//! A repository's name may hold the words `blobs`, `manifests`, `tags` and `uploads`, so a path is read from its right
//! end: the longest name wins.
//! Source: distribution-spec "Endpoints".

use std::borrow::Cow;

use http::Method;
use percent_encoding::percent_decode_str;
use weir_storage::{Digest, InvalidDigest, UploadId};

use crate::auth::Access;
use crate::oci::{InvalidReference, InvalidRepositoryName, Reference, RepositoryName, StreamId, Tag};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// `GET /v2/`
    Ping,
    /// `GET /v2/_catalog`
    Catalog,
    /// `GET /v2/_oci/ext/discover`
    Extensions,
    /// `GET /v2/<name>/tags/list`
    Tags(RepositoryName),
    /// `GET /v2/<name>/referrers/<digest>`
    Referrers(RepositoryName, Digest),
    /// `GET /v2/<name>/_oci/tag-history/<tag>`
    TagHistory(RepositoryName, Tag),
    /// `GET`, `HEAD /v2/<name>/manifests/<reference>`
    ReadManifest(RepositoryName, Reference),
    /// `PUT /v2/<name>/manifests/<reference>`
    PushManifest(RepositoryName, Reference),
    /// `DELETE /v2/<name>/manifests/<reference>`
    DeleteManifest(RepositoryName, Reference),
    /// `GET`, `HEAD /v2/<name>/blobs/<digest>`
    ReadBlob(RepositoryName, Digest),
    /// `DELETE /v2/<name>/blobs/<digest>`
    DeleteBlob(RepositoryName, Digest),
    /// `POST /v2/<name>/blobs/uploads/`
    BeginUpload(RepositoryName),
    /// `GET /v2/<name>/blobs/uploads/<id>`
    UploadStatus(RepositoryName, UploadId),
    /// `PATCH /v2/<name>/blobs/uploads/<id>`
    AppendUpload(RepositoryName, UploadId),
    /// `PUT /v2/<name>/blobs/uploads/<id>`
    FinishUpload(RepositoryName, UploadId),
    /// `DELETE /v2/<name>/blobs/uploads/<id>`
    CancelUpload(RepositoryName, UploadId),
}

/// Why a request asks for nothing that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoRoute {
    /// No endpoint has such a path.
    Path,
    /// The endpoint does not take the method; it takes these.
    Method(&'static str),
    /// The repository's name is malformed.
    Name(InvalidRepositoryName),
    /// A digest is malformed.
    Digest(InvalidDigest),
    /// A tag is malformed, in a request that would make it.
    Tag,
    /// A tag is malformed, in a request that looks for it: it is not there. The v1.1.1 suite asks for
    /// `.INVALID_MANIFEST_NAME` and expects 404.
    UnknownTag(String),
    /// An upload id is malformed: there is no such session.
    Upload,
}

impl Route {
    /// Parses what follows `/v2`.
    pub(crate) fn parse(method: &Method, path: &str) -> Result<Self, NoRoute> {
        let decoded = percent_decode_str(path).decode_utf8().map_err(|_| NoRoute::Path)?;
        let path = match &decoded {
            Cow::Borrowed(path) => path,
            Cow::Owned(path) => path.as_str(),
        };
        match path {
            "" | "/" => only(method, "GET, HEAD", Self::Ping),
            "/_catalog" => only(method, "GET, HEAD", Self::Catalog),
            "/_oci/ext/discover" | "/_oci/ext/discover/" => only(method, "GET, HEAD", Self::Extensions),
            _ => Self::in_repository(method, path.strip_prefix('/').ok_or(NoRoute::Path)?),
        }
    }

    fn in_repository(method: &Method, path: &str) -> Result<Self, NoRoute> {
        if let Some(name) = path.strip_suffix("/tags/list") {
            return only(method, "GET, HEAD", Self::Tags(repository(name)?));
        }
        if let Some(name) = path.strip_suffix("/blobs/uploads/").or_else(|| path.strip_suffix("/blobs/uploads")) {
            return only(method, "POST", Self::BeginUpload(repository(name)?));
        }
        let (rest, last) = path.rsplit_once('/').ok_or(NoRoute::Path)?;
        if let Some(name) = rest.strip_suffix("/blobs/uploads") {
            return Self::upload(method, name, last);
        }
        if let Some(name) = rest.strip_suffix("/manifests") {
            return Self::manifest(method, name, last);
        }
        if let Some(name) = rest.strip_suffix("/blobs") {
            return Self::blob(method, name, last);
        }
        if let Some(name) = rest.strip_suffix("/referrers") {
            let digest = last.parse().map_err(NoRoute::Digest)?;
            return only(method, "GET, HEAD", Self::Referrers(repository(name)?, digest));
        }
        if let Some(name) = rest.strip_suffix("/_oci/tag-history") {
            let tag = last.parse().map_err(|_| NoRoute::Tag)?;
            return only(method, "GET, HEAD", Self::TagHistory(repository(name)?, tag));
        }
        Err(NoRoute::Path)
    }

    fn manifest(method: &Method, name: &str, reference: &str) -> Result<Self, NoRoute> {
        let name = repository(name)?;
        let reference = reference.parse::<Reference>().map_err(|error| match error {
            InvalidReference::Digest(error) => NoRoute::Digest(error),
            InvalidReference::Tag(_) if *method == Method::PUT => NoRoute::Tag,
            InvalidReference::Tag(_) => NoRoute::UnknownTag(reference.to_owned()),
        })?;
        match *method {
            Method::GET | Method::HEAD => Ok(Self::ReadManifest(name, reference)),
            Method::PUT => Ok(Self::PushManifest(name, reference)),
            Method::DELETE => Ok(Self::DeleteManifest(name, reference)),
            _ => Err(NoRoute::Method("GET, HEAD, PUT, DELETE")),
        }
    }

    fn blob(method: &Method, name: &str, digest: &str) -> Result<Self, NoRoute> {
        let name = repository(name)?;
        let digest = digest.parse().map_err(NoRoute::Digest)?;
        match *method {
            Method::GET | Method::HEAD => Ok(Self::ReadBlob(name, digest)),
            Method::DELETE => Ok(Self::DeleteBlob(name, digest)),
            _ => Err(NoRoute::Method("GET, HEAD, DELETE")),
        }
    }

    fn upload(method: &Method, name: &str, id: &str) -> Result<Self, NoRoute> {
        let name = repository(name)?;
        let id = id.parse().map_err(|_| NoRoute::Upload)?;
        match *method {
            Method::GET | Method::HEAD => Ok(Self::UploadStatus(name, id)),
            Method::PATCH => Ok(Self::AppendUpload(name, id)),
            Method::PUT => Ok(Self::FinishUpload(name, id)),
            Method::DELETE => Ok(Self::CancelUpload(name, id)),
            _ => Err(NoRoute::Method("GET, HEAD, PATCH, PUT, DELETE")),
        }
    }

    /// The repository that it is about.
    pub(crate) fn repository_mut(&mut self) -> Option<&mut RepositoryName> {
        match self {
            Self::Ping | Self::Catalog | Self::Extensions => None,
            Self::Tags(name)
            | Self::Referrers(name, _)
            | Self::TagHistory(name, _)
            | Self::ReadManifest(name, _)
            | Self::PushManifest(name, _)
            | Self::DeleteManifest(name, _)
            | Self::ReadBlob(name, _)
            | Self::DeleteBlob(name, _)
            | Self::BeginUpload(name)
            | Self::UploadStatus(name, _)
            | Self::AppendUpload(name, _)
            | Self::FinishUpload(name, _)
            | Self::CancelUpload(name, _) => Some(name),
        }
    }

    /// The route's name, for metrics and logs.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::Catalog => "catalog",
            Self::Extensions => "extensions",
            Self::Tags(_) => "tags",
            Self::Referrers(..) => "referrers",
            Self::TagHistory(..) => "tag-history",
            Self::ReadManifest(..) => "manifest-read",
            Self::PushManifest(..) => "manifest-push",
            Self::DeleteManifest(..) => "manifest-delete",
            Self::ReadBlob(..) => "blob-read",
            Self::DeleteBlob(..) => "blob-delete",
            Self::BeginUpload(_) => "upload-begin",
            Self::UploadStatus(..) => "upload-status",
            Self::AppendUpload(..) => "upload-append",
            Self::FinishUpload(..) => "upload-finish",
            Self::CancelUpload(..) => "upload-cancel",
        }
    }

    /// What the route needs to be allowed.
    pub(crate) fn access(&self) -> Access {
        match self {
            Self::Ping | Self::Extensions => Access::Discover,
            Self::Catalog => Access::List,
            Self::Tags(name)
            | Self::Referrers(name, _)
            | Self::TagHistory(name, _)
            | Self::ReadManifest(name, _)
            | Self::ReadBlob(name, _) => Access::Pull(StreamId::from(name)),
            Self::PushManifest(name, _)
            | Self::BeginUpload(name)
            | Self::UploadStatus(name, _)
            | Self::AppendUpload(name, _)
            | Self::FinishUpload(name, _)
            // Clients cancel with the right to push that they uploaded with.
            | Self::CancelUpload(name, _) => Access::Push(StreamId::from(name)),
            Self::DeleteManifest(name, _) | Self::DeleteBlob(name, _) => Access::Delete(StreamId::from(name)),
        }
    }
}

fn repository(name: &str) -> Result<RepositoryName, NoRoute> {
    name.parse().map_err(NoRoute::Name)
}

/// The route, if the method is one of `allowed`.
fn only(method: &Method, allowed: &'static str, route: Route) -> Result<Route, NoRoute> {
    if allowed.split(", ").any(|name| name == method.as_str()) { Ok(route) } else { Err(NoRoute::Method(allowed)) }
}
