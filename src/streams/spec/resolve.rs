//! What a source means now.

use std::collections::BTreeMap;

use weir_storage::Digest;

use super::refusal::{Failure, Reason};
use crate::oci::{StreamId, Tag};
use crate::records::{Error, Item, LogEntry, LogKind, Moment, PullSpec, TagHead, TaggedManifest, Transaction, keys};
use crate::streams::algorithm;

/// What a tag is to mean, apart from why.
#[derive(Debug, Clone)]
pub(super) struct Meaning {
    /// Since when; `None` for now.
    pub(super) created: Option<Moment>,
    pub(super) reference: PullSpec,
    pub(super) image: Option<Digest>,
    pub(super) manifest: Option<TaggedManifest>,
}

impl Meaning {
    /// A pull spec that is only handed on.
    pub(super) fn pointer(spec: &str) -> Self {
        Self { created: None, reference: PullSpec::External(spec.to_owned()), image: None, manifest: None }
    }

    /// What a tag means, with its time.
    pub(super) fn of(head: &TagHead) -> Self {
        Self {
            created: Some(head.top.created),
            reference: head.top.reference.clone(),
            image: head.top.image.clone(),
            manifest: head.manifest.clone(),
        }
    }
}

/// The one image that an id means: of the status items of a stream or, where none of them matches, of their children.
///
/// Source: `ResolveImageID` of openshift-apiserver, which knows no children. The pull spec is that of a tag that means
/// the image now, if there is one.
pub(super) async fn image(transaction: &mut Transaction<'_>, stream: &StreamId, id: &str) -> Result<Meaning, Failure> {
    let items = items(transaction, stream, id).await?;
    if !items.is_empty() {
        let (digest, place) = only(id, items)?;
        return Ok(place.meaning(transaction, stream, digest).await?);
    }
    let (digest, manifest) = only(id, children(transaction, stream, id).await?)?;
    // One that was imported says itself where it is.
    let record = transaction.get(&keys::image(&digest)).await?;
    let own = || PullSpec::Own { stream: stream.clone(), digest: digest.clone() };
    let reference = record.and_then(|record| record.reference).unwrap_or_else(own);
    Ok(Meaning { created: None, reference, image: Some(digest), manifest: Some(manifest) })
}

fn only<T>(id: &str, mut matches: BTreeMap<Digest, T>) -> Result<(Digest, T), Reason> {
    if matches.len() > 1 {
        return Err(Reason::Ambiguous { id: id.to_owned(), images: matches.into_keys().collect() });
    }
    matches.pop_first().ok_or_else(|| Reason::ImageNotFound { id: id.to_owned() })
}

/// A status item: the log entry that tagged its image.
struct Place {
    tag: Tag,
    sequence: u64,
    head: TagHead,
}

/// The images of status items that an id may mean, each with one of its items: one on top of its tag, if there is one.
async fn items(
    transaction: &mut Transaction<'_>,
    stream: &StreamId,
    id: &str,
) -> Result<BTreeMap<Digest, Place>, Error> {
    let mut found: BTreeMap<Digest, Place> = BTreeMap::new();
    for start in algorithm::beginnings(id) {
        for key in transaction.keys(&keys::tagged_beginning(stream, &start)).await? {
            let (Ok(image), Ok(tag)) = (keys::part(&key, 2).parse::<Digest>(), keys::part(&key, 3).parse::<Tag>())
            else {
                continue;
            };
            let sequence = keys::part(&key, 4).parse().unwrap_or_default();
            let Some(head) = transaction.get(&keys::head(stream, &tag)).await? else { continue };
            if head.since > sequence || !algorithm::image_matches(&image, id) {
                continue;
            }
            let place = Place { tag, sequence, head };
            if place.is_top() || !found.contains_key(&image) {
                found.insert(image, place);
            }
        }
    }
    Ok(found)
}

impl Place {
    fn is_top(&self) -> bool {
        self.head.top_sequence == self.sequence
    }

