//! Traces by hand: right ones, and ones that break each rule.

use super::rules::{Checker, Clients};
use super::trace::Reader;

const HEX: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

/// Checks lines of a trace, each without its time, and mostly without its thread; `BLOB` is the path of a blob.
fn broken(clients: Clients, lines: &[&str]) -> Vec<String> {
    let mut checker = Checker::new("/d", clients);
    let mut reader = Reader::default();
    for line in lines {
        let line = line.replace("BLOB", &format!("/d/blobs/sha256/2c/{HEX}")).replace("HEX", HEX);
        let numbered = line.split_once(": ").filter(|(thread, _)| thread.len() == 1);
        let (thread, call) = numbered.unwrap_or(("1", &line));
        for step in reader.line(&format!("{thread} 1795422863.860812 {call}")) {
            checker.step(&step);
        }
    }
    checker.broken
}

const WRITTEN: &str =
    r#"openat(AT_FDCWD</>, "/d/uploads/a.data", O_RDWR|O_CREAT|O_TRUNC|O_CLOEXEC, 0666) = 9</d/uploads/a.data>"#;
const WRITE: &str = r#"pwritev(9</d/uploads/a.data>, [{iov_base="hello", iov_len=5}], 1, 0) = 5"#;
const SYNC: &str = "fdatasync(9</d/uploads/a.data>) = 0";
const RENAME: &str = r#"rename("/d/uploads/a.data", "BLOB") = 0"#;
const FOLDER: &str = "fsync(10</d/blobs/sha256/2c>) = 0";
const JOURNAL: &str = r#"pwrite64(11</d/journal/1.journal>, "WRec", 4, 56) = 4"#;
const DURABLE: &str = "fdatasync(11</d/journal/1.journal>) = 0";
const ANSWER: &str = r#"writev(12<socket:[1]>, [{iov_base="HTTP/1.1 201 Created\r\ndocker-content-digest: sha256:HEX\r\n\r\n", iov_len=90}], 1) = 90"#;
const PUSH: [&str; 8] = [WRITTEN, WRITE, SYNC, RENAME, FOLDER, JOURNAL, DURABLE, ANSWER];

/// The push without one of its lines.
fn without(line: &str) -> Vec<String> {
    let lines: Vec<&str> = PUSH.into_iter().filter(|other| *other != line).collect();
    assert_eq!(lines.len(), PUSH.len() - 1);
    broken(Clients::One, &lines)
}

fn has(broken: &[String], words: &str) {
    assert!(broken.iter().any(|one| one.contains(words)), "{words} is not among {broken:?}");
}

#[test]
fn a_push_in_the_right_order_breaks_nothing() {
    assert_eq!(broken(Clients::One, &PUSH), Vec::<String>::new());
    assert_eq!(broken(Clients::Several, &PUSH), Vec::<String>::new());
}

#[test]
fn every_line_of_a_push_is_missed() {
    has(&without(SYNC), "gets its name before its bytes are synced");
    has(&without(RENAME), "is acknowledged before it is on the disk");
    has(&without(FOLDER), "while these are not synced");
    has(&without(FOLDER), "is acknowledged before it is on the disk");
    has(&without(JOURNAL), "that the journal does not have");
    has(&without(DURABLE), "/d/journal/1.journal");
}

#[test]
fn what_is_written_after_the_sync_began_is_not_synced() {
    has(&broken(Clients::One, &[WRITTEN, SYNC, WRITE, RENAME]), "gets its name before its bytes are synced");
    let between = [
        "1: fdatasync(11</d/journal/1.journal> <unfinished ...>",
        r#"2: pwrite64(11</d/journal/1.journal>, "WRec", 4, 56) = 4"#,
        "1: <... fdatasync resumed>) = 0",
        r#"1: sendto(12<socket:[1]>, "HTTP/1.1 200 OK\r\n\r\n", 19, 0, NULL, 0) = 19"#,
    ];
    has(&broken(Clients::One, &between), "/d/journal/1.journal");
}

#[test]
fn a_sync_that_failed_or_has_not_ended_is_none() {
    let failed = "fdatasync(11</d/journal/1.journal>) = -1 EIO (Input/output error) (INJECTED)";
    let lines: Vec<&str> = PUSH.into_iter().map(|line| if line == DURABLE { failed } else { line }).collect();
    has(&broken(Clients::One, &lines), "/d/journal/1.journal");
    let pending = "7: fsync(10</d/blobs/sha256/2c> <unfinished ...>";
    let lines: Vec<&str> = PUSH.into_iter().map(|line| if line == FOLDER { pending } else { line }).collect();
    has(&broken(Clients::Several, &lines), "is acknowledged before it is on the disk");
}

