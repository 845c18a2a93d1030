//! What is to be imported: one pull spec, and the tag that it becomes.

use std::collections::BTreeMap;

use super::fetch::FetchError;
use super::platform::Preference;
use super::refusal::Asked;
use crate::config::{Import, ImportMode};
use crate::oci::{Digest, DockerReference, Reference, Source, Tag};
use crate::records::{ImportPolicy, ReferencePolicy, SourceKind, SpecSource, SpecTag};
use crate::streams::object::{ImageImportSpec, RepositoryImportSpec, Status, TagImportPolicy};

/// The tag of a pull spec that names none.
const LATEST: &str = "latest";

/// What becomes of manifest lists: they are kept whole, or one of their images is taken.
const PRESERVE_ORIGINAL: &str = "PreserveOriginal";
pub(super) const LEGACY: &str = "Legacy";

/// One image that is to be imported.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// The pull spec, as it was given.
    pub(super) name: String,
    /// What to read, if the pull spec says that.
    pub(super) job: Option<Job>,
    /// The tag that it becomes; `None` where nobody asked for one.
    pub(super) to: Option<Tag>,
    pub(super) policy: ImportPolicy,
    pub(super) reference_policy: ReferencePolicy,
    pub(super) include_manifest: bool,
}

/// What to read, and what to make of it. Images that want the same share it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Job {
    pub(super) source: Source,
    pub(super) reference: Reference,
    /// What becomes of a manifest list.
    pub(super) whole_lists: bool,
    pub(super) preference: Preference,
}

/// What is known beside what is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'a> {
    pub(super) import: &'a Import,
    /// The spec tags of the stream, whose annotations choose platforms.
    pub(super) specs: &'a BTreeMap<Tag, SpecTag>,
}

impl Terms<'_> {
    fn job(&self, name: &str, to: Option<&Tag>, policy: &ImportPolicy) -> Option<Job> {
        let annotations = to.and_then(|tag| self.specs.get(tag)).map(|spec| &spec.annotations);
        let (source, reference) = place(name, policy.insecure)?;
        Some(Job {
            source,
            reference,
            whole_lists: match policy.mode.as_deref() {
                Some(PRESERVE_ORIGINAL) => true,
                _ => self.import.legacy == ImportMode::PreserveOriginal,
            },
            preference: annotations.map(Preference::of).unwrap_or_default(),
        })
    }
}

impl Job {
    /// What becomes of a manifest list, in the word of the API.
    pub(super) fn mode(&self) -> &'static str {
        if self.whole_lists { PRESERVE_ORIGINAL } else { LEGACY }
    }

    /// `:tag` or `@digest`.
    fn suffix(&self) -> String {
        match &self.reference {
            Reference::Tag(tag) => format!(":{tag}"),
            Reference::Digest(digest) => format!("@{digest}"),
        }
    }
}

impl Wanted {
    /// An image that an import names.
    pub(super) fn of_image(spec: &ImageImportSpec, terms: &Terms<'_>) -> Self {
        let policy = policy(&spec.import_policy);
        let to: Option<Tag> = spec.to.as_ref().and_then(|to| to.name.parse().ok());
        Self {
            name: spec.from.name.clone(),
            job: terms.job(&spec.from.name, to.as_ref(), &policy),
            to,
            policy,
            reference_policy: reference_policy(&spec.reference_policy.kind),
            include_manifest: spec.include_manifest,
        }
    }

    /// A tag of a repository that an import names.
    pub(super) fn of_repository(spec: &RepositoryImportSpec, tag: &Tag, terms: &Terms<'_>) -> Self {
        let policy = policy(&spec.import_policy);
        let name = format!("{}:{tag}", spec.from.name);
        Self {
            job: terms.job(&name, Some(tag), &policy),
            name,
            to: Some(tag.clone()),
            policy,
            reference_policy: reference_policy(&spec.reference_policy.kind),
            include_manifest: spec.include_manifest,
        }
    }

    /// A tag as its spec wants it; `insecure` where its whole stream says so. `None` where it is made from nothing.
    pub(super) fn of_spec(tag: &Tag, spec: &SpecTag, insecure: bool, terms: &Terms<'_>) -> Option<Self> {
        let from = spec.from.as_ref()?;
        let policy = ImportPolicy { insecure: insecure || spec.import_policy.insecure, ..spec.import_policy.clone() };
        Some(Self {
            name: from.name.clone(),
            job: terms.job(&from.name, Some(tag), &policy),
            to: Some(tag.clone()),
            policy: spec.import_policy.clone(),
            reference_policy: spec.reference_policy,
            include_manifest: false,
        })
    }

    /// What the tag that this becomes is to be made from.
    pub(super) fn from(&self) -> SpecSource {
        SpecSource { kind: SourceKind::DockerImage, name: self.name.clone(), namespace: None }
    }

