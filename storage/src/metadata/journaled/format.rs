//! The bytes of the journal: the header of a segment, and one frame per commit.
//!
//! All numbers are big-endian.
//!
//! ```text
//! segment: magic 8 | version 4 | first revision 8 | chain before 32 | crc32 4 | frames… | zeros…
//! frame:   marker 4 | body length 4 | crc32 4 | first revision of its batch 8 | chain 32 | body
//! body:    revision 8 | number of keys 4 | keys…
//! key:     length 2 | key | flags 1 | if before: revision 8, length 4, value | if after: length 4, value
//! ```
//!
//! The chain of a frame is the SHA-256 of the chain before it and its body, so that no record can be altered, dropped
//! or put elsewhere without all that follow it showing so. The checksum of a frame begins with that of its segment's
//! header: a value that looks like a frame, or a block that once was one in another segment, is not taken for one.

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::metadata::{Change, ChangedKey, Revision, Versioned};

/// A value of the hash chain.
pub(super) type Chain = [u8; 32];

/// Size of a segment's header, in bytes.
pub(super) const HEADER: usize = 56;
/// Size of a frame before its body, in bytes.
pub(super) const FRAME_HEAD: usize = 52;
/// Begins every frame. Not zero, which is what follows the last one.
pub(super) const MARKER: [u8; 4] = [0xf7, b'W', b'R', 0x01];

const MAGIC: [u8; 8] = *b"weirjrnl";
const VERSION: u32 = 1;
const BEFORE: u8 = 1;
const AFTER: u8 = 2;

/// What stands at the start of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// The revision of its first record.
    pub(super) first: Revision,
    /// The chain value of the last record before it.
    pub(super) chain: Chain,
}

/// Why a header cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum HeaderError {
    #[error("it is no segment of a journal")]
    Foreign,
    #[error("its header is damaged")]
    Damaged,
    #[error("its format has version {0}, which this version of Weir does not know")]
    Version(u32),
}

impl Header {
    pub(super) fn encode(&self) -> [u8; HEADER] {
        let mut fields = Vec::with_capacity(HEADER);
        fields.extend_from_slice(&MAGIC);
        fields.extend_from_slice(&VERSION.to_be_bytes());
        fields.extend_from_slice(&self.first.0.to_be_bytes());
        fields.extend_from_slice(&self.chain);
        fields.extend_from_slice(&crc32fast::hash(&fields).to_be_bytes());
        let mut header = [0; HEADER];
        header.copy_from_slice(&fields);
        header
    }

    pub(super) fn decode(bytes: &[u8; HEADER]) -> Result<Self, HeaderError> {
        let (fields, crc) = bytes.split_at(HEADER - 4);
        let mut rest = Cursor(fields);
        if rest.array() != Some(MAGIC) {
            return Err(HeaderError::Foreign);
        }
        // The version comes before the checksum: another version may sum otherwise.
        match rest.u32() {
            Some(VERSION) => {}
            Some(other) => return Err(HeaderError::Version(other)),
            None => return Err(HeaderError::Damaged),
        }
        if crc != crc32fast::hash(fields).to_be_bytes() {
            return Err(HeaderError::Damaged);
        }
        match (rest.u64(), rest.array()) {
            (Some(first), Some(chain)) => Ok(Self { first: Revision(first), chain }),
            _ => Err(HeaderError::Damaged),
        }
    }

    /// What the checksums of this segment's frames begin with.
    pub(super) fn salt(&self) -> u32 {
        crc32fast::hash(&self.encode())
    }
}

/// A frame whose checksum is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame<B> {
    /// The first revision of the batch that it was written with.
    pub(super) batch: Revision,
    /// The chain value up to and with this record.
    pub(super) chain: Chain,
    /// The encoded record.
    pub(super) body: B,
}

/// The head of a frame, as long as its body is not there to be checked.
#[derive(Debug)]
pub(super) struct FrameHead {
    length: u32,
    crc: u32,
    batch: Revision,
    chain: Chain,
}

impl FrameHead {
    /// `None` where no frame begins.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = Cursor(bytes);
        (rest.array() == Some(MARKER)).then_some(())?;
        Some(Self { length: rest.u32()?, crc: rest.u32()?, batch: Revision(rest.u64()?), chain: rest.array()? })
    }

    /// How long the body is said to be, in bytes.
    pub(super) fn body_length(&self) -> usize {
        usize::try_from(self.length).unwrap_or(usize::MAX)
    }

    /// The frame, if its checksum is right.
    pub(super) fn with_body<B: AsRef<[u8]>>(self, body: B, salt: u32) -> Option<Frame<B>> {
        let crc = checksum(salt, self.length, self.batch, &self.chain, body.as_ref());
        (crc == self.crc).then_some(Frame { batch: self.batch, chain: self.chain, body })
    }
}

