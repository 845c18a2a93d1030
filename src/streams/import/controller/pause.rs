//! How long what failed is left alone.

use std::time::Duration;

use super::rhythm::Phase;

/// After the first failure; twice as long after each other one.
const FIRST: Duration = Duration::from_secs(30);

/// At the longest: whoever mends an upstream waits no longer for it to be noticed.
const LONGEST: Duration = Duration::from_hours(1);

/// The pause after so many attempts failed, and a quarter more or less: tags that failed together do not come back
/// together.
pub(super) fn after(attempts: u32, phase: Phase) -> Duration {
    let pause = FIRST.saturating_mul(2_u32.saturating_pow(attempts)).min(LONGEST);
    // Another part of the phase each time.
    let part = phase.0.rotate_right(attempts.checked_mul(8).unwrap_or_default() % 56) % 1000;
    let half = pause.div_f64(2.0);
    pause.mul_f64(0.75).saturating_add(half.mul_f64(f64::from(u32::try_from(part).unwrap_or_default()) / 1000.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour() {
        let phase = Phase(0x1234_5678_9abc_def0);
        for (attempts, usual) in [(0, 30), (1, 60), (4, 480), (7, 3600), (40, 3600)] {
            let pause = after(attempts, phase).as_secs_f64() / f64::from(usual);
            assert!((0.75..=1.25).contains(&pause), "{attempts}: {pause}");
        }
        assert_ne!(after(3, phase), after(3, Phase(7)));
    }
}
