//! `/v2/<name>/blobs/<digest>`

mod delete;
mod get;
mod head;
mod range;
