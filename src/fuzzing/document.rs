//! A manifest read plainly: the rules of the view, said of a tree of JSON.

use serde_json::{Map, Value};

use super::names::is_digest;
use crate::oci::{ManifestKind, MediaType};

/// What a plain reader finds in a manifest.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plain {
    pub(super) kind: ManifestKind,
    pub(super) media_type: String,
    pub(super) config: Vec<(String, u64)>,
    pub(super) layers: Vec<(String, u64)>,
    pub(super) manifests: Vec<(String, u64)>,
    pub(super) subject: Vec<(String, u64)>,
    pub(super) artifact_type: Option<String>,
    pub(super) annotations: usize,
}

impl Plain {
    /// Reads a document that was sent as `content_type`; `None` where it is none that is taken.
    pub(super) fn read(document: &Value, content_type: Option<&str>) -> Option<Self> {
        let document = document.as_object()?;
        let body = text(document, "mediaType")?.filter(|text| !text.is_empty());
        let media_type = match (content_type, body) {
            (Some(stated), Some(body)) if stated != body => return None,
            (stated, body) => stated.or(body)?,
        };
        let kind = kind(media_type)?;
        if field(document, "schemaVersion")?.as_i64()? != 2 {
            return None;
        }
        let [config, layers, manifests, subject] =
            ["config", "layers", "manifests", "subject"].map(|name| field(document, name));
        let foreign = match kind {
            ManifestKind::Image => manifests.is_some() || config.is_none(),
            ManifestKind::Index => config.is_some() || layers.is_some(),
        };
        let annotations = annotations(document)?;
        (!foreign).then_some(())?;
        Some(Self {
            kind,
            media_type: media_type.to_owned(),
            config: config.into_iter().map(descriptor).collect::<Option<_>>()?,
            layers: list(layers)?,
            manifests: list(manifests)?,
            subject: subject.into_iter().map(descriptor).collect::<Option<_>>()?,
            artifact_type: text(document, "artifactType")?.filter(|text| !text.is_empty()).map(str::to_owned),
            annotations,
        })
    }
}

fn kind(media_type: &str) -> Option<ManifestKind> {
    match media_type {
        MediaType::OCI_MANIFEST | MediaType::DOCKER_MANIFEST => Some(ManifestKind::Image),
        MediaType::OCI_INDEX | MediaType::DOCKER_MANIFEST_LIST => Some(ManifestKind::Index),
        _ => None,
    }
}

/// A field that is there and not null.
fn field<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    object.get(name).filter(|value| !value.is_null())
}

/// A text that may be absent; the outer `None` where it is something else.
#[expect(clippy::option_option, reason = "absent and wrong are two things")]
fn text<'v>(object: &'v Map<String, Value>, name: &str) -> Option<Option<&'v str>> {
    match field(object, name) {
        None => Some(None),
        Some(value) => value.as_str().map(Some),
    }
}

/// How many annotations there are; `None` where they are no texts.
fn annotations(object: &Map<String, Value>) -> Option<usize> {
    let Some(annotations) = field(object, "annotations") else { return Some(0) };
    let annotations = annotations.as_object()?;
    annotations.values().all(|value| value.is_string() || value.is_null()).then_some(annotations.len())
}

fn list(value: Option<&Value>) -> Option<Vec<(String, u64)>> {
    let Some(value) = value else { return Some(Vec::new()) };
    value.as_array()?.iter().map(descriptor).collect()
}

fn texts(value: Option<&Value>) -> bool {
    value.is_none_or(|value| value.as_array().is_some_and(|list| list.iter().all(Value::is_string)))
}

/// Digest and size of a descriptor that keeps all rules.
fn descriptor(value: &Value) -> Option<(String, u64)> {
    let object = value.as_object()?;
    text(object, "mediaType")?.filter(|text| !text.is_empty())?;
    text(object, "artifactType")?;
    annotations(object)?;
    texts(field(object, "urls")).then_some(())?;
    if let Some(platform) = field(object, "platform") {
        let platform = platform.as_object()?;
        for name in ["architecture", "os", "os.version", "variant"] {
            text(platform, name)?;
        }
        texts(field(platform, "os.features")).then_some(())?;
    }
    let digest = text(object, "digest")?.filter(|text| is_digest(text))?;
    let size = u64::try_from(field(object, "size")?.as_i64()?).ok()?;
    Some((digest.to_owned(), size))
}
