//! Tests of the image stream domain, through real transactions on the store in memory, seen through [`View`].
//!
//! Most rows of openshift-apiserver's own tests of the tag algorithm stand here again, each under its name: in
//! [`add_tag_event`], [`update_tracking_tags`], [`tags_changed`], [`tag_ref_changed`], [`resolve_image_id`],
//! [`latest_tagged_image`], [`repositories`] and [`delete`]. [`worked_examples`] and [`recorded`] are what a cluster
//! does. [`streams`], [`stream_tags`], [`stream_images`], [`mappings`], [`images`] and [`status`] are what clients write, and [`rollback`] how
//! it is taken back. [`referrers`] are what other registries list. [`scale`] counts what a write touches. [`state_machine`] compares random changes with a plain model, and [`pushers`] lets many write at once.
//!
//! [`View`]: super::view::View

mod add_tag_event;
mod blobs;
mod delete;
mod generations;
mod images;
mod latest_tagged_image;
mod linking;
mod mappings;
mod model;
mod pushers;
mod recorded;
mod referrers;
mod refusals;
mod repositories;
mod resolve_image_id;
mod rollback;
mod scale;
mod state_machine;
mod status;
mod stream_images;
mod stream_tags;
mod streams;
mod tag_ref_changed;
mod tags_changed;
mod update_tracking_tags;
mod worked_examples;
pub(super) mod world;
