//! Comparing text that holds identities, times, ages and revisions.

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'a> {
    /// Compared letter by letter.
    Plain(&'a str),
    /// A uid, which is another on every server.
    Uid,
    /// A time, with so many letters.
    Time(&'a str),
    /// A number that may be a revision.
    Number(&'a str),
}

/// The day of the recordings.
const DAY: &str = "2026-11-22T";

/// Whether two texts are the same, uids and times of the day of the recording aside, and revisions where the text
/// speaks of them.
pub(super) fn same(recorded: &str, actual: &str) -> bool {
    if recorded == actual {
        return true;
    }
    let numbers = recorded.to_lowercase().replace(' ', "").contains("resourceversion");
    let (recorded, actual) = (pieces(recorded), pieces(actual));
    recorded.len() == actual.len() && recorded.into_iter().zip(actual).all(|(one, other)| alike(one, other, numbers))
}

fn alike(recorded: Piece<'_>, actual: Piece<'_>, numbers: bool) -> bool {
    match (recorded, actual) {
        (Piece::Time(one), Piece::Time(other)) => one == other || one.starts_with(DAY) && one.len() == other.len(),
        (Piece::Number(one), Piece::Number(other)) => numbers || one == other,
        (one, other) => one == other,
    }
}

/// Whether both are ages, as tables and descriptions print them.
pub(super) fn both_ages(recorded: &str, actual: &str) -> bool {
    is_age(recorded) && is_age(actual)
}

/// Whether both are the same tags, as the tables of streams print them: by the time of their last move, which two tags of
/// one second share. Of those that are left out only the number is known.
pub(super) fn same_tags(recorded: &str, actual: &str) -> bool {
    let sorted = |text: &str| {
        let mut tags: Vec<String> = text.split(',').map(str::to_owned).collect();
        tags.sort();
        tags
    };
    match (recorded.split_once(" + "), actual.split_once(" + ")) {
        (Some((some, more)), Some((others, as_many))) => sorted(some).len() == sorted(others).len() && more == as_many,
        (None, None) => sorted(recorded) == sorted(actual),
        _ => false,
    }
}

/// `5s`, `2m3s`, `4d`, `43 seconds ago`, `About a minute ago`, `Less than a second ago`.
fn is_age(text: &str) -> bool {
    let short = !text.is_empty()
        && text.starts_with(|first: char| first.is_ascii_digit())
        && text.ends_with(['s', 'm', 'h', 'd', 'y'])
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"smhdy".contains(&byte));
    short || text.ends_with(" ago")
}

/// The uids in a text, in order.
pub(super) fn uids(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = (0..rest.len()).find(|at| is_uid(rest.get(*at..at + UID))) {
        found.push(&rest[at..at + UID]);
        rest = &rest[at + UID..];
    }
    found
}

/// Letters of a uid.
const UID: usize = 36;

/// Whether it is a uid.
pub(super) fn is_uid(text: Option<&str>) -> bool {
    let dash = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    text.is_some_and(|text| {
        text.len() == UID
            && text.bytes().enumerate().all(|(at, byte)| if dash(at) { byte == b'-' } else { byte.is_ascii_hexdigit() })
    })
}

/// The length of a time at the beginning: `2026-11-22T10:26:49Z`, `2026-11-22T10:26:49.123456Z`.
fn time(text: &str) -> Option<usize> {
    let shape = "0000-00-00T00:00:00";
    let head = text.get(..shape.len())?;
    let fits = head
        .bytes()
        .zip(shape.bytes())
        .all(|(byte, like)| if like == b'0' { byte.is_ascii_digit() } else { byte == like });
    let end = text.get(shape.len()..)?.find(|letter: char| !letter.is_ascii_digit() && letter != '.')? + shape.len();
    (fits && text[end..].starts_with('Z')).then_some(end + 1)
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let (mut plain, mut at) = (0, 0);
    while at < text.len() {
        let Some((piece, length)) = special(text, at) else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
            continue;
        };
        found.extend((plain < at).then(|| Piece::Plain(&text[plain..at])));
        found.push(piece);
        at += length;
        plain = at;
    }
    found.extend((plain < at).then(|| Piece::Plain(&text[plain..at])));
    found
}

fn special(text: &str, at: usize) -> Option<(Piece<'_>, usize)> {
    let rest = &text[at..];
    if is_uid(rest.get(..UID)) {
        return Some((Piece::Uid, UID));
    }
    if let Some(length) = time(rest) {
        return Some((Piece::Time(&rest[..length]), length));
    }
    // Digits within a word, as in a digest, are letters of it.
    let begins = !text[..at].ends_with(|before: char| before.is_ascii_alphanumeric());
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    let ends = !rest[length..].starts_with(|after: char| after.is_ascii_alphanumeric());
    (length > 0 && begins && ends).then(|| (Piece::Number(&rest[..length]), length))
}

#[test]
fn uids_and_times_of_the_recording_are_any_uid_and_time() {
    let one = "Precondition failed: UID 8d372161-0632-405f-8586-bb58124f84c2 at 2026-11-22T10:26:49Z";
    let other = "Precondition failed: UID 0a372161-0632-405f-8586-bb58124f84c3 at 2030-01-02T01:02:03Z";
    assert!(same(one, other));
    assert!(!same(one, &other.replace("UID", "uid")));
    assert!(!same("made 2019-01-01T00:00:00Z", "made 2019-01-01T00:00:01Z"), "a time of its content");
    assert!(!same("2026-11-22T10:26:49Z", "2030-01-02T01:02:03.5Z"), "of another precision");
}

#[test]
fn numbers_are_revisions_only_where_the_text_speaks_of_them() {
    assert!(same("too old resource version: 1 (242)", "too old resource version: 1 (7)"));
    assert!(!same("must be no more than 63 characters", "must be no more than 64 characters"));
    assert!(!same("sha256:12ab resource version", "sha256:13ab resource version"));
}

#[test]
fn ages_are_ages() {
    for age in ["5s", "2m3s", "4d", "43 seconds ago", "Less than a second ago"] {
        assert!(both_ages(age, "1s"), "{age}");
    }
    for other in ["", "s", "v1", "5 apples", "latest,2s"] {
        assert!(!both_ages(other, "1s"), "{other}");
    }
}

#[test]
fn tags_of_one_second_have_no_order() {
    assert!(same_tags("10,6,1 + 1 more...", "1,10,6 + 1 more..."));
    assert!(!same_tags("10,6,1 + 1 more...", "1,10,6 + 2 more..."));
    assert!(!same_tags("10,6,1 + 1 more...", "1,10,6"));
    assert!(!same_tags("10,6", "10,6,1"));
}

#[test]
fn uids_are_found_in_a_path() {
    let uid = "8d372161-0632-405f-8586-bb58124f84c2";
    assert_eq!(uids(&format!("/events?uid%3D{uid},x={uid}")), [uid, uid]);
}
