//! The contract of a [`MetadataStore`] as functions: every backend runs all of them.
//!
//! Each function shows one clause and panics where it does not hold. All of them use keys of their own, so that they
//! may run one after the other on one store, whatever it holds already.

#![expect(clippy::missing_panics_doc, reason = "to panic where a clause does not hold is what these are for")]

use std::sync::Arc;

use bytes::Bytes;

use super::{Commit, Guard, MetadataStore, Page, Revision, Scan, Versioned, Write};
use crate::Error;

mod changes;
mod commits;
mod concurrency;
mod guards;
mod lifetime;
mod scans;

pub use changes::*;
pub use commits::*;
pub use concurrency::*;
pub use guards::*;
pub use lifetime::*;
pub use scans::*;

/// All clauses that need one open store. At the end the store is closed.
pub async fn all(store: Arc<dyn MetadataStore>) {
    let open = store.as_ref();
    all_commits(open).await;
    all_guards(open).await;
    all_scans(open).await;
    all_changes(open).await;
    all_concurrency(&store).await;
    a_closed_store_refuses(open).await;
}

/// A write that sets a value.
fn put(key: &str, value: &str) -> Write {
    Write::Put { key: bytes(key), value: bytes(value) }
}

/// A write that takes a key away.
fn delete(key: &str) -> Write {
    Write::Delete { key: bytes(key) }
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// Commits writes without guards.
async fn write(store: &dyn MetadataStore, writes: impl Into<Vec<Write>>) -> Revision {
    commit(store, vec![], writes).await.expect("a commit without guards is applied")
}

async fn commit(
    store: &dyn MetadataStore,
    guards: impl Into<Vec<Guard>>,
    writes: impl Into<Vec<Write>>,
) -> crate::Result<Revision> {
    store.commit(Commit { guards: guards.into(), writes: writes.into() }).await
}

async fn get(store: &dyn MetadataStore, key: &str) -> Option<Versioned> {
    store.get(key.as_bytes()).await.expect("a key can be read")
}

/// The value of a key as text.
async fn text(store: &dyn MetadataStore, key: &str) -> Option<String> {
    get(store, key).await.map(|found| String::from_utf8_lossy(&found.value).into_owned())
}

async fn scan(store: &dyn MetadataStore, scan: Scan) -> Page {
    store.scan(scan).await.expect("a range can be read")
}

/// The keys of a page as text, without the prefix that they share.
fn names(page: &Page, prefix: &str) -> Vec<String> {
    let name = |key: &Bytes| String::from_utf8_lossy(key).replacen(prefix, "", 1);
    page.entries.iter().map(|entry| name(&entry.key)).collect()
}

fn unchanged(key: &str, revision: Revision) -> Guard {
    Guard::Unchanged { key: bytes(key), revision }
}

fn absent(key: &str) -> Guard {
    Guard::Absent { key: bytes(key) }
}

fn prefix_unchanged(prefix: &str, since: Revision) -> Guard {
    Guard::PrefixUnchanged { prefix: bytes(prefix), since }
}

/// The key that a conflict names.
fn conflict(result: crate::Result<Revision>) -> Bytes {
    match result {
        Err(Error::Conflict { key, .. }) => key,
        other => {
            assert!(matches!(other, Err(Error::Conflict { .. })), "expected a conflict, got {other:?}");
            Bytes::new()
        }
    }
}
