//! Mirror prefixes: other registries, served under the first component of repository names, and kept.
//!
//! # The freshness contract
//!
//! A tag behind a prefix means what its registry has under the same name, as of the last time that it was asked:
//!
//! - **Within the window** (`fresh_for`) after the registry confirmed a tag, what is known is served, and nothing is asked.
//! - **Beyond it**, the registry is asked by HEAD, once for all who wait. What is known is served after `patience` at the
//!   latest, while the question goes on. Where the tag moved, the new manifest is fetched and committed as the next event of
//!   the tag's history; the old image stays where it was, by digest and for a rollback.
//! - **Where the registry fails** (network, 401, 403, 429, 5xx, time-outs, nonsense), what is known is served, and the next
//!   question waits for a few seconds, or as long as the registry says. Once it has failed so often that it is left alone,
//!   nobody waits for it: what is known is served at once, also to the one who tries whether it is back.
//! - **Where the registry knows the tag no longer**, what is known is served as well: what was pulled yesterday can be pulled
//!   today. Only a tag that is not known here either is refused as unknown, and that answer holds for `unknown_for`.
//! - **Without known content**, a failure is told as what it is, with 502, 503, 504 or 429. It is never told as if there
//!   were no such thing.
//! - **Offline**, nothing is asked at all.
//!
//! Content under a digest never changes, so that what is here is served without a question. What is not is fetched, linked
//! and kept, without an event of any tag. Layers and configs are fetched when they are asked for, each once for all.
//!
//! A tag whose last event is not an import is left alone: somebody pushed it, rolled it back or wants something else of it.
//! Deleting it gives it back to the mirror.
//!
//! # Referrers
//!
//! Signatures and the like are carried along ([`referrers`]): what refers to a manifest is listed as its registry lists it, by the
//! same contract, and what is listed is fetched when it is asked for. So it is with what was imported into other streams, as
//! the origin of its manifest says, within a minute. Tags that clients make for signatures (`sha256-….sig`) are tags like others
//! behind a prefix; into other streams they are imported like others.
//!
//! That a registry listed nothing is kept in memory. While it fails, the list of such a manifest is empty until a restart, and after
//! that the failure is told until the registry answers. What was pushed here is no proof of what the registry lists, and does not
//! stand in for it.
//!
//! # Where it shows
//!
//! In each answer (`Age`, `Warning: 110`), in metrics (`weir_mirror_answers`, by prefix and state), and in the image stream: a
//! tag that its registry does not confirm has the condition `ImportSuccess=False`, with the words that an import would have. It
//! is written once a failure lasts: at once where asking again changes nothing, as where access is denied, and else when a tag
//! could not be confirmed for a minute. It is not written again while it says the same, and goes with the next answer.
//!
//! When tags were confirmed is kept in memory. After a restart each is asked for once.
//!
//! # Layout
//!
//! - [`read`]: which of these a pull is. [`freshness`]: what its answer says of that. [`blobs`]: blobs.
//! - [`checks`]: what was asked lately, and what is asked now.
//! - [`ask`]: the question itself, and the commit of what came. [`tell`]: what the stream says of its failures.
//! - [`referrers`]: what refers to a manifest.
//! - [`complete`]: what is fetched beyond that: configs for image objects and, where the operator wants it, all the rest.

mod ask;
mod blobs;
mod checks;
mod complete;
mod freshness;
mod read;
mod referrers;
mod tell;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

pub(crate) use freshness::{Freshness, Mirrored, Stale};

use super::Registry;
use crate::config::MirrorPrefix;
use crate::oci::{DockerReference, RepositoryName, Source, StreamId};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::mirrors::PrefixAnswers;
use checks::Checks;

/// All mirror prefixes of a server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mirrors {
    by_prefix: Arc<HashMap<String, Arc<Mirror>>>,
    /// Whose referrers were asked for lately: behind prefixes, and of what was imported.
    referrers: Checks,
    /// Ends what goes on behind the answers.
    pub(super) stop: CancellationToken,
}

/// How long an answer of a registry counts, and what it is given to answer.
#[derive(Debug, Clone, Copy)]
struct Window {
    fresh_for: Duration,
    /// How long a client waits for an answer which has something without it.
    patience: Duration,
    /// Whether nothing is asked at all.
    offline: bool,
}

impl Window {
    fn of(settings: &MirrorPrefix) -> Self {
        let MirrorPrefix { fresh_for, patience, offline, .. } = *settings;
        Self { fresh_for, patience, offline }
    }
}

/// A prefix, and what is known of the registry behind it.
#[derive(Debug)]
pub(crate) struct Mirror {
    pub(crate) settings: MirrorPrefix,
    checks: Checks,
    /// Blobs that nothing here names.
    blobs: Checks,
    answers: PrefixAnswers,
}

