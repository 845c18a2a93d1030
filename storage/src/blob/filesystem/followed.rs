//! Uploads that others read while they arrive.
//!
//! Readers have the session's file open and are told how far it is written; they read it as they read any content, from
//! the page cache mostly, since what is followed stays there. A reader holds no memory but the chunk that it sends, and
//! none holds up the writer, or another.
//!
//! Such a session has no state file. What a crash leaves of it is data without a state, which the next start removes.

use std::fs::File;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::stream;
use tokio::sync::watch;
use tracing::warn;

use super::buffers::Buffers;
use super::content::remove;
use super::reader::FileReader;
use crate::blob::{BlobReader, ByteStream, UploadReader};
use crate::{Error, Result};

/// The writer's side. Dropping it removes the data file, unless it has another name by then.
#[derive(Debug)]
pub(super) struct Followed {
    data: PathBuf,
    written: watch::Sender<u64>,
}

impl Followed {
    pub(super) fn new(data: PathBuf, written: u64) -> Self {
        Self { data, written: watch::Sender::new(written) }
    }

    /// The file holds so many bytes.
    pub(super) fn reached(&self, written: u64) {
        self.written.send_replace(written);
    }

    /// Another reader.
    pub(super) fn reader(&self, buffers: &Arc<Buffers>) -> Result<Arc<dyn UploadReader>> {
        let file = File::open(&self.data).map_err(|error| Error::io("open", &self.data, error))?;
        let content = FileReader::over(file, self.data.clone(), u64::MAX, buffers);
        Ok(Arc::new(Follower { content, written: self.written.subscribe() }))
    }
}

impl Drop for Followed {
    /// Inline: whoever ends a session in good order commits or cancels it, and nothing is left to remove here.
    fn drop(&mut self) {
        if let Err(error) = remove(&self.data) {
            warn!(file.path = %self.data.display(), %error, "failed to remove an upload that was given up");
        }
    }
}

/// A reader's side.
#[derive(Debug)]
struct Follower {
    /// The file, of which `written` bytes are there.
    content: FileReader,
    written: watch::Receiver<u64>,
}

impl UploadReader for Follower {
    fn readable(&self) -> watch::Receiver<u64> {
        self.written.clone()
    }

    fn stream(&self, range: Range<u64>) -> ByteStream {
        let size = *self.written.borrow();
        if range.end > size {
            let outside = Error::RangeOutside { start: range.start, end: range.end, size };
            return Box::pin(stream::once(std::future::ready(Err(outside))));
        }
        self.content.stream(range)
    }
}
