//! The terminal: answers go to standard output, everything else to standard error.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use anyhow::Context;

use super::failure::Failure;

/// As `sysexits.h` numbers a command line that cannot be understood.
const USAGE: u8 = 64;

/// Writes an answer. A reader that has seen enough (`weir history … | head`) is no failure.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    print_more(text).map(drop)
}

/// Writes a part of an answer that never ends; whether anybody still reads it.
pub(super) fn print_more(text: &str) -> Result<bool, Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error).context("failed to write to standard output").map_err(Failure::from),
    }
}

/// Says something beside the answer.
pub(super) fn tell(what: impl Display) {
    complain(what);
}

/// Says what failed, and gives the exit code for it.
pub(super) fn failure(failure: &Failure) -> ExitCode {
    match failure {
        // Each line names its place, as a compiler's do.
        Failure::Config(errors) => complain(errors),
        Failure::Told(words) => complain(words),
        other => complain(format_args!("weir: {other}")),
    }
    ExitCode::from(failure.code())
}

/// Says what is wrong with the command line, or what `--help` and `--version` ask for.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        complain(error.to_string().trim_end());
        return ExitCode::from(USAGE);
    }
    match print(&error.to_string()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => self::failure(&error),
    }
}

fn complain(what: impl Display) {
    // Where standard error is closed, nobody is left to be told; the exit code still says it.
    let _ = writeln!(io::stderr().lock(), "{what}");
}