    /// The tag that the upstream has it under; empty where it is named by digest, or cannot be named.
    pub(super) fn tag(&self) -> String {
        match self.job.as_ref().map(|job| &job.reference) {
            Some(Reference::Tag(tag)) => tag.to_string(),
            Some(Reference::Digest(_)) | None => String::new(),
        }
    }

    /// The pull spec by digest, with the registry and the repository as they were given.
    pub(super) fn by_digest(&self, digest: &Digest) -> String {
        let reference: DockerReference = self.name.parse().unwrap_or_default();
        let registry = if reference.registry.is_empty() { String::new() } else { format!("{}/", reference.registry) };
        format!("{registry}{}@{digest}", reference.repository())
    }

    /// What is told of it where it cannot be had.
    pub(super) fn status(&self, error: &FetchError) -> Status {
        let reference = self.job.as_ref().map(Job::suffix).unwrap_or_default();
        let source = self.job.as_ref().map(|job| &job.source);
        Asked { name: &self.name, source, reference: &reference }.status(error)
    }
}

/// Where a pull spec says that an image is.
fn place(name: &str, insecure: bool) -> Option<(Source, Reference)> {
    let reference: DockerReference = name.parse().ok()?;
    if reference.name.is_empty() {
        return None;
    }
    let source = Source::of(&reference, insecure);
    let reference = match (reference.id.as_str(), reference.tag.as_str()) {
        ("", "") => Reference::Tag(LATEST.parse().ok()?),
        ("", tag) => Reference::Tag(tag.parse().ok()?),
        (id, _) => Reference::Digest(id.parse().ok()?),
    };
    Some((source, reference))
}

/// The repository that a pull spec without a tag names.
pub(super) fn repository(name: &str, insecure: bool) -> Option<Source> {
    place(name, insecure).map(|(source, _)| source)
}

fn policy(given: &TagImportPolicy) -> ImportPolicy {
    let mode = Some(given.import_mode.clone()).filter(|mode| !mode.is_empty());
    ImportPolicy { insecure: given.insecure, scheduled: given.scheduled, mode }
}

fn reference_policy(kind: &str) -> ReferencePolicy {
    if kind == ReferencePolicy::Local.name() { ReferencePolicy::Local } else { ReferencePolicy::Source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::streams::object::ObjectReference;

    fn wanted(name: &str, mode: &str, legacy: ImportMode) -> Wanted {
        let import = Import { legacy, ..Config::default().upstreams.import };
        let terms = Terms { import: &import, specs: &BTreeMap::new() };
        let from = ObjectReference { kind: "DockerImage".into(), name: name.into(), ..ObjectReference::default() };
        let import_policy = TagImportPolicy { import_mode: mode.into(), ..TagImportPolicy::default() };
        Wanted::of_image(&ImageImportSpec { from, import_policy, ..ImageImportSpec::default() }, &terms)
    }

    fn image(name: &str) -> Wanted {
        wanted(name, LEGACY, ImportMode::Legacy)
    }

    #[test]
    fn pull_specs_by_digest_keep_what_was_given() {
        let digest = format!("sha256:{}", "a".repeat(64)).parse().unwrap();
        for (name, by_digest) in [
            ("nginx", "nginx@"),
            ("team/app:v1", "team/app@"),
            ("quay.io:443/a/b/c:v1", "quay.io:443/a/b/c@"),
            ("docker.io/library/nginx:1", "docker.io/library/nginx@"),
        ] {
            assert_eq!(image(name).by_digest(&digest), format!("{by_digest}{digest}"));
        }
    }

    #[test]
    fn images_have_the_usual_tag_where_none_is_given() {
        let digest = format!("sha256:{}", "a".repeat(64));
        assert_eq!(image("nginx").tag(), "latest");
        assert_eq!(image("nginx:1").tag(), "1");
        assert_eq!(image(&format!("nginx@{digest}")).tag(), "");
        for wrong in ["*", "a@badid", "quay.io", ""] {
            assert_eq!(image(wrong).job, None, "{wrong}");
        }
    }

    #[test]
    fn a_server_may_keep_lists_that_were_to_be_taken_apart() {
        let mode = |mode, legacy| wanted("a", mode, legacy).job.unwrap().mode();
        assert_eq!(mode(LEGACY, ImportMode::Legacy), LEGACY);
        assert_eq!(mode("", ImportMode::Legacy), LEGACY);
        assert_eq!(mode(PRESERVE_ORIGINAL, ImportMode::Legacy), PRESERVE_ORIGINAL);
        assert_eq!(mode(LEGACY, ImportMode::PreserveOriginal), PRESERVE_ORIGINAL);
    }
}