/// The frame that begins at the first byte, if a whole one does.
pub(super) fn decode_frame(bytes: &[u8], salt: u32) -> Option<Frame<&[u8]>> {
    let head = FrameHead::decode(bytes)?;
    let body = bytes.get(FRAME_HEAD..)?.get(..head.body_length())?;
    head.with_body(body, salt)
}

/// The record is too large to be written down.
#[derive(Debug)]
pub(super) struct Oversized;

/// Appends the frame of a change, and returns the chain value up to and with it.
pub(super) fn encode_frame(
    change: &Change,
    batch: Revision,
    before: &Chain,
    salt: u32,
    out: &mut Vec<u8>,
) -> Result<Chain, Oversized> {
    let mut body = Vec::new();
    encode_body(change, &mut body)?;
    let length = u32::try_from(body.len()).map_err(|_| Oversized)?;
    let chain = next_chain(before, &body);
    out.extend_from_slice(&MARKER);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&checksum(salt, length, batch, &chain, &body).to_be_bytes());
    out.extend_from_slice(&batch.0.to_be_bytes());
    out.extend_from_slice(&chain);
    out.extend_from_slice(&body);
    Ok(chain)
}

fn checksum(salt: u32, length: u32, batch: Revision, chain: &Chain, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&salt.to_be_bytes());
    hasher.update(&length.to_be_bytes());
    hasher.update(&batch.0.to_be_bytes());
    hasher.update(chain);
    hasher.update(body);
    hasher.finalize()
}

/// The chain value after a body.
pub(super) fn next_chain(before: &Chain, body: &[u8]) -> Chain {
    Sha256::new().chain_update(before).chain_update(body).finalize().into()
}

fn encode_body(change: &Change, out: &mut Vec<u8>) -> Result<(), Oversized> {
    out.extend_from_slice(&change.revision.0.to_be_bytes());
    out.extend_from_slice(&size(&change.keys)?.to_be_bytes());
    for changed in &change.keys {
        let length = u16::try_from(changed.key.len()).map_err(|_| Oversized)?;
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&changed.key);
        let before = if changed.before.is_some() { BEFORE } else { 0 };
        let after = if changed.after.is_some() { AFTER } else { 0 };
        out.push(before | after);
        if let Some(before) = &changed.before {
            out.extend_from_slice(&before.revision.0.to_be_bytes());
            encode_value(&before.value, out)?;
        }
        if let Some(after) = &changed.after {
            encode_value(after, out)?;
        }
    }
    Ok(())
}

fn encode_value(value: &[u8], out: &mut Vec<u8>) -> Result<(), Oversized> {
    out.extend_from_slice(&size(value)?.to_be_bytes());
    out.extend_from_slice(value);
    Ok(())
}

fn size<T>(items: &[T]) -> Result<u32, Oversized> {
    u32::try_from(items.len()).map_err(|_| Oversized)
}

/// The revision of a record, without the rest of it.
pub(super) fn body_revision(body: &[u8]) -> Option<Revision> {
    Cursor(body).u64().map(Revision)
}

/// The change that a body records; `None` where it records none that this version could have written.
pub(super) fn decode_body(body: &[u8]) -> Option<Change> {
    let mut rest = Cursor(body);
    let revision = Revision(rest.u64()?);
    let count = rest.u32()?;
    let mut keys = Vec::new();
    for _ in 0..count {
        keys.push(decode_key(&mut rest)?);
    }
    rest.0.is_empty().then_some(Change { revision, keys })
}

fn decode_key(rest: &mut Cursor<'_>) -> Option<ChangedKey> {
    let length = u16::from_be_bytes(rest.array()?);
    let key = Bytes::copy_from_slice(rest.take(usize::from(length))?);
    let [flags] = rest.array()?;
    let before = match flags & BEFORE {
        0 => None,
        _ => Some(Versioned { revision: Revision(rest.u64()?), value: rest.value()? }),
    };
    let after = match flags & AFTER {
        0 => None,
        _ => Some(rest.value()?),
    };
    (flags & !(BEFORE | AFTER) == 0).then_some(ChangedKey { key, before, after })
}

/// Bytes that are taken from the front.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// A value with its length before it, copied: it outlives the record that it came from.
    fn value(&mut self) -> Option<Bytes> {
        let length = usize::try_from(self.u32()?).ok()?;
        self.take(length).map(Bytes::copy_from_slice)
    }
}
