//! Keeping what is cached from other registries within its budget.
//!
//! # What is cached
//!
//! What a fill brought and nothing else. What was pushed or mounted is kept, and so is what a pushed image needs, from
//! wherever it came; manifests and configs are kept, too: the history needs them, and they are small. The store tells
//! the two apart by where they lie, so that no eviction has to be judged against what is pushed in the same moment: see
//! [`ContentCache`]. A link to what was evicted stays, and the next pull fetches the bytes again.
//!
//! # What goes
//!
//! What was not used for longest, a blob at a time, until the rest fits: within the budget, if there is one, and on the disk, before
//! that is so full that pushes and downloads are refused: as much as it lacks, at most once a second. What somebody reads stays; if that alone is more than
//! the budget, it goes when it is let go of. What still arrives does not count yet: the disk needs room for that, too.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use weir_storage::{BlobStore, CachedContent, ContentCache};

use crate::telemetry::metrics::Metrics;

/// How many blobs are looked at together.
const BATCH: usize = 64;

/// How long to wait where there is too much and nothing can go, and how often the disk is looked at, which others fill, too.
const AGAIN: Duration = Duration::from_secs(1);

/// How often last uses are written down. A crash makes content seem older by as much, no more.
const REMEMBER: Duration = Duration::from_mins(5);

/// Evicts cached content, as long as the server runs.
#[derive(Debug)]
pub(crate) struct Eviction {
    pub(crate) blobs: Arc<dyn BlobStore>,
    /// How many bytes may be cached; any number where it is absent.
    pub(crate) budget: Option<u64>,
    pub(crate) metrics: Arc<Metrics>,
}

/// What one pass came to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Freed {
    blobs: u64,
    bytes: u64,
}

impl Eviction {
    /// Runs until it is told to stop.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let Some(cache) = self.blobs.cache() else { return };
        let mut bytes = cache.bytes();
        let (mut look, mut remember) = (every(AGAIN), every(REMEMBER));
        loop {
            let lacking = tokio::select! {
                () = stop.cancelled() => return,
                changed = bytes.changed() => if changed.is_err() { return } else { 0 },
                // Not after each eviction: a file system may take its time to free what was removed.
                _ = look.tick() => shortage(cache),
                _ = remember.tick() => {
                    remember_uses(cache).await;
                    continue;
                }
            };
            self.enforce(cache, lacking, &stop).await;
        }
    }

    /// Evicts until the rest fits, and so many bytes more are free on the disk, or nothing else can go.
    async fn enforce(&self, cache: &dyn ContentCache, lacking: u64, stop: &CancellationToken) {
        let mut freed = Freed::default();
        loop {
            let held = *cache.bytes().borrow();
            self.metrics.cache.hold(held);
            let over = self.budget.map_or(0, |budget| held.saturating_sub(budget));
            let excess = over.max(lacking.saturating_sub(freed.bytes)).min(held);
            if excess == 0 {
                break;
            }
            let now = self.evict(cache, cache.unused(BATCH), excess).await;
            freed.blobs = freed.blobs.saturating_add(now.blobs);
            freed.bytes = freed.bytes.saturating_add(now.bytes);
            if now.blobs == 0 || stop.is_cancelled() {
                break;
            }
        }
        if freed.blobs > 0 {
            let Freed { blobs, bytes } = freed;
            tracing::info!(
                count = blobs,
                size_bytes = bytes,
                "Evicted {blobs} cached blobs with {bytes} bytes, which were not used for longest"
            );
        }
    }

    /// Evicts as much of this as is too much.
    async fn evict(&self, cache: &dyn ContentCache, batch: Vec<CachedContent>, excess: u64) -> Freed {
        let mut freed = Freed::default();
        let mut failed = None;
        for content in batch {
            if freed.bytes >= excess {
                break;
            }
            match cache.evict(&content).await {
                Ok(true) => {
                    self.metrics.cache.evicted(content.size);
                    tracing::debug!(blob.digest = %content.digest, size_bytes = content.size, "Evicted {}", content.digest);
                    freed.blobs = freed.blobs.saturating_add(1);
                    freed.bytes = freed.bytes.saturating_add(content.size);
                }
                // Used since, or pushed.
                Ok(false) => {}
                Err(error) => failed = Some((content.digest, error)),
            }
        }
        if let Some((digest, error)) = failed {
            tracing::warn!(blob.digest = %digest, %error, "Failed to evict {digest}: {error}");
        }
        freed
    }
}

