//! Buffers that content is read into, used again once they were sent.
//!
//! Memory that comes fresh from the system is cleared page by page before it is overwritten, and given back as soon as it
//! is free: for content of 64 KiB that costs more than reading it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// Size of the buffers of the larger kind.
pub(super) const LARGE: usize = 256 << 10;

/// Size of the buffers of the smaller kind.
const SMALL: usize = 64 << 10;

/// Below this size the allocator has something at hand.
const TINY: usize = 8 << 10;

/// How much memory buffers may take that nobody uses, in bytes, of each kind.
const KEPT: usize = 4 << 20;

/// The buffers that nobody uses.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    small: Mutex<Vec<Vec<u8>>>,
    large: Mutex<Vec<Vec<u8>>>,
}

impl Buffers {
    /// A buffer of at least `size` bytes, whatever is in them.
    pub(super) fn take(buffers: &Arc<Self>, size: usize) -> Buffer {
        // The one that came back last is the likeliest to be in a cache still.
        let (kind, whole) = buffers.kind(size);
        let used = kind.and_then(|kind| free(kind).pop());
        Buffer { content: used.unwrap_or_else(|| vec![0; whole]), size, home: Arc::clone(buffers) }
    }

    /// Where buffers for this size are kept, if anywhere, and how large they are.
    fn kind(&self, size: usize) -> (Option<&Mutex<Vec<Vec<u8>>>>, usize) {
        if !(TINY..=LARGE).contains(&size) {
            (None, size)
        } else if size <= SMALL {
            (Some(&self.small), SMALL)
        } else {
            (Some(&self.large), LARGE)
        }
    }

    fn put(&self, content: Vec<u8>) {
        let (kind, whole) = self.kind(content.len());
        if let Some(kind) = kind {
            let mut kind = free(kind);
            if kind.len().saturating_mul(whole) < KEPT {
                kind.push(content);
            }
        }
    }
}

fn free(kind: &Mutex<Vec<Vec<u8>>>) -> MutexGuard<'_, Vec<Vec<u8>>> {
    kind.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A buffer that goes home when the last [`Bytes`] over it is gone.
#[derive(Debug)]
pub(super) struct Buffer {
    content: Vec<u8>,
    /// How much of it is wanted, and later how much is content.
    size: usize,
    home: Arc<Buffers>,
}

impl Buffer {
    /// What there is to fill.
    pub(super) fn space(&mut self) -> &mut [u8] {
        let size = self.size.min(self.content.len());
        self.content.get_mut(..size).unwrap_or_default()
    }

    /// Its first `size` bytes, which were filled.
    pub(super) fn filled(mut self, size: usize) -> Bytes {
        self.size = size;
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        self.content.get(..self.size).unwrap_or_default()
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.home.put(std::mem::take(&mut self.content));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again_when_nobody_reads_it_any_more() {
        let buffers = Arc::<Buffers>::default();
        for size in [TINY, SMALL, SMALL + 1, LARGE] {
            let mut buffer = Buffers::take(&buffers, size);
            buffer.space().fill(7);
            let address = buffer.content.as_ptr();
            let (content, part) = (buffer.filled(size), 1..3);
            let part = content.slice(part);
            drop(content);
            assert_ne!(Buffers::take(&buffers, size).content.as_ptr(), address, "it is still read");
            assert_eq!(part, [7, 7][..]);
            drop(part);
            assert_eq!(Buffers::take(&buffers, size).content.as_ptr(), address);
        }
    }

    #[test]
    fn what_nobody_uses_is_bounded() {
        let buffers = Arc::<Buffers>::default();
        drop((0..1000).map(|_| Buffers::take(&buffers, LARGE)).collect::<Vec<_>>());
        assert_eq!(free(&buffers.large).len(), KEPT / LARGE);
        drop(Buffers::take(&buffers, LARGE + 1));
        drop(Buffers::take(&buffers, 1));
        assert_eq!(free(&buffers.small).len(), 0);
    }
}
