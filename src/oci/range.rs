//! The parts of a blob that a client asks for.
//!
//! Source: RFC 9110 §14.

use std::fmt;

/// How many ranges one request may ask for. Lazy pullers ask for a few dozen; more is answered with the whole content,
/// as each costs a part of the answer.
const MAX_RANGES: usize = 64;

/// No part that was asked for lies in the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the requested range lies outside content of {size} bytes")]
pub struct Unsatisfiable {
    /// Size of the content, in bytes.
    pub size: u64,
}

/// A part of content that is not empty and lies within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    first: u64,
    last: u64,
}

impl ByteRange {
    /// Offset of the first byte.
    pub fn start(self) -> u64 {
        self.first
    }

    /// One past the offset of the last byte.
    pub fn end(self) -> u64 {
        self.last.saturating_add(1)
    }

    /// How many bytes; never 0.
    pub fn length(self) -> u64 {
        self.end() - self.first
    }

    /// The value of `Content-Range` in an answer about content of `size` bytes.
    pub fn content_range(self, size: u64) -> impl fmt::Display {
        struct Shown(ByteRange, u64);
        impl fmt::Display for Shown {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "bytes {}-{}/{}", self.0.first, self.0.last, self.1)
            }
        }
        Shown(self, size)
    }
}

/// What to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RangeSet {
    /// All of it, as if nothing had been asked.
    Whole,
    /// One part.
    One(ByteRange),
    /// At least two parts, in the order of the request, as `multipart/byteranges`. Together they are not longer than
    /// the content.
    Many(Vec<ByteRange>),
}

/// One element of the header.
enum Element {
    /// Lies at least partly in the content.
    Part(ByteRange),
    /// Lies outside.
    Outside,
    /// Its last byte comes before its first.
    Backwards,
}

impl RangeSet {
    /// Reads a `Range` header about content of `size` bytes.
    ///
    /// What cannot be read is ignored, as the standard demands of unknown units and lets one do with the rest. A range
    /// whose last byte comes before its first is refused, as the conformance suite expects it.
    pub fn parse(header: &str, size: u64) -> Result<Self, Unsatisfiable> {
        let Some(elements) = elements(header, size) else { return Ok(Self::Whole) };
        if elements.iter().any(|element| matches!(element, Element::Backwards)) {
            return Err(Unsatisfiable { size });
        }
        let parts = elements.into_iter().filter_map(Element::part).collect::<Vec<_>>();
        match parts.as_slice() {
            // Some clients send a range with every request. Nothing is all that there is.
            [] if size == 0 => Ok(Self::Whole),
            [] => Err(Unsatisfiable { size }),
            [part] => Ok(Self::One(*part)),
            _ if is_longer(&parts, size) => Ok(Self::Whole),
            _ => Ok(Self::Many(parts)),
        }
    }
}

impl Element {
    fn part(self) -> Option<ByteRange> {
        match self {
            Self::Part(part) => Some(part),
            Self::Outside | Self::Backwards => None,
        }
    }
}

/// Whether the parts are more than the content itself, which is then the cheaper answer: ranges that overlap would
/// otherwise let a small request cause a large answer many times over.
fn is_longer(parts: &[ByteRange], size: u64) -> bool {
    parts.iter().try_fold(0_u64, |sum, part| sum.checked_add(part.length())).is_none_or(|sum| sum > size)
}

/// The elements of the header; `None` where it is malformed, of another unit, or has too many.
fn elements(header: &str, size: u64) -> Option<Vec<Element>> {
    let (unit, set) = header.split_once('=')?;
    if !unit.trim_matches(SPACE).eq_ignore_ascii_case("bytes") {
        return None;
    }
    let texts = set.split(',').map(|text| text.trim_matches(SPACE)).filter(|text| !text.is_empty());
    let elements = texts.take(MAX_RANGES + 1).map(|text| element(text, size)).collect::<Option<Vec<_>>>()?;
    (1..=MAX_RANGES).contains(&elements.len()).then_some(elements)
}

const SPACE: [char; 2] = [' ', '\t'];

fn element(text: &str, size: u64) -> Option<Element> {
    match text.split_once('-')? {
        ("", suffix) => Some(suffix_of(offset(suffix)?, size)),
        (first, "") => Some(between(offset(first)?, u64::MAX, size)),
        (first, last) => Some(between(offset(first)?, offset(last)?, size)),
    }
}

fn suffix_of(length: u64, size: u64) -> Element {
    if length == 0 { Element::Outside } else { between(size.saturating_sub(length), u64::MAX, size) }
}

fn between(first: u64, last: u64, size: u64) -> Element {
    if last < first {
        Element::Backwards
    } else if first >= size {
        Element::Outside
    } else {
        Element::Part(ByteRange { first, last: last.min(size - 1) })
    }
}

