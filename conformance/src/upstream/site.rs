//! A Weir in front of a registry, with a meter between them.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::meter::Meter;
use super::registry::{Kind, Registry, Setup};
use crate::api::Api;
use crate::bench::load::{self, End, Script};
use crate::bench::material::Image;
use crate::bench::work::{Item, Push};
use crate::server::{Settings, Weir};

/// The repository on the other side.
pub(super) const REPOSITORY: &str = "bench/image";
/// The same behind the prefix of the registry as the meter sees it.
pub(super) const METERED: &str = "metered/bench/image";
/// The same behind a prefix that leads past the meter.
pub(super) const DIRECT: &str = "direct/bench/image";

/// A Weir that reads one registry in two ways.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) weir: Weir,
    pub(super) meter: Meter,
}

/// What Weir is told beside where the registry is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Told<'a> {
    /// Lines of the section `[upstreams]`.
    pub(super) upstreams: &'a str,
    /// Lines of both sections `[[mirror]]`.
    pub(super) mirrors: &'a str,
}

impl Site {
    /// Starts a Weir in front of a registry.
    pub(super) async fn start(program: &Path, upstream: &Registry, told: Told<'_>) -> Result<Self> {
        let Told { upstreams, mirrors } = told;
        let meter = Meter::start(upstream.address())?;
        let (metered, direct) = (meter.address(), upstream.address());
        let sections = format!(
            "[upstreams]\nallow_addresses = [\"127.0.0.0/8\"]\ninsecure = [\"{metered}\", \"{direct}\"]\n{upstreams}\n\
             [[mirror]]\nprefix = \"metered\"\nregistry = \"{metered}\"\n{mirrors}\n\
             [[mirror]]\nprefix = \"direct\"\nregistry = \"{direct}\"\n{mirrors}\n"
        );
        let settings = Settings { sections: &sections, ..Settings::default() };
        let weir = Weir::start_with_settings(program, &settings).await?;
        Ok(Self { weir, meter })
    }

    /// Weir as its clients see it.
    pub(super) fn api(&self) -> Result<Api> {
        Api::new(&self.weir.address().to_string())
    }
}

/// Debian's registry, with nothing in it.
pub(super) async fn debian() -> Result<Registry> {
    Registry::start(Kind::Debian, Setup::default()).await
}

/// Pushes an image to a registry.
pub(super) fn push(registry: &Registry, image: &Image, tag: &str) -> Result<()> {
    let mut unit = Some((REPOSITORY.to_owned(), Item::image(image, tag)));
    let script: Box<dyn Script> = Box::new(Push::new(move |_| unit.take()));
    let push = || load::closed(registry.address(), vec![script], End::Exhausted);
    tokio::task::block_in_place(push).with_context(|| format!("failed to push {tag}"))?;
    Ok(())
}
