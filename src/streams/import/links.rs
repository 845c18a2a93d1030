//! The links of imported content.
//!
//! An imported manifest is here; the blobs that it needs are at its upstream until somebody pulls them. What was pushed
//! stays as it is: it never begins to depend on an upstream. What these links do not prove stands with those who follow them, in
//! `registry::pull_through`.

use super::fetch::{Fetched, is_manifest};
use crate::oci::{Descriptor, Digest, Source, StreamId};
use crate::records::{BlobLink, Error, ImageRecord, ManifestLink, Origin, PullSpec, Stream, Transaction, keys};
use crate::streams::image::{self, MadeImage};
use crate::streams::links::{self, Linked};

/// Content of one upstream, and the stream that is to serve it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Linking<'a> {
    pub(super) stream: &'a StreamId,
    pub(super) record: &'a Stream,
    pub(super) source: &'a Source,
}

impl Linking<'_> {
    fn origin(&self) -> Origin {
        Origin::Upstream(self.source.clone())
    }

    /// Whether content is to be linked that has a link of this origin, or none.
    fn is_new(&self, origin: Option<&Origin>) -> bool {
        match origin {
            None => true,
            Some(Origin::Pushed) => false,
            // The upstream that was read last is the one that is known to be there.
            Some(Origin::Upstream(source)) => source != self.source,
        }
    }

    /// Links a manifest, all under it, and the blobs of each.
    pub(super) async fn put(&self, transaction: &mut Transaction<'_>, fetched: &Fetched) -> Result<(), Error> {
        for fetched in fetched.all() {
            self.manifest(transaction, fetched).await?;
            for blob in fetched.manifest.required_blobs() {
                self.blob(transaction, blob).await?;
            }
            for child in fetched.manifest.manifests().iter().filter(|child| !is_manifest(child)) {
                self.blob(transaction, child).await?;
            }
        }
        Ok(())
    }

    async fn manifest(&self, transaction: &mut Transaction<'_>, fetched: &Fetched) -> Result<(), Error> {
        let Fetched { digest, manifest, .. } = fetched;
        let old = transaction.get(&keys::manifest(self.stream, digest)).await?;
        let pushed = old.as_ref().is_some_and(|old| old.origin.is_pushed());
        let link = ManifestLink {
            media_type: manifest.media_type().clone(),
            size: fetched.size(),
            linked: transaction.now(),
            origin: if pushed { Origin::Pushed } else { self.origin() },
            subject: manifest.subject().map(|subject| subject.digest.clone()),
            children: manifest.manifests().iter().map(|child| child.digest.clone()).collect(),
            listed: false,
            deleted_with: None,
        };
        if let Some(old) = old {
            if !self.is_new(Some(&old.origin)) && says_the_same(&old, &link) {
                return Ok(());
            }
            if let Some(subject) = old.subject.filter(|subject| Some(subject) != link.subject.as_ref()) {
                transaction.delete(&keys::referrer(self.stream, &subject, digest));
            }
        }
        Linked { stream: self.stream, record: self.record, digest, manifest }.put(transaction, &link).await
    }

    async fn blob(&self, transaction: &mut Transaction<'_>, blob: &Descriptor) -> Result<(), Error> {
        let old = transaction.get(&keys::blob(&blob.digest, self.stream)).await?;
        if !self.is_new(old.map(|old| old.origin).as_ref()) {
            return Ok(());
        }
        let link = BlobLink { size: blob.size, origin: self.origin(), deleted_with: None };
        links::put_blob(transaction, self.stream, &blob.digest, &link).await
    }
}

/// Whether a link says of a manifest what another one does, which was made from it. A list of referrers may be wrong of them, and
/// knows no children.
fn says_the_same(old: &ManifestLink, new: &ManifestLink) -> bool {
    let read = !old.listed && old.size == new.size && old.subject == new.subject && old.children == new.children;
    old.media_type == new.media_type && (old.origin.is_pushed() || read)
}

/// The images of a manifest and of all under it, each where there is none yet. One that was made without its config is
/// completed by what the import brings.
pub(super) async fn record_images(
    transaction: &mut Transaction<'_>,
    fetched: &Fetched,
    reference: impl Fn(&Digest) -> PullSpec,
) -> Result<(), Error> {
    for fetched in fetched.all() {
        let key = keys::image(&fetched.digest);
        let record = transaction.get(&key).await?;
        let record = match record {
            Some(record) if !record.lacks_config || fetched.config.is_none() => continue,
            Some(record) => image::completed(record, &made(fetched, transaction)?),
            None => {
                let MadeImage { object, lacks_config } = made(fetched, transaction)?;
                ImageRecord {
                    uid: uuid::Uuid::new_v4(),
                    created: transaction.now(),
                    stream: None,
                    reference: Some(reference(&fetched.digest)),
                    lacks_config,
                    object,
                }
            }
        };
        transaction.put(&key, &record)?;
    }
    Ok(())
}

fn made(fetched: &Fetched, transaction: &Transaction<'_>) -> Result<MadeImage, Error> {
    image::imported(&fetched.digest, &fetched.manifest, fetched.config.as_deref(), transaction.now())
}
