//! What became of the faults of one row.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use super::judge::Verdict;
use super::plan::Injection;

/// So many failures of a row are shown; more of them say the same.
const SHOWN: usize = 6;

/// The faults of one row, by what the client was told.
#[derive(Debug, Default)]
pub(super) struct Rows {
    told: BTreeMap<Verdict, usize>,
    failures: Vec<String>,
}

impl Rows {
    pub(super) fn add(&mut self, injection: Injection, tried: Result<Verdict>) {
        match tried {
            Ok(verdict) => *self.told.entry(verdict).or_default() += 1,
            Err(error) => self.failures.push(format!("{injection}: {error:#}")),
        }
    }

    /// The row's figures, or its failures.
    pub(super) fn tell(self) -> Result<String> {
        if !self.failures.is_empty() {
            let (count, shown) = (self.failures.len(), self.failures.iter().take(SHOWN));
            bail!("{count} faults were not borne:\n{}", shown.cloned().collect::<Vec<_>>().join("\n"));
        }
        let told = self.told.iter().map(|(verdict, count)| match verdict {
            Verdict::Done => format!("{count} done all the same"),
            Verdict::Refused(status) => format!("{count} answered {status}"),
            Verdict::CutOff => format!("{count} cut off"),
        });
        Ok(told.collect::<Vec<_>>().join(", "))
    }
}
