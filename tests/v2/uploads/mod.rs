//! `/v2/<name>/blobs/uploads/`: pushing blobs.

mod delete;
mod get;
mod mount;
mod patch;
mod post;
mod put;
mod unknown;
