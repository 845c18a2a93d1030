//! Transcripts: what somebody types, and what must come back.
//!
//! ```text
//! # A comment.
//! $ oc tag python:3.5 python:latest
//! Tag python:latest set to python@${first}.
//! $ oc tag nosuch:1 python:x
//! ! Error from server (NotFound): imagestreams.image.openshift.io "nosuch" not found
//! ? 1
//! ```
//!
//! Lines behind a command are its standard output; `! ` stands before those of its standard error, `? ` before the status that
//! it must end with where that is not 0, and `> ` before lines that it reads. `& ` begins a command that goes on in the
//! background, until `$ end` says what it must have printed; `~ ` one that is typed again until that is printed.
//! [`super::expectation`] says how lines are compared.

use anyhow::{Context as _, Result, bail};

/// The command by which a transcript has a server that imports, with other registries to read.
pub(super) const UPSTREAMS: &str = "upstreams";

/// A command and what is expected of it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The command as it was typed: the name of the step.
    pub(super) line: String,
    pub(super) manner: Manner,
    pub(super) input: Option<String>,
    pub(super) output: Vec<String>,
    pub(super) errors: Vec<String>,
    pub(super) status: i32,
}

/// How a command is typed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// Once, to its end.
    #[default]
    Once,
    /// Once, and then there is more to type while it goes on.
    Background,
    /// Again and again, for what it tells of is about to happen.
    Again,
}

impl Manner {
    fn of(mark: &str) -> Option<Self> {
        match mark {
            "$ " => Some(Self::Once),
            "& " => Some(Self::Background),
            "~ " => Some(Self::Again),
            _ => None,
        }
    }
}

/// Reads a transcript.
pub(super) fn parse(text: &str) -> Result<Vec<Entry>> {
    let mut entries: Vec<Entry> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        add(&mut entries, line).with_context(|| format!("line {}", number + 1))?;
    }
    for entry in &mut entries {
        while entry.output.last().is_some_and(String::is_empty) {
            entry.output.pop();
        }
    }
    Ok(entries)
}

fn add(entries: &mut Vec<Entry>, line: &str) -> Result<()> {
    let (mark, rest) = line.split_at_checked(2).unwrap_or((line, ""));
    if let Some(manner) = Manner::of(mark) {
        entries.push(Entry { line: rest.to_owned(), manner, ..Entry::default() });
        return Ok(());
    }
    if line.starts_with('#') {
        return Ok(());
    }
    let Some(entry) = entries.last_mut() else {
        if line.is_empty() {
            return Ok(());
        }
        bail!("{line:?} stands before the first command");
    };
    match mark {
        "! " | "!" => entry.errors.push(rest.to_owned()),
        "> " | ">" => {
            let input = entry.input.get_or_insert_default();
            input.push_str(rest);
            input.push('\n');
        }
        "? " => entry.status = rest.trim().parse().context("an exit status is a number")?,
        _ => entry.output.push(line.to_owned()),
    }
    Ok(())
}

/// The words of a command line: split at spaces, with quotes as a shell has them.
pub(super) fn words(line: &str) -> Result<Vec<String>> {
    let mut words = Vec::new();
    let (mut word, mut begun, mut quote) = (String::new(), false, None);
    for letter in line.chars() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (Some(_), _) => word.push(letter),
            (None, '\'' | '"') => (quote, begun) = (Some(letter), true),
            (None, ' ') if begun => {
                words.push(std::mem::take(&mut word));
                begun = false;
            }
            (None, ' ') => {}
            (None, _) => {
                word.push(letter);
                begun = true;
            }
        }
    }
    if quote.is_some() {
        bail!("a quote is left open in {line}");
    }
    words.extend(begun.then_some(word));
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_says_what_is_typed_and_what_comes_back() {
        let text =
            "# seeds\n$ oc get is\nNAME  TAGS\n\n\n$ oc create -f -\n> kind: X\n>\n! no\n? 1\n& oc get -w\n~ oc get\n";
        let entries = parse(text).unwrap();
        assert_eq!(entries.len(), 4);
        assert_eq!(
            (entries[0].line.as_str(), entries[0].output.as_slice()),
            ("oc get is", &["NAME  TAGS".to_owned()][..])
        );
        assert_eq!(entries[1].input.as_deref(), Some("kind: X\n\n"));
        assert_eq!((entries[1].errors.as_slice(), entries[1].status), (&["no".to_owned()][..], 1));
        let manners: Vec<Manner> = entries.iter().map(|entry| entry.manner).collect();
        assert_eq!(manners, [Manner::Once, Manner::Once, Manner::Background, Manner::Again]);
    }

    #[test]
    fn what_cannot_be_read_is_an_error_with_its_line() {
        assert_eq!(parse("NAME\n").unwrap_err().to_string(), "line 1");
        assert!(parse("$ a\n? x\n").is_err());
    }

    #[test]
    fn words_are_those_of_a_shell() {
        let typed = r#"EDITOR='sed -i s/a/b/' oc patch -p '{"a":1}' "" x"y z""#;
        assert_eq!(words(typed).unwrap(), ["EDITOR=sed -i s/a/b/", "oc", "patch", "-p", r#"{"a":1}"#, "", "xy z"]);
        assert!(words("a 'b").is_err());
    }
}
