//! Bytes in the place of records, frames and segments.

use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::super::format::{FRAME_HEAD, HEADER, Header, body_revision, decode_body, decode_frame, encode_frame};
use super::super::segment;
use super::{assert_steady, empty, replay};
use crate::metadata::{Change, Revision};

/// A record's body: what decodes encodes to the same bytes.
pub(super) fn body(data: &[u8]) {
    let Some(change) = decode_body(data) else { return };
    assert_eq!(body_revision(data), Some(change.revision));
    let frame = framed(&change, 0);
    assert_eq!(frame.get(FRAME_HEAD..), Some(data), "a body has one form");
    assert!(decode_frame(&frame, 1).is_none(), "in another segment it is no frame");
    assert!(decode_frame(frame.get(..frame.len() - 1).unwrap_or_default(), 0).is_none(), "a torn frame is none");
}

fn framed(change: &Change, salt: u32) -> Vec<u8> {
    let mut frame = Vec::new();
    encode_frame(change, Revision(1), &[0; 32], salt, &mut frame).expect("it is small");
    frame
}

/// A frame: bytes, and bytes whose checksum was made right.
pub(super) fn frame(data: &[u8]) {
    if let Some(frame) = decode_frame(data, 0) {
        assert!(data.get(FRAME_HEAD..).is_some_and(|rest| rest.starts_with(frame.body)));
        assert!(plain_checksum(data, 0, frame.body.len()), "only a right checksum is accepted");
    }
    let sealed = sealed(data, 0);
    let decoded = decode_frame(&sealed, 0).expect("a frame with a right checksum decodes");
    assert_eq!(decoded.body, data.get(44..).unwrap_or_default());
}

/// Whether the checksum in a frame's head is that of its parts.
fn plain_checksum(frame: &[u8], salt: u32, body: usize) -> bool {
    let end = FRAME_HEAD.saturating_add(body);
    let (Some(length), Some(crc), Some(rest)) = (frame.get(4..8), frame.get(8..12), frame.get(12..end)) else {
        return false;
    };
    let summed = [&salt.to_be_bytes(), length, rest].concat();
    crc32fast::hash(&summed).to_be_bytes() == crc
}

/// A frame with a right head: the first 8 bytes are its batch, the next 32 its chain, what follows its body.
fn sealed(data: &[u8], salt: u32) -> Vec<u8> {
    let mut rest = data.get(..40).unwrap_or(data).to_vec();
    rest.resize(40, 0);
    let body = data.get(44..).unwrap_or_default();
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
    rest.extend_from_slice(body);
    let crc = crc32fast::hash(&[&salt.to_be_bytes(), length.as_slice(), &rest].concat()).to_be_bytes();
    [super::super::format::MARKER.as_slice(), &length, &crc, &rest].concat()
}

/// A whole segment: after a header of its own or a right one come bytes, sealed or not.
pub(super) fn segment(folder: &Path, data: &[u8]) {
    let Some((flags, data)) = data.split_first() else { return };
    let directory = empty(folder);
    let header = Header { first: Revision(1), chain: [0; 32] };
    let content = match flags % 3 {
        0 => data.to_vec(),
        1 => [&header.encode(), data].concat(),
        _ => [header.encode().to_vec(), sealed(data, header.salt())].concat(),
    };
    std::fs::write(segment::path(&directory, Revision(1)), &content).expect("it writes");
    let Ok(found) = replay(&directory) else { return };
    assert_eq!(plain(&content, header.salt()), found.1, "what is accepted has right checksums and a whole chain");
    assert_steady(&directory, &found);
}

/// The records at the start of a segment whose checksums and chain are right, found without the reader.
fn plain(content: &[u8], salt: u32) -> Vec<Change> {
    let mut chain = [0_u8; 32];
    let mut rest = content.get(HEADER..).unwrap_or_default();
    let mut changes = Vec::new();
    while let Some(length) = rest.get(4..8).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes) {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let end = FRAME_HEAD.saturating_add(length);
        let Some(body) = rest.get(FRAME_HEAD..end) else { break };
        chain = Sha256::digest([chain.as_slice(), body].concat()).into();
        let whole = rest.starts_with(&super::super::format::MARKER) && plain_checksum(rest, salt, length);
        if !whole || rest.get(20..FRAME_HEAD) != Some(&chain) {
            break;
        }
        changes.extend(decode_body(body));
        rest = rest.get(end..).unwrap_or_default();
    }
    changes
}
