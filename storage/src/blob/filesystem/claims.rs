//! Who works on which upload session.
//!
//! A session in use has two halves: the [`Holder`] lives with the caller, the [`Claim`] with the work on the disk. A caller
//! who leaves does not stop a blocking thread, so the claim may be the one that lives longer; whoever comes for the session
//! then waits for it, while one that has its holder is busy.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tokio::sync::Notify;

use crate::{Error, Result, UploadId};

/// The sessions that are in use in this process.
#[derive(Debug, Default)]
pub(super) struct Claims {
    table: Mutex<Table>,
    /// Told whenever a claim ends.
    released: Notify,
}

#[derive(Debug, Default)]
struct Table {
    /// Sessions with a living [`Claim`], and whether the [`Holder`] of that claim is gone.
    claimed: HashMap<UploadId, Arc<AtomicBool>>,
    /// When sessions were last written to whose claim was dropped without a save, so that a session is not swept as
    /// idle because its one long request broke off. Emptied by the end of each session.
    unsaved: HashMap<UploadId, SystemTime>,
    /// Sessions that are over although their files are there: they were committed and could not be removed, or a sync of
    /// their bytes failed. The kernel tells that once; the page cache shows them still, and the disk may not have them.
    doubtful: HashMap<UploadId, ErrorKind>,
}

impl Claims {
    /// The session for this caller alone, or `UploadBusy`. Waits for work that an earlier caller left behind.
    pub(super) async fn claim(self: &Arc<Self>, id: UploadId) -> Result<(Claim, Holder)> {
        loop {
            // Made before the look at the table, so that no release between the two is missed.
            let released = self.released.notified();
            match self.try_claim(id) {
                Ok(claimed) => return Ok(claimed),
                Err(Taken::Held) => return Err(Error::UploadBusy(id)),
                Err(Taken::Left) => released.await,
            }
        }
    }

    /// The session if nobody has it and nothing works on it. Who comes for it meanwhile waits.
    pub(super) fn claim_idle(self: &Arc<Self>, id: UploadId) -> Option<Claim> {
        self.try_claim(id).ok().map(|(claim, _)| claim)
    }

    /// The session's files are not to be trusted any more.
    pub(super) fn doubt(&self, id: UploadId, why: ErrorKind) {
        self.table().doubtful.insert(id, why);
    }

    fn try_claim(self: &Arc<Self>, id: UploadId) -> std::result::Result<(Claim, Holder), Taken> {
        match self.table().claimed.entry(id) {
            Entry::Occupied(claimed) if claimed.get().load(Ordering::SeqCst) => Err(Taken::Left),
            Entry::Occupied(_) => Err(Taken::Held),
            Entry::Vacant(free) => {
                let holder = Holder { gone: Arc::default() };
                free.insert(Arc::clone(&holder.gone));
                Ok((Claim { claims: Arc::clone(self), id, written: None }, holder))
            }
        }
    }

    /// A panic cannot leave the table half changed, so a poisoned lock is as good as any.
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a session cannot be claimed.
enum Taken {
    /// Its caller has it.
    Held,
    /// Its caller left, and work goes on.
    Left,
}

/// The caller's half of a session in use.
#[derive(Debug)]
pub(super) struct Holder {
    gone: Arc<AtomicBool>,
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::SeqCst);
    }
}

/// The right to work on the files of one session.
#[derive(Debug)]
pub(super) struct Claim {
    claims: Arc<Claims>,
    id: UploadId,
    /// When the session was last written to since its last save.
    written: Option<SystemTime>,
}

impl Claim {
    pub(super) fn id(&self) -> UploadId {
        self.id
    }

    /// Bytes were written that no state file tells of.
    pub(super) fn written_at(&mut self, now: SystemTime) {
        self.written = Some(now);
    }

    /// When an earlier holder last wrote without saving.
    pub(super) fn last_unsaved(&self) -> Option<SystemTime> {
        self.claims.table().unsaved.get(&self.id).copied()
    }

    /// The state file tells everything again.
    pub(super) fn settle(&mut self) {
        self.written = None;
        self.claims.table().unsaved.remove(&self.id);
    }

    /// The session is gone.
    pub(super) fn end(&mut self) {
        self.settle();
        self.claims.table().doubtful.remove(&self.id);
    }

    /// Why the session is over, whatever its files say; `None` where it is not.
    pub(super) fn doubt(&self) -> Option<ErrorKind> {
        self.claims.table().doubtful.get(&self.id).copied()
    }

    /// The table of all claims, for work that outlives this one.
    pub(super) fn claims(&self) -> &Arc<Claims> {
        &self.claims
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut table = self.claims.table();
        if let Some(written) = self.written {
            table.unsaved.insert(self.id, written);
        }
        table.claimed.remove(&self.id);
        drop(table);
        self.claims.released.notify_waiters();
    }
}
