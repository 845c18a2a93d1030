//! Conditional requests.
//!
//! Source: RFC 9110 §13. The entity tag of a manifest or blob is its digest in quotes; an unquoted digest is taken too,
//! as OpenShift's registry takes it.

use http::{HeaderMap, header};

use super::Failure;
use crate::oci::Digest;
use crate::registry::Precondition;

/// Whether `If-None-Match` says that the client has `digest` already.
pub(super) fn is_known(headers: &HeaderMap, digest: &Digest) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.split(',').any(|tag| tag.trim() == "*" || entity(tag) == digest.as_str()))
}

/// The conditions under which a push may move its tag.
pub(super) fn of_push(headers: &HeaderMap) -> Result<Vec<Precondition>, Failure> {
    let mut conditions = Vec::new();
    for (name, any, some) in [
        (header::IF_MATCH, Precondition::Exists, Precondition::Means as fn(Vec<Digest>) -> Precondition),
        (header::IF_NONE_MATCH, Precondition::Absent, Precondition::MeansNot),
    ] {
        let mut digests = Vec::new();
        let mut present = false;
        for value in headers.get_all(&name) {
            present = true;
            let value = value.to_str().map_err(|_| malformed(name.as_str()))?;
            for tag in value.split(',') {
                if tag.trim() == "*" {
                    conditions.push(any.clone());
                    present = false;
                } else {
                    digests.push(entity(tag).parse().map_err(|_| malformed(name.as_str()))?);
                }
            }
        }
        if present || !digests.is_empty() {
            conditions.push(some(digests));
        }
    }
    Ok(conditions)
}

/// What stands between the quotes of an entity tag. A weak one compares as a strong one does: content never changes.
fn entity(tag: &str) -> &str {
    let tag = tag.trim();
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or(tag)
}

fn malformed(name: &str) -> Failure {
    Failure::bad_request("DIGEST_INVALID", format!("{name} takes * or digests in quotes"))
}
