//! Where text ceases to be base64.

/// The position of the first byte that spoils standard, padded base64, as Go counts it; line breaks do not count.
pub(super) fn corrupt_at(text: &str) -> Option<usize> {
    let mut letters = text.bytes().enumerate().filter(|(_, byte)| !matches!(byte, b'\n' | b'\r'));
    let mut in_group = 0_usize;
    while let Some((position, byte)) = letters.next() {
        match (byte, in_group) {
            (b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/', _) => in_group = (in_group + 1) % 4,
            // Two letters are padded twice.
            (b'=', 2) => {
                return match letters.next() {
                    None => Some(text.len()),
                    Some((_, b'=')) => letters.next().map(|(position, _)| position),
                    Some((second, _)) => Some(second.saturating_sub(1)),
                };
            }
            (b'=', 3) => return letters.next().map(|(position, _)| position),
            _ => return Some(position),
        }
    }
    (in_group > 0).then(|| text.len().saturating_sub(in_group))
}

#[cfg(test)]
mod tests {
    use super::corrupt_at;

    #[test]
    fn only_padded_base64_passes() {
        for fine in ["", "Zg==", "Zm8=", "Zm9v", "Zm9v\nZm9v\n", "a+/9"] {
            assert_eq!(corrupt_at(fine), None, "{fine:?}");
        }
        for (corrupt, position) in [
            ("Z", 0),
            ("Zm9vZ", 4),
            ("Zm8", 0),
            ("Zm9-", 3),
            ("=", 0),
            ("Zg=", 3),
            ("Zg=x", 2),
            ("Zg==x", 4),
            ("Zm8=x", 4),
        ] {
            assert_eq!(corrupt_at(corrupt), Some(position), "{corrupt:?}");
        }
    }
}