impl Mirrors {
    pub(crate) fn new(prefixes: &[MirrorPrefix], metrics: &Metrics) -> Self {
        let mirror =
            |settings: &MirrorPrefix| (settings.prefix.clone(), Arc::new(Mirror::new(settings.clone(), metrics)));
        let by_prefix = Arc::new(prefixes.iter().map(mirror).collect());
        Self { by_prefix, referrers: Checks::new(), stop: CancellationToken::new() }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_prefix.is_empty()
    }

    /// The mirror of a namespace.
    pub(crate) fn of(&self, namespace: &str) -> Option<&Arc<Mirror>> {
        if self.is_empty() { None } else { self.by_prefix.get(namespace) }
    }

    /// The mirror of a registry, as clients name it.
    pub(crate) fn of_registry(&self, registry: &str) -> Option<&Arc<Mirror>> {
        self.of(registry)
            .or_else(|| self.by_prefix.values().find(|mirror| mirror.settings.registry.as_str() == registry))
    }
}

impl Mirror {
    fn new(settings: MirrorPrefix, metrics: &Metrics) -> Self {
        let answers = metrics.mirrors.of(&settings.prefix);
        Self { settings, checks: Checks::new(), blobs: Checks::new(), answers }
    }

    /// The repository of the registry that a name below the prefix means.
    fn source(&self, name: &RepositoryName) -> Source {
        let path = path_of(name);
        let whole = format!("{}/{path}", self.settings.registry);
        let (registry, repository) = whole.split_once('/').unwrap_or((&whole, path));
        let reference = DockerReference { registry: registry.to_owned(), ..DockerReference::default() };
        // Only to learn whether this is Docker's registry, whatever it is called.
        if Source::of(&reference, false).is_docker_hub() {
            return Source { registry: HUB.to_owned(), repository: official(repository), insecure: false };
        }
        Source { registry: registry.to_owned(), repository: repository.to_owned(), insecure: false }
    }

    /// A name below the prefix as it is kept: images of Docker's registry that have one name only have two there.
    pub(crate) fn canonical(&self, name: RepositoryName) -> RepositoryName {
        let path = path_of(&name);
        if self.settings.registry.as_str() != HUB || path.contains('/') {
            return name;
        }
        format!("{}/{}", self.settings.prefix, official(path)).parse().unwrap_or(name)
    }
}

/// What follows the prefix.
fn path_of(name: &RepositoryName) -> &str {
    name.as_str().split_once('/').map_or(name.as_str(), |(_, path)| path)
}

/// The name of Docker's registry.
const HUB: &str = "docker.io";

/// The name of a repository of Docker's registry, with what clients leave out.
fn official(path: &str) -> String {
    if path.contains('/') { path.to_owned() } else { format!("library/{path}") }
}

impl Registry {
    /// Serves other registries under these prefixes.
    pub(crate) fn mirroring(mut self, mirrors: Mirrors) -> Self {
        self.mirrors = mirrors;
        self
    }

    /// All mirror prefixes.
    pub(crate) fn mirrors(&self) -> &Mirrors {
        &self.mirrors
    }

    /// The mirror that a repository is behind.
    pub(crate) fn mirror(&self, stream: &StreamId) -> Option<&Arc<Mirror>> {
        self.mirrors.of(stream.namespace())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mirror(prefix: &str, registry: &str) -> Mirror {
        Mirror::new(MirrorPrefix::new(prefix, registry.parse().unwrap()), &Metrics::new())
    }

    #[test]
    fn names_below_a_prefix_mean_repositories_of_the_registry() {
        for (prefix, registry, name, source) in [
            ("docker.io", "docker.io", "docker.io/nginx", "docker.io/library/nginx"),
            ("docker.io", "registry-1.docker.io", "docker.io/team/app", "docker.io/team/app"),
            ("quay.io", "quay.io", "quay.io/a/b", "quay.io/a/b"),
            ("local", "127.0.0.1:5000", "local/app", "127.0.0.1:5000/app"),
            ("team", "quay.io/team", "team/app", "quay.io/team/app"),
            ("hub", "docker.io/library", "hub/nginx", "docker.io/library/nginx"),
        ] {
            assert_eq!(mirror(prefix, registry).source(&name.parse().unwrap()).to_string(), source, "{name}");
        }
    }

    #[test]
    fn images_of_dockers_registry_are_kept_under_one_name() {
        let canonical =
            |registry, name: &str| mirror("docker.io", registry).canonical(name.parse().unwrap()).to_string();
        assert_eq!(canonical("docker.io", "docker.io/nginx"), "docker.io/library/nginx");
        assert_eq!(canonical("docker.io", "docker.io/team/app"), "docker.io/team/app");
        assert_eq!(canonical("mirror.example/hub", "docker.io/nginx"), "docker.io/nginx");
    }
}
