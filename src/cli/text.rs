//! Text of a server on a terminal of ours.

/// Text without what a terminal would obey.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { char::REPLACEMENT_CHARACTER } else { character }).collect()
}
