//! Reading an image from its upstream: its manifests and configs. Layers stay where they are until somebody pulls them.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::platform::Preference;
use crate::oci::{Descriptor, Digest, Manifest, ManifestKind, MediaType, Reference};
use crate::streams::image::CONFIG_LIMIT;
use crate::upstream::{FetchedManifest, Repository, UpstreamError};

/// Lists in lists are followed so deep. Nobody makes two levels.
const DEEPEST: usize = 3;

/// So many manifests of one list are taken. The largest ones have some dozens.
const MOST: usize = 500;

/// So many of them are read at once. How often a registry is asked is limited elsewhere.
const AT_ONCE: usize = 4;

/// Why an image could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum FetchError {
    /// What is to be imported has no name that could be asked for.
    #[error("invalid name: invalid reference format")]
    Name,
    /// The upstream did not give it.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// A limit of the namespace is in the way.
    #[error("{0}")]
    Limit(String),
    /// It is no manifest that is taken here.
    #[error("{0}")]
    Manifest(String),
}

/// A manifest with what it needs.
#[derive(Debug, Clone)]
pub(crate) struct Fetched {
    pub(crate) digest: Digest,
    pub(crate) manifest: Manifest,
    pub(crate) content: Bytes,
    /// Of an image, unless it is larger than what is looked at.
    pub(crate) config: Option<Bytes>,
    /// Of a list that is kept whole.
    pub(crate) children: Vec<Fetched>,
    /// What the upstream has under the name that was asked for: a list, where this is one of its images.
    pub(crate) upstream: Digest,
}

impl Fetched {
    /// This one, and all under it.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Self> {
        let mut pending = vec![self];
        std::iter::from_fn(move || {
            let next = pending.pop()?;
            pending.extend(next.children.iter().rev());
            Some(next)
        })
    }

    pub(crate) fn size(&self) -> u64 {
        self.content.len() as u64
    }
}

/// How an image is read.
#[derive(Debug, Clone)]
pub(super) struct Fetch<'a> {
    pub(super) repository: &'a Repository,
    /// Whether a manifest list is kept whole.
    pub(super) whole_lists: bool,
    pub(super) preference: &'a Preference,
}

impl Fetch<'_> {
    /// Reads what a tag or digest means.
    pub(super) async fn get(&self, reference: &Reference) -> Result<Arc<Fetched>, FetchError> {
        let (mut found, mut manifest) = parsed(self.repository.manifest(reference).await?)?;
        let upstream = found.digest.clone();
        for _ in 0..DEEPEST {
            if manifest.kind() == ManifestKind::Image || self.whole_lists {
                break;
            }
            let chosen = self.preference.choose(manifest.manifests());
            let chosen = chosen.ok_or_else(|| FetchError::Manifest("the manifest list is empty".to_owned()))?;
            (found, manifest) = self.part(&chosen.digest).await?;
        }
        if manifest.kind() == ManifestKind::Index && !self.whole_lists {
            return Err(FetchError::Manifest("the manifest list holds nothing but lists".to_owned()));
        }
        let fetched = self.whole(found, manifest, DEEPEST).await?;
        Ok(Arc::new(Fetched { upstream, ..fetched }))
    }

    /// A manifest that a list names.
    async fn part(&self, digest: &Digest) -> Result<(FetchedManifest, Manifest), FetchError> {
        parsed(self.repository.part(digest).await?)
    }

    /// A manifest with its config, or with its children.
    fn whole(
        &self,
        found: FetchedManifest,
        manifest: Manifest,
        depth: usize,
    ) -> BoxFuture<'_, Result<Fetched, FetchError>> {
        async move {
            let (config, children) = match manifest.kind() {
                ManifestKind::Image => (self.config(&manifest).await?, Vec::new()),
                ManifestKind::Index => (None, self.children(&manifest, depth).await?),
            };
            let FetchedManifest { digest, content, .. } = found;
            Ok(Fetched { upstream: digest.clone(), digest, manifest, content, config, children })
        }
        .boxed()
    }

    async fn config(&self, manifest: &Manifest) -> Result<Option<Bytes>, FetchError> {
        match manifest.config() {
            Some(config) if config.size <= CONFIG_LIMIT => {
                Ok(Some(self.repository.content(&config.digest, CONFIG_LIMIT).await?))
            }
            _ => Ok(None),
        }
    }

    /// The manifests of a list. What else it lists, as build caches do, is no manifest, and is linked as a blob.
    async fn children(&self, list: &Manifest, depth: usize) -> Result<Vec<Fetched>, FetchError> {
        let mut seen = BTreeSet::new();
        let children: Vec<&Descriptor> =
            list.manifests().iter().filter(|child| is_manifest(child) && seen.insert(&child.digest)).collect();
        let deeper = match depth.checked_sub(1) {
            Some(deeper) if children.len() <= MOST => deeper,
            _ => return Err(FetchError::Manifest("the manifest list holds too much".to_owned())),
        };
        let reads: Vec<BoxFuture<'_, Result<Fetched, FetchError>>> =
            children.into_iter().map(|child| self.child(child, deeper).boxed()).collect();
        stream::iter(reads).buffered(AT_ONCE).try_collect().await
    }

    async fn child(&self, child: &Descriptor, depth: usize) -> Result<Fetched, FetchError> {
        let (found, manifest) = self.part(&child.digest).await?;
        self.whole(found, manifest, depth).await
    }
}

fn parsed(found: FetchedManifest) -> Result<(FetchedManifest, Manifest), FetchError> {
    let manifest = Manifest::parse(&found.content, Some(&found.media_type));
    let manifest = manifest.map_err(|error| FetchError::Manifest(error.to_string()))?;
    Ok((found, manifest))
}

/// Whether what a list names is a manifest.
pub(super) fn is_manifest(child: &Descriptor) -> bool {
    child.media_type.parse::<MediaType>().is_ok_and(|media_type| media_type.manifest_kind().is_some())
}
