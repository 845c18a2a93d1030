//! Blobs of a repository: reading, mounting, unlinking.
//!
//! A blob can be read in a repository while it is linked there. Whether its bytes happen to lie on the disk matters to
//! nobody else; where they do not, the link says whether they can be fetched.

use std::ops::Range;

use bytes::Bytes;
use weir_storage::{BlobReader, ByteStream, Digest, Scan};

use super::{Error, Registry, Result};
use crate::oci::{Source, StreamId};
use crate::records::{BlobLink, Decide, Origin, Transaction, keys};
use crate::streams::links;
use crate::upstream::fill::{Fetched, Following, Wanted};

/// A blob that the repository may serve.
pub(crate) enum Blob {
    /// Its bytes are here.
    Here(Box<dyn BlobReader>),
    /// Its bytes arrive now.
    Arriving(Following),
    /// Its bytes are to be fetched.
    Absent(Box<Absent>),
}

/// What is known of a blob that is to be fetched.
#[derive(Debug)]
pub(crate) struct Absent {
    stream: StreamId,
    source: Source,
    wanted: Wanted,
}

impl Blob {
    /// In bytes.
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Here(reader) => reader.size(),
            Self::Arriving(following) => following.size(),
            Self::Absent(absent) => absent.wanted.size,
        }
    }

    /// A part of it at once, for parts that are small.
    pub(crate) async fn read(&self, range: Range<u64>) -> Result<Bytes> {
        match self {
            Self::Here(reader) => Ok(reader.read(range).await?),
            Self::Arriving(following) => Ok(following.read(range).await?),
            Self::Absent(absent) => Err(absent.unfetched().into()),
        }
    }

    /// Waits until a part begins to be there, so that a failure before that gets a status of its own.
    pub(crate) async fn begun(&self, range: Range<u64>) -> Result<()> {
        match self {
            Self::Here(_) => Ok(()),
            Self::Arriving(following) => Ok(following.begun(range).await?),
            Self::Absent(absent) => Err(absent.unfetched().into()),
        }
    }

    /// A part of it as a stream.
    pub(crate) fn stream(&self, range: Range<u64>) -> ByteStream {
        match self {
            Self::Here(reader) => reader.stream(range),
            Self::Arriving(following) => following.stream(range),
            Self::Absent(absent) => Box::pin(futures_util::stream::once(std::future::ready(Err(absent.unfetched())))),
        }
    }
}

impl Absent {
    /// Whoever reads fetches first.
    fn unfetched(&self) -> weir_storage::Error {
        weir_storage::Error::BlobNotFound(self.wanted.digest.clone())
    }
}

impl From<Fetched> for Blob {
    fn from(fetched: Fetched) -> Self {
        match fetched {
            Fetched::Here(reader) => Self::Here(reader),
            Fetched::Arriving(following) => Self::Arriving(following),
        }
    }
}

impl Registry {
    /// Finds a blob. Nothing is fetched yet: what the link says is enough for whoever wants to know of it.
    pub(crate) async fn find_blob(&self, stream: &StreamId, digest: &Digest) -> Result<Blob> {
        if !self.records.exists(&keys::blob(digest, stream)).await? {
            return Err(Error::BlobUnknown(digest.clone()));
        }
        match self.records.blobs().open(digest).await {
            Err(weir_storage::Error::BlobNotFound(_)) => Box::pin(self.absent_blob(stream, digest)).await,
            other => Ok(Blob::Here(other?)),
        }
    }

    async fn absent_blob(&self, stream: &StreamId, digest: &Digest) -> Result<Blob> {
        match self.records.get(&keys::blob(digest, stream)).await?.map(|found| found.record) {
            Some(BlobLink { size, origin: Origin::Upstream(source), .. }) => {
                let wanted = Wanted { digest: digest.clone(), size };
                Ok(Blob::Absent(Box::new(Absent { stream: stream.clone(), source, wanted })))
            }
            Some(_) | None => Err(Error::BlobUnknown(digest.clone())),
        }
    }

    /// Sees to it that a blob can be read: fetches it, or joins whoever fetches it already.
    pub(crate) async fn fetch_blob(&self, blob: Blob) -> Result<Blob> {
        match blob {
            Blob::Absent(absent) => {
                let Absent { stream, source, wanted } = &*absent;
                Ok(Box::pin(self.pull_blob(stream, source, wanted)).await?.into())
            }
            blob => Ok(blob),
        }
    }

    /// Links a blob of another repository, `from` or any, into this one. Returns whether that was possible; where it
    /// was not, the client uploads the blob.
    pub(crate) async fn mount_blob(&self, stream: &StreamId, digest: &Digest, from: Option<&StreamId>) -> Result<bool> {
        let link = match from {
            Some(from) => self.records.get(&keys::blob(digest, from)).await?,
            None => self.records.scan(&keys::blob_anywhere(digest), |scan: Scan| scan.limit(1)).await?.records.pop(),
        };
        let size = match link.map(|link| link.record.origin) {
            None => None,
            Some(Origin::Pushed) => self.records.blobs().size(digest).await?,
            // Its bytes may be here for the time being only, and from now on they are needed.
            Some(Origin::Upstream(_)) => self.records.blobs().keep(digest).await?,
        };
        let Some(size) = size else { return Ok(false) };
        self.link_blob(stream, digest, size).await?;
        Ok(true)
    }

    /// Unlinks a blob from the repository. Its bytes stay for whoever else has it.
    pub(crate) async fn delete_blob(&self, stream: &StreamId, digest: &Digest) -> Result<()> {
        self.records.transact(&UnlinkBlob { stream, digest }).await?;
        Ok(())
    }
}

struct UnlinkBlob<'a> {
    stream: &'a StreamId,
    digest: &'a Digest,
}

impl Decide for UnlinkBlob<'_> {
    type Outcome = ();
    type Error = Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<()> {
        // Put aside, so that what held the blob can be restored with it.
        let had = links::put_blob_aside(transaction, self.stream, self.digest, None).await?;
        if had { Ok(()) } else { Err(Error::BlobUnknown(self.digest.clone())) }
    }
}
