//! `/v2/<name>/manifests/<reference>`

mod content;
mod delete;
mod get;
mod head;
mod kinds;
mod limit;
mod put;
mod put_tags;
mod refused;
