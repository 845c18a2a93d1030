//! Numbers of bytes with their unit.

use std::fmt;
use std::str::FromStr;

/// A number of bytes, written `64MiB`: a whole number and one of B, kB, MB, GB, TB (powers of 1000), KiB,
/// MiB, GiB, TiB (powers of 1024). A number without a unit means bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

/// Text that is no size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSize {
    /// It does not begin with a whole number.
    #[error("a size is a whole number and a unit, such as 64MiB")]
    Number,
    /// What follows the number is no unit.
    #[error("the unit is one of B, kB, MB, GB, TB, KiB, MiB, GiB and TiB")]
    Unit,
    /// It is more than 2^64 bytes.
    #[error("the size is too large")]
    TooLarge,
}

const UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1000),
    ("B", 1),
];

impl FromStr for ByteSize {
    type Err = InvalidSize;

    fn from_str(text: &str) -> Result<Self, InvalidSize> {
        let text = text.trim();
        let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        if number.is_empty() {
            return Err(InvalidSize::Number);
        }
        let number: u64 = number.parse().map_err(|_| InvalidSize::TooLarge)?;
        number.checked_mul(factor(unit.trim_start())?).map(Self).ok_or(InvalidSize::TooLarge)
    }
}

fn factor(unit: &str) -> Result<u64, InvalidSize> {
    if unit.is_empty() {
        return Ok(1);
    }
    let same = |(name, _): &&(&str, u64)| name.eq_ignore_ascii_case(unit);
    UNITS.iter().find(same).map(|(_, factor)| *factor).ok_or(InvalidSize::Unit)
}

impl fmt::Display for ByteSize {
    /// The shortest exact form: what is written is read back as the same number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = |(_, factor): &&(&str, u64)| self.0 > 0 && self.0.is_multiple_of(*factor);
        let (unit, factor) = UNITS.iter().find(exact).copied().unwrap_or(("B", 1));
        write!(f, "{}{unit}", self.0 / factor)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_sizes() {
        let read = |text: &str| text.parse::<ByteSize>().map(|size| size.0);
        assert_eq!(read("64MiB"), Ok(64 << 20));
        assert_eq!(read(" 2 gib "), Ok(2 << 30));
        assert_eq!(read("5kB"), Ok(5000));
        assert_eq!(read("7"), Ok(7));
        assert_eq!(read("0B"), Ok(0));
        assert_eq!(read(""), Err(InvalidSize::Number));
        assert_eq!(read("-1MiB"), Err(InvalidSize::Number));
        assert_eq!(read("1.5GiB"), Err(InvalidSize::Unit));
        assert_eq!(read("5 apples"), Err(InvalidSize::Unit));
        assert_eq!(read("16777216TiB"), Err(InvalidSize::TooLarge));
        assert_eq!(read("99999999999999999999"), Err(InvalidSize::TooLarge));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(bytes in any::<u64>(), shift in 0_u32..64) {
            for bytes in [bytes, bytes >> shift << shift] {
                prop_assert_eq!(ByteSize(bytes).to_string().parse(), Ok(ByteSize(bytes)));
            }
        }

        #[test]
        fn nothing_panics(text in ".*") {
            let _ = text.parse::<ByteSize>();
        }
    }
}
