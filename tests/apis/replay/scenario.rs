//! The recorded scenarios, as `tests/fixtures/openshift/README.md` describes them.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::upstreams::Upstreams;

/// A file of recorded commands.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) commands: Vec<Command>,
}

/// A command of a client, or a plain request.
#[derive(Debug, Deserialize)]
pub(super) struct Command {
    /// Its number in the scenario.
    pub(super) n: u32,
    /// What was typed; empty for a plain request.
    #[serde(default)]
    pub(super) cmd: String,
    #[serde(default)]
    pub(super) note: String,
    pub(super) http: Vec<Exchange>,
}

/// A request and its recorded answer.
#[derive(Debug, Deserialize)]
pub(super) struct Exchange {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) json: Option<Value>,
    pub(super) text: Option<String>,
    hex: Option<String>,
    pub(super) status: u16,
    #[serde(default)]
    answered: BTreeMap<String, Values>,
    pub(super) answer: Option<Value>,
    pub(super) answer_text: Option<String>,
    answer_of: Option<String>,
    pub(super) events: Option<Vec<Value>>,
    pub(super) dropped: Option<String>,
}

/// A header that came once or more than once.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Many(Vec<String>),
}

impl Scenario {
    /// Reads the scenario of a number, as it is true of the registries that run.
    pub(super) fn read(number: &str, upstreams: &Upstreams) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/openshift");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let named = |path: &Path| path.file_name().unwrap().to_str().unwrap().starts_with(&format!("{number}-"));
        let file = files.into_iter().find(|path| named(path)).expect("a recording");
        Self::parse(&upstreams.text(&std::fs::read_to_string(file).unwrap()))
    }

    fn parse(text: &str) -> Self {
        let mut commands: Vec<Command> =
            text.lines().skip(1).map(|line| serde_json::from_str(line).expect("a recorded command")).collect();
        let mut answers = HashMap::new();
        for command in &mut commands {
            for (request, exchange) in command.http.iter_mut().enumerate() {
                if let Some(of) = &exchange.answer_of {
                    exchange.answer = answers.get(of).cloned();
                    assert!(exchange.answer.is_some(), "n{}.{request} repeats the answer of {of}", command.n);
                } else if let Some(answer) = &exchange.answer {
                    answers.insert(format!("n{}.{request}", command.n), answer.clone());
                }
            }
        }
        Self { commands }
    }
}

impl Exchange {
    /// Recorded values of a header of the answer.
    pub(super) fn answered(&self, name: &str) -> Vec<&str> {
        match self.answered.get(name) {
            None => Vec::new(),
            Some(Values::One(value)) => vec![value],
            Some(Values::Many(values)) => values.iter().map(String::as_str).collect(),
        }
    }

    /// The request's body where it is neither JSON nor text.
    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        let digits = self.hex.as_ref()?;
        let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal digits");
        Some((0..digits.len()).step_by(2).map(byte).collect())
    }
}

#[test]
fn an_answer_that_came_before_is_found_again() {
    let lines = [
        r#"{"scenario":"x"}"#,
        r#"{"n":1,"http":[{"method":"GET","path":"/","headers":{},"hex":"6b38","status":200,"answer":{"a":1}}]}"#,
        r#"{"n":2,"http":[{"method":"GET","path":"/","headers":{},"status":200,"answered":{"a":["b","c"]},"answer_of":"n1.0"}]}"#,
    ];
    let commands = Scenario::parse(&lines.join("\n")).commands;
    assert_eq!(commands[1].http[0].answer, commands[0].http[0].answer);
    assert_eq!(commands[0].http[0].bytes().unwrap(), b"k8");
    assert_eq!(commands[1].http[0].answered("a"), ["b", "c"]);
}
