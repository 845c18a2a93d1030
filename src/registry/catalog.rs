//! The repositories that have manifests, a page at a time.

use super::tags::Names;
use super::{Registry, Result};
use crate::records::keys;

impl Registry {
    /// The repositories after `last`, which need not exist, at most `limit` of them, as they were spelled.
    pub(crate) async fn catalog(&self, last: Option<&str>, limit: usize) -> Result<Names> {
        let prefix = keys::catalog_all();
        let start = last.map(|last| keys::below(&prefix, last));
        let page = self
            .records
            .scan(&prefix, |scan| match start {
                Some(start) => scan.after(&start).limit(limit),
                None => scan.limit(limit),
            })
            .await?;
        let names: Vec<String> = page.records.iter().map(|found| keys::part(&found.key, 0).to_owned()).collect();
        let next_after = names.last().cloned().filter(|_| page.more);
        Ok(Names { names, next_after })
    }
}
