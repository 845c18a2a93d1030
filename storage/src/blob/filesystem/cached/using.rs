//! Cached content that is read.

use std::sync::Arc;

use super::Cache;
use crate::Digest;

/// Says that content is in use, as long as it lives.
#[derive(Debug)]
pub(in super::super) struct Using {
    cache: Arc<Cache>,
    digest: Digest,
}

impl Using {
    /// `None` where the content is not cached.
    pub(super) fn begin(cache: &Arc<Cache>, digest: &Digest) -> Option<Self> {
        let now = cache.clock.now();
        let mut table = cache.table();
        if !table.has(digest) {
            return None;
        }
        table.begin_use(digest, now);
        drop(table);
        Some(Self { cache: Arc::clone(cache), digest: digest.clone() })
    }
}

impl Drop for Using {
    fn drop(&mut self) {
        let now = self.cache.clock.now();
        self.cache.table().end_use(&self.digest, now);
    }
}
