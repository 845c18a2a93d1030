//! What the checks found, counted by what they looked at.

use std::collections::BTreeMap;
use std::fmt::Display;

use anyhow::{Result, ensure};

use crate::report::{Checks, say};

/// What a check looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    Answers,
    Blobs,
    Manifests,
    Referrers,
    Tags,
    Histories,
    Lists,
    Sessions,
    Files,
}

impl Subject {
    const ALL: [(Self, &'static str); 9] = [
        (Self::Answers, "every answer was one that the call can have"),
        (Self::Blobs, "every blob that was acknowledged is there and whole, and what was not is whole or absent"),
        (Self::Manifests, "every manifest likewise, with all that it names and all tags of its push"),
        (Self::Referrers, "every list of referrers has what was pushed, and nothing else"),
        (Self::Tags, "every tag is a linearizable register, and its history is the order"),
        (Self::Histories, "every history only grows, and has each push whose manifest is there"),
        (Self::Lists, "the catalogue and the lists of tags are what the tags and manifests make them"),
        (Self::Sessions, "every upload session goes on where it says that it is"),
        (Self::Files, "every file is content that hashes to its name, or belongs to a session, journal or index"),
    ];
}

/// Counts and problems.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    checked: BTreeMap<Subject, u64>,
    problems: BTreeMap<Subject, Vec<String>>,
}

impl Findings {
    /// Something was looked at.
    pub(crate) fn looked(&mut self, at: Subject) {
        *self.checked.entry(at).or_default() += 1;
    }

    /// Something was looked at and is wrong.
    pub(crate) fn wrong(&mut self, at: Subject, problem: impl Display) {
        say(format_args!("!!!! {problem}"));
        self.problems.entry(at).or_default().push(problem.to_string());
    }

    /// Notes what was looked at, and what is wrong with it if something is.
    pub(crate) fn note(&mut self, at: Subject, result: Result<()>) {
        self.looked(at);
        if let Err(error) = result {
            self.wrong(at, format_args!("{error:#}"));
        }
    }

    pub(crate) fn all_is_well(&self) -> bool {
        self.problems.is_empty()
    }

    pub(crate) fn count(&self) -> u64 {
        self.checked.values().sum()
    }

    pub(crate) fn problem_count(&self) -> usize {
        self.problems.values().map(Vec::len).sum()
    }

    /// A step for each subject.
    pub(crate) async fn tell(&self, checks: &mut Checks<'_>) {
        for (subject, name) in Subject::ALL {
            checks.step(name, async { self.tell_of(subject) }).await;
        }
    }

    fn tell_of(&self, subject: Subject) -> Result<String> {
        let count = self.checked.get(&subject).copied().unwrap_or_default();
        if let Some(problems) = self.problems.get(&subject) {
            anyhow::bail!("{} of {count}:\n{}", problems.len(), problems.join("\n"));
        }
        ensure!(count > 0, "nothing was looked at");
        Ok(format!("{count} checked"))
    }
}
