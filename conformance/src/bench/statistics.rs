//! What ten rounds say: the median, and how sure it is.

/// The median of some figures, and an interval that holds the median of all rounds that could have been.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub(crate) struct Estimate {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// The share of runs in which an interval may miss.
const RISK: f64 = 0.05;

impl Estimate {
    /// The median with the interval of the sign test: between the k-th smallest and the k-th largest figure, k as large as the risk
    /// allows. It assumes nothing about how figures are spread. Below six rounds it is all of them, from end to end.
    pub(crate) fn of(mut figures: Vec<f64>) -> Option<Self> {
        figures.sort_by(f64::total_cmp);
        let count = figures.len();
        let skip = skip(count);
        let (low, high) = (*figures.get(skip)?, *figures.get(count.checked_sub(skip + 1)?)?);
        let median = f64::midpoint(*figures.get((count - 1) / 2)?, *figures.get(count / 2)?);
        Some(Self { median, low, high })
    }
}

/// How many figures may be left out at either end.
fn skip(count: usize) -> usize {
    // The chance that at most `k` of `count` fall on one side, were each as likely to fall on either.
    let exponent = i32::try_from(count).unwrap_or(i32::MAX);
    let mut term = 0.5_f64.powi(exponent);
    let mut tail = term;
    let mut skip = 0;
    let mut rest = f64::from(exponent);
    let mut taken = 1.0;
    while skip < count / 2 && 2.0 * (tail + term * rest / taken) <= RISK {
        term *= rest / taken;
        tail += term;
        rest -= 1.0;
        taken += 1.0;
        skip += 1;
    }
    skip
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_left_out_as_the_tables_of_the_sign_test_say() {
        let expected = [(1, 0), (2, 0), (5, 0), (6, 0), (8, 0), (9, 1), (10, 1), (12, 2), (15, 3), (20, 5)];
        for (count, left_out) in expected {
            assert_eq!(skip(count), left_out, "{count}");
        }
    }

    #[test]
    fn the_middle_and_its_interval() {
        let figures = |count: i32| (1..=count).rev().map(f64::from).collect::<Vec<_>>();
        assert_eq!(Estimate::of(figures(3)), Some(Estimate { median: 2.0, low: 1.0, high: 3.0 }));
        assert_eq!(Estimate::of(figures(10)), Some(Estimate { median: 5.5, low: 2.0, high: 9.0 }));
        assert_eq!(Estimate::of(Vec::new()), None);
    }
}
