//! Bytes with a name.

use std::io::{self, Write};

use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// A blob or manifest.
#[derive(Debug, Clone)]
pub(crate) struct Blob {
    pub(crate) media_type: &'static str,
    pub(crate) digest: String,
    pub(crate) bytes: Bytes,
}

impl Blob {
    /// Names some bytes.
    pub(crate) fn new(media_type: &'static str, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self { media_type, digest: digest_of(&bytes), bytes }
    }

    /// A document.
    pub(crate) fn json(media_type: &'static str, document: &Value) -> Self {
        Self::new(media_type, document.to_string())
    }

    /// How a manifest points at it.
    pub(crate) fn descriptor(&self) -> Value {
        json!({ "mediaType": self.media_type, "digest": self.digest, "size": self.bytes.len() })
    }
}

/// The digest of some bytes.
pub(crate) fn digest_of(bytes: &[u8]) -> String {
    let mut hasher = Hasher::default();
    hasher.update(bytes);
    hasher.finish().0
}

/// Hashes and counts.
#[derive(Debug, Default, Clone)]
pub(crate) struct Hasher {
    hash: Sha256,
    length: u64,
}

impl Hasher {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.length += bytes.len() as u64;
    }

    /// The digest, and how many bytes it is of.
    pub(crate) fn finish(self) -> (String, u64) {
        let hex: Vec<_> = self.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        (format!("sha256:{}", hex.concat()), self.length)
    }
}

/// A writer that hashes what passes through it.
#[derive(Debug)]
pub(crate) struct Hashing<W> {
    inner: W,
    hasher: Hasher,
}

impl<W> Hashing<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self { inner, hasher: Hasher::default() }
    }

    /// The writer beneath, with the digest and the length of what it was given.
    pub(crate) fn finish(self) -> (W, String, u64) {
        let (digest, length) = self.hasher.finish();
        (self.inner, digest, length)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
