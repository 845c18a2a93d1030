//! Image streams: what a tag means, what it meant before, and what follows it.
//!
//! - [`algorithm`]: OpenShift's tag algorithm, pure: what a new tag event does to the top of a tag.
//! - [`history`]: a tag's log: appending to it, and reading it back as events or as status items.
//! - [`tracking`]: tags that follow others.
//! - [`mapping`]: "this image is now this tag": what each push by tag commits.
//! - [`links`]: the link by which a stream serves a manifest.
//! - [`import`]: reading tags and metadata of other registries: on demand, when a spec asks for it, and by schedule.
//! - [`insecure`]: where plain HTTP will do.
//! - [`image`]: the metadata of an image, made from its manifest and config.
//! - [`spec`]: what is wanted of a stream's tags, and what a change of that does.
//! - [`object`]: the objects of `image.openshift.io/v1` as they are printed.
//! - [`state`]: all that a stream shows, as of one revision.
//! - [`view`]: those objects, made from the records.
//! - [`validation`]: what they must be like to be taken, and [`field_error`]: how it is said what is wrong.
//! - [`mod@write`]: what clients write with them, rollback included.
//!
//! # The log and its projection
//!
//! A tag's events form an append-only log. `status.tags[].items` is its projection since the last deletion: an event is
//! an item, and an amendment changes the item on top. The head of a tag is that projection's top, kept as a record of
//! its own so that a pull reads one key.

pub(crate) mod algorithm;
pub(crate) mod field_error;
pub(crate) mod history;
pub(crate) mod image;
pub(crate) mod import;
pub(crate) mod insecure;
pub(crate) mod links;
pub(crate) mod mapping;
pub(crate) mod names;
pub mod object;
pub(crate) mod spec;
pub(crate) mod state;
#[cfg(test)]
mod tests;
pub(crate) mod tracking;
pub(crate) mod validation;
pub(crate) mod view;
pub(crate) mod write;

pub(crate) use names::HostNames;
