//! The shared fill: content that is fetched from another registry once, for all who ask for it meanwhile.
//!
//! # The life of a fill
//!
//! The first who asks for content that is not here starts a task. It asks the [source](FillSource), hashes what comes and
//! writes it to an upload session; whoever asks for the same digest until the content has its name joins it. The task
//! belongs to nobody: a client that leaves, or is slow, changes nothing for the others, and when all have left it goes on for
//! a [grace](Settings::grace), since whoever was cut off comes back. A connection that breaks, or ends early, is taken up again
//! from the byte where it broke.
//!
//! Nothing is published before it is verified, and **no client completes what is not verified**: the last 64 KiB of every
//! body, also of a part that was asked for, wait for the digest. Where it does not match, or the source is lost for good, the
//! bodies break off, which no client takes for an end. The bytes are verified before they are durable, and the clients need
//! not wait for the disk.
//!
//! What is at most 64 KiB is fetched into memory and stored as small content is. A crash leaves no part of a fill: a session
//! that is [followed](weir_storage::Upload::follow) has no state by which it could be taken up, and its bytes go at the
//! next start.
//!
//! # How readers follow
//!
//! Two ways were weighed.
//!
//! - **Chunks that are shared**, as a broadcast: the task hands each chunk to all readers, which need not read any file. Late
//!   readers need the file all the same, and so do those who fall behind; or the task waits for the slowest, which must not
//!   be. So there has to be a window of chunks in memory, a way from the file into the window, and back when a reader falls
//!   out of it. Memory grows with the number of fills times the window.
//! - **The growing file**: the task says how far it has written, and each reader reads the file up to there, as it reads any
//!   content. It makes no difference when a reader comes, where it begins, and how fast it is; a range is no special case; a
//!   reader that had all so far waits for the next word. Memory is one chunk a reader. The bytes come from the page cache, at
//!   about a tenth of a second of processor time a GiB, which is what reading local content costs.
//!
//! The growing file was taken: one mechanism instead of two, for a copy that is cheap beside sending. Its price is that a byte
//! can be read only once it is written, so what has arrived is written when nothing more comes at once, and not only when a
//! MiB is full.
//!
//! # Parts
//!
//! A part of content that is not here starts a fill of all of it, from its first byte, and waits until the fill has come to the
//! part. To ask the upstream for the part alone would be faster for the end of a large layer, and was decided against: a digest is
//! that of the whole, so that nobody could ever say whether the part is right, and what withholds the end of a body until
//! then would have nothing to wait for. Clients that ask for parts (lazy snapshotters, broken downloads that go on) ask for several
//! of the same layer, and have them from the disk from the second fetch on. What would change this is content that proves its
//! parts, such as a table of contents with digests of chunks.
//!
//! # Layout
//!
//! - [`source`]: where the bytes come from: the seam at which tests make them fail.
//! - [`fetch`]: receiving from a source, across interruptions.
//! - [`stage`]: how far a fill is, and why it may end early.
//! - [`task`]: the task: from the source to the store.
//! - [`following`]: reading along.
//! - [`distrusted`]: where mirrors are left out.

mod distrusted;
mod fetch;
mod following;
mod source;
mod stage;
mod task;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use weir_storage::{BlobReader, BlobStore, Digest};

pub(crate) use following::Following;
pub(crate) use source::{FillSource, UpstreamBlob, UpstreamManifest};
pub(crate) use stage::FillError;

use crate::telemetry::metrics::Metrics;
use distrusted::Distrusted;
use stage::{Fill, Follower, Ready};

/// How patient fills are.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// How long a fill goes on that nobody follows.
    pub(crate) grace: Duration,
    /// How often in a row a source is taken up again that broke off.
    pub(crate) attempts: u32,
    /// How long to wait before the first of these attempts; each further one waits twice as long.
    pub(crate) pause: Duration,
}

