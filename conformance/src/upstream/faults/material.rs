//! The registries behind the proxies, and what they hold.

use std::path::PathBuf;

use anyhow::Result;
use tempfile::TempDir;

use crate::content::{Content, Image};
use crate::oci::certificate;
use crate::upstream::kinds::{REPOSITORY as PUSHED, push};
use crate::upstream::registry::{Kind, Registry, Setup};

/// The repository of all images.
pub(super) const REPOSITORY: &str = PUSHED;

/// Two registries with the same images. No two of these share a blob.
#[derive(Debug)]
pub(super) struct Material {
    pub(super) plain: Registry,
    pub(super) secured: Registry,
    /// Pulled before a fault, all of it.
    pub(super) cached: Image,
    /// Its manifest is.
    pub(super) half: Image,
    /// Asked for by its tag, during a fault.
    pub(super) by_tag: Image,
    /// Asked for by its digest.
    pub(super) by_digest: Image,
    keys: TempDir,
}

impl Material {
    pub(super) async fn new() -> Result<Self> {
        let keys = TempDir::new()?;
        let tls = Some(certificate::write(keys.path())?);
        let plain = Registry::start(Kind::Debian, Setup::default()).await?;
        let secured = Registry::start(Kind::Debian, Setup { tls, ..Setup::default() }).await?;
        let image = |name: &str| Image::new(name, name, "amd64");
        let (cached, half) = (image("cached")?, image("half")?);
        let (by_tag, by_digest) = (image("by-tag")?, image("by-digest")?);
        for registry in [&plain, &secured] {
            let api = registry.api()?;
            for (tag, image) in [("cached", &cached), ("half", &half), ("by-tag", &by_tag)] {
                push(&api, tag, image).await?;
            }
            push(&api, &by_digest.manifest().digest, &by_digest).await?;
        }
        Ok(Self { plain, secured, cached, half, by_tag, by_digest, keys })
    }

    /// What must be trusted to read the registry that speaks TLS.
    pub(super) fn authority(&self) -> PathBuf {
        self.keys.path().join("authority.pem")
    }
}
