//! Reads what strace prints (`-f -y`) as beginnings and ends of system calls.

use std::collections::HashMap;

/// A call that begins, or one that ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Begin(Call),
    /// With what it returned; below zero where it failed.
    End(Call, i64),
}

/// A system call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) thread: u32,
    pub(super) name: String,
    arguments: String,
}

impl Call {
    /// The path behind the descriptor that is the first argument.
    pub(super) fn descriptor(&self) -> Option<&str> {
        let (number, rest) = self.arguments.split_once('<')?;
        number.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
        let path = rest.split_once('>')?.0;
        path.starts_with('/').then_some(path.trim_end_matches(" (deleted)"))
    }

    /// The strings among the arguments: paths, or what is written.
    pub(super) fn strings(&self) -> Vec<String> {
        let mut strings = Vec::new();
        let mut letters = self.arguments.chars();
        while letters.any(|letter| letter == '"') {
            let mut string = String::new();
            while let Some(letter) = letters.next() {
                match letter {
                    '"' => break,
                    '\\' => match letters.next() {
                        Some('n') => string.push('\n'),
                        Some('r') => string.push('\r'),
                        Some(other) => string.push(other),
                        None => {}
                    },
                    other => string.push(other),
                }
            }
            strings.push(string);
        }
        strings
    }

    /// The paths among the arguments. One that is relative begins at the folder of the descriptor before it.
    pub(super) fn paths(&self) -> Vec<String> {
        let base = self.arguments.split_once('<').and_then(|(_, rest)| Some(rest.split_once('>')?.0)).unwrap_or("");
        let absolute = |path: String| if path.starts_with('/') { path } else { format!("{base}/{path}") };
        self.strings().into_iter().map(absolute).collect()
    }

    /// Whether a flag is among the arguments.
    pub(super) fn has(&self, flag: &str) -> bool {
        self.arguments.contains(flag)
    }
}

/// Puts the lines of a trace together.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// Calls that other threads' lines came between.
    unfinished: HashMap<u32, Call>,
}

impl Reader {
    /// What a line tells.
    pub(super) fn line(&mut self, line: &str) -> Vec<Step> {
        self.read(line).unwrap_or_default()
    }

    fn read(&mut self, line: &str) -> Option<Vec<Step>> {
        let (thread, rest) = line.split_once(' ')?;
        let thread = thread.parse().ok()?;
        let (_time, rest) = rest.trim_start().split_once(' ')?;
        if let Some(resumed) = rest.strip_prefix("<... ") {
            let call = self.unfinished.remove(&thread)?;
            let (_, end) = resumed.split_once(" resumed>")?;
            return Some(vec![Step::End(call, returned(end)?)]);
        }
        let (name, rest) = rest.split_once('(')?;
        if let Some(arguments) = rest.strip_suffix(" <unfinished ...>") {
            let call = Call { thread, name: name.to_owned(), arguments: arguments.to_owned() };
            self.unfinished.insert(thread, call.clone());
            return Some(vec![Step::Begin(call)]);
        }
        let (arguments, _) = rest.rsplit_once(") = ")?;
        let call = Call { thread, name: name.to_owned(), arguments: arguments.to_owned() };
        Some(vec![Step::Begin(call.clone()), Step::End(call, returned(rest)?)])
    }
}

/// What stands behind the last `= `: a number, maybe with a path or an error's name after it.
fn returned(text: &str) -> Option<i64> {
    let (_, value) = text.rsplit_once("= ")?;
    value.split([' ', '<']).next()?.parse().ok()
}
