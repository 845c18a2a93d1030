//! How much of a response's body waits to be sent.
//!
//! hyper takes chunks of a body as long as less waits than it may read at once, which is what uploads need and more than
//! downloads do: with a hundred slow clients it would be a hundred MiB and more. So a body gives out its next chunk once its
//! earlier ones, but for a few, have been sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::task::AtomicWaker;

/// So many bytes may wait: two chunks of stored content, one of which is sent while the next is read.
const MOST: usize = 512 << 10;

/// Smaller chunks are not counted: of these hyper takes no more than sixteen.
const COUNTED: usize = 32 << 10;

/// The pace of one body.
#[derive(Debug, Default)]
pub(super) struct Pace(Option<Arc<Waiting>>);

/// What waits to be sent of a body.
#[derive(Debug, Default)]
struct Waiting {
    bytes: AtomicUsize,
    sent: AtomicWaker,
}

/// A chunk that waits to be sent; it was once it is dropped.
struct Chunk {
    content: Bytes,
    waiting: Arc<Waiting>,
}

impl Pace {
    /// Waits until there is room for the next chunk.
    pub(super) fn poll_room(&self, cx: &Context<'_>) -> Poll<()> {
        let Some(waiting) = &self.0 else { return Poll::Ready(()) };
        if waiting.has_room() {
            return Poll::Ready(());
        }
        waiting.sent.register(cx.waker());
        // It may have been sent before anybody was there to be woken.
        if waiting.has_room() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Counts a chunk until it has been sent.
    pub(super) fn count(&mut self, content: Bytes) -> Bytes {
        if content.len() < COUNTED {
            return content;
        }
        let waiting = Arc::clone(self.0.get_or_insert_default());
        waiting.bytes.fetch_add(content.len(), Ordering::AcqRel);
        Bytes::from_owner(Chunk { content, waiting })
    }
}

impl Waiting {
    fn has_room(&self) -> bool {
        self.bytes.load(Ordering::Acquire) < MOST
    }
}

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        &self.content
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        self.waiting.bytes.fetch_sub(self.content.len(), Ordering::AcqRel);
        self.waiting.sent.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    fn chunk(size: usize) -> Bytes {
        vec![7; size].into()
    }

    #[test]
    fn there_is_room_once_enough_was_sent() {
        let mut pace = Pace::default();
        let cx = Context::from_waker(Waker::noop());
        assert!(pace.poll_room(&cx).is_ready());
        let first = pace.count(chunk(MOST / 2));
        assert!(pace.poll_room(&cx).is_ready());
        let second = pace.count(chunk(MOST / 2));
        assert!(pace.poll_room(&cx).is_pending());
        drop(first);
        assert!(pace.poll_room(&cx).is_ready());
        assert_eq!(second, chunk(MOST / 2));
    }

    #[test]
    fn a_part_of_a_chunk_counts_as_all_of_it() {
        let mut pace = Pace::default();
        let cx = Context::from_waker(Waker::noop());
        let mut whole = pace.count(chunk(MOST));
        let sent = whole.split_to(MOST - 1);
        drop(sent);
        assert!(pace.poll_room(&cx).is_pending());
        drop(whole);
        assert!(pace.poll_room(&cx).is_ready());
    }

    #[tokio::test]
    async fn whoever_waits_is_woken() {
        let mut pace = Pace::default();
        let whole = pace.count(chunk(MOST));
        let room = std::future::poll_fn(|cx| pace.poll_room(cx));
        let ((), ()) = tokio::join!(room, async {
            tokio::task::yield_now().await;
            drop(whole);
        });
    }

    #[test]
    fn small_chunks_are_not_counted() {
        let mut pace = Pace::default();
        let cx = Context::from_waker(Waker::noop());
        let chunks: Vec<_> = (0..100).map(|_| pace.count(chunk(COUNTED - 1))).collect();
        assert!(pace.poll_room(&cx).is_ready());
        assert_eq!(chunks.len(), 100);
    }
}
