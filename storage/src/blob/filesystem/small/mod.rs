//! Small content becomes durable in company.
//!
//! A file and its name take two syncs of their own to survive a power cut, and while many clients push small things the
//! disk does little else. So small content is first appended to a log, with everything that waits for the same sync
//! (group commit); then it gets its file, which the system writes back when it likes. A start reads the log and makes
//! whole again what a power cut took from the files.
//!
//! ```text
//! blobs/log/<number>.log    small content that may not be durable under its digest yet
//! ```
//!
//! The files are the truth for readers: nobody reads from the log but a start. Once a log has reached [`ROTATE`] bytes, a
//! new one is begun; the file system is synced as a whole, which is far cheaper than file by file, and the old one is
//! removed. A sync that fails leaves the old ones, and the next one tries again.
//!
//! Alternatives that were left: one sync for each file and folder, which makes a third of the pushes per second; content
//! in the metadata journal, which would keep it twice for ever; packs of many blobs as the place where they stay, which
//! have to be indexed and compacted.

mod log;
mod recovery;
#[cfg(test)]
mod tests;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::content::Content;
use super::space::Space;
use crate::{Digest, Error, Result};
use writer::{Command, Job, Writer};

/// What is small, in bytes. Twice this much is written of such content, so it must cost less than two syncs.
pub(super) const SMALL: usize = 64 << 10;

/// A log of so many bytes is followed by a new one. A start reads that much and looks at as many files as are in it.
const ROTATE: u64 = 16 << 20;

/// At this size a log waits until those before it are gone.
const LARGEST: u64 = 4 * ROTATE;

/// Jobs that wait. More requests than this wait to be let in, as behind any slow disk.
const QUEUE: usize = 1024;

/// The log, and the thread that writes it.
#[derive(Debug)]
pub(super) struct SmallContent {
    queue: mpsc::Sender<Command>,
}

impl SmallContent {
    /// Makes whole again what the logs of an earlier process hold, and begins a new one.
    pub(super) fn open(content: Arc<Content>, uploads: &Path, space: Arc<Space>) -> Result<Self> {
        let writer = Writer::open(content, uploads, space)?;
        let (queue, commands) = mpsc::channel(QUEUE);
        thread::Builder::new()
            .name("weir-small-blobs".to_owned())
            .spawn(move || writer.run(commands))
            .map_err(|error| Error::Unavailable(format!("failed to start a thread: {error}")))?;
        Ok(Self { queue })
    }

    /// Stores verified content durably.
    pub(super) async fn store(&self, digest: &Digest, content: Bytes) -> Result<()> {
        self.ask(|answer| Command::Store(Job { digest: digest.clone(), content, answer })).await
    }

    /// Sees to it that no log brings this content back: its file can then be removed for good.
    pub(super) async fn forget(&self, digest: &Digest) -> Result<()> {
        self.ask(|answer| Command::Forget(digest.clone(), answer)).await
    }

    /// Ends the thread once everything before is done.
    pub(super) async fn close(&self) -> Result<()> {
        self.ask(Command::Close).await
    }

    async fn ask(&self, command: impl FnOnce(oneshot::Sender<Result<()>>) -> Command) -> Result<()> {
        let (answer, answered) = oneshot::channel();
        let closed = || Error::Unavailable("the blob store is closed".to_owned());
        self.queue.send(command(answer)).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }
}
