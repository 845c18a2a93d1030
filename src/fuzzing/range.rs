//! `Range` of a read, and `Content-Range` of a chunk.

use super::take::Take;
use crate::oci::{ByteRange, ContentRange, RangeSet, Unsatisfiable};

/// The first byte says how many bits of the next eight bytes are the size of the content; the rest is the header's value.
pub fn range(data: &[u8]) {
    let mut take = Take(data);
    let bits = take.below(65);
    let size = take.u64().checked_shr(u32::try_from(64 - bits).unwrap_or_default()).unwrap_or_default();
    let Some(text) = take.text() else { return };
    of_read(text, size);
    of_chunk(text);
}

fn of_read(text: &str, size: u64) {
    let found = RangeSet::parse(text, size);
    let parts: &[ByteRange] = match &found {
        Ok(RangeSet::Many(parts)) => parts,
        Ok(RangeSet::One(part)) => std::slice::from_ref(part),
        Ok(RangeSet::Whole) | Err(_) => &[],
    };
    for part in parts {
        assert!(part.start() < part.end() && part.end() <= size && part.length() == part.end() - part.start());
        let shown = format!("bytes {}-{}/{size}", part.start(), part.end() - 1);
        assert_eq!(part.content_range(size).to_string(), shown);
    }
    if let Ok(RangeSet::Many(parts)) = &found {
        assert!((2..=64).contains(&parts.len()));
        assert!(parts.iter().map(|part| u128::from(part.length())).sum::<u128>() <= u128::from(size));
    }
    let bounds: Vec<_> = parts.iter().map(|part| (u128::from(part.start()), u128::from(part.end()))).collect();
    let plain = plain_read(text, u128::from(size));
    let agreed = match &found {
        Ok(RangeSet::Whole) => plain == Plain::Whole,
        Ok(RangeSet::One(_) | RangeSet::Many(_)) => plain == Plain::Parts(bounds),
        Err(Unsatisfiable { size: told }) => plain == Plain::Outside && *told == size,
    };
    assert!(agreed, "{text:?} of {size}: {found:?}, plainly {plain:?}");
}

#[derive(Debug, PartialEq, Eq)]
enum Plain {
    Whole,
    Parts(Vec<(u128, u128)>),
    Outside,
}

/// RFC 9110 §14.1.2 read plainly, in numbers that cannot overflow here.
fn plain_read(text: &str, size: u128) -> Plain {
    let space = |c: char| c == ' ' || c == '\t';
    let Some((unit, set)) = text.split_once('=') else { return Plain::Whole };
    if !unit.trim_matches(space).eq_ignore_ascii_case("bytes") {
        return Plain::Whole;
    }
    let elements: Vec<&str> = set.split(',').map(|part| part.trim_matches(space)).filter(|p| !p.is_empty()).collect();
    if elements.is_empty() || elements.len() > 64 {
        return Plain::Whole;
    }
    let mut parts = Vec::new();
    let mut backwards = false;
    for element in elements {
        let Some(dash) = element.find('-') else { return Plain::Whole };
        let (first, last) = (element.get(..dash).unwrap_or_default(), element.get(dash + 1..).unwrap_or_default());
        let (start, end) = match (plain_number(first), plain_number(last)) {
            (Some(first), Some(last)) => (first, last + 1),
            (Some(first), None) if last.is_empty() => (first, u128::MAX),
            (None, Some(suffix)) if first.is_empty() => {
                (if suffix == 0 { size } else { size.saturating_sub(suffix) }, size)
            }
            _ => return Plain::Whole,
        };
        let given = !first.is_empty() && !last.is_empty();
        backwards |= given && end <= start;
        if start < size && !(given && end <= start) {
            parts.push((start, end.min(size)));
        }
    }
    let sum: u128 = parts.iter().map(|(start, end)| end - start).sum();
    match parts.len() {
        _ if backwards => Plain::Outside,
        0 if size == 0 => Plain::Whole,
        0 => Plain::Outside,
        1 => Plain::Parts(parts),
        _ if sum > size => Plain::Whole,
        _ => Plain::Parts(parts),
    }
}

/// Digits as a number, at most the largest of 64 bits.
fn plain_number(text: &str) -> Option<u128> {
    if text.is_empty() {
        return None;
    }
    text.chars().try_fold(0_u128, |number, digit| {
        Some((number * 10 + u128::from(digit.to_digit(10)?)).min(u128::from(u64::MAX)))
    })
}

fn of_chunk(text: &str) {
    let found = text.parse::<ContentRange>();
    if let Ok(range) = found {
        assert!(range.first() <= range.last() && range.length() >= 1);
        assert_eq!(range.to_string().parse(), Ok(range));
    }
    assert_eq!(found.ok().map(|range| (range.first(), range.last())), plain_chunk(text), "{text:?}");
}

fn plain_chunk(text: &str) -> Option<(u64, u64)> {
    let halves: Vec<&str> = text.split('-').collect();
    let [first, last] = halves.as_slice() else { return None };
    let number = |text: &str| text.chars().all(|c| c.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    number(first).zip(number(last)).filter(|(first, last)| first <= last)
}
