//! The commit of what refers to a manifest of another registry: links by which it is listed here, and fetched when it is asked
//! for.
//!
//! What its registry lists no longer stays listed here: a signature that could be verified yesterday can be verified today.

use crate::oci::{Descriptor, Digest, MediaType, Source, StreamId};
use crate::records::{Decide, Error, ManifestLink, Origin, Referrer, Stream, Transaction, keys};
use crate::streams::{links, mapping};

/// What is to be listed as referring to a manifest.
#[derive(Debug)]
pub(crate) struct KeepReferrers<'a> {
    pub(crate) stream: &'a StreamId,
    pub(crate) source: &'a Source,
    pub(crate) subject: &'a Digest,
    /// As the source describes it. What is no manifest is left out.
    pub(crate) found: &'a [Descriptor],
    /// Whether the stream stands behind a mirror prefix, where a read makes what is not there. Elsewhere it brings nothing back that
    /// was deleted.
    pub(crate) mirrored: bool,
}

impl Decide for KeepReferrers<'_> {
    type Outcome = ();
    type Error = Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), Error> {
        let mut stream: Option<Stream> = None;
        for descriptor in self.found {
            let Some(media_type) = manifest_type(descriptor) else { continue };
            if transaction.get(&keys::manifest(self.stream, &descriptor.digest)).await?.is_some()
                || self.was_deleted(transaction, &descriptor.digest).await?
            {
                continue;
            }
            let record = match stream.take() {
                Some(record) => Some(record),
                None => self.record(transaction).await?,
            };
            let Some(record) = record else { return Ok(()) };
            self.put(transaction, &record, descriptor, media_type).await?;
            stream = Some(record);
        }
        Ok(())
    }
}

impl KeepReferrers<'_> {
    /// Whether somebody deleted a referrer. What went with a stream of this name was not meant itself.
    async fn was_deleted(&self, transaction: &mut Transaction<'_>, digest: &Digest) -> Result<bool, Error> {
        if self.mirrored {
            return Ok(false);
        }
        let removed = transaction.get(&keys::removed(self.stream, digest)).await?;
        Ok(removed.is_some_and(|removed| removed.deleted_with.is_none()))
    }

    /// The record of the stream; `None` where it, or the manifest that is referred to, was deleted while its registry was asked.
    async fn record(&self, transaction: &mut Transaction<'_>) -> Result<Option<Stream>, Error> {
        if self.mirrored {
            return mapping::provision(transaction, self.stream, &self.stream.repository()).await.map(Some);
        }
        match transaction.get(&keys::manifest(self.stream, self.subject)).await? {
            Some(_) => transaction.get(&keys::stream(self.stream)).await,
            None => Ok(None),
        }
    }

    async fn put(
        &self,
        transaction: &mut Transaction<'_>,
        record: &Stream,
        descriptor: &Descriptor,
        media_type: MediaType,
    ) -> Result<(), Error> {
        let Descriptor { digest, size, artifact_type, annotations, .. } = descriptor;
        let referrer = Referrer {
            media_type: media_type.clone(),
            size: *size,
            artifact_type: artifact_type.clone(),
            annotations: annotations.clone(),
        };
        let link = ManifestLink {
            media_type,
            size: *size,
            linked: transaction.now(),
            origin: Origin::Upstream(self.source.clone()),
            subject: Some(self.subject.clone()),
            children: Vec::new(),
            listed: true,
            deleted_with: None,
        };
        transaction.put(&keys::referrer(self.stream, self.subject, digest), &referrer)?;
        links::put_manifest(transaction, self.stream, record, (digest, &link)).await
    }
}

fn manifest_type(descriptor: &Descriptor) -> Option<MediaType> {
    descriptor.media_type.parse::<MediaType>().ok().filter(|media_type| media_type.manifest_kind().is_some())
}
