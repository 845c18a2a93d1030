//! What broke other registries, one test each, named for what broke.

mod listings;
mod manifests;
mod pulls;
mod uploads;