    /// What the item means, tagged anew.
    async fn meaning(self, transaction: &Transaction<'_>, stream: &StreamId, image: Digest) -> Result<Meaning, Error> {
        let (reference, manifest) = if self.is_top() {
            (self.head.top.reference, self.head.manifest)
        } else {
            let (item, manifest) = self.buried(transaction, stream).await?;
            (item.reference, manifest)
        };
        Ok(Meaning { created: None, reference, image: Some(image), manifest })
    }

    /// An item that others lie upon, with the amendments that it got while it was on top.
    async fn buried(
        &self,
        transaction: &Transaction<'_>,
        stream: &StreamId,
    ) -> Result<(Item, Option<TaggedManifest>), Error> {
        let mut sequence = self.sequence;
        let (mut item, mut manifest) = loop {
            match self.entry(transaction, stream, sequence).await?.kind {
                LogKind::Event { item, manifest } => break (item, manifest),
                LogKind::Amendment { .. }
                | LogKind::Deletion { .. }
                | LogKind::Restoration { .. }
                | LogKind::Trim { .. } => sequence = sequence.saturating_sub(1),
            }
        };
        while sequence < self.head.sequence {
            sequence = sequence.saturating_add(1);
            match self.entry(transaction, stream, sequence).await?.kind {
                LogKind::Event { .. } => break,
                LogKind::Amendment { amendment, manifest: amended } => {
                    item = algorithm::amended(&item, &amendment);
                    if amendment.image.is_some() {
                        manifest = amended;
                    }
                }
                LogKind::Deletion { .. } | LogKind::Restoration { .. } | LogKind::Trim { .. } => {}
            }
        }
        Ok((item, manifest))
    }

    /// An entry of the log, which is never rewritten and so not guarded.
    async fn entry(&self, transaction: &Transaction<'_>, stream: &StreamId, sequence: u64) -> Result<LogEntry, Error> {
        let entry = transaction.peek(&keys::log(stream, &self.tag, sequence)).await?;
        entry.ok_or_else(|| {
            let what = format!("log of {stream}:{}", self.tag);
            let detail = format!("entry {sequence} is missing");
            weir_storage::Error::Corrupt { what, detail }.into()
        })
    }
}

/// The children of images of status items, at any depth, that an id may mean.
async fn children(
    transaction: &mut Transaction<'_>,
    stream: &StreamId,
    id: &str,
) -> Result<BTreeMap<Digest, TaggedManifest>, Error> {
    let mut found = BTreeMap::new();
    for prefix in algorithm::beginnings(id).iter().flat_map(|start| keys::manifests_beginning(stream, start)) {
        for key in transaction.keys(&prefix).await? {
            let Ok(digest) = keys::part(&key, 2).parse::<Digest>() else { continue };
            if !algorithm::image_matches(&digest, id) || !descends(transaction, stream, &digest).await? {
                continue;
            }
            let link = match transaction.get(&keys::manifest(stream, &digest)).await? {
                Some(link) => Some(link),
                None => transaction.get(&keys::removed(stream, &digest)).await?,
            };
            if let Some(link) = link {
                found.insert(digest, TaggedManifest { media_type: link.media_type, size: link.size });
            }
        }
    }
    Ok(found)
}

/// Whether an index above a manifest, at any height, is the image of a status item.
async fn descends(transaction: &mut Transaction<'_>, stream: &StreamId, digest: &Digest) -> Result<bool, Error> {
    let mut seen = vec![digest.clone()];
    let mut pending = vec![digest.clone()];
    while let Some(child) = pending.pop() {
        for key in transaction.keys(&keys::parents_of(stream, &child)).await? {
            let Ok(parent) = keys::part(&key, 3).parse::<Digest>() else { continue };
            if seen.contains(&parent) {
                continue;
            }
            if items(transaction, stream, parent.as_str()).await?.contains_key(&parent) {
                return Ok(true);
            }
            seen.push(parent.clone());
            pending.push(parent);
        }
    }
    Ok(false)
}
