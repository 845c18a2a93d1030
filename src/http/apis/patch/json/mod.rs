//! JSON patch, RFC 6902 (`application/json-patch+json`), with the leniency of API servers: negative indices count from
//! the end, and `replace` of a member that an object lacks adds it.
//!
//! It is written out here, for a patch is refused with different codes by the stage that fails, fields keep their order,
//! and its cost is bounded: a few operations can otherwise grow a document without end.

use serde_json::Value;

use super::{PatchError, go};
use work::Work;

mod operation;
mod place;
#[cfg(test)]
mod tests;
mod work;

/// The most operations in a patch, as API servers have it.
const MOST_OPERATIONS: usize = 10_000;

/// The document after all operations; none of them is applied if one fails.
pub(crate) fn apply(doc: &Value, patch: &Value) -> Result<Value, PatchError> {
    let Value::Array(operations) = patch else {
        let why = go::cannot_unmarshal(patch, "[]handlers.jsonPatchOp");
        return Err(PatchError::Malformed(format!("error decoding patch: {why}")));
    };
    if operations.len() > MOST_OPERATIONS {
        let found = operations.len();
        let message = format!("The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, got {found}");
        return Err(PatchError::TooLarge(message));
    }
    let mut patched = doc.clone();
    let mut work = Work::default();
    for operation in operations {
        if !operation.is_object() {
            let why = go::cannot_unmarshal(operation, "handlers.jsonPatchOp");
            return Err(PatchError::Malformed(format!("error decoding patch: {why}")));
        }
        operation::perform(&mut patched, operation, &mut work).map_err(PatchError::Inapplicable)?;
    }
    Ok(patched)
}
