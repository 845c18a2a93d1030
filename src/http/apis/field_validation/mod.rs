//! Whether a body is what its kind says: fields that are not known, fields that are there twice, and values of the wrong
//! type. All is told in the words of an API server written in Go, for clients show them as they come.
//!
//! Names must be spelt exactly: `Spec` is not known, and is not taken for `spec`.

mod base64;
#[cfg(test)]
mod tests;
mod walk;
mod words;

use serde::Deserializer;
use serde::de::DeserializeSeed as _;

use super::schema::{Kind, Type};
use walk::Walk;

/// How many findings are told.
const MOST: usize = 100;

/// What is wrong with a body.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Findings {
    /// What strict validation refuses and lenient validation warns of: `unknown field "spec.foo"`, `duplicate field
    /// "metadata.name"`, in the order of the body.
    pub(crate) strict: Vec<String>,
    /// The first value of the wrong type, which no validation lets pass: `json: cannot unmarshal string into …`.
    pub(crate) mistyped: Option<String>,
}

impl Findings {
    fn add_strict(&mut self, finding: String) {
        if self.strict.len() < MOST && !self.strict.contains(&finding) {
            self.strict.push(finding);
        }
    }

    fn add_mistyped(&mut self, finding: impl FnOnce() -> String) {
        if self.mistyped.is_none() {
            self.mistyped = Some(finding());
        }
    }
}

/// Checks a body as it was sent. Fails where it is no JSON.
pub(crate) fn check_json(body: &[u8], kind: &'static Kind) -> Result<Findings, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let findings = check(&mut deserializer, kind)?;
    deserializer.end()?;
    Ok(findings)
}

/// Checks an object: a body as it was sent, in which fields can be there twice, or a value, in which they cannot.
pub(crate) fn check<'de, D: Deserializer<'de>>(object: D, kind: &'static Kind) -> Result<Findings, D::Error> {
    let mut walk = Walk::default();
    walk.step(Type::Object(kind.object)).deserialize(object)?;
    Ok(walk.findings)
}

/// The message of the refusal of a body in which strict validation found something.
pub(crate) fn refusal(kind: &Kind, findings: &[String]) -> String {
    undecodable(kind, &format!("strict decoding error: {}", findings.join(", ")))
}

/// The message of the refusal of a body that cannot be read.
pub(crate) fn undecodable(kind: &Kind, why: &str) -> String {
    let Kind { kind, version, .. } = kind;
    format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {why}")
}

/// The value of the `Warning` header that tells a finding.
pub(crate) fn warning(finding: &str) -> String {
    let escaped = finding.replace('\\', "\\\\").replace('"', "\\\"");
    format!("299 - \"{escaped}\"")
}
