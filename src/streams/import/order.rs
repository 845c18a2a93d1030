//! In which order tags are told and, of a repository with many, imported.
//!
//! Source: `PrioritizeTags` of library-go, restated.

use std::cmp::Reverse;

/// Puts `latest` first, then versions with two numbers, then those with three, each with the newest first, then all else by
/// name.
pub(crate) fn sort(tags: &mut [String]) {
    tags.sort_by_cached_key(|tag| Rank::of(tag));
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Latest,
    Minor(Reverse<Version>, String),
    Patch(Reverse<Version>, String),
    Other(String),
}

/// Numbers, and what comes before the release: a release is newer than all that came before it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    numbers: [u64; 3],
    release: bool,
    before: Vec<Part>,
}

/// A part between dots of what comes before a release. Numbers are less than words.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Number(u64),
    Word(String),
}

impl Rank {
    fn of(tag: &str) -> Self {
        if tag == "latest" {
            return Self::Latest;
        }
        match Version::read(tag.trim_start_matches('v')) {
            Some((2, version)) => Self::Minor(Reverse(version), tag.to_owned()),
            Some((_, version)) => Self::Patch(Reverse(version), tag.to_owned()),
            None => Self::Other(tag.to_owned()),
        }
    }
}

impl Version {
    /// The version, and how many numbers it has.
    fn read(text: &str) -> Option<(usize, Self)> {
        let (numbers, before) = text.split_once('-').map_or((text, None), |(numbers, rest)| (numbers, Some(rest)));
        let read: Option<Vec<u64>> = numbers.split('.').map(number).collect();
        let (count, numbers) = match *read?.as_slice() {
            [major, minor] => (2, [major, minor, 0]),
            [major, minor, patch] => (3, [major, minor, patch]),
            _ => return None,
        };
        let parts = before.map(|before| before.split('.').map(part).collect::<Option<Vec<_>>>());
        let before = parts.unwrap_or_else(|| Some(Vec::new()))?;
        Some((count, Self { numbers, release: before.is_empty(), before }))
    }
}

/// A number without zeroes in front.
fn number(text: &str) -> Option<u64> {
    let plain =
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

fn part(text: &str) -> Option<Part> {
    let word = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    number(text).map(Part::Number).or_else(|| word.then(|| Part::Word(text.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_versions_come_first() {
        let expected =
            ["latest", "10.0", "5.1", "v5.1", "5.1-rc1", "2.7", "6.0.1", "5.1.3", "1.0.0-a.2", "1", "13", "a", "v2"];
        let mut tags = expected.map(str::to_owned);
        tags.reverse();
        sort(&mut tags);
        assert_eq!(tags, expected);
    }
}
