//! Bytes that do not compress and can be made again.

use std::io::{self, Read};

/// An endless stream of pseudo-random bytes (xorshift64*), the same for the same seed.
#[derive(Debug, Clone)]
pub(crate) struct Noise(u64);

impl Noise {
    /// The stream of a seed.
    pub(crate) fn new(seed: &str) -> Self {
        // FNV-1a spreads seeds that differ by one letter; xorshift must not start at zero.
        let hash = seed
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Self(hash | 1)
    }

    /// The first bytes of it.
    pub(crate) fn bytes(mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.fill(&mut bytes);
        bytes
    }

    fn fill(&mut self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            let word = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }
}

impl Read for Noise {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fill(buffer);
        Ok(buffer.len())
    }
}
