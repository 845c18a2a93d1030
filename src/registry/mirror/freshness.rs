//! How far a manifest behind a mirror prefix is what its registry has.

use std::sync::Arc;
use std::time::Duration;

use crate::registry::manifests::StoredManifest;

/// A manifest behind a mirror prefix.
#[derive(Debug, Clone)]
pub(crate) struct Mirrored {
    pub(crate) manifest: Arc<StoredManifest>,
    pub(crate) freshness: Freshness,
}

/// How far it is what the registry has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// It cannot be anything else: it was asked for by digest, or its tag does not follow the registry.
    Settled,
    /// The registry confirmed it so long ago, which is within the window.
    Fresh(Duration),
    /// The registry may have something else by now.
    Stale {
        /// How long ago the registry confirmed it, if that is known.
        age: Option<Duration>,
        why: Stale,
    },
}

/// Why a registry did not confirm a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stale {
    /// It was asked, and takes its time.
    Asking,
    /// It knows the tag no longer.
    Gone,
    /// It failed, in this way.
    Failed(&'static str),
    /// It is left alone.
    Offline,
}

impl Stale {
    /// For people, in few words.
    pub(crate) fn text(self) -> String {
        match self {
            Self::Asking => "the upstream has not answered yet".to_owned(),
            Self::Gone => "the upstream no longer knows the tag".to_owned(),
            Self::Failed(how) => format!("asking the upstream failed: {how}"),
            Self::Offline => "the upstream is offline by configuration".to_owned(),
        }
    }
}
