//! What a client knows of what it did. Nobody else touches its blobs and manifests, so that it knows all of them; tags
//! are everybody's.

use std::collections::HashMap;

use crate::content::{Blob, LAYER, Noise};
use crate::history::Dated;
use crate::linearizability::{Action, Call};

/// Up to this size a session is kept in memory, and may end with the process.
pub(crate) const IN_MEMORY: usize = 64 << 10;

/// A tag of a repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TagName {
    pub(crate) repository: &'static str,
    pub(crate) tag: String,
}

/// Whether something is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Belief {
    Present,
    Absent,
    /// The answer that would tell was lost.
    Unknown,
}

/// A blob or manifest in a repository.
#[derive(Debug)]
pub(crate) struct Holding {
    pub(crate) repository: &'static str,
    pub(crate) digest: String,
    pub(crate) kind: Kind,
    pub(crate) belief: Belief,
    /// Something refers to it, so that it is never deleted.
    pub(crate) pinned: bool,
    /// Something was done to it since it was last checked.
    pub(crate) touched: bool,
}

#[derive(Debug)]
pub(crate) enum Kind {
    /// A layer can be made again; other blobs cannot.
    Blob(Option<Parcel>),
    Manifest(Manifest),
}

/// What a manifest says, and where it was put.
#[derive(Debug, Clone)]
pub(crate) struct Manifest {
    pub(crate) media_type: &'static str,
    pub(crate) size: usize,
    pub(crate) blobs: Vec<String>,
    pub(crate) children: Vec<String>,
    pub(crate) subject: Option<String>,
    /// The tags of its first push, which came to mean it in the same commit that made it.
    pub(crate) first_tags: Vec<TagName>,
    /// Whether that first push is known to have been done, or not.
    pub(crate) proven: bool,
    /// Every tag that ever meant it.
    pub(crate) tags: Vec<TagName>,
}

/// Content that can be made again.
#[derive(Debug, Clone)]
pub(crate) struct Parcel {
    pub(crate) seed: String,
    pub(crate) size: usize,
}

impl Parcel {
    pub(crate) fn layer(&self) -> Blob {
        Blob::new(LAYER, Noise::new(&self.seed).bytes(self.size))
    }
}

/// An upload that is not finished.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) repository: &'static str,
    pub(crate) location: String,
    pub(crate) parcel: Parcel,
    /// How far the server said it was.
    pub(crate) acknowledged: usize,
    /// How far it can be.
    pub(crate) sent: usize,
    /// A call that ends it was made, and its answer was lost.
    pub(crate) ending: bool,
}

/// The newest events of a tag, as somebody read them.
#[derive(Debug)]
pub(crate) struct Sighting {
    pub(crate) tag: TagName,
    /// Newest first.
    pub(crate) events: Vec<Dated>,
}

/// Everything that a client knows.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) holdings: Vec<Holding>,
    places: HashMap<(&'static str, String), usize>,
    pub(crate) sessions: Vec<Session>,
    /// Calls to tags since the last check.
    pub(crate) calls: Vec<(TagName, Call)>,
    /// Histories that were read since the last check.
    pub(crate) sightings: Vec<Sighting>,
    /// Answers that nothing can explain.
    pub(crate) faults: Vec<String>,
}

/// Only what is this new is worked on further, so that a step of a long run costs what one of a short run does.
const RECENT: usize = 300;

impl Ledger {
    /// Notes that something is about to be made, of which nothing is known until its call is answered; its place.
    pub(crate) fn begin(&mut self, repository: &'static str, digest: &str, kind: Kind) -> usize {
        let new = self.holdings.len();
        let place = *self.places.entry((repository, digest.to_owned())).or_insert(new);
        if place == new {
            let (digest, belief) = (digest.to_owned(), Belief::Unknown);
            self.holdings.push(Holding { repository, digest, kind, belief, pinned: false, touched: true });
        }
        self.settle(place, Belief::Unknown);
        place
    }

    /// What is known of something, if it was ever begun.
    pub(crate) fn find(&self, repository: &'static str, digest: &str) -> Option<&Holding> {
        self.holdings.get(*self.places.get(&(repository, digest.to_owned()))?)
    }

    pub(crate) fn settle(&mut self, place: usize, belief: Belief) {
        self.holdings[place].belief = belief;
        self.holdings[place].touched = true;
    }

    pub(crate) fn note(&mut self, tag: &TagName, call: Call) {
        if call.answered.is_none() && matches!(call.action, Action::Read(_)) {
            return;
        }
        self.calls.push((tag.clone(), call));
    }

    /// The places of what is new and surely there.
    pub(crate) fn recent(&self, wanted: impl Fn(&Holding) -> bool) -> Vec<usize> {
        let start = self.holdings.len().saturating_sub(RECENT);
        let present = |place: &usize| self.holdings[*place].belief == Belief::Present && wanted(&self.holdings[*place]);
        (start..self.holdings.len()).filter(present).collect()
    }

    /// Nothing that refers to these may lose them.
    pub(crate) fn pin(&mut self, repository: &'static str, digests: &[String]) {
        for digest in digests {
            if let Some(place) = self.places.get(&(repository, digest.clone())) {
                self.holdings[*place].pinned = true;
            }
        }
    }
}

impl Holding {
    pub(crate) fn manifest(&self) -> Option<&Manifest> {
        match &self.kind {
            Kind::Manifest(manifest) => Some(manifest),
            Kind::Blob(_) => None,
        }
    }

    pub(crate) fn parcel(&self) -> Option<&Parcel> {
        match &self.kind {
            Kind::Blob(parcel) => parcel.as_ref(),
            Kind::Manifest(_) => None,
        }
    }
}
