//! What stands against an apply.

use std::fmt;

use super::entries::{Entry, Operation};
use super::set::Paths;

/// A field that is applied with another value than its owner gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Conflict {
    /// The owner, as messages name it: quoted, with what tells it apart.
    owner: String,
    /// The path of the field, such as `.spec.tags[name="b"].from`.
    field: String,
}

impl Conflict {
    /// The message of the cause, whose reason is `FieldManagerConflict`.
    pub(crate) fn message(&self) -> String {
        format!("conflict with {}", self.owner)
    }

    /// The field of the cause.
    pub(crate) fn field(&self) -> &str {
        &self.field
    }
}

/// All that stands against an apply, at least one. Prints as the message of the 409 that it is answered with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Conflicts(Vec<Conflict>);

impl Conflicts {
    /// One by one, in the order of the causes.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Conflict> {
        self.0.iter()
    }

    /// Adds the paths that an owner would lose.
    pub(super) fn add(&mut self, owner: &Entry, paths: &Paths) {
        let name = printed(owner);
        self.0.extend(paths.printed().into_iter().map(|field| Conflict { owner: name.clone(), field }));
    }

    pub(super) fn sort(&mut self) {
        // A stable sort, which keeps the order of the fields.
        self.0.sort_by(|one, other| one.owner.cmp(&other.owner));
    }
}

fn printed(owner: &Entry) -> String {
    let mut text = format!("{:?}", owner.name);
    if !owner.subresource.is_empty() {
        text = format!("{text} with subresource {:?}", owner.subresource);
    }
    match owner.operation {
        Operation::Apply => text,
        Operation::Update => format!("{text} using {}", owner.api_version),
    }
}

impl fmt::Display for Conflicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [one] = self.0.as_slice() {
            return write!(f, "Apply failed with 1 conflict: conflict with {}: {}", one.owner, one.field);
        }
        write!(f, "Apply failed with {} conflicts: ", self.0.len())?;
        let mut last: Option<&str> = None;
        for conflict in &self.0 {
            let separator = if last.is_some() { "\n" } else { "" };
            if last != Some(conflict.owner.as_str()) {
                write!(f, "{separator}conflicts with {}:", conflict.owner)?;
                last = Some(&conflict.owner);
            }
            write!(f, "\n- {}", conflict.field)?;
        }
        Ok(())
    }
}

impl std::error::Error for Conflicts {}