/// Ticks at once, and then after each period.
fn every(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// How much the disk lacks.
fn shortage(cache: &dyn ContentCache) -> u64 {
    cache.shortage().unwrap_or_else(|error| {
        tracing::warn!(%error, "Failed to learn how full the disk is: {error}");
        0
    })
}

async fn remember_uses(cache: &dyn ContentCache) {
    if let Err(error) = cache.remember_uses().await {
        tracing::warn!(%error, "Failed to write down when cached content was last used: {error}");
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use tempfile::TempDir;
    use tokio::time::sleep;
    use weir_storage::blob::contract::{fresh, sha256};
    use weir_storage::blob::filesystem::FilesystemBlobs;
    use weir_storage::{BlobReader, Digest, SystemClock};

    use super::*;

    /// How long to wait between two looks at what says nothing of itself.
    const LOOK: Duration = Duration::from_millis(2);

    /// A store with an eviction that goes on.
    struct Site {
        blobs: Arc<dyn BlobStore>,
        metrics: Arc<Metrics>,
        stop: CancellationToken,
        running: tokio::task::JoinHandle<()>,
        folder: TempDir,
    }

    impl Site {
        fn new(budget: Option<u64>) -> Self {
            Self::on(TempDir::new().unwrap(), budget, 0)
        }

        /// On a disk of which so many bytes are to stay free.
        fn on(folder: TempDir, budget: Option<u64>, reserve: u64) -> Self {
            let (content, uploads) = (folder.path().join("blobs"), folder.path().join("uploads"));
            let blobs: Arc<dyn BlobStore> =
                Arc::new(FilesystemBlobs::open(content, uploads, reserve, Arc::new(SystemClock)).unwrap());
            let (metrics, stop) = (Arc::new(Metrics::new()), CancellationToken::new());
            let eviction = Eviction { blobs: Arc::clone(&blobs), budget, metrics: Arc::clone(&metrics) };
            let running = tokio::spawn(eviction.run(stop.clone()));
            Self { blobs, metrics, stop, running, folder }
        }

        async fn cached(&self, size: usize) -> Digest {
            let content = fresh(size);
            let digest = sha256(&content);
            self.blobs.put_cached(&digest, content).await.unwrap();
            digest
        }

        async fn kept(&self, size: usize) -> Digest {
            let content = fresh(size);
            let digest = sha256(&content);
            self.blobs.put(&digest, content).await.unwrap();
            digest
        }

        async fn open(&self, digest: &Digest) -> Box<dyn BlobReader> {
            self.blobs.open(digest).await.unwrap()
        }

        async fn has(&self, digest: &Digest) -> bool {
            self.blobs.size(digest).await.unwrap().is_some()
        }

        /// Waits until a metric says so.
        async fn measures(&self, line: &str) {
            let seen = async {
                while !self.metrics.encode().unwrap().contains(line) {
                    sleep(LOOK).await;
                }
            };
            assert!(tokio::time::timeout(Duration::from_mins(1), seen).await.is_ok(), "no {line}");
        }

        /// Waits until so many bytes are cached.
        async fn shrinks_to(&self, held: u64) {
            let mut bytes = self.blobs.cache().unwrap().bytes();
            let shrunk = bytes.wait_for(|bytes| *bytes <= held);
            tokio::time::timeout(Duration::from_mins(1), shrunk).await.unwrap().unwrap();
            assert_eq!(*self.blobs.cache().unwrap().bytes().borrow(), held);
        }

        async fn stop(self) {
            self.close().await;
        }

        /// Stops, and leaves the disk as it is.
        async fn close(self) -> TempDir {
            self.stop.cancel();
            self.running.await.unwrap();
            self.blobs.close().await.unwrap();
            self.folder
        }
    }

    #[tokio::test]
    async fn what_was_not_used_for_longest_goes() {
        let site = Site::new(Some(2500));
        let (first, second) = (site.cached(1000).await, site.cached(1000).await);
        drop(site.open(&first).await);
        let third = site.cached(1000).await;
        site.shrinks_to(2000).await;
        assert!(!site.has(&second).await);
        assert!(site.has(&first).await && site.has(&third).await);
        site.stop().await;
    }

    #[tokio::test]
    async fn what_is_kept_is_neither_counted_nor_evicted() {
        let site = Site::new(Some(0));
        let (pushed, was_cached) = (site.kept(5000).await, fresh(300_000));
        let digest = sha256(&was_cached);
        // Whether the eviction or the push is faster.
        for _ in 0..20 {
            site.blobs.put_cached(&digest, was_cached.clone()).await.unwrap();
        }
        site.blobs.put(&digest, was_cached.clone()).await.unwrap();
        site.cached(1000).await;
        site.shrinks_to(0).await;
        assert!(site.has(&pushed).await && site.has(&digest).await);
        assert!(site.open(&digest).await.read(0..300_000).await.unwrap() == was_cached);
        site.stop().await;
    }

    #[tokio::test]
    async fn what_is_read_goes_when_it_is_let_go_of() {
        let site = Site::new(None);
        let read = site.cached(1000).await;
        let reader = site.open(&read).await;
        let eviction = Eviction { blobs: Arc::clone(&site.blobs), budget: Some(0), metrics: Arc::clone(&site.metrics) };
        let cache = site.blobs.cache().unwrap();
        eviction.enforce(cache, 0, &site.stop).await;
        assert!(site.has(&read).await, "it is read");
        drop(reader);
        eviction.enforce(cache, 0, &site.stop).await;
        assert!(!site.has(&read).await);
        site.stop().await;
    }

    /// Without anything else that would happen meanwhile.
    #[tokio::test]
    async fn a_reader_that_lets_go_is_noticed() {
        let site = Site::new(Some(1000));
        let read = site.cached(2000).await;
        let Ok(reader) = site.blobs.open(&read).await else {
            // Evicted at once, as it may be.
            return site.stop().await;
        };
        tokio::task::yield_now().await;
        drop(reader);
        site.shrinks_to(0).await;
        site.stop().await;
    }

    #[tokio::test]
    async fn many_small_ones_give_way_to_a_large_one() {
        let site = Site::new(Some(400_000));
        let mut small = Vec::new();
        for _ in 0..150 {
            small.push(site.cached(1000).await);
        }
        let large = site.cached(300_000).await;
        site.shrinks_to(400_000).await;
        assert!(site.has(&large).await);
        for (index, digest) in small.iter().enumerate() {
            assert_eq!(site.has(digest).await, index >= 50, "{index}");
        }
        site.stop().await;
    }

    #[tokio::test]
    async fn without_a_budget_everything_stays_and_is_measured() {
        let site = Site::new(None);
        let digest = site.cached(1234).await;
        site.measures("weir_cache_held_bytes 1234\n").await;
        assert!(site.has(&digest).await);
        site.stop().await;
    }

    #[tokio::test]
    async fn evictions_are_measured() {
        let site = Site::new(Some(0));
        site.cached(1000).await;
        site.shrinks_to(0).await;
        site.blobs.put_cached(&sha256(b"four"), Bytes::from_static(b"four")).await.unwrap();
        site.shrinks_to(0).await;
        for line in
            ["weir_cache_held_bytes 0\n", "weir_cache_evicted_bytes_total 1004\n", "weir_cache_evictions_total 2\n"]
        {
            site.measures(line).await;
        }
        site.stop().await;
    }

    #[tokio::test]
    async fn no_more_goes_than_the_disk_lacks() {
        let site = Site::new(None);
        let blobs = [site.cached(1000).await, site.cached(1000).await, site.cached(1000).await];
        let eviction = Eviction { blobs: Arc::clone(&site.blobs), budget: None, metrics: Arc::clone(&site.metrics) };
        eviction.enforce(site.blobs.cache().unwrap(), 1500, &site.stop).await;
        for (digest, stays) in blobs.iter().zip([false, false, true]) {
            assert_eq!(site.has(digest).await, stays);
        }
        site.stop().await;
    }

    /// Nobody said how much may be cached, and the disk is full.
    #[tokio::test]
    async fn what_is_cached_gives_way_on_a_full_disk() {
        let site = Site::new(None);
        let (cached, kept) = (site.cached(300_000).await, site.kept(300_000).await);
        let folder = site.close().await;
        let site = Site::on(folder, None, u64::MAX);
        site.shrinks_to(0).await;
        assert!(!site.has(&cached).await && site.has(&kept).await);
        site.stop().await;
    }
}
