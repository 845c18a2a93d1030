//! Reads old changes back from the journal, for the feed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::format;
use super::journal::Segments;
use super::segment::{SegmentReader, Step, corrupt};
use crate::metadata::{Change, Revision};
use crate::{Error, Result};

/// So many readers that go through the journal page by page go on where they were; others look from the start of a
/// segment.
const BOOKMARKS: usize = 64;

/// Where the record after a revision begins.
#[derive(Debug, Clone, Copy)]
struct Bookmark {
    after: Revision,
    segment: Revision,
    offset: u64,
}

/// The changes of the journal, readable while it is written.
#[derive(Debug)]
pub(super) struct Feed {
    segments: Arc<Segments>,
    bookmarks: Mutex<VecDeque<Bookmark>>,
}

impl Feed {
    pub(super) fn new(segments: Arc<Segments>) -> Self {
        Self { segments, bookmarks: Mutex::default() }
    }

    /// The changes after one revision up to and with another, which is durable. Blocks on the disk.
    pub(super) fn read(&self, after: Revision, upto: Revision) -> Result<Vec<Arc<Change>>> {
        let mut changes = Vec::new();
        for first in self.segments.holding_after(after)? {
            let last = changes.last().map_or(after, |change: &Arc<Change>| change.revision);
            if last >= upto {
                break;
            }
            self.read_segment(first, last, upto, &mut changes)?;
        }
        match changes.last().map_or(after, |change| change.revision) {
            last if last < upto => Err(Error::Corrupt {
                what: format!("the metadata journal in {}", self.segments.directory().display()),
                detail: format!("it ends with revision {last}, but had reached {upto}"),
            }),
            _ => Ok(changes),
        }
    }

    /// Adds the changes of one segment.
    fn read_segment(
        &self,
        first: Revision,
        after: Revision,
        upto: Revision,
        changes: &mut Vec<Arc<Change>>,
    ) -> Result<()> {
        let mut reader = SegmentReader::open(self.segments.directory(), first)?;
        if let Some(bookmark) = self.take_bookmark(first, after) {
            reader.resume(bookmark.offset)?;
        }
        let mut last = after;
        while last < upto
            && let Step::Frame(frame) = reader.step()?
        {
            let revision = format::body_revision(&frame.body);
            if revision.is_some_and(|revision| revision <= after) {
                continue;
            }
            let change = format::decode_body(&frame.body).filter(|change| change.revision == last.next());
            let Some(change) = change else {
                let detail = format!("the record of revision {} cannot be read", last.next());
                return Err(corrupt(reader.path(), &detail));
            };
            last = change.revision;
            changes.push(Arc::new(change));
        }
        self.put_bookmark(Bookmark { after: last, segment: first, offset: reader.offset() });
        Ok(())
    }

    fn take_bookmark(&self, segment: Revision, after: Revision) -> Option<Bookmark> {
        let mut bookmarks = self.bookmarks.lock().unwrap_or_else(PoisonError::into_inner);
        let at = bookmarks.iter().position(|bookmark| bookmark.segment == segment && bookmark.after == after)?;
        bookmarks.remove(at)
    }

    fn put_bookmark(&self, bookmark: Bookmark) {
        let mut bookmarks = self.bookmarks.lock().unwrap_or_else(PoisonError::into_inner);
        bookmarks.truncate(BOOKMARKS - 1);
        bookmarks.push_front(bookmark);
    }
}
