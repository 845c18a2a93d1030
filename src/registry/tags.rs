//! The tags of a repository, a page at a time.

use super::{Registry, Result};
use crate::oci::StreamId;
use crate::records::keys;

/// A page of names, in byte order.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) names: Vec<String>,
    /// Where the next page begins, if there is one: after this name.
    pub(crate) next_after: Option<String>,
}

impl Registry {
    /// The tags after `last`, which need not exist, at most `limit` of them.
    pub(crate) async fn tags(&self, stream: &StreamId, last: Option<&str>, limit: usize) -> Result<Names> {
        self.require_repository(stream).await?;
        let prefix = keys::heads_of(stream);
        let start = last.map(|last| keys::below(&prefix, last));
        let page = self
            .records
            .scan(&prefix, |scan| match start {
                Some(start) => scan.after(&start).limit(limit),
                None => scan.limit(limit),
            })
            .await?;
        let after = page.records.last().map(|found| keys::part(&found.key, 2).to_owned());
        // A tag that is only a reference has no manifest to pull.
        let pullable = page.records.iter().filter(|found| found.record.top.image.is_some());
        let names = pullable.map(|found| keys::part(&found.key, 2).to_owned()).collect();
        Ok(Names { names, next_after: after.filter(|_| page.more) })
    }
}
