//! "Did you mean": the known key that is nearest to what was written.

/// Longer than any key is; what is longer resembles none.
const LONGEST: usize = 40;

/// The one of `known` that `written` was most likely meant to be, if any is near enough.
pub(super) fn nearest<'k>(written: &str, known: &[&'k str]) -> Option<&'k str> {
    let written: Vec<char> = written.chars().take(LONGEST).flat_map(char::to_lowercase).collect();
    let near_enough = (written.len() / 3).max(1);
    known
        .iter()
        .map(|key| (distance(&written, key), *key))
        .filter(|(distance, _)| *distance <= near_enough)
        .min()
        .map(|(_, key)| key)
}

/// How many letters have to be put in, taken out or replaced to make `right` from `left`.
fn distance(left: &[char], right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (above, letter) in left.iter().enumerate() {
        let mut diagonal = above;
        let mut before = above.saturating_add(1);
        let mut next = vec![before];
        for (other, up) in right.iter().zip(row.iter().skip(1)) {
            let replaced = diagonal.saturating_add(usize::from(letter != other));
            before = replaced.min(before.min(*up).saturating_add(1));
            next.push(before);
            diagonal = *up;
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let known = ["data", "metadata", "cache", "reserve"];
        assert_eq!(nearest("metdata", &known), Some("metadata"));
        assert_eq!(nearest("Data", &known), Some("data"));
        assert_eq!(nearest("reserved", &known), Some("reserve"));
        assert_eq!(nearest("colour", &known), None);
        assert_eq!(nearest("", &known), None);
    }

    #[test]
    fn counts_edits() {
        let letters = |text: &str| text.chars().collect::<Vec<_>>();
        assert_eq!(distance(&letters("kitten"), "sitting"), 3);
        assert_eq!(distance(&letters(""), "abc"), 3);
        assert_eq!(distance(&letters("abc"), ""), 3);
        assert_eq!(distance(&letters("same"), "same"), 0);
    }
}
