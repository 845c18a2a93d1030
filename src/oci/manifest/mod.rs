//! A view of manifests.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;

use super::descriptor::{self, RawAnnotations, RawDescriptor};
use super::object::Object;
use super::{Descriptor, InvalidDescriptor, ManifestKind, MediaType};

#[cfg(test)]
mod tests;

/// Why bytes are no manifest that is taken. Each message tells a client what to change.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The body is not a JSON object of the expected shape.
    #[error("the manifest is not valid JSON of a manifest: {0}")]
    Malformed(#[source] serde_json::Error),
    /// Neither the request nor the body says what it is.
    #[error("the manifest has no media type: send a Content-Type")]
    MissingMediaType,
    /// The type is none that is taken.
    #[error("the media type {0} is not one of an image manifest or an index of OCI, or of Docker schema 2")]
    UnsupportedMediaType(String),
    /// The first schema of Docker.
    #[error("Docker schema 1 manifests are not supported: push with a client that writes schema 2 or OCI")]
    Schema1,
    /// The version is absent or unknown.
    #[error("schemaVersion must be 2")]
    SchemaVersion,
    /// The request says one thing, the body another.
    #[error("Content-Type is {content_type} but mediaType in the manifest is {body}")]
    MediaTypeMismatch {
        /// What the request says.
        content_type: MediaType,
        /// What the body says.
        body: String,
    },
    /// The document could be read as an image by one client and as an index by another.
    #[error("a manifest of an {} cannot have {field}", match kind { ManifestKind::Image => "image", ManifestKind::Index => "index" })]
    Ambiguous {
        /// What its media type says it is.
        kind: ManifestKind,
        /// The field that belongs to the other kind.
        field: &'static str,
    },
    /// An image manifest needs a config.
    #[error("config is required")]
    MissingConfig,
    /// A descriptor breaks a rule.
    #[error("{path}: {source}")]
    Descriptor {
        /// Which one: `layers[2]`.
        path: String,
        /// Which rule.
        #[source]
        source: InvalidDescriptor,
    },
}

/// What a manifest says, as far as a registry needs to know.
///
/// It is a view: what is kept, hashed and served are the bytes that were pushed, with all that is not read here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    kind: ManifestKind,
    media_type: MediaType,
    config: Option<Descriptor>,
    layers: Vec<Descriptor>,
    manifests: Vec<Descriptor>,
    subject: Option<Descriptor>,
    artifact_type: Option<String>,
    annotations: BTreeMap<String, String>,
}

impl Manifest {
    /// Reads `bytes`, which were sent as `content_type`; without one, the body must say what it is.
    ///
    /// It takes what clients really send: fields that are null or unknown, no layers, no platform, children of an index
    /// that are no manifests. It refuses what two clients could read differently: another type in the request than in
    /// the body, fields of both kinds, a known field twice (CVE-2021-41190).
    pub fn parse(bytes: &[u8], content_type: Option<&MediaType>) -> Result<Self, ManifestError> {
        if content_type.is_some_and(MediaType::is_docker_schema1) {
            return Err(ManifestError::Schema1);
        }
        let Object(document) = serde_json::from_slice::<Object<Document>>(bytes).map_err(ManifestError::Malformed)?;
        let media_type = document.media_type(content_type)?;
        let Some(kind) = media_type.manifest_kind() else {
            return Err(ManifestError::UnsupportedMediaType(media_type.to_string()));
        };
        document.check_version()?;
        document.check_fields(kind)?;
        document.into_manifest(kind, media_type)
    }

    /// Whether this is an image or an index.
    pub fn kind(&self) -> ManifestKind {
        self.kind
    }

    /// The media type, from the request or else from the body.
    pub fn media_type(&self) -> &MediaType {
        &self.media_type
    }

    /// The config; every image has one, and no index.
    pub fn config(&self) -> Option<&Descriptor> {
        self.config.as_ref()
    }

    /// The layers of an image, the base first. One may occur twice.
    pub fn layers(&self) -> &[Descriptor] {
        &self.layers
    }

    /// The children of an index. They need not be manifests: build caches list layers.
    pub fn manifests(&self) -> &[Descriptor] {
        &self.manifests
    }

    /// The manifest that this one is about.
    pub fn subject(&self) -> Option<&Descriptor> {
        self.subject.as_ref()
    }

