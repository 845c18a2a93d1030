//! Upload sessions that end, or ended lately.
//!
//! A client that lost the answer to its closing request sends it again, maybe while the first is still in work
//! (jib#4301). It is told what the first came to: the session itself is gone by then. Where only the last step failed, so
//! that the content is stored and the repository does not have it yet, the second request does that step.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use weir_storage::{Digest, UploadId};

use crate::oci::StreamId;

/// The sessions that end now, and those whose content was stored lately.
#[derive(Debug, Default)]
pub(super) struct Endings(Mutex<Sessions>);

/// What became of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// Content of this size, which the repository may not have as a blob.
    Content(u64),
    /// A blob of the repository.
    Blob,
}

/// Tells those who wait what became of a session.
pub(super) type Teller = watch::Sender<Option<Ended>>;

#[derive(Debug, Default)]
struct Sessions {
    endings: HashMap<UploadId, Ending>,
    /// Those that are over, oldest first.
    over: VecDeque<UploadId>,
}

#[derive(Debug, Clone)]
struct Ending {
    stream: StreamId,
    digest: Digest,
    /// What became of it. Where the sender is gone before it says so, nothing did.
    ended: watch::Receiver<Option<Ended>>,
}

impl Endings {
    /// How many are remembered that are over: minutes of a busy server, at about 300 bytes each.
    const KEPT: usize = 4096;

    /// Notes that a session is about to become the blob `digest`.
    pub(super) fn begin(&self, id: UploadId, stream: StreamId, digest: Digest) -> Teller {
        let (teller, ended) = watch::channel(None);
        self.lock().endings.insert(id, Ending { stream, digest, ended });
        teller
    }

    /// Notes what came of it, if anything did.
    pub(super) fn end(&self, id: UploadId, teller: &Teller, ended: Option<Ended>) {
        let mut sessions = self.lock();
        if ended.is_none() {
            sessions.endings.remove(&id);
            return;
        }
        teller.send_replace(ended);
        sessions.over.push_back(id);
        while sessions.over.len() > Self::KEPT {
            if let Some(oldest) = sessions.over.pop_front() {
                sessions.endings.remove(&oldest);
            }
        }
    }

    /// What became of a session that was to be the blob `digest` of the repository. Waits where it ends just now.
    pub(super) async fn outcome(&self, id: UploadId, stream: &StreamId, digest: &Digest) -> Option<Ended> {
        let ending = self.lock().endings.get(&id).filter(|e| e.stream == *stream && e.digest == *digest).cloned();
        *ending?.ended.wait_for(Option::is_some).await.ok()?
    }

    fn lock(&self) -> MutexGuard<'_, Sessions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
