//! Filling a store with manifests, through the API and with many clients.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Result, ensure};
use serde_json::json;

use crate::bench::load::{self, End, Script};
use crate::bench::measure::{count, seconds};
use crate::bench::servers::Running;
use crate::bench::work::{Item, Push};
use crate::content::{Blob, INDEX};

/// Clients that fill: the more, the more commits share one write to the disk.
const CLIENTS: usize = 64;

/// The smallest manifest there is: an index of nothing, with a name so that it is not another one.
pub(crate) fn manifest(name: &str) -> Blob {
    let index = json!({
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [],
        "annotations": { "name": name },
    });
    Blob::json(INDEX, &index)
}

/// Pushes `total` manifests; `make` says where each goes: repository, reference and manifest. How many went in a second.
pub(super) fn fill(
    server: &Running,
    total: u64,
    make: impl Fn(u64) -> (String, String, Blob) + Send + Sync + 'static,
) -> Result<f64> {
    let (next, make) = (Arc::new(AtomicU64::new(0)), Arc::new(make));
    let client = |_| -> Box<dyn Script> {
        let (next, make) = (Arc::clone(&next), Arc::clone(&make));
        Box::new(Push::new(move |_| {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let (repository, reference, manifest) = (number < total).then(|| make(number))?;
            Some((repository, vec![Item::Manifest(reference, manifest)]))
        }))
    };
    let scripts = (0..CLIENTS).map(client).collect();
    let tally = tokio::task::block_in_place(|| load::closed(server.address(), scripts, End::Exhausted))?;
    ensure!(tally.units == total, "{} of {total} manifests were pushed", tally.units);
    Ok(count(total) / seconds(tally.elapsed))
}
