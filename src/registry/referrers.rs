//! The manifests that refer to another, a page at a time.
//!
//! Source: distribution-spec "Listing Referrers". A subject that is not here, or a repository that is not, has none.

use weir_storage::Digest;

use super::{Registry, Result};
use crate::oci::StreamId;
use crate::records::{Referrer, keys};

/// The largest answer, in bytes as they are printed: clients read at most 4 MiB of a manifest.
const PAGE_BYTES: usize = 2 * 1024 * 1024;

/// How many entries are read at once. Each may have annotations as large as a manifest.
const BATCH: usize = 16;

/// A page of referrers, in the order of their digests.
#[derive(Debug)]
pub(crate) struct Referrers {
    pub(crate) referrers: Vec<(Digest, Referrer)>,
    /// Where the next page begins, if there is one: after this digest.
    pub(crate) next_after: Option<Digest>,
}

/// Which referrers are wanted.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) subject: &'a Digest,
    /// Only those of one of these types, where any are given.
    pub(crate) artifact_types: &'a [String],
    /// Only those after this one.
    pub(crate) last: Option<&'a Digest>,
    /// At most so many.
    pub(crate) limit: usize,
}

impl Registry {
    /// The referrers that are listed here.
    pub(crate) async fn referrers(&self, stream: &StreamId, wanted: &Wanted<'_>) -> Result<Referrers> {
        let Wanted { subject, artifact_types, last, limit } = *wanted;
        let prefix = keys::referrers_of(stream, subject);
        let mut after = last.map(|last| keys::referrer(stream, subject, last).bytes().clone());
        let mut answer = Referrers { referrers: Vec::new(), next_after: None };
        let mut bytes = 0;
        loop {
            let start = after.take();
            let page = self
                .records
                .scan(&prefix, |scan| match &start {
                    Some(start) => scan.after(start).limit(BATCH),
                    None => scan.limit(BATCH),
                })
                .await?;
            for found in page.records {
                let Ok(digest) = keys::part(&found.key, 3).parse::<Digest>() else { continue };
                let wanted = artifact_types.is_empty()
                    || found.record.artifact_type.as_ref().is_some_and(|kind| artifact_types.contains(kind));
                if wanted {
                    let size = size_in_answer(&found.record);
                    let full = answer.referrers.len() >= limit || bytes + size > PAGE_BYTES;
                    if full && !answer.referrers.is_empty() {
                        answer.next_after = answer.referrers.last().map(|(digest, _)| digest.clone());
                        return Ok(answer);
                    }
                    bytes += size;
                    answer.referrers.push((digest, found.record));
                }
                after = Some(found.key);
            }
            if !page.more || after.is_none() {
                return Ok(answer);
            }
        }
    }
}

/// How many bytes an entry has at most, printed.
fn size_in_answer(referrer: &Referrer) -> usize {
    let annotations = referrer.annotations.iter().map(|(key, value)| printed(key) + printed(value) + 6);
    annotations.sum::<usize>() + referrer.artifact_type.as_deref().map_or(0, printed) + 512
}

/// How many bytes a text has within the quotes of JSON, which prints some of its characters in two or six.
fn printed(text: &str) -> usize {
    let printed = text.bytes().map(|byte| match byte {
        b'"' | b'\\' => 2,
        0..b' ' => 6,
        _ => 1,
    });
    printed.sum()
}
