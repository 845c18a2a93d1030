//! The request to import tags of an upstream.

use serde::{Deserialize, Serialize};

use super::{
    Image, ImageStream, ObjectMeta, ObjectReference, Resource, Status, TagImportPolicy, TagReferencePolicy, omit,
};

/// "Read these from their upstream, and put them into the stream that `metadata` names."
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageStreamImport {
    /// Namespace and name of the stream.
    pub metadata: ObjectMeta,
    /// What to read.
    pub spec: ImageStreamImportSpec,
    /// What came of it.
    pub status: ImageStreamImportStatus,
}

impl Resource for ImageStreamImport {
    const KIND: &'static str = "ImageStreamImport";
}

/// What to import.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageStreamImportSpec {
    /// Whether the stream is changed; if not, only the answer tells what there is.
    pub import: bool,
    /// A whole repository.
    #[serde(skip_serializing_if = "omit")]
    pub repository: Option<RepositoryImportSpec>,
    /// Single images.
    #[serde(skip_serializing_if = "omit")]
    pub images: Vec<ImageImportSpec>,
}

/// A repository of which all tags are imported.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RepositoryImportSpec {
    /// Where it is.
    pub from: ObjectReference,
    /// How it is imported.
    pub import_policy: TagImportPolicy,
    /// Which pull specs its tags hand out.
    pub reference_policy: TagReferencePolicy,
    /// Whether the answer holds the manifests.
    #[serde(skip_serializing_if = "omit")]
    pub include_manifest: bool,
}

/// One image to import.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImageImportSpec {
    /// Where it is.
    pub from: ObjectReference,
    /// The tag that it becomes.
    #[serde(skip_serializing_if = "omit")]
    pub to: Option<LocalObjectReference>,
    /// How it is imported.
    pub import_policy: TagImportPolicy,
    /// Which pull spec the tag hands out.
    pub reference_policy: TagReferencePolicy,
    /// Whether the answer holds the manifest.
    #[serde(skip_serializing_if = "omit")]
    pub include_manifest: bool,
}

/// `LocalObjectReference` of Kubernetes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LocalObjectReference {
    /// The name.
    #[serde(skip_serializing_if = "omit")]
    pub name: String,
}

/// What came of an import.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageStreamImportStatus {
    /// The stream afterwards.
    #[serde(skip_serializing_if = "omit")]
    pub import: Option<ImageStream>,
    /// What came of the repository.
    #[serde(skip_serializing_if = "omit")]
    pub repository: Option<RepositoryImportStatus>,
    /// What came of each image, in the order of the request.
    #[serde(skip_serializing_if = "omit")]
    pub images: Vec<ImageImportStatus>,
}

/// What came of the import of a repository.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RepositoryImportStatus {
    /// Whether it could be read.
    #[serde(skip_serializing_if = "omit")]
    pub status: Status,
    /// What came of its tags.
    #[serde(skip_serializing_if = "omit")]
    pub images: Vec<ImageImportStatus>,
    /// Tags beyond the limit.
    #[serde(skip_serializing_if = "omit")]
    pub additional_tags: Vec<String>,
}

/// What came of the import of one image.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageImportStatus {
    /// Whether it could be read.
    pub status: Status,
    /// The image.
    #[serde(skip_serializing_if = "omit")]
    pub image: Option<Image>,
    /// The tag that it was found under.
    #[serde(skip_serializing_if = "omit")]
    pub tag: String,
    /// The children of an index.
    #[serde(skip_serializing_if = "omit")]
    pub manifests: Vec<Image>,
}
