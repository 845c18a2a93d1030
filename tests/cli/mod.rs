//! The commands that ask a server, run as a user runs them.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod describe;
mod get;
mod rollback;
mod tag;
mod watch;

use std::process::{Command, Output};

use crate::harness::Weir;

/// What a command said.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Said {
    /// Asserts that it was done, without a word beside the answer, and gives the answer.
    #[track_caller]
    fn done(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{self:?}");
        self.stdout
    }

    /// Asserts that it was refused, and gives the words.
    #[track_caller]
    fn refused(self) -> String {
        assert_eq!(self.code, Some(1), "{self:?}");
        self.stderr
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// A command that asks `weir`, in the namespace `team`, and knows nothing of this machine's user.
fn command(weir: &Weir, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command.args(line.split_whitespace()).args(["--server", &format!("http://{}", weir.address())]);
    if !line.contains("-n ") && !line.starts_with("history") {
        command.args(["-n", "team"]);
    }
    command.env_clear();
    command
}

fn run(weir: &Weir, line: &str) -> Said {
    command(weir, line).output().unwrap().into()
}
