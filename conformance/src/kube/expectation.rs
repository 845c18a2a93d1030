//! Comparing what a command printed with what it should have.
//!
//! White space between words is any white space: columns are as wide as their widest cell. In an expected line `${name}` is
//! a variable, and these stand for what differs from run to run:
//!
//! | mark | stands for |
//! |---|---|
//! | `<age>` | an age: `5s`, `2 minutes ago`, `About a minute` |
//! | `<time>` | a time: `2026-11-22T10:26:49Z` |
//! | `<uid>` | a uid |
//! | `<number>` | digits |
//! | `<word>` | anything without white space |
//! | `<rest>` | anything |
//! | a line `...` | any number of lines |

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};

/// Values of the variables.
pub(super) type Variables = BTreeMap<String, String>;

/// Puts the values of variables into a text.
pub(super) fn fill(text: &str, variables: &Variables) -> Result<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        let (name, after) = behind.split_once('}').with_context(|| format!("a variable has no end: {text}"))?;
        let value = variables.get(name).with_context(|| format!("nothing set ${{{name}}}"))?;
        filled.push_str(before);
        filled.push_str(value);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// Fails unless the printed lines are the expected ones.
pub(super) fn compare(what: &str, expected: &[String], printed: &str, variables: &Variables) -> Result<()> {
    let expected: Vec<String> = expected.iter().map(|line| fill(line, variables)).collect::<Result<_>>()?;
    let wanted: Vec<&str> = expected.iter().map(String::as_str).collect();
    let printed: Vec<&str> = printed.trim_end().lines().collect();
    let first = mismatch(&wanted, &printed);
    ensure!(
        first.is_none(),
        "its {what} is\n{}\nand should be\n{}\n(from line {} on)",
        printed.join("\n"),
        wanted.join("\n"),
        first.unwrap_or_default() + 1
    );
    Ok(())
}

/// Where the lines begin to differ.
fn mismatch(expected: &[&str], printed: &[&str]) -> Option<usize> {
    let mut reached = 0;
    if lines(expected, printed, 0, &mut reached) { None } else { Some(reached) }
}

fn lines(expected: &[&str], printed: &[&str], at: usize, reached: &mut usize) -> bool {
    *reached = at.max(*reached);
    match (expected.split_first(), printed.get(at)) {
        (None, None) => true,
        (Some((&"...", rest)), _) => (at..=printed.len()).any(|at| lines(rest, printed, at, reached)),
        (Some((line, rest)), Some(found)) if fits(line, found) => lines(rest, printed, at + 1, reached),
        _ => false,
    }
}

/// Whether a line is as expected.
fn fits(expected: &str, printed: &str) -> bool {
    matches(&squeeze(expected), &squeeze(printed))
}

fn squeeze(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

type Accepts = fn(&str) -> bool;

const MARKS: [(&str, Accepts); 6] = [
    ("<age>", is_age),
    ("<time>", is_time),
    ("<uid>", is_uid),
    ("<number>", is_number),
    ("<word>", is_word),
    ("<rest>", |_| true),
];

fn matches(expected: &str, printed: &str) -> bool {
    let mark = MARKS
        .iter()
        .filter_map(|(mark, accepts)| Some((expected.find(mark)?, mark, accepts)))
        .min_by_key(|(at, ..)| *at);
    let Some((at, mark, accepts)) = mark else { return expected == printed };
    let (before, after) = (&expected[..at], &expected[at + mark.len()..]);
    let Some(rest) = printed.strip_prefix(before) else { return false };
    let mut ends = rest.char_indices().map(|(end, _)| end).chain([rest.len()]);
    ends.any(|end| accepts(&rest[..end]) && matches(after, &rest[end..]))
}

fn is_age(text: &str) -> bool {
    let text = text.strip_suffix(" ago").unwrap_or(text);
    let worded = ["second", "minute", "hour", "day", "week", "month", "year"];
    let short = text.starts_with(|first: char| first.is_ascii_digit())
        && text.ends_with(['s', 'm', 'h', 'd', 'y'])
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"smhdy".contains(&byte));
    short || worded.iter().any(|unit| text.trim_end_matches('s').ends_with(unit)) && text.split(' ').count() <= 4
}

fn is_time(text: &str) -> bool {
    text.len() >= 20 && text.ends_with('Z') && text.as_bytes().get(10) == Some(&b'T')
}

fn is_uid(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_stand_for_what_differs_from_run_to_run() {
        assert!(fits("app  ${x}", "app\t${x}"));
        for age in ["5s", "2m3s", "2 minutes ago", "About a minute ago", "Less than a second ago", "3 weeks"] {
            assert!(fits("app <age>", &format!("app   {age}")), "{age}");
        }
        assert!(!fits("app <age>", "app never"));
        assert!(fits("uid: <uid>", "uid: 8d372161-0632-405f-8586-bb58124f84c2"));
        assert!(fits("at <time>, <number> of <word>", "at 2026-11-22T10:26:49Z, 12 of sha256:1b41"));
        assert!(!fits("<number> tags", "x tags"));
        assert!(fits("Annotations: <rest>", "Annotations: a=b c=d"));
    }

    #[test]
    fn lines_may_be_passed_over_only_where_it_says_so() {
        let printed = ["a", "b", "c", "d"];
        assert_eq!(mismatch(&["a", "...", "d"], &printed), None);
        assert_eq!(mismatch(&["...", "c", "..."], &printed), None);
        assert_eq!(mismatch(&["a", "c", "..."], &printed), Some(1));
        assert_eq!(mismatch(&["a", "b", "c"], &printed), Some(3));
    }

    #[test]
    fn a_variable_that_nothing_set_is_an_error() {
        let variables = Variables::from([("first".to_owned(), "sha256:1".to_owned())]);
        assert_eq!(fill("a@${first}.", &variables).unwrap(), "a@sha256:1.");
        assert!(fill("${second}", &variables).is_err());
        assert!(fill("${first", &variables).is_err());
    }
}
