//! All that is watched: a channel and a projector for each resource, from its first watch on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use weir_storage::Revision;

use super::channel::Channel;
use super::options::Watch;
use super::projection::{Source, Watched};
use super::projector::Projector;
use super::ring::RingLimits;
use super::watcher::Watcher;
use crate::namespaces::Keyring;
use crate::records::Records;
use crate::streams::HostNames;

/// A channel begins so many commits before its first watch: clients of a server that was started anew resume from where
/// they were, all at once, and that shall cost as much as one of them.
const BACKLOG: u64 = 1_000;

/// So many replays at a time: each holds what it looks back on.
const REPLAYS: usize = 4;

/// Tells watchers what happens. Clones are one and the same.
#[derive(Debug, Clone)]
pub(crate) struct Events(Arc<Shared>);

/// What watchers and projectors share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) source: Source,
    pub(super) limits: RingLimits,
    pub(super) replays: Arc<Semaphore>,
    pub(super) stop: CancellationToken,
    channels: Mutex<HashMap<Watched, Arc<Channel>>>,
    tasks: TaskTracker,
}

impl Events {
    pub(crate) fn new(records: Records, names: HostNames, keyring: Arc<Keyring>) -> Self {
        let source = Source { records, names: Arc::new(names), keyring };
        Self::with_limits(source, RingLimits::default())
    }

    pub(super) fn with_limits(source: Source, limits: RingLimits) -> Self {
        Self(Arc::new(Shared {
            source,
            limits,
            replays: Arc::new(Semaphore::new(REPLAYS)),
            stop: CancellationToken::new(),
            channels: Mutex::default(),
            tasks: TaskTracker::new(),
        }))
    }

    /// Watches: the lines of the answer, each event in one piece. The stream ends when the watch is over.
    pub(crate) fn watch(&self, watch: Watch) -> impl Stream<Item = Bytes> + Send + use<> {
        let channel = Shared::channel(&self.0, watch.resource);
        let watcher = Watcher::new(Arc::clone(&self.0), channel, watch);
        stream::unfold(watcher, async |mut watcher| Some((watcher.next().await?, watcher))).boxed()
    }

    /// Ends all watches in good order, and then what feeds them. No watch begins afterwards.
    pub(crate) async fn stop(&self) {
        self.0.stop.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }
}

impl Shared {
    fn channels(&self) -> MutexGuard<'_, HashMap<Watched, Arc<Channel>>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The channel of a resource, begun where nobody watches it yet.
    fn channel(shared: &Arc<Self>, resource: Watched) -> Arc<Channel> {
        let mut channels = shared.channels();
        let begin = || {
            let now = shared.source.records.metadata().revision();
            let floor = Revision(now.0.saturating_sub(BACKLOG));
            let channel = Arc::new(Channel::after(floor, shared.limits));
            let projector = Projector::new(Arc::clone(shared), Arc::clone(&channel), resource, floor);
            shared.tasks.spawn(projector.run());
            channel
        };
        Arc::clone(channels.entry(resource).or_insert_with(begin))
    }

    /// Takes a channel away where nobody but its projector has it.
    pub(super) fn retire(&self, resource: Watched, channel: &Arc<Channel>) -> bool {
        let mut channels = self.channels();
        // The map and the projector. Others get it from the map, which is locked.
        let unused = Arc::strong_count(channel) <= 2;
        if unused {
            channels.remove(&resource);
        }
        unused
    }

    /// Takes a channel away that has no projector any more.
    pub(super) fn remove(&self, resource: Watched) {
        self.channels().remove(&resource);
    }
}
