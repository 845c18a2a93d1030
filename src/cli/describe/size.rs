//! Sizes for people.

/// A number of bytes in powers of a thousand, with four digits: `6.8kB`, `196.6MB`.
pub(super) fn human(bytes: i64) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let bytes = bytes.max(0);
    let mut divisor = 1_i64;
    let mut units = UNITS.iter();
    let mut unit = units.next().copied().unwrap_or_default();
    while bytes / divisor >= 1000 {
        let Some(next) = units.next() else { break };
        (divisor, unit) = (divisor.saturating_mul(1000), next);
    }
    let whole = bytes / divisor;
    let digits = whole.checked_ilog10().map_or(1, |log| log + 1);
    // What does not fit into four digits is rounded.
    let scale = 10_i64.pow(4_u32.saturating_sub(digits));
    let scaled = i128::from(bytes) * i128::from(scale);
    let rounded = (scaled + i128::from(divisor) / 2) / i128::from(divisor);
    let (whole, fraction) = (rounded / i128::from(scale), rounded % i128::from(scale));
    let places = usize::try_from(scale.ilog10()).unwrap_or_default();
    let fraction = format!("{fraction:0places$}");
    match fraction.trim_end_matches('0') {
        "" => format!("{whole}{unit}"),
        fraction => format!("{whole}.{fraction}{unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_four_digits() {
        for (bytes, text) in [
            (-1, "0B"),
            (0, "0B"),
            (872, "872B"),
            (1000, "1kB"),
            (1077, "1.077kB"),
            (6800, "6.8kB"),
            (97_290, "97.29kB"),
            (11_939_149, "11.94MB"),
            (196_634_330, "196.6MB"),
            (441_976_279, "442MB"),
            (999_999, "1000kB"),
            (i64::MAX, "9.223EB"),
        ] {
            assert_eq!(human(bytes), text);
        }
    }
}
