//! The place of an uploaded chunk in its blob.

use std::fmt;
use std::str::FromStr;

/// Why a text is no place of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the content range of a chunk has the form first-last, of which the last is not before the first")]
pub struct InvalidContentRange;

/// First and last byte of a chunk, counted in the whole blob and both included.
///
/// Source: distribution-spec, "Pushing a blob in chunks": `^[0-9]+-[0-9]+$`, which is not the form of RFC 9110: no unit,
/// no total.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentRange {
    first: u64,
    last: u64,
}

impl ContentRange {
    /// Offset of the first byte.
    pub fn first(self) -> u64 {
        self.first
    }

    /// Offset of the last byte.
    pub fn last(self) -> u64 {
        self.last
    }

    /// How many bytes the chunk has; never 0.
    pub fn length(self) -> u64 {
        (self.last - self.first).saturating_add(1)
    }
}

impl FromStr for ContentRange {
    type Err = InvalidContentRange;

    fn from_str(text: &str) -> Result<Self, InvalidContentRange> {
        let (first, last) = text.split_once('-').ok_or(InvalidContentRange)?;
        let (first, last) = (offset(first)?, offset(last)?);
        if first <= last { Ok(Self { first, last }) } else { Err(InvalidContentRange) }
    }
}

impl fmt::Display for ContentRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

fn offset(text: &str) -> Result<u64, InvalidContentRange> {
    // `parse` alone would take a leading plus.
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().map_err(|_| InvalidContentRange)
    } else {
        Err(InvalidContentRange)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_first_and_last() {
        let range: ContentRange = "22-43".parse().unwrap();
        assert_eq!((range.first(), range.last(), range.length()), (22, 43, 22));
        assert_eq!("0-0".parse::<ContentRange>().unwrap().length(), 1);
        assert_eq!("00-007".parse::<ContentRange>().unwrap().last(), 7);
        assert_eq!(format!("0-{}", u64::MAX).parse::<ContentRange>().unwrap().length(), u64::MAX);
    }

    #[test]
    fn refuses_other_forms() {
        for text in [
            "",
            "-",
            "1-",
            "-1",
            "1",
            "5-4",
            "bytes 0-1",
            "0-1/2",
            "0-1/*",
            "+0-1",
            "0-+1",
            "0--1",
            " 0-1",
            "0-18446744073709551616",
        ] {
            assert_eq!(text.parse::<ContentRange>(), Err(InvalidContentRange), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn round_trips(first in any::<u64>(), last in any::<u64>()) {
            let text = format!("{first}-{last}");
            match text.parse::<ContentRange>() {
                Ok(range) => prop_assert_eq!(range.to_string(), text),
                Err(InvalidContentRange) => prop_assert!(first > last),
            }
        }

        #[test]
        fn never_panics(text in "[0-9+ -]{0,24}") {
            let _ = text.parse::<ContentRange>();
        }
    }
}
