//! `[[upstreams.mirror]]`: where content of other registries is looked for first.

use super::super::reader::{Reading, Section};
use super::super::setting::{Setting, choice};
use super::super::tree::Value;
use super::RegistryPrefix;

/// Mirrors of a registry, or of a part of it. What OpenShift says with the kinds `ImageContentSourcePolicy`,
/// `ImageDigestMirrorSet` and `ImageTagMirrorSet`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// What is mirrored.
    pub source: RegistryPrefix,
    /// Where, in the order of trying. What follows the source in a name follows the mirror.
    pub mirrors: Vec<RegistryPrefix>,
    /// Which pulls go to the mirrors.
    pub pull: PullFromMirror,
    /// Whether the source itself is asked when no mirror has it.
    pub contact_source: bool,
}

/// Which pulls go to mirrors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullFromMirror {
    /// All.
    All,
    /// Those by digest, as with `ImageContentSourcePolicy` and `ImageDigestMirrorSet`: a mirror cannot serve the wrong image.
    Digest,
    /// Those by tag, as with `ImageTagMirrorSet`.
    Tag,
}

impl PullFromMirror {
    const CHOICES: [(&str, Self); 3] = [("digest", Self::Digest), ("tag", Self::Tag), ("all", Self::All)];

    /// The word for it in a configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Digest => "digest",
            Self::Tag => "tag",
        }
    }
}

impl Setting for PullFromMirror {
    fn read(value: Value) -> Result<Self, String> {
        choice(value, &Self::CHOICES)
    }
}

/// The mirrors of `upstreams`, if it names any.
pub(super) fn read(upstreams: &mut Section<'_>) -> Option<Vec<Mirror>> {
    let Reading::Given(items, _) = upstreams.list("mirror") else { return None };
    let mut mirrors = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        mirrors.extend(Mirror::read(upstreams.item("mirror", index, item)));
    }
    Some(mirrors)
}

impl Mirror {
    fn read(mut section: Section<'_>) -> Option<Self> {
        let source = required(&mut section, "source", "mirrors need to be somebody's");
        let mirrors = required(&mut section, "mirrors", "name at least one");
        let pull = section.or("pull", PullFromMirror::Digest);
        let contact_source = section.or("contact_source", true);
        section.finish();
        Some(Self { source: source?, mirrors: mirrors?, pull, contact_source })
    }
}

fn required<T: Setting>(section: &mut Section<'_>, key: &'static str, why: &str) -> Option<T> {
    match section.read(key) {
        Reading::Given(value, _) => Some(value),
        Reading::Wrong => None,
        Reading::Absent => {
            section.missing(key, why);
            None
        }
    }
}
