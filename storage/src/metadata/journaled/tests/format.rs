//! The stored format. Whoever changes it on purpose changes the version, and reads the old one too.

use super::super::format::{FRAME_HEAD, HEADER, Header, decode_body, decode_frame, encode_frame};
use super::*;
use crate::metadata::{Change, ChangedKey, Versioned};

fn change() -> Change {
    let before = Versioned { value: Bytes::from_static(b"old"), revision: Revision(6) };
    Change {
        revision: Revision(7),
        keys: vec![
            ChangedKey { key: "a".into(), before: None, after: Some("new".into()) },
            ChangedKey { key: "b".into(), before: Some(before.clone()), after: Some("".into()) },
            ChangedKey { key: "c".into(), before: Some(before), after: None },
        ],
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("strings take everything");
        text
    })
}

#[test]
fn a_header_has_these_bytes() {
    let header = Header { first: Revision(7), chain: [0xab; 32] };
    let expected = format!("{}{}{}{}{}", hex(b"weirjrnl"), "00000001", "0000000000000007", "ab".repeat(32), "994a068a");
    assert_eq!(hex(&header.encode()), expected);
    assert_eq!(Header::decode(&header.encode()).expect("it decodes"), header);
}

/// SHA-256 of 32 bytes of 0xab and the body below, made by another program.
const CHAIN: &str = "1e064ce858214609ff5a3152be60340988a3892a1704d37b3fff62df3463b683";

#[test]
fn a_record_has_these_bytes() {
    let mut frame = Vec::new();
    let chain = encode_frame(&change(), Revision(5), &[0xab; 32], 0x0102_0304, &mut frame).expect("it is small");
    let (head, body) = frame.split_at(FRAME_HEAD);
    let expected = [
        "000000000000000700000003",
        "00016102000000036e6577",
        "00016203000000000000000600000003",
        &hex(b"old"),
        "00000000",
        "00016301000000000000000600000003",
        &hex(b"old"),
    ];
    assert_eq!(hex(body), expected.concat());
    let expected = ["f7575201", "00000041", "4d3a6180", "0000000000000005", CHAIN];
    assert_eq!(hex(head), expected.concat());
    assert!(head.ends_with(&chain));
    let decoded = decode_frame(&frame, 0x0102_0304).expect("it decodes");
    assert_eq!((decoded.batch, decoded.chain), (Revision(5), chain));
    assert_eq!(decode_body(decoded.body), Some(change()));
    assert_eq!(decode_frame(&frame, 0), None, "in another segment it is no frame");
}

#[test]
fn what_is_not_whole_is_not_decoded() {
    let mut frame = Vec::new();
    encode_frame(&change(), Revision(5), &[0; 32], 0, &mut frame).expect("it is small");
    let (_, body) = frame.split_at(FRAME_HEAD);
    for length in 0..frame.len() {
        assert_eq!(decode_frame(&frame[..length], 0), None);
    }
    for length in 0..body.len() {
        assert_eq!(decode_body(&body[..length]), None);
    }
    assert_eq!(decode_body(&[body, b"x"].concat()), None);
    assert_eq!(HEADER, Header { first: Revision(1), chain: [0; 32] }.encode().len());
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_decoder_fail(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        decode_body(&bytes);
        decode_frame(&bytes, 0);
    }
}
