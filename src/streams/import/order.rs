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
    use proptest::prelude::*;

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

    /// What may come before a release, the oldest first: the order that semver.org gives.
    const BEFORE: [&str; 8] = ["alpha", "alpha.1", "alpha.beta", "beta", "beta.2", "beta.11", "rc.1", "rc1"];

    /// A tag as its parts, and as it is written.
    #[derive(Debug, Clone)]
    enum Made {
        Latest,
        /// With or without `v`; two numbers or three; which of [`BEFORE`], if any.
        Version(bool, Vec<u64>, Option<usize>),
        Word(String),
    }

    impl Made {
        fn written(&self) -> String {
            match self {
                Self::Latest => "latest".to_owned(),
                Self::Word(word) => word.clone(),
                Self::Version(v, numbers, before) => {
                    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
                    let before = before.map(|at| format!("-{}", BEFORE[at])).unwrap_or_default();
                    format!("{}{}{before}", if *v { "v" } else { "" }, numbers.join("."))
                }
            }
        }

        /// What comes first has the least: by kind, then the greatest numbers, then a release before what led to it.
        fn place(&self) -> (usize, Vec<Reverse<u64>>, Reverse<usize>, String) {
            let written = self.written();
            match self {
                Self::Latest => (0, Vec::new(), Reverse(0), written),
                Self::Version(_, numbers, before) => {
                    let numbers: Vec<_> = numbers.iter().copied().map(Reverse).collect();
                    (numbers.len() - 1, numbers, Reverse(before.unwrap_or(BEFORE.len())), written)
                }
                Self::Word(_) => (3, Vec::new(), Reverse(0), written),
            }
        }
    }

    fn made() -> impl Strategy<Value = Made> {
        let before = prop::option::of(0..BEFORE.len());
        let version = (any::<bool>(), prop::collection::vec(0_u64..20, 2..=3), before);
        prop_oneof![
            1 => Just(Made::Latest),
            8 => version.prop_map(|(v, numbers, before)| Made::Version(v, numbers, before)),
            3 => prop::sample::select(vec!["1", "13", "v2", "a", "abc", "1.2.3.4", "01.2", "1.2-", "x1.2", "stable-1.2"])
                .prop_map(|word| Made::Word(word.to_owned())),
        ]
    }

    proptest! {
        #[test]
        fn tags_are_sorted_as_their_parts_say(made in prop::collection::vec(made(), 0..20)) {
            let mut tags: Vec<String> = made.iter().map(Made::written).collect();
            sort(&mut tags);
            let mut expected = made;
            expected.sort_by_key(Made::place);
            prop_assert_eq!(tags, expected.iter().map(Made::written).collect::<Vec<_>>());
        }
    }
}
