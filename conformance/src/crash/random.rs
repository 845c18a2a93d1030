//! Choices that can be made again: the same seed, the same choices.

use std::time::Duration;

/// A stream of choices (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// The choices of one of those who share a run's seed.
    pub(crate) fn new(seed: u64, who: u64) -> Self {
        let mut random = Self(seed ^ who.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number from zero to the one before `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let chosen = self.next() % u64::try_from(end.max(1)).unwrap_or(u64::MAX);
        usize::try_from(chosen).unwrap_or(0)
    }

    /// A number of a range that includes both ends.
    pub(crate) fn between(&mut self, first: usize, last: usize) -> usize {
        first + self.below(last.saturating_sub(first) + 1)
    }

    /// True so many times of a hundred.
    pub(crate) fn percent(&mut self, of_hundred: usize) -> bool {
        self.below(100) < of_hundred
    }

    /// One of several things.
    pub(crate) fn pick<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[self.below(things.len())]
    }

    /// A time up to this one; short ones are more frequent than long ones, as races hide at every scale.
    pub(crate) fn moment(&mut self, longest: Duration) -> Duration {
        let octaves = 12;
        let scale = 1_u32 << self.below(octaves);
        let whole = longest / scale;
        whole.mul_f64(0.5 + 0.0005 * f64::from(u32::try_from(self.below(1000)).unwrap_or(0)))
    }
}
