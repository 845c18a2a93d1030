//! An upload session.

use super::{Call, Weir};

/// An upload session, and the location that it was begun with.
#[derive(Debug, Clone)]
pub(crate) struct Session<'a> {
    pub(crate) weir: &'a Weir,
    pub(crate) location: String,
}

impl Session<'_> {
    /// A chunk: `bytes` that begin at `offset` of the blob.
    pub(crate) fn chunk(&self, offset: usize, bytes: &[u8]) -> Call {
        let call = self.weir.patch(&self.location).header("content-range", range(offset, bytes));
        call.body(bytes.to_vec())
    }

    /// The request that ends the session, with no chunk of its own.
    pub(crate) fn finish(&self, digest: &str) -> Call {
        let separator = if self.location.contains('?') { '&' } else { '?' };
        self.weir.put(format!("{}{separator}digest={digest}", self.location))
    }

    /// The request that ends the session and brings its last chunk.
    pub(crate) fn finish_with(&self, digest: &str, offset: usize, bytes: &[u8]) -> Call {
        self.finish(digest).header("content-range", range(offset, bytes)).body(bytes.to_vec())
    }

    pub(crate) fn status(&self) -> Call {
        self.weir.get(&self.location)
    }

    pub(crate) fn cancel(&self) -> Call {
        self.weir.delete(&self.location)
    }

    /// Asserts that the session is there and holds `size` bytes.
    pub(crate) async fn stands_at(&self, size: usize) {
        let range = format!("0-{}", size.saturating_sub(1));
        self.status().await.is(204).has("range", range).has("location", &self.location);
    }
}

/// `Content-Range` of a chunk.
fn range(offset: usize, bytes: &[u8]) -> String {
    format!("{offset}-{}", offset + bytes.len() - 1)
}