impl Settings {
    /// Settings with this grace.
    pub(crate) fn with_grace(grace: Duration) -> Self {
        // About six seconds in all: a restart of a registry or a proxy is bridged, and a client does not wait in vain for long.
        Self { grace, attempts: 5, pause: Duration::from_millis(200) }
    }
}

/// Content that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) digest: Digest,
    /// In bytes, as a link states it.
    pub(crate) size: u64,
}

/// Content that was not here when it was looked for.
pub(crate) enum Fetched {
    /// It is by now.
    Here(Box<dyn BlobReader>),
    /// It is on its way.
    Arriving(Following),
}

/// All fills. One exists for a store.
#[derive(Debug, Clone)]
pub(crate) struct Fills(Arc<Shared>);

/// What the fills share.
#[derive(Debug)]
struct Shared {
    blobs: Arc<dyn BlobStore>,
    settings: Settings,
    /// The fills under way. One leaves before it tells anybody that it failed, and once its content has its name.
    running: Mutex<HashMap<Digest, Arc<Fill>>>,
    distrusted: Distrusted,
    metrics: Arc<Metrics>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Fills {
    pub(crate) fn new(blobs: Arc<dyn BlobStore>, settings: Settings, metrics: Arc<Metrics>) -> Self {
        let (running, distrusted) = (Mutex::default(), Distrusted::default());
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        Self(Arc::new(Shared { blobs, settings, running, distrusted, metrics, tasks, stop }))
    }

    /// Follows the fill of this content, or starts one from `source`. Waits until there is something to read, so that what
    /// fails before is told as an error.
    ///
    /// Where a fill that somebody else started fails so, and had another source, this one's own is tried.
    pub(crate) async fn follow(&self, wanted: &Wanted, source: Arc<dyn FillSource>) -> Result<Fetched, FillError> {
        let mut tried_own = false;
        loop {
            let (follower, started) = self.join(wanted, &source)?;
            let own = started || follower.fill().from == *source.origin();
            tried_own |= own;
            match follower.ready().await {
                Ok(Ready::Arriving(content)) => return Ok(Fetched::Arriving(Following::new(follower, content))),
                Ok(Ready::Here) => match self.0.blobs.open(&wanted.digest).await {
                    Ok(reader) => return Ok(Fetched::Here(reader)),
                    // Deleted in the same moment.
                    Err(weir_storage::Error::BlobNotFound(_)) if !started => tokio::task::yield_now().await,
                    Err(error) => return Err(error.into()),
                },
                Err(FillError::GivenUp) if !started && !self.0.stop.is_cancelled() => {}
                Err(FillError::Upstream { .. }) if !tried_own => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Ends all fills. What had not arrived is fetched anew when it is asked for.
    pub(crate) async fn stop(&self) {
        self.0.stop.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// How many are under way.
    #[cfg(test)]
    pub(crate) fn running(&self) -> usize {
        self.0.running().len()
    }

    /// Joins the fill of this content, or starts it; whether it was started.
    fn join(&self, wanted: &Wanted, source: &Arc<dyn FillSource>) -> Result<(Follower, bool), FillError> {
        let mut running = self.0.running();
        if self.0.stop.is_cancelled() {
            return Err(FillError::GivenUp);
        }
        if let Some(fill) = running.get(&wanted.digest) {
            self.0.metrics.fills.joined.inc();
            return Ok((Follower::of(fill), false));
        }
        let fill = Arc::new(Fill::new(wanted.clone(), source.origin().clone()));
        running.insert(wanted.digest.clone(), Arc::clone(&fill));
        let follower = Follower::of(&fill);
        self.0.metrics.fills.begin();
        self.0.tasks.spawn(task::run(Arc::clone(&self.0), fill, Arc::clone(source)));
        Ok((follower, true))
    }
}

impl Shared {
    /// A panic elsewhere leaves the table whole.
    fn running(&self) -> MutexGuard<'_, HashMap<Digest, Arc<Fill>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever asks from now on starts a fill of its own, or finds the content.
    fn remove(&self, fill: &Fill) {
        self.running().remove(&fill.wanted.digest);
    }
}
