//! The OCI distribution API: clauses of distribution-spec v1.1.1 and of its main branch.

mod blobs;
mod catalog;
mod conditional;
mod extensions;
mod full_disk;
mod manifests;
mod names;
mod ping;
mod referrers;
mod tag_history;
mod tags;
mod uploads;
