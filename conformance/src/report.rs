//! Named steps, and what became of them.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// A step that takes longer than this hangs: the slowest client needs a tenth of it on two busy cores.
const DEADLINE: Duration = Duration::from_mins(5);

/// Everything that was checked so far, in order.
#[derive(Debug, Default)]
pub(crate) struct Report {
    groups: Vec<(String, Tally)>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    passed: usize,
    failed: usize,
    skipped: usize,
}

/// What a step has to say beyond that it passed.
pub(crate) trait Detail {
    fn text(&self) -> String;
}

impl Detail for () {
    fn text(&self) -> String {
        String::new()
    }
}

impl Detail for String {
    fn text(&self) -> String {
        format!(": {self}")
    }
}

impl Report {
    /// The steps of one client or suite.
    pub(crate) fn group(&mut self, name: impl Into<String>) -> Checks<'_> {
        Checks { name: name.into(), report: self }
    }

    /// Whether a step of any group failed.
    pub(crate) fn failed(&self) -> bool {
        self.total().failed > 0
    }

    /// Prints the table and the closing line. A run in which nothing passed has proved nothing, so it fails too.
    pub(crate) fn close(&self) -> ExitCode {
        say("");
        say(format_args!("{:<28} {:>7} {:>7} {:>9}", "", "passed", "failed", "left out"));
        for (name, tally) in &self.groups {
            say(format_args!("{name:<28} {:>7} {:>7} {:>9}", tally.passed, tally.failed, tally.skipped));
        }
        let total = self.total();
        let mut closing = format!("{} passed, {} failed", total.passed, total.failed);
        if total.skipped > 0 {
            write!(closing, ", {} skipped", total.skipped).expect("writing to a string cannot fail");
        }
        say("");
        say(closing);
        if total.failed == 0 && total.passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn total(&self) -> Tally {
        self.groups.iter().fold(Tally::default(), |sum, (_, tally)| Tally {
            passed: sum.passed + tally.passed,
            failed: sum.failed + tally.failed,
            skipped: sum.skipped + tally.skipped,
        })
    }

    fn tally(&mut self, group: &str) -> &mut Tally {
        let index = self.groups.iter().position(|(name, _)| name == group).unwrap_or_else(|| {
            self.groups.push((group.to_owned(), Tally::default()));
            self.groups.len() - 1
        });
        &mut self.groups[index].1
    }
}

/// Takes the steps of one group.
#[derive(Debug)]
pub(crate) struct Checks<'a> {
    name: String,
    report: &'a mut Report,
}

impl Checks<'_> {
    /// Does a step and prints its line; whether it passed. A step that fails does not end the group: what depends on it fails by itself, and
    /// what does not still tells something.
    pub(crate) async fn step<T: Detail>(&mut self, name: &str, work: impl Future<Output = Result<T>>) -> bool {
        self.step_within(DEADLINE, name, work).await
    }

    /// The same with a deadline of its own.
    pub(crate) async fn step_within<T: Detail>(
        &mut self,
        deadline: Duration,
        name: &str,
        work: impl Future<Output = Result<T>>,
    ) -> bool {
        let began = Instant::now();
        let done = tokio::time::timeout(deadline, work).await.context("it did not end within its deadline").flatten();
        let passed = done.is_ok();
        match done {
            Ok(detail) => self.passed(format_args!("{name}{} ({:.1?})", detail.text(), began.elapsed())),
            Err(error) => self.failed(name, &error),
        }
        passed
    }

    /// Tells of a step that was not done, and why.
    pub(crate) fn leave_out(&mut self, name: &str, reason: impl Display) {
        self.report.tally(&self.name).skipped += 1;
        say(format_args!("skip {:<12} {name}: {reason}", self.name));
    }

    /// Tells of a step that failed.
    pub(crate) fn failed(&mut self, name: &str, error: &anyhow::Error) {
        self.report.tally(&self.name).failed += 1;
        say(format_args!("FAIL {:<12} {name}", self.name));
        for cause in error.chain() {
            for line in cause.to_string().lines() {
                say(format_args!("       {line}"));
            }
        }
    }

    fn passed(&mut self, what: impl Display) {
        self.report.tally(&self.name).passed += 1;
        say(format_args!("ok   {:<12} {what}", self.name));
    }
}

/// Prints a line of the run's output.
#[expect(clippy::print_stdout, reason = "the report is what this program is for")]
pub(crate) fn say(line: impl Display) {
    println!("{line}");
}

/// Turns a collected map of bad rows into one error text.
pub(crate) fn rows(rows: &BTreeMap<String, String>) -> String {
    rows.iter().map(|(name, status)| format!("{name}: {status}")).collect::<Vec<_>>().join("\n")
}
