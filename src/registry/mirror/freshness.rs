//! How far a manifest behind a mirror prefix is what its registry has.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Window;
use super::checks::{Answer, Checked};
use crate::registry::manifests::StoredManifest;
use crate::telemetry::mirrors::MirrorAnswer;
use crate::upstream::fill::FillError;

/// A manifest behind a mirror prefix.
#[derive(Debug, Clone)]
pub(crate) struct Mirrored {
    pub(crate) manifest: Arc<StoredManifest>,
    pub(crate) freshness: Freshness,
    /// The word for it in metrics.
    pub(super) answer: MirrorAnswer,
}

impl Mirrored {
    /// One that nothing was asked for, since it cannot be anything else.
    pub(super) fn settled(manifest: Arc<StoredManifest>) -> Self {
        Self { manifest, freshness: Freshness::Settled, answer: MirrorAnswer::Settled }
    }

    /// One that was here, and is as fresh as this.
    pub(super) fn known(manifest: Arc<StoredManifest>, freshness: Freshness) -> Self {
        let answer = match freshness {
            Freshness::Settled => MirrorAnswer::Settled,
            Freshness::Fresh(_) => MirrorAnswer::Fresh,
            Freshness::Stale { .. } => MirrorAnswer::Stale,
        };
        Self { manifest, freshness, answer }
    }
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

/// Where something stands that is known here, before its registry is asked for a request for it.
#[derive(Debug)]
pub(super) struct Standing {
    window: Window,
    last: Option<Checked>,
    /// How long ago the registry confirmed it, if that is known.
    age: Option<Duration>,
}

impl Standing {
    pub(super) fn of(window: Window, last: Option<Checked>) -> Self {
        let age = last.as_ref().and_then(|last| last.confirmed).map(|confirmed| confirmed.elapsed());
        Self { window, last, age }
    }

    /// Whether the registry ever confirmed it, as far as is remembered.
    pub(super) fn was_confirmed(&self) -> bool {
        self.age.is_some()
    }

    /// How far it is what the registry has, where the registry did not confirm it.
    pub(super) fn stale(&self, why: Stale) -> Freshness {
        Freshness::Stale { age: self.age, why }
    }

    /// What is served without asking, if anything is.
    pub(super) fn unasked(&self, now: Instant) -> Option<Freshness> {
        if self.window.offline {
            return Some(self.stale(Stale::Offline));
        }
        let last = self.last.as_ref()?;
        let fresh_for = self.window.fresh_for;
        match last.answer {
            Answer::Confirmed => self.age.filter(|age| *age < fresh_for).map(Freshness::Fresh),
            Answer::Unknown => (last.at.elapsed() < fresh_for).then(|| self.stale(Stale::Gone)),
            Answer::Failed(_) => {
                let paused = last.paused_until().is_some_and(|until| until > now);
                Stale::reason(&last.answer).filter(|_| paused).map(|why| self.stale(why))
            }
        }
    }
}

impl Stale {
    /// Why an answer confirms nothing, if it does not.
    pub(super) fn reason(answer: &Answer) -> Option<Self> {
        match answer {
            Answer::Confirmed => None,
            Answer::Unknown => Some(Self::Gone),
            Answer::Failed(FillError::Upstream { error, .. }) => Some(Self::Failed(error.outcome())),
            Answer::Failed(FillError::Storage(_)) => Some(Self::Failed("not stored")),
            Answer::Failed(FillError::GivenUp) => Some(Self::Failed("given up")),
        }
    }

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
