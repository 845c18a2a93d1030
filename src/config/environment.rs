//! The middle layer: environment variables. They are handed in, never read here.

use super::mistake::Mistake;
use super::tree::{Node, Place, Step, Value};

/// What the names of Weir's variables begin with. Others are not looked at.
pub const PREFIX: &str = "WEIR__";

/// Deeper than any key lies, and shallow enough to walk.
const DEEPEST: usize = 8;

/// Puts what the variables say over `root`.
pub(super) fn overlay(
    root: &mut Node,
    variables: impl IntoIterator<Item = (String, String)>,
    mistakes: &mut Vec<Mistake>,
) {
    let mut settings = Vec::new();
    for (name, value) in variables {
        match steps(&name) {
            None => {}
            Some(Ok(steps)) => settings.push((steps, name, value)),
            Some(Err(problem)) => mistakes.push(Mistake::new(Place::Variable(name), "", problem)),
        }
    }
    // A section comes before what lies in it, and item 2 before item 10, in whatever order the variables came.
    settings.sort();
    for (steps, name, value) in settings {
        let place = Place::Variable(name);
        let leaf = Node::new(place.clone(), Value::Untyped(value));
        if let Err(problem) = root.put(&steps, leaf) {
            mistakes.push(Mistake::new(place, key(&steps), problem));
        }
    }
}

/// Where the variable `name` points, if it is one of ours.
fn steps(name: &str) -> Option<Result<Vec<Step>, String>> {
    let parts: Vec<&str> = name.strip_prefix(PREFIX)?.split("__").collect();
    let problem = if parts.iter().any(|part| part.is_empty()) {
        "a part of the name is empty: it reads WEIR__SECTION__KEY"
    } else if name.contains(|character: char| character.is_ascii_lowercase()) {
        "the name is written in capitals"
    } else if parts.len() > DEEPEST {
        "no key has so many parts"
    } else {
        return Some(Ok(parts.into_iter().map(step).collect()));
    };
    Some(Err(problem.to_owned()))
}

fn step(part: &str) -> Step {
    part.parse().map_or_else(|_| Step::Key(part.to_ascii_lowercase()), Step::Item)
}

fn key(steps: &[Step]) -> String {
    let part = |(depth, step): (usize, &Step)| match step {
        Step::Item(index) => format!("[{index}]"),
        Step::Key(key) if depth == 0 => key.clone(),
        Step::Key(key) => format!(".{key}"),
    };
    steps.iter().enumerate().map(part).collect()
}
