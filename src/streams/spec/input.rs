//! Spec tags as clients send them, checked.
//!
//! Source: `validateImageStreamTagReference` of openshift-apiserver, restated. Departure: tag names are checked too.

use std::collections::BTreeMap;

use crate::oci::Tag;
use crate::records::{ImportPolicy, ReferencePolicy, SourceKind, SpecSource, SpecTag};
use crate::streams::object::{ObjectReference, TagReference};

/// A field that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// Where: `spec.tags[latest].from.name`.
    pub(crate) field: String,
    pub(crate) problem: Problem,
}

/// Which rule a field breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// It must be given; the text says what may be.
    Required(&'static str),
    /// It has a value that it cannot have.
    Invalid {
        /// What was given.
        value: String,
        /// What may be.
        rule: String,
    },
}

/// The spec of a stream's tags, or all that is wrong with it. Of two tags of one name the later one counts, as in a
/// cluster.
pub(crate) fn spec_tags(tags: Vec<TagReference>) -> Result<BTreeMap<Tag, SpecTag>, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let mut spec = BTreeMap::new();
    for tag in tags {
        let field = format!("spec.tags[{}]", tag.name);
        let name = tag.name.parse::<Tag>().map_err(|rule| {
            mistakes.push(invalid(&field, "name", &tag.name, rule.to_string()));
        });
        let checked = spec_tag(tag, &field, &mut mistakes);
        if let Ok(name) = name {
            spec.insert(name, checked);
        }
    }
    if mistakes.is_empty() { Ok(spec) } else { Err(mistakes) }
}

fn spec_tag(tag: TagReference, field: &str, mistakes: &mut Vec<Mistake>) -> SpecTag {
    let from = tag.from.filter(|from| *from != ObjectReference::default());
    let from = from.and_then(|from| source(from, field, mistakes));
    let scheduled = tag.import_policy.scheduled;
    if scheduled && from.as_ref().is_some_and(|from| from.kind != SourceKind::DockerImage) {
        let rule = "only tags pointing to Docker repositories may be scheduled for background import";
        mistakes.push(invalid(field, "importPolicy.scheduled", "true", rule.to_owned()));
    }
    SpecTag {
        from,
        annotations: tag.annotations.unwrap_or_default(),
        reference: tag.reference,
        generation: tag.generation,
        import_policy: ImportPolicy {
            insecure: tag.import_policy.insecure,
            scheduled,
            mode: import_mode(tag.import_policy.import_mode, field, mistakes),
        },
        reference_policy: reference_policy(&tag.reference_policy.kind, field, mistakes),
    }
}

fn source(from: ObjectReference, field: &str, mistakes: &mut Vec<Mistake>) -> Option<SpecSource> {
    const KINDS: [SourceKind; 3] = [SourceKind::DockerImage, SourceKind::ImageStreamImage, SourceKind::ImageStreamTag];
    if from.name.is_empty() {
        mistakes.push(Mistake { field: format!("{field}.from.name"), problem: Problem::Required("") });
    }
    let Some(kind) = KINDS.into_iter().find(|kind| kind.name() == from.kind) else {
        let rule = "valid values are 'DockerImage', 'ImageStreamImage', 'ImageStreamTag'";
        mistakes.push(Mistake { field: format!("{field}.from.kind"), problem: Problem::Required(rule) });
        return None;
    };
    let namespace = (!from.namespace.is_empty()).then_some(from.namespace);
    Some(SpecSource { kind, name: from.name, namespace })
}

fn import_mode(mode: String, field: &str, mistakes: &mut Vec<Mistake>) -> Option<String> {
    match mode.as_str() {
        // The default of a cluster, which shows it.
        "" => Some("Legacy".to_owned()),
        "Legacy" | "PreserveOriginal" => Some(mode),
        _ => {
            let rule = "invalid import mode, valid modes are '', 'Legacy', 'PreserveOriginal'";
            mistakes.push(invalid(field, "importPolicy.importMode", &mode, rule.to_owned()));
            None
        }
    }
}

fn reference_policy(kind: &str, field: &str, mistakes: &mut Vec<Mistake>) -> ReferencePolicy {
    match kind {
        "" | "Source" => ReferencePolicy::Source,
        "Local" => ReferencePolicy::Local,
        _ => {
            let rule = "valid values are \"Source\", \"Local\"";
            mistakes.push(invalid(field, "referencePolicy.type", kind, rule.to_owned()));
            ReferencePolicy::Source
        }
    }
}

fn invalid(field: &str, part: &str, value: &str, rule: String) -> Mistake {
    Mistake { field: format!("{field}.{part}"), problem: Problem::Invalid { value: value.to_owned(), rule } }
}
