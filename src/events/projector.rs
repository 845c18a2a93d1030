//! The task that follows the feed for one resource.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use weir_storage::Revision;

use super::channel::Channel;
use super::hub::Shared;
use super::projection::{Projection, Watched};
use crate::records::Error;

/// So many commits may wait to be projected. When there are more, the projector goes on with the newest, and those who
/// watch list anew: that is the bound on what it reads to catch up.
pub(super) const MOST_BEHIND: u64 = 20_000;

/// How long what failed is left alone before it is tried again, at first; twice as long each time.
const PAUSE: Duration = Duration::from_millis(200);

/// How often it is tried: for some seconds, which is longer than a store takes to bring an index back.
const ATTEMPTS: u32 = 6;

/// To wake a watcher, and to send it what is new, takes about so long.
const WAKING: Duration = Duration::from_micros(20);

/// Waking takes at most one part in so many of the time, a few watchers at once, so that others who have work for the
/// server hardly wait for it. A thousand watchers of the same hear of what happened every 80 ms, of several commits at
/// once; ten of them at once.
const SHARE: u32 = 4;

/// So long a channel is kept that nobody watches, for those who come back.
const KEPT: Duration = Duration::from_mins(5);

/// Follows the feed for one resource.
pub(super) struct Projector {
    shared: Arc<Shared>,
    channel: Arc<Channel>,
    resource: Watched,
    projection: Box<dyn Projection>,
    /// Everything up to here is in the ring.
    position: Revision,
    /// When watchers may be woken again.
    due: Instant,
    /// Since when nobody watches.
    deserted: Option<Instant>,
}

impl Projector {
    pub(super) fn new(shared: Arc<Shared>, channel: Arc<Channel>, resource: Watched, after: Revision) -> Self {
        let projection = resource.projection(&shared.source, after);
        let now = Instant::now();
        Self { shared, channel, resource, projection, position: after, due: now, deserted: None }
    }

    /// Works until the server stops, nobody watches any more, or what is stored cannot be read.
    pub(super) async fn run(mut self) {
        let stop = self.shared.stop.clone();
        // Dropping it at any point is fine: nothing else depends on where it stopped.
        stop.run_until_cancelled(self.follow()).await;
    }

    async fn follow(&mut self) {
        let mut news = self.shared.source.records.metadata().subscribe();
        loop {
            if let Err(error) = self.catch_up(&mut news).await {
                tracing::error!(%error, resource = ?self.resource, "Ended all watches of a resource: {error}");
                self.shared.remove(self.resource);
                self.channel.give_up();
                return;
            }
            self.wake_when_due();
            tokio::select! {
                changed = news.changed() => if changed.is_err() { return },
                () = sleep_until(self.due), if self.channel.has_unwoken() => {}
                () = sleep_until(Instant::now() + KEPT) => {}
            }
            if self.is_deserted() && self.shared.retire(self.resource, &self.channel) {
                return;
            }
        }
    }

    /// Projects everything that is visible, with some patience for a store that is not well.
    async fn catch_up(&mut self, news: &mut watch::Receiver<Revision>) -> Result<(), Error> {
        let mut failed = 0;
        loop {
            let visible = *news.borrow_and_update();
            if self.position >= visible {
                self.projection.caught_up(self.position);
                return Ok(());
            }
            if visible.0 - self.position.0 > MOST_BEHIND {
                self.skip(visible);
            }
            match self.project_page(visible).await {
                Ok(()) => failed = 0,
                Err(error) if failed + 1 >= ATTEMPTS => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, resource = ?self.resource, "Failed to follow the change feed: {error}");
                    tokio::time::sleep(PAUSE * 2_u32.saturating_pow(failed)).await;
                    failed += 1;
                }
            }
            self.wake_when_due();
        }
    }

    async fn project_page(&mut self, visible: Revision) -> Result<(), Error> {
        for change in self.shared.source.records.changes(self.position, visible).await? {
            let happened = self.projection.project(&change).await?;
            self.position = change.revision;
            self.channel.push(change.revision, happened);
            // Projecting from memory never waits for anything.
            tokio::task::consume_budget().await;
        }
        Ok(())
    }

    /// Gives up everything before the newest commit, which is told again to those who list it and go on from there.
    fn skip(&mut self, visible: Revision) {
        let upto = Revision(visible.0.saturating_sub(1));
        let missed = upto.0.saturating_sub(self.position.0);
        tracing::warn!(missed, resource = ?self.resource, "Left out {missed} changes that came too fast to be told");
        self.projection = self.resource.projection(&self.shared.source, upto);
        self.position = upto;
        self.channel.skip(upto);
    }

    fn wake_when_due(&mut self) {
        let now = Instant::now();
        while self.due <= now {
            let woken = u32::try_from(self.channel.wake_some()).unwrap_or(u32::MAX);
            if woken == 0 {
                break;
            }
            // Not from when it was due: what was not spent in time is not made up for.
            self.due = self.due.max(now) + WAKING.saturating_mul(woken.saturating_mul(SHARE));
        }
    }

    fn is_deserted(&mut self) -> bool {
        if self.channel.watchers() > 0 {
            self.deserted = None;
            return false;
        }
        self.deserted.get_or_insert_with(Instant::now).elapsed() >= KEPT
    }
}
