//! `weir watch`

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Stdio};

use super::{command, run};
use crate::harness::Weir;

/// A watch that runs, and is ended with the test.
struct Watching {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Watching {
    fn begin(weir: &Weir, line: &str) -> Self {
        let mut child = command(weir, line).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The words of the next line.
    fn next(&mut self) -> Vec<String> {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.split_whitespace().map(str::to_owned).collect()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_tags_are_printed_as_they_come() {
    let weir = Weir::start();
    let app = weir.repository("team/app");
    app.push_image("v1", "first").await;
    let mut watching = Watching::begin(&weir, "watch istag");
    assert_eq!(watching.next()[..2], ["EVENT", "NAME"]);
    assert_eq!(watching.next()[..2], ["ADDED", "app:v1"]);
    let second = app.push_image("v1", "second").await;
    let line = watching.next();
    assert_eq!(line[..2], ["MODIFIED", "app:v1"]);
    assert!(line[2].ends_with(&second.digest()), "{line:?}");
    run(&weir, "tag -d app:v1").done();
    assert_eq!(watching.next()[..2], ["DELETED", "app:v1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_stream_is_watched_for_programs() {
    let weir = Weir::start();
    weir.repository("team/app").push_image("v1", "first").await;
    let mut watching = Watching::begin(&weir, "watch is app -o name --watch-only");
    // Nothing says when a watch has begun; whatever changes before is told, too.
    let changing = tokio::time::timeout(std::time::Duration::from_secs(30), async {
        weir.repository("team/other").push_image("v1", "other").await;
        for number in 0.. {
            weir.repository("team/app").push_image("v1", &format!("image {number}")).await;
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    });
    let reading = tokio::task::spawn_blocking(move || watching.next());
    let line = tokio::select! {
        line = reading => line.unwrap(),
        _ = changing => Vec::new(),
    };
    assert_eq!(line, ["imagestream.image.openshift.io/app"]);
}