    /// What kind of artifact this is, as the manifest itself says.
    pub fn artifact_type(&self) -> Option<&str> {
        self.artifact_type.as_deref()
    }

    /// What else the manifest says of itself.
    pub fn annotations(&self) -> &BTreeMap<String, String> {
        &self.annotations
    }

    /// The blobs that must be there before the manifest is: config and layers, without those that are fetched from
    /// elsewhere, each pair of digest and size once.
    pub fn required_blobs(&self) -> Vec<&Descriptor> {
        let mut seen = HashSet::new();
        let blobs = self.config.iter().chain(&self.layers).filter(|blob| !blob.is_foreign());
        blobs.filter(|blob| seen.insert((&blob.digest, blob.size))).collect()
    }

    /// What kind of artifact this is when it refers to a subject: its own word, else the media type of an image's config.
    ///
    /// Source: distribution-spec, "Listing referrers".
    pub fn referrer_artifact_type(&self) -> Option<&str> {
        self.artifact_type().or_else(|| self.config.as_ref().map(|config| config.media_type.as_str()))
    }
}

/// A manifest of either kind as it stands in the body.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    schema_version: Option<i64>,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<Object<RawDescriptor>>,
    layers: Option<Vec<Object<RawDescriptor>>>,
    manifests: Option<Vec<Object<RawDescriptor>>>,
    subject: Option<Object<RawDescriptor>>,
    annotations: Option<RawAnnotations>,
}

impl Document {
    fn media_type(&self, content_type: Option<&MediaType>) -> Result<MediaType, ManifestError> {
        let body = self.media_type.as_deref().filter(|text| !text.is_empty());
        match (content_type, body) {
            (None, None) if self.schema_version == Some(1) => Err(ManifestError::Schema1),
            (None, None) => Err(ManifestError::MissingMediaType),
            (None, Some(body)) => body.parse().map_err(|_| ManifestError::UnsupportedMediaType(body.to_owned())),
            (Some(content_type), Some(body)) if content_type.as_str() != body => {
                Err(ManifestError::MediaTypeMismatch { content_type: content_type.clone(), body: body.to_owned() })
            }
            (Some(content_type), _) => Ok(content_type.clone()),
        }
    }

    fn check_version(&self) -> Result<(), ManifestError> {
        match self.schema_version {
            Some(2) => Ok(()),
            Some(1) => Err(ManifestError::Schema1),
            _ => Err(ManifestError::SchemaVersion),
        }
    }

    /// Refuses fields of the other kind.
    fn check_fields(&self, kind: ManifestKind) -> Result<(), ManifestError> {
        let fields = [
            (ManifestKind::Image, "manifests", self.manifests.is_some()),
            (ManifestKind::Index, "config", self.config.is_some()),
            (ManifestKind::Index, "layers", self.layers.is_some()),
        ];
        let wrong = fields.into_iter().find(|(of, _, present)| *of == kind && *present);
        wrong.map_or(Ok(()), |(kind, field, _)| Err(ManifestError::Ambiguous { kind, field }))
    }

    fn into_manifest(self, kind: ManifestKind, media_type: MediaType) -> Result<Manifest, ManifestError> {
        let config = self.config.map(|raw| checked(raw, || "config".to_owned())).transpose()?;
        if kind == ManifestKind::Image && config.is_none() {
            return Err(ManifestError::MissingConfig);
        }
        Ok(Manifest {
            kind,
            media_type,
            config,
            layers: all_checked(self.layers, "layers")?,
            manifests: all_checked(self.manifests, "manifests")?,
            subject: self.subject.map(|raw| checked(raw, || "subject".to_owned())).transpose()?,
            artifact_type: self.artifact_type.filter(|text| !text.is_empty()),
            annotations: descriptor::annotations(self.annotations),
        })
    }
}

fn checked(Object(raw): Object<RawDescriptor>, path: impl FnOnce() -> String) -> Result<Descriptor, ManifestError> {
    Descriptor::try_from(raw).map_err(|source| ManifestError::Descriptor { path: path(), source })
}

fn all_checked(raw: Option<Vec<Object<RawDescriptor>>>, field: &str) -> Result<Vec<Descriptor>, ManifestError> {
    let numbered = raw.unwrap_or_default().into_iter().enumerate();
    numbered.map(|(index, raw)| checked(raw, || format!("{field}[{index}]"))).collect()
}
