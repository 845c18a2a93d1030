//! Any other registry whose command line the user gives.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::str::FromStr;

use anyhow::{Context as _, Error, Result, ensure};

use super::{DISTRIBUTION, NGINX, Place, WEIR};

/// `NAME=COMMAND LINE`. In the words of the command line, and in the file of a word `{config:FILE}`, these stand for what
/// differs from run to run: `{address}`, `{host}`, `{port}`, `{data}`.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(super) name: String,
    words: Vec<String>,
}

impl FromStr for Peer {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, line) = text.split_once('=').context("write NAME=COMMAND LINE")?;
        ensure!(!name.is_empty() && ![WEIR, NGINX, DISTRIBUTION].contains(&name), "{name:?} cannot be a peer's name");
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        ensure!(!words.is_empty(), "{name} has no command line");
        Ok(Self { name: name.to_owned(), words })
    }
}

impl Peer {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn command(&self, place: &Place<'_>) -> Result<Command> {
        fs::create_dir_all(place.data)?;
        let words = self.words.iter().map(|word| self.word(word, place)).collect::<Result<Vec<_>>>()?;
        let (program, arguments) = words.split_first().context("a peer has a command line")?;
        let mut command = Command::new(program);
        command.args(arguments);
        Ok(command)
    }

    /// A word as this run needs it; a configuration is written on the way.
    fn word(&self, word: &str, place: &Place<'_>) -> Result<String> {
        let Some(template) = word.strip_prefix("{config:").and_then(|word| word.strip_suffix('}')) else {
            return fill(word, place);
        };
        let text =
            fs::read_to_string(template).with_context(|| format!("the configuration of {}, {template}", self.name))?;
        let name = Path::new(template).file_name().context("a configuration is a file")?;
        let file = place.home.join(name);
        fs::write(&file, fill(&text, place)?)?;
        Ok(file.to_str().context("a path that is not UTF-8")?.to_owned())
    }
}

fn fill(text: &str, place: &Place<'_>) -> Result<String> {
    Ok(text
        .replace("{address}", &place.address.to_string())
        .replace("{host}", &place.address.ip().to_string())
        .replace("{port}", &place.address.port().to_string())
        .replace("{data}", place.data.to_str().context("a path that is not UTF-8")?))
}