/// Digits only. A number beyond 64 bits lies past the end of any content, as the largest number does.
fn offset(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(first: u64, last: u64) -> RangeSet {
        RangeSet::One(ByteRange { first, last })
    }

    #[test]
    fn single_ranges() {
        for (header, wanted) in [
            ("bytes=500-1499", Ok(one(500, 1499))),
            ("bytes=500-", Ok(one(500, 2047))),
            ("bytes=-500", Ok(one(1548, 2047))),
            ("bytes=2000-5000", Ok(one(2000, 2047))),
            ("bytes=-5000", Ok(one(0, 2047))),
            ("bytes=0-0", Ok(one(0, 0))),
            ("Bytes=0-1", Ok(one(0, 1))),
            ("bytes= 0-1 ,", Ok(one(0, 1))),
            ("bytes=0-99999999999999999999999", Ok(one(0, 2047))),
            ("bytes=500-0", Err(Unsatisfiable { size: 2048 })),
            ("bytes=5000-10000", Err(Unsatisfiable { size: 2048 })),
            ("bytes=2048-", Err(Unsatisfiable { size: 2048 })),
            ("bytes=-0", Err(Unsatisfiable { size: 2048 })),
            ("bytes=99999999999999999999999-", Err(Unsatisfiable { size: 2048 })),
        ] {
            assert_eq!(RangeSet::parse(header, 2048), wanted, "{header:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_ignored() {
        for header in [
            "",
            "bytes",
            "bytes=",
            "bytes=,",
            "bytes=-",
            "bytes=a-b",
            "bytes=1-2-3",
            "bytes=+1-2",
            "items=0-1",
            "bytes 0-1",
            "bytes=1 - 2",
        ] {
            assert_eq!(RangeSet::parse(header, 2048), Ok(RangeSet::Whole), "{header:?}");
        }
    }

    #[test]
    fn several_ranges() {
        let many = RangeSet::Many(vec![ByteRange { first: 0, last: 1 }, ByteRange { first: 8, last: 9 }]);
        assert_eq!(RangeSet::parse("bytes=0-1, -2", 10), Ok(many.clone()));
        assert_eq!(RangeSet::parse("bytes=0-1,8-20,,30-40", 10), Ok(many));
        assert_eq!(RangeSet::parse("bytes=0-1,30-40", 10), Ok(one(0, 1)));
        assert_eq!(RangeSet::parse("bytes=20-,30-40", 10), Err(Unsatisfiable { size: 10 }));
        assert_eq!(RangeSet::parse("bytes=0-1,5-4", 10), Err(Unsatisfiable { size: 10 }));
        assert!(matches!(RangeSet::parse("bytes=0-2,1-3", 10), Ok(RangeSet::Many(_))), "overlapping parts are served");
    }

    #[test]
    fn too_much_is_answered_with_the_whole() {
        assert_eq!(RangeSet::parse("bytes=0-,0-", 10), Ok(RangeSet::Whole));
        assert_eq!(RangeSet::parse("bytes=0-,0-", u64::MAX), Ok(RangeSet::Whole));
        let ranges = |count: usize| format!("bytes={}", vec!["0-0"; count].join(","));
        assert!(matches!(RangeSet::parse(&ranges(64), 1000), Ok(RangeSet::Many(parts)) if parts.len() == 64));
        assert_eq!(RangeSet::parse(&ranges(65), 1000), Ok(RangeSet::Whole));
    }

    #[test]
    fn empty_content_is_sent_whole() {
        for header in ["bytes=0-", "bytes=-1", "bytes=0-0"] {
            assert_eq!(RangeSet::parse(header, 0), Ok(RangeSet::Whole));
        }
    }

    #[test]
    fn prints_its_place() {
        let part = ByteRange { first: 500, last: 1499 };
        assert_eq!(part.content_range(2048).to_string(), "bytes 500-1499/2048");
        assert_eq!((part.start(), part.end(), part.length()), (500, 1500, 1000));
    }

    proptest! {
        #[test]
        fn parts_lie_within_the_content(header in "bytes=([0-9]{0,4}-[0-9]{0,4},?){0,5}", size in 0_u64..5000) {
            let parts = match RangeSet::parse(&header, size) {
                Ok(RangeSet::One(part)) => vec![part],
                Ok(RangeSet::Many(parts)) => parts,
                Ok(RangeSet::Whole) | Err(_) => Vec::new(),
            };
            prop_assert!(parts.iter().all(|part| part.start() < part.end() && part.end() <= size));
            prop_assert!(parts.iter().map(|part| part.length()).sum::<u64>() <= size);
        }

        #[test]
        fn a_single_range_agrees_with_a_model(first in 0_u64..40, last in 0_u64..40, size in 1_u64..30) {
            let wanted = (first..=last).filter(|offset| *offset < size).collect::<Vec<_>>();
            let got = match RangeSet::parse(&format!("bytes={first}-{last}"), size) {
                Ok(RangeSet::One(part)) => (part.start()..part.end()).collect(),
                Ok(other) => panic!("{other:?}"),
                Err(Unsatisfiable { .. }) => Vec::new(),
            };
            prop_assert_eq!(got, wanted);
        }

        #[test]
        fn never_panics(header in any::<String>(), size in any::<u64>()) {
            let _ = RangeSet::parse(&header, size);
            let _ = RangeSet::parse(&format!("bytes={header}"), size);
        }
    }
}
