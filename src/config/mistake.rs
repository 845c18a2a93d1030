//! What is wrong with a configuration, said so that it can be put right without a manual.

use std::fmt;

use super::tree::Place;

/// One thing that is wrong: where it was said, of which key, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    pub(super) place: Place,
    pub(super) key: String,
    pub(super) problem: String,
}

/// All that is wrong with a configuration, in the order of the layers and lines. Prints one line a mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    /// How the file is called in messages.
    file: String,
    mistakes: Vec<Mistake>,
}

impl Mistake {
    pub(super) fn new(place: Place, key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { place, key: key.into(), problem: problem.into() }
    }

    fn write(&self, file: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::File => write!(f, "{}", OneLine(file)),
            Place::Line(line) => write!(f, "{}:{line}", OneLine(file)),
            Place::Variable(name) => write!(f, "{}", OneLine(name)),
            Place::Flag(flag) => f.write_str(flag),
        }?;
        if !self.key.is_empty() {
            write!(f, ": {}", OneLine(&self.key))?;
        }
        write!(f, ": {}", OneLine(&self.problem))
    }
}

impl ConfigErrors {
    pub(super) fn new(file: String, mut mistakes: Vec<Mistake>) -> Self {
        mistakes.sort();
        mistakes.dedup();
        Self { file, mistakes }
    }

    /// The mistakes, in the order in which they print. Never empty.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, mistake) in self.mistakes.iter().enumerate() {
            if position > 0 {
                writeln!(f)?;
            }
            mistake.write(&self.file, f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// Text without control characters: a key or value may hold a line break, a message must not.
struct OneLine<'a>(&'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        self.0.chars().try_for_each(|character| {
            if character.is_control() { write!(f, "{}", character.escape_default()) } else { f.write_char(character) }
        })
    }
}
