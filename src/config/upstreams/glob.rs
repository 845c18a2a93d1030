//! Patterns with `*` and `?`.

/// Whether `text` is like `pattern`, in which `*` stands for any text and `?` for one byte. Takes at most as many steps as
/// the product of both lengths, whoever wrote the pattern.
pub(crate) fn is_like(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    // Where to go on when a later character does not fit: the star that was met last takes one more.
    let (mut at, mut here, mut star) = (0, 0, None);
    while here < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, here));
                at += 1;
            }
            Some(byte) if *byte == b'?' || Some(byte) == text.get(here) => {
                at += 1;
                here += 1;
            }
            _ => {
                let Some((met, taken)) = star else { return false };
                star = Some((met, taken + 1));
                at = met + 1;
                here = taken + 1;
            }
        }
    }
    pattern.get(at..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same, straight from its meaning.
    fn model(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), _) => {
                model(rest, text) || text.split_first().is_some_and(|(_, less)| model(pattern, less))
            }
            (Some((one, rest)), Some((other, less))) => (*one == b'?' || one == other) && model(rest, less),
            _ => false,
        }
    }

    #[test]
    fn many_stars_cost_little() {
        assert!(!is_like(&"*a".repeat(1000), &"b".repeat(1000)));
        assert!(!is_like(&format!("{}b", "*a".repeat(30)), &"a".repeat(200)));
    }

    proptest! {
        #[test]
        fn agrees_with_its_meaning(pattern in "[ab*?]{0,8}", text in "[ab]{0,10}") {
            prop_assert_eq!(is_like(&pattern, &text), model(pattern.as_bytes(), text.as_bytes()));
        }
    }
}
