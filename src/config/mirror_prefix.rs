//! `[[mirror]]`: prefixes of repository names under which another registry is served.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::reader::{Reading, Section};
use super::setting::{Setting, text};
use super::tree::{Place, Value};
use super::{HumanDuration, RegistryPrefix};
use crate::oci::RepositoryName;

/// A prefix of repository names under which another registry is served, and what is fetched is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorPrefix {
    /// The first component of the names, which is the namespace of the image streams: `docker.io`.
    pub prefix: String,
    /// What is served there: a registry, or the part of one below a path.
    pub registry: RegistryPrefix,
    /// How long a tag is taken to mean what the registry said last.
    pub fresh_for: Duration,
    /// How long a client waits for the registry to say whether a known tag still means the same, before it gets what is known.
    pub patience: Duration,
    /// How long what the registry does not know is not asked for again.
    pub unknown_for: Duration,
    /// Whether clients may push below the prefix.
    pub push: bool,
    /// Whether the registry is left alone, so that only what is here is served.
    pub offline: bool,
    /// Whether all of an image is fetched once a tag of it is, and not only what is asked for.
    pub prefetch: bool,
}

/// What the name of a tag means may be behind by so much, and a busy tag costs its registry one HEAD a minute.
const FRESH_FOR: Duration = Duration::from_mins(1);

/// Most registries answer a HEAD in a fraction of it.
const PATIENCE: Duration = Duration::from_secs(1);

const UNKNOWN_FOR: Duration = Duration::from_secs(10);

/// The windows begin at nothing: then each pull of a tag asks.
const WINDOW: RangeInclusive<HumanDuration> = HumanDuration(Duration::ZERO)..=HumanDuration(Duration::MAX);

impl MirrorPrefix {
    /// A prefix of which no more is said.
    pub fn new(prefix: &str, registry: RegistryPrefix) -> Self {
        Self {
            prefix: prefix.to_owned(),
            registry,
            fresh_for: FRESH_FOR,
            patience: PATIENCE,
            unknown_for: UNKNOWN_FOR,
            push: false,
            offline: false,
            prefetch: false,
        }
    }

    /// Reads one mirror and the place of its prefix, if it has one.
    fn read(mut section: Section<'_>) -> Option<(Self, Place)> {
        let prefix = prefix(&mut section);
        let registry = registry(&mut section, prefix.as_ref().map(|(prefix, _)| prefix.as_str()));
        let window = |section: &mut Section<'_>, key, default| section.within(key, HumanDuration(default), WINDOW).0;
        let fresh_for = window(&mut section, "fresh_for", FRESH_FOR);
        let patience = window(&mut section, "patience", PATIENCE);
        let unknown_for = window(&mut section, "unknown_for", UNKNOWN_FOR);
        let (push, offline) = (section.or("push", false), section.or("offline", false));
        let prefetch = section.or("prefetch", false);
        section.finish();
        let ((prefix, place), registry) = (prefix?, registry?);
        Some((Self { prefix, registry, fresh_for, patience, unknown_for, push, offline, prefetch }, place))
    }
}

fn prefix(section: &mut Section<'_>) -> Option<(String, Place)> {
    match section.read::<Prefix>("prefix") {
        Reading::Given(Prefix(prefix), place) => Some((prefix, place)),
        Reading::Wrong => None,
        Reading::Absent => {
            section.missing("prefix", "it is what the names of the repositories begin with");
            None
        }
    }
}

/// The registry, which has the name of the prefix where it has no other.
fn registry(section: &mut Section<'_>, prefix: Option<&str>) -> Option<RegistryPrefix> {
    match section.read::<RegistryPrefix>("registry") {
        Reading::Given(registry, place) if registry.as_str().starts_with('*') => {
            section.refuse(place, "registry", "this names many registries, and a prefix serves one");
            None
        }
        Reading::Given(registry, _) => Some(registry),
        Reading::Wrong => None,
        Reading::Absent => prefix.and_then(|prefix| prefix.parse().ok()),
    }
}

/// The prefixes of the root section.
pub(super) fn read(root: &mut Section<'_>) -> Vec<MirrorPrefix> {
    let Reading::Given(items, _) = root.list("mirror") else { return Vec::new() };
    let mut found: Vec<MirrorPrefix> = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let Some((mirror, place)) = MirrorPrefix::read(root.item("mirror", index, item)) else { continue };
        if found.iter().any(|other| other.prefix == mirror.prefix) {
            let problem = format!("{:?} is the prefix of another mirror already", mirror.prefix);
            root.refuse_path(place, format!("mirror[{index}].prefix"), problem);
        } else {
            found.push(mirror);
        }
    }
    found
}

/// One component of repository names.
pub(super) struct Prefix(pub(super) String);

impl Setting for Prefix {
    fn read(value: Value) -> Result<Self, String> {
        let written = text(value, "a prefix such as \"docker.io\"")?;
        let is_component = !written.contains('/') && written.parse::<RepositoryName>().is_ok();
        match written.as_str() {
            "default" => Err("the namespace \"default\" is that of names without a prefix".to_owned()),
            _ if is_component => Ok(Self(written)),
            _ => Err(format!("{written:?} is no first component of repository names, as docker.io is")),
        }
    }
}
