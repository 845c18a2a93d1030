//! Blocks that a log is about to write to, filled with zeros before.
//!
//! A sync of bytes that lie in blocks which were written before is one write and one flush. Where a file grows, or comes to
//! blocks that were only set aside for it, it is a commit of the file system's own journal too, with all that waits in
//! that: several times as long on a disk that has other things to do. Whoever reads a log takes zeros for its end.

use std::fs::File;
use std::os::unix::fs::FileExt;

/// How many bytes are filled at a time: one commit of the file system for some hundred of ours.
const STEP: usize = 1 << 20;

static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// How far a log was filled.
#[derive(Debug)]
pub(crate) struct Ahead {
    filled: u64,
}

impl Ahead {
    /// A log that ends at `end`.
    pub(crate) fn new(end: u64) -> Self {
        Self { filled: end }
    }

    /// Fills on, but not beyond `limit`, if bytes up to `end` go to blocks that were not filled.
    pub(crate) fn reach(&mut self, file: &File, end: u64, limit: u64) {
        if end <= self.filled {
            return;
        }
        let mut at = end;
        while at < limit.min(end.saturating_add(STEP as u64)) {
            let size = usize::try_from(limit.saturating_sub(at)).unwrap_or(STEP).min(ZEROS.len());
            if let Err(error) = file.write_all_at(ZEROS.get(..size).unwrap_or_default(), at) {
                // Nothing is lost but time: the bytes themselves are written and synced whatever became of this.
                tracing::debug!(%error, "cannot fill a log ahead");
                break;
            }
            at = at.saturating_add(size as u64);
        }
        self.filled = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_filled_a_step_at_a_time_and_up_to_its_limit() {
        let file = tempfile::tempfile().expect("there is room for a file");
        let length = || file.metadata().expect("it is open").len();
        let mut ahead = Ahead::new(10);
        ahead.reach(&file, 10, u64::MAX);
        assert_eq!(length(), 0);
        ahead.reach(&file, 11, u64::MAX);
        assert_eq!(length(), 11 + STEP as u64);
        ahead.reach(&file, length(), u64::MAX);
        assert_eq!(length(), 11 + STEP as u64, "there was room");
        let limit = length() + 100;
        ahead.reach(&file, length() + 50, limit);
        assert_eq!(length(), limit);
        ahead.reach(&file, limit + 50, limit);
        assert_eq!(length(), limit);
    }
}
