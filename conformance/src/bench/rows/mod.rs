//! The rows: each a piece of work, done against one server at a time.

mod memory;
mod pushes;
mod reads;

use anyhow::Result;
use clap::ValueEnum;

use super::bed::{Bed, Read};
use super::measure::Figures;
use super::servers::Contender;

/// A row of the table, in the order in which a round takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Row {
    /// Memory of a server that was just started.
    IdleMemory,
    /// Small images, 16 clients.
    SmallPush,
    /// Blobs of 10 MiB in five chunks, 8 clients.
    ChunkedPush,
    /// One blob of the largest size.
    LargePush,
    /// A manifest by its tag, 64 connections.
    ManifestGet,
    /// A manifest by its tag, 1,000 a second.
    ManifestPaced,
    /// The same while eight connections download the largest blob.
    ManifestBesideDownloads,
    /// A blob of 64 KiB, 64 connections.
    #[value(name = "blob-64k")]
    Blob64k,
    /// A blob of 10 MiB, 8 connections.
    #[value(name = "blob-10m")]
    Blob10m,
    /// A blob of the largest size, 8 connections.
    BlobLarge,
    /// The most memory that any of the above took.
    PeakMemory,
    /// A page of a long list of tags and of repositories, beside the same page of short lists.
    Listings,
    /// The first page of a long history, beside that of a short one.
    History,
    /// The start after a kill, with a large store.
    Restart,
}

impl Row {
    /// Its name, as the command line and the raw figures have it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::IdleMemory => "idle-memory",
            Self::SmallPush => "small-push",
            Self::ChunkedPush => "chunked-push",
            Self::LargePush => "large-push",
            Self::ManifestGet => "manifest-get",
            Self::ManifestPaced => "manifest-paced",
            Self::ManifestBesideDownloads => "manifest-beside-downloads",
            Self::Blob64k => "blob-64k",
            Self::Blob10m => "blob-10m",
            Self::BlobLarge => "blob-large",
            Self::PeakMemory => "peak-memory",
            Self::Listings => "listings",
            Self::History => "history",
            Self::Restart => "restart",
        }
    }

    /// Whether it needs a store that takes minutes to fill, and is therefore measured on servers of its own, filled once. What it is
    /// held against is Weir itself, so nobody else does it.
    pub(crate) fn is_standing(self) -> bool {
        matches!(self, Self::Listings | Self::History | Self::Restart)
    }

    /// Whether this server does it in each round: a file server takes no pushes.
    pub(crate) fn applies(self, contender: &Contender) -> bool {
        match self {
            _ if self.is_standing() => false,
            Self::SmallPush | Self::ChunkedPush | Self::LargePush => contender.is_registry(),
            _ => true,
        }
    }

    /// Does the work of a round.
    pub(crate) async fn measure(self, bed: &mut Bed) -> Result<Figures> {
        match self {
            Self::IdleMemory => memory::idle(bed).await,
            Self::PeakMemory => memory::peak(bed),
            Self::Listings | Self::History | Self::Restart => Ok(Figures::new()),
            Self::SmallPush => pushes::small(bed).await,
            Self::ChunkedPush => pushes::chunked(bed).await,
            Self::LargePush => pushes::large(bed).await,
            Self::ManifestGet => reads::manifests(bed).await,
            Self::ManifestPaced => reads::paced(bed).await,
            Self::ManifestBesideDownloads => reads::beside_downloads(bed).await,
            Self::Blob64k => reads::small_blobs(bed).await,
            Self::Blob10m => reads::downloads(bed, Read::Middle).await,
            Self::BlobLarge => reads::downloads(bed, Read::Large).await,
        }
    }
}
