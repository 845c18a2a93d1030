//! What is pushed and read: bytes that do not compress, each made again from its name.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use bytes::Bytes;
use serde_json::{Value, json};

use crate::content::{Blob, CONFIG, Hasher, LAYER, MANIFEST, Noise};

/// Large blobs repeat this much noise: making a GiB takes no GiB of memory.
const BLOCK: usize = 16 * 1024 * 1024;
/// What tells blobs apart. It stands at their end, so that blobs of one size are hashed up to it only once: the client's time is the
/// server's.
const STAMP: usize = 64;
/// The layer of a small image.
const SMALL_LAYER: usize = 10 * 1024;
/// What fills its configuration up to about 1 KB.
const SMALL_CONFIG: usize = 800;

static NOISE: LazyLock<Bytes> = LazyLock::new(|| Noise::new("bench").bytes(BLOCK).into());

/// What blobs of one size begin with, and the state of the hash after it.
type Shared = (Vec<Bytes>, Hasher);

static SHARED: LazyLock<Mutex<HashMap<u64, Shared>>> = LazyLock::new(Mutex::default);

/// A blob of any size, in parts.
#[derive(Debug, Clone)]
pub(crate) struct Large {
    pub(crate) digest: String,
    pub(crate) size: u64,
    pub(crate) parts: Vec<Bytes>,
}

impl Large {
    /// The blob of this name and size.
    pub(crate) fn new(name: &str, size: u64) -> Self {
        let stamp = Bytes::from(Noise::new(name).bytes(STAMP)).slice(..cut(size, STAMP));
        let (mut parts, mut hasher) = shared(size - stamp.len() as u64);
        hasher.update(&stamp);
        parts.push(stamp);
        Self { digest: hasher.finish().0, size, parts }
    }

    /// A part of it, in pieces.
    pub(crate) fn range(&self, from: u64, to: u64) -> Vec<Bytes> {
        let mut place = 0;
        let mut pieces = Vec::new();
        for part in &self.parts {
            let end = place + part.len() as u64;
            let cut = |at: u64| usize::try_from(at.clamp(place, end) - place).unwrap_or(part.len());
            let piece = part.slice(cut(from)..cut(to));
            if !piece.is_empty() {
                pieces.push(piece);
            }
            place = end;
        }
        pieces
    }

    /// How a manifest points at it.
    pub(crate) fn descriptor(&self) -> Value {
        json!({ "mediaType": LAYER, "digest": self.digest, "size": self.size })
    }
}

/// The beginning of every blob, up to some size.
fn shared(size: u64) -> Shared {
    let mut known = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(size).or_insert_with(|| begin(size)).clone()
}

fn begin(size: u64) -> Shared {
    let (mut parts, mut hasher, mut left) = (Vec::new(), Hasher::default(), size);
    while left > 0 {
        let part = NOISE.slice(..cut(left, BLOCK));
        hasher.update(&part);
        left -= part.len() as u64;
        parts.push(part);
    }
    (parts, hasher)
}

/// So many bytes, but at most so many.
fn cut(bytes: u64, most: usize) -> usize {
    usize::try_from(bytes).unwrap_or(most).min(most)
}

/// An image: what each of the small pushes pushes, and what the reads read.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) config: Large,
    pub(crate) layers: Vec<Large>,
    pub(crate) manifest: Blob,
}

impl Image {
    /// A configuration of about 1 KB, a layer of 10 KiB, and their manifest. No two names share a blob.
    pub(crate) fn small(name: &str) -> Self {
        Self::of(name, vec![Large::new(name, SMALL_LAYER as u64)])
    }

    /// The image of these layers.
    pub(crate) fn of(name: &str, layers: Vec<Large>) -> Self {
        let digests: Vec<_> = layers.iter().map(|layer| layer.digest.as_str()).collect();
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "config": { "Labels": { "name": name, "padding": "x".repeat(SMALL_CONFIG) } },
            "rootfs": { "type": "layers", "diff_ids": digests },
        });
        let bytes = Bytes::from(config.to_string());
        let config = Blob::new(CONFIG, bytes.clone());
        let descriptors: Vec<_> = layers.iter().map(Large::descriptor).collect();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": config.descriptor(),
            "layers": descriptors,
        });
        let config = Large { digest: config.digest, size: bytes.len() as u64, parts: vec![bytes] };
        Self { config, layers, manifest: Blob::json(MANIFEST, &manifest) }
    }

    /// All its blobs.
    pub(crate) fn blobs(&self) -> impl Iterator<Item = &Large> {
        std::iter::once(&self.config).chain(&self.layers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::digest_of;

    #[test]
    fn a_large_blob_is_its_parts() {
        for size in [1, 64, 65, 10_240, BLOCK as u64 + 64, 2 * BLOCK as u64 + 65] {
            let blob = Large::new("x", size);
            let whole = blob.parts.concat();
            assert_eq!((whole.len() as u64, digest_of(&whole)), (size, blob.digest.clone()));
            for (from, to) in [(0, size), (0, size / 2), (size / 2, size), (size / 3, size / 3 + 1)] {
                let range = usize::try_from(from).expect("small")..usize::try_from(to).expect("small");
                assert!(blob.range(from, to).concat() == whole[range], "{size}: {from}..{to}");
            }
        }
        assert_ne!(Large::new("x", 100).digest, Large::new("y", 100).digest);
    }

    #[test]
    fn small_images_share_nothing() {
        let (one, other) = (Image::small("a"), Image::small("b"));
        assert!(one.blobs().zip(other.blobs()).all(|(one, other)| one.digest != other.digest));
        assert_ne!(one.manifest.digest, other.manifest.digest);
        assert!((900..1_200).contains(&one.config.size), "{}", one.config.size);
    }
}
