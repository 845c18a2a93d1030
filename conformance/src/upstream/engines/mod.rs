//! Group `engines`: real engines pull images of another registry through Weir, by every form in which they can be told to.
//!
//! - [`bed`]: the registry, a Weir that serves it at three listeners, and a proxy that leads nowhere else ([`tunnel`]).
//! - [`puller`]: what an engine can do, and those whose commands are alike; [`containerd`] is started by the run.
//! - [`forms`]: how each engine is told where to pull from.
//! - [`insecure`]: a tag that is read over plain HTTP because it says so, by an engine that would not do that.
//!
//! Each form has a repository of its own, so that nothing of it was fetched before. It is pulled by tag, by digest and as a list of
//! platforms, pulled again after the tag has moved, and once more after the other registry is gone.

mod bed;
mod containerd;
mod forms;
mod insecure;
mod puller;
mod tunnel;

use std::path::Path;

use anyhow::{Context as _, Result};

use self::bed::Bed;
use self::forms::{Engines, Form};
use self::insecure::Insecure;
use crate::content::{Content, Image, Index};
use crate::history::{self, Event};
use crate::report::Checks;

/// Runs the group.
pub(super) async fn run(program: &Path, checks: &mut Checks<'_>) -> Result<()> {
    let mut bed = Bed::start(program).await?;
    let engines = Engines::start(&bed).await?;
    let whole = drive(&engines, &mut bed, checks).await?;
    engines.stop().await?;
    if whole { Ok(()) } else { bed.show_logs() }
}

/// Whether all of it worked.
async fn drive(engines: &Engines, bed: &mut Bed, checks: &mut Checks<'_>) -> Result<bool> {
    let mut whole = checks.step("docker refuses an authority that it was not told of", engines.is_suspicious()).await;
    engines.trust(bed)?;
    let mut passages = Vec::new();
    for form in engines.forms(bed)? {
        let passage = Passage::new(form)?;
        whole &= passage.pull_cold(bed, checks).await;
        passages.push(passage);
    }
    let mut insecure = Insecure::start().await?;
    let docker = engines.docker();
    whole &= checks.step("docker, over TLS: what only its tag calls insecure", insecure.pull(bed, &docker)).await;
    whole &= checks.step("the registry behind the prefix stops", bed.stop_upstream()).await;
    whole &= checks.step("the insecure one stops", insecure.stop()).await;
    for passage in &passages {
        let name = format!("{}: all that was pulled, with no other registry", passage.form.name);
        whole &= checks.step(&name, passage.pull_again()).await;
    }
    whole &= checks.step("docker, over TLS: the same of the insecure tag", insecure.pull_again(&docker)).await;
    whole &= checks.step("no engine asked docker.io for anything", async { bed.is_alone() }).await;
    Ok(whole)
}

/// What one form pulls.
struct Passage {
    form: Form,
    /// What the tag means first, and then.
    first: Image,
    second: Image,
    list: Index,
}

/// The tag that moves.
const MOVING: &str = "v1";
/// The tag of the list.
const LIST: &str = "list";

impl Passage {
    fn new(form: Form) -> Result<Self> {
        let base = form.repository();
        let image = |top: &str| Image::new(&base, top, "amd64");
        let (first, second, list) = (image("first")?, image("second")?, Index::new(&base, "list")?);
        Ok(Self { form, first, second, list })
    }

    /// From nothing cached to both meanings of the tag; whether that worked.
    async fn pull_cold(&self, bed: &Bed, checks: &mut Checks<'_>) -> bool {
        let name = self.form.name;
        let first = checks.step(&format!("{name}: by tag and by digest"), self.pull_first(bed)).await;
        let list = checks.step(&format!("{name}: a list of platforms"), self.pull_list(bed)).await;
        let moved =
            checks.step(&format!("{name}: the tag has moved, its history has both"), self.pull_moved(bed)).await;
        first && list && moved
    }

    async fn pull_first(&self, bed: &Bed) -> Result<()> {
        bed.put(&self.form.repository(), MOVING, &self.first).await?;
        self.pull(MOVING, &self.first).await?;
        self.pull(&self.first.manifest.digest, &self.first).await
    }

    async fn pull_list(&self, bed: &Bed) -> Result<()> {
        bed.put(&self.form.repository(), LIST, &self.list).await?;
        self.pull(LIST, self.native()?).await
    }

    async fn pull_moved(&self, bed: &Bed) -> Result<()> {
        bed.put(&self.form.repository(), MOVING, &self.second).await?;
        self.pull(MOVING, &self.second).await?;
        let expected = [&self.second, &self.first].map(|image| Event::tagged(&image.manifest.digest));
        history::compare(&bed.here()?, &format!("docker.io/{}", self.form.repository()), MOVING, &expected).await
    }

    /// All of it once more: what the tag means, what it meant, and both by digest.
    async fn pull_again(&self) -> Result<String> {
        let tags = [(MOVING, &self.second), (LIST, self.native()?)];
        let digests = [&self.first, &self.second].map(|image| (image.manifest.digest.as_str(), image));
        let list = (self.list.manifest().digest.as_str(), self.native()?);
        for (reference, image) in tags.into_iter().chain(digests).chain([list]) {
            self.pull(reference, image).await?;
        }
        Ok("2 tags, 3 digests".to_owned())
    }

    async fn pull(&self, reference: &str, image: &Image) -> Result<()> {
        let name = self.form.reference(reference);
        self.form.puller.pull(&name, image).await
    }

    /// The image of the list that engines of this machine take.
    fn native(&self) -> Result<&Image> {
        let native = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
        self.list.images.iter().find(|image| image.architecture == native).context("the list has none for this machine")
    }
}
