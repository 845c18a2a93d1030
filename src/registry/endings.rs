//! Upload sessions that end, or ended lately.
//!
//! A client that lost the answer to its closing request sends it again, maybe while the first is still in work
//! (jib#4301). It is told what the first came to: the session itself is gone by then.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use weir_storage::{Digest, UploadId};

use crate::oci::StreamId;

/// The sessions that end now, and those that became blobs lately.
#[derive(Debug, Default)]
pub(super) struct Endings(Mutex<Sessions>);

#[derive(Debug, Default)]
struct Sessions {
    endings: HashMap<UploadId, Ending>,
    /// Those that became blobs, oldest first.
    blobs: VecDeque<UploadId>,
}

#[derive(Debug, Clone)]
struct Ending {
    stream: StreamId,
    digest: Digest,
    /// Whether it became a blob. Where the sender is gone before it did, it never will.
    became_blob: watch::Receiver<bool>,
}

impl Endings {
    /// How many are remembered that became blobs: minutes of a busy server, at about 300 bytes each.
    const KEPT: usize = 4096;

    /// Notes that a session is about to become the blob `digest`.
    pub(super) fn begin(&self, id: UploadId, stream: StreamId, digest: Digest) -> watch::Sender<bool> {
        let (sender, became_blob) = watch::channel(false);
        self.lock().endings.insert(id, Ending { stream, digest, became_blob });
        sender
    }

    /// Notes what came of it.
    pub(super) fn end(&self, id: UploadId, ending: &watch::Sender<bool>, became_blob: bool) {
        let mut sessions = self.lock();
        if !became_blob {
            sessions.endings.remove(&id);
            return;
        }
        ending.send_replace(true);
        sessions.blobs.push_back(id);
        while sessions.blobs.len() > Self::KEPT {
            if let Some(oldest) = sessions.blobs.pop_front() {
                sessions.endings.remove(&oldest);
            }
        }
    }

    /// Whether the session became the blob `digest` of the repository. Waits where it is about to.
    pub(super) async fn became(&self, id: UploadId, stream: &StreamId, digest: &Digest) -> bool {
        let ending = self.lock().endings.get(&id).filter(|e| e.stream == *stream && e.digest == *digest).cloned();
        match ending {
            None => false,
            Some(mut ending) => ending.became_blob.wait_for(|became| *became).await.is_ok(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Sessions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
