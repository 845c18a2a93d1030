//! Image streams: the tags that are wanted, and what happened to each.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Listed, ObjectMeta, Resource, Time, omit};

/// A repository as the image stream API shows it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageStream {
    /// Name, namespace, revision.
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: ImageStreamSpec,
    /// What happened.
    pub status: ImageStreamStatus,
}

impl ImageStream {
    /// An annotation that is shown and never kept: of each tag the stream shows only so many items, the newest, as lists and
    /// watches do. Whoever writes such a status back says nothing of the others.
    pub const ITEMS_SHOWN: &str = "dev.weir.stream.items-shown";
}

impl Resource for ImageStream {
    const KIND: &'static str = "ImageStream";
}

impl Listed for ImageStream {
    const LIST_KIND: &'static str = "ImageStreamList";
}

/// What is wanted of a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImageStreamSpec {
    /// Whether its tags stand for images in the objects of its namespace.
    pub lookup_policy: ImageLookupPolicy,
    /// An upstream repository of which all tags are imported. Deprecated.
    #[serde(skip_serializing_if = "omit")]
    pub docker_image_repository: String,
    /// The tags that are wanted, sorted by name.
    #[serde(skip_serializing_if = "omit")]
    pub tags: Vec<TagReference>,
}

/// Whether tags stand for images in the objects of the namespace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageLookupPolicy {
    /// They do.
    pub local: bool,
}

/// A tag that is wanted: where its image comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TagReference {
    /// The tag.
    pub name: String,
    /// What else is said of the tag; null when there are none.
    pub annotations: Option<BTreeMap<String, String>>,
    /// Where its image comes from.
    #[serde(skip_serializing_if = "omit")]
    pub from: Option<ObjectReference>,
    /// Whether the tag only hands on `from`, and nothing is imported.
    #[serde(skip_serializing_if = "omit")]
    pub reference: bool,
    /// The generation of the stream in which this was last changed. 0 asks for a new import.
    pub generation: Option<i64>,
    /// How it is imported.
    pub import_policy: TagImportPolicy,
    /// Which pull spec it hands out.
    pub reference_policy: TagReferencePolicy,
}

/// `ObjectReference` of Kubernetes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectReference {
    /// `DockerImage`, `ImageStreamTag` or `ImageStreamImage`.
    #[serde(skip_serializing_if = "omit")]
    pub kind: String,
    /// The namespace, where it is another.
    #[serde(skip_serializing_if = "omit")]
    pub namespace: String,
    /// The name, or the pull spec.
    #[serde(skip_serializing_if = "omit")]
    pub name: String,
    /// The identity.
    #[serde(skip_serializing_if = "omit")]
    pub uid: String,
    /// The group and version.
    #[serde(skip_serializing_if = "omit")]
    pub api_version: String,
    /// The revision.
    #[serde(skip_serializing_if = "omit")]
    pub resource_version: String,
    /// A part of the object.
    #[serde(skip_serializing_if = "omit")]
    pub field_path: String,
}

/// How a tag is imported.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TagImportPolicy {
    /// Whether plain HTTP and unknown certificates will do.
    #[serde(skip_serializing_if = "omit")]
    pub insecure: bool,
    /// Whether it is imported again and again.
    #[serde(skip_serializing_if = "omit")]
    pub scheduled: bool,
    /// `Legacy` takes one platform of a manifest list, `PreserveOriginal` all of it.
    #[serde(skip_serializing_if = "omit")]
    pub import_mode: String,
}

/// Which pull spec a tag hands out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TagReferencePolicy {
    /// `Source` or `Local`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// What happened to a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImageStreamStatus {
    /// Where the stream can be pulled from, within; empty where nothing serves it.
    pub docker_image_repository: String,
    /// Where the stream can be pulled from, from outside.
    #[serde(skip_serializing_if = "omit")]
    pub public_docker_image_repository: String,
    /// The tags that something happened to, sorted by name.
    #[serde(skip_serializing_if = "omit")]
    pub tags: Vec<NamedTagEventList>,
}

/// What happened to one tag.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NamedTagEventList {
    /// The tag.
    pub tag: String,
    /// Its history, the newest first; null where only imports failed so far.
    pub items: Option<Vec<TagEvent>>,
    /// How its last import went.
    #[serde(skip_serializing_if = "omit")]
    pub conditions: Vec<TagEventCondition>,
}

/// What a tag meant at one time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TagEvent {
    /// Since when.
    pub created: Option<Time>,
    /// The pull spec.
    pub docker_image_reference: String,
    /// The name of the image; empty where the tag is only a reference.
    pub image: String,
    /// The generation of the spec tag that this answers.
    pub generation: i64,
}

/// How the last import of a tag went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TagEventCondition {
    /// `ImportSuccess`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// Since when.
    pub last_transition_time: Option<Time>,
    /// For programs.
    #[serde(skip_serializing_if = "omit")]
    pub reason: String,
    /// For people.
    #[serde(skip_serializing_if = "omit")]
    pub message: String,
    /// The generation of the spec tag that this answers.
    pub generation: i64,
}