#[test]
fn new_folders_are_synced_above_before_an_answer() {
    let answer = r#"sendto(12<socket:[1]>, "HTTP/1.1 200 OK\r\n\r\n", 19, 0, NULL, 0) = 19"#;
    has(&broken(Clients::One, &[r#"mkdir("/d/journal", 0777) = 0"#, answer]), "[\"/d\"]");
    let synced = [r#"mkdir("/d/journal", 0777) = 0"#, "fsync(3</d>) = 0", answer];
    assert_eq!(broken(Clients::One, &synced), Vec::<String>::new());
}

#[test]
fn the_format_comes_after_the_layout() {
    let layout = [r#"mkdir("/d/blobs", 0777) = 0"#, r#"mkdir("/d/blobs/sha256", 0777) = 0"#];
    let format = r#"rename("/d/format-new", "/d/format") = 0"#;
    let all = [layout[0], layout[1], "fsync(3</d/blobs>) = 0", "fsync(3</d>) = 0", format];
    assert_eq!(broken(Clients::One, &all), Vec::<String>::new());
    has(&broken(Clients::One, &[all[0], all[1], all[3], format]), "[\"/d/blobs\"]");
    has(&broken(Clients::One, &[all[0], all[1], all[2], format]), "before the folders of the layout");
}

#[test]
fn an_index_is_distrusted_before_it_is_changed() {
    let forget = r#"unlink("/d/index/state") = 0"#;
    let change = r#"unlinkat(5</d/index/sled>, "db", 0) = 0"#;
    has(&broken(Clients::One, &[forget, change]), "not to be trusted");
    assert_eq!(broken(Clients::One, &[forget, "fsync(3</d/index>) = 0", change]), Vec::<String>::new());
}

#[test]
fn an_index_is_closed_when_it_is_synced() {
    let write = r#"pwrite64(8</d/index/sled/db>, "page", 4, 0) = 4"#;
    let state = [
        r#"write(9</d/index/state-new>, "closed revision=3\n", 18) = 18"#,
        "fsync(9</d/index/state-new>) = 0",
        r#"rename("/d/index/state-new", "/d/index/state") = 0"#,
    ];
    has(&broken(Clients::One, &[write, state[0], state[1], state[2]]), "is called closed");
    let synced = [write, "fsync(8</d/index/sled/db>) = 0", state[0], state[1], state[2]];
    assert_eq!(broken(Clients::One, &synced), Vec::<String>::new());
}

#[test]
fn a_cut_of_the_journal_is_synced_before_the_refusal() {
    let cut = "ftruncate(11</d/journal/1.journal>, 56) = 0";
    let refusal = r#"sendto(12<socket:[1]>, "HTTP/1.1 500 Internal Server Error\r\n\r\n", 40, 0, NULL, 0) = 40"#;
    has(&broken(Clients::One, &[cut, refusal]), "/d/journal/1.journal");
    let synced = [cut, "fsync(11</d/journal/1.journal>) = 0", refusal];
    assert_eq!(broken(Clients::One, &synced), Vec::<String>::new());
}

const LOGGED: &str =
    r#"openat(AT_FDCWD</>, "/d/blobs/log/1.log", O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0666) = 13</d/blobs/log/1.log>"#;
const LOG_NAME: &str = "fsync(14</d/blobs/log>) = 0";
const FRAME: &str = r#"pwritev(13</d/blobs/log/1.log>, [{iov_base="G\0\5\0\0\0sha256:HEX", iov_len=77}, {iov_base="hello", iov_len=5}], 2, 0) = 82"#;
const LOG_SYNC: &str = "fdatasync(13</d/blobs/log/1.log>) = 0";
const SMALL: [&str; 9] = [WRITTEN, WRITE, LOGGED, LOG_NAME, FRAME, LOG_SYNC, RENAME, JOURNAL, DURABLE];

/// A push of small content without one of its lines.
fn small_without(line: &str) -> Vec<String> {
    let lines: Vec<&str> = SMALL.into_iter().filter(|other| *other != line).chain([ANSWER]).collect();
    broken(Clients::One, &lines)
}

#[test]
fn small_content_is_durable_in_its_log() {
    assert_eq!(small_without(""), Vec::<String>::new());
    has(&small_without(LOG_SYNC), "gets its name before its bytes are synced");
    has(&small_without(LOG_SYNC), "is acknowledged before it is on the disk");
    has(&small_without(FRAME), "is acknowledged before it is on the disk");
    has(&small_without(LOG_NAME), "is acknowledged before it is on the disk");
}

#[test]
fn a_log_goes_when_its_content_is_on_the_disk_elsewhere() {
    const GONE: &str = r#"unlink("/d/blobs/log/1.log") = 0"#;
    const ALL: &str = "syncfs(15</d/blobs/log>) = 0";
    let after = |lines: &[&'static str]| {
        let lines: Vec<&str> = SMALL.into_iter().chain([ANSWER]).chain(lines.iter().copied()).collect();
        broken(Clients::Several, &lines)
    };
    assert_eq!(after(&[ALL, GONE]), Vec::<String>::new());
    has(&after(&[GONE]), "is on the disk nowhere else");
    has(&after(&["syncfs(15</d/blobs/log>) = -1 EIO (Input/output error)", GONE]), "is on the disk nowhere else");
    let late = ["7: syncfs(15</d/blobs/log> <unfinished ...>", "7: <... syncfs resumed>) = 0", GONE];
    assert_eq!(after(&late), Vec::<String>::new());
}
