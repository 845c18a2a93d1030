//! Spec tags as clients send them, checked.
//!
//! Source: `validateImageStreamTagReference` of openshift-apiserver, restated. Departure: tag names are checked too.

use std::collections::BTreeMap;

use crate::oci::{DockerReference, Tag};
use crate::records::{ImportPolicy, ReferencePolicy, SourceKind, SpecSource, SpecTag};
use crate::streams::field_error::{FieldError, Path};
use crate::streams::object::{ObjectReference, TagReference};

/// How a tag is imported where its spec does not say. A cluster shows it, too.
const DEFAULT_MODE: &str = "Legacy";

/// The spec of a stream's tags, or all that is wrong with it. Of two tags of one name the later one counts, as in a
/// cluster.
pub(crate) fn spec_tags(tags: Vec<TagReference>) -> Result<BTreeMap<Tag, SpecTag>, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut spec = BTreeMap::new();
    for tag in tags {
        let path = Path::new("spec").child("tags").key(&tag.name);
        let name = tag.name.parse::<Tag>().map_err(|rule| {
            errors.push(path.child("name").invalid(tag.name.as_str(), rule.to_string()));
        });
        let checked = spec_tag(tag, &path, &mut errors);
        if let Ok(name) = name {
            spec.insert(name, checked);
        }
    }
    if errors.is_empty() { Ok(spec) } else { Err(errors) }
}

/// One spec tag, which stands at `path`.
pub(crate) fn one(tag: TagReference, path: &Path) -> Result<SpecTag, Vec<FieldError>> {
    let mut errors = Vec::new();
    let spec = spec_tag(tag, path, &mut errors);
    if errors.is_empty() { Ok(spec) } else { Err(errors) }
}

fn spec_tag(tag: TagReference, path: &Path, errors: &mut Vec<FieldError>) -> SpecTag {
    let from = tag.from.and_then(|from| source(from, &path.child("from"), errors));
    let policy = path.child("importPolicy");
    let scheduled = tag.import_policy.scheduled;
    if scheduled && from.as_ref().is_some_and(|from| from.kind != SourceKind::DockerImage) {
        let rule = "only tags pointing to Docker repositories may be scheduled for background import";
        errors.push(policy.child("scheduled").invalid(true, rule));
    }
    SpecTag {
        from,
        annotations: tag.annotations.unwrap_or_default(),
        reference: tag.reference,
        generation: tag.generation,
        import_policy: ImportPolicy {
            insecure: tag.import_policy.insecure,
            scheduled,
            mode: import_mode(&tag.import_policy.import_mode, &policy, errors),
        },
        reference_policy: reference_policy(&tag.reference_policy.kind, path, errors),
    }
}

fn source(from: ObjectReference, path: &Path, errors: &mut Vec<FieldError>) -> Option<SpecSource> {
    const KINDS: [SourceKind; 3] = [SourceKind::DockerImage, SourceKind::ImageStreamImage, SourceKind::ImageStreamTag];
    if from.name.is_empty() {
        errors.push(path.child("name").required(""));
        return None;
    }
    let Some(kind) = KINDS.into_iter().find(|kind| kind.name() == from.kind) else {
        let rule = "valid values are 'DockerImage', 'ImageStreamImage', 'ImageStreamTag'";
        errors.push(path.child("kind").required(rule));
        return None;
    };
    if kind == SourceKind::DockerImage
        && let Err(rule) = from.name.parse::<DockerReference>()
    {
        errors.push(path.child("name").invalid(from.name.as_str(), rule.to_string()));
    }
    let namespace = (!from.namespace.is_empty()).then_some(from.namespace);
    Some(SpecSource { kind, name: from.name, namespace })
}

/// How a tag is imported, as the policy at `path` has it.
pub(crate) fn import_mode(mode: &str, path: &Path, errors: &mut Vec<FieldError>) -> Option<String> {
    match mode {
        "" => Some(DEFAULT_MODE.to_owned()),
        "Legacy" | "PreserveOriginal" => Some(mode.to_owned()),
        _ => {
            let rule = "invalid import mode, valid modes are '', 'Legacy', 'PreserveOriginal'";
            errors.push(path.child("importMode").invalid(mode, rule));
            None
        }
    }
}

fn reference_policy(kind: &str, path: &Path, errors: &mut Vec<FieldError>) -> ReferencePolicy {
    match kind {
        "" | "Source" => ReferencePolicy::Source,
        "Local" => ReferencePolicy::Local,
        _ => {
            let rule = "valid values are \"Source\", \"Local\"";
            errors.push(path.child("referencePolicy").child("type").invalid(kind, rule));
            ReferencePolicy::Source
        }
    }
}
