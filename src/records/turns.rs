//! Whose turn it is among writers who want to change the same record.
//!
//! Of many who decide at once on the same state one is committed, and all others decide in vain: with 64 clients that push
//! to one tag, hardly anything else was done. Whoever met such a conflict waits here, in order, and holds the turn until
//! it is committed. Nobody waits before a conflict, and nobody holds two turns, so there is no deadlock.

use std::hash::{BuildHasher as _, RandomState};

use tokio::sync::{Mutex, MutexGuard};

/// How many records can be fought for at once without one queue getting in another's way.
const QUEUES: usize = 256;

/// Queues, each for the keys that fall to it.
#[derive(Debug)]
pub(super) struct Turns {
    queues: Box<[Mutex<()>]>,
    hasher: RandomState,
}

impl Default for Turns {
    fn default() -> Self {
        Self { queues: (0..QUEUES).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }
}

impl Turns {
    /// Waits for the turn to change a key.
    pub(super) async fn wait(&self, key: &[u8]) -> Option<MutexGuard<'_, ()>> {
        let hash = usize::try_from(self.hasher.hash_one(key) % QUEUES as u64).unwrap_or_default();
        match self.queues.get(hash) {
            Some(queue) => Some(queue.lock().await),
            None => None,
        }
    }
}
