//! What every client that builds images and keeps them is put through.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::content::{Files, Noise};
use crate::history::Event;
use crate::report::Checks;
use crate::target::Target;

/// Size of the files that images are built from.
const FILE: usize = 2_000_000;

/// A container engine with a store of its own.
pub(super) trait Engine {
    /// Builds an image from a directory that holds a Dockerfile and two files.
    async fn build(&self, directory: &Path, name: &str) -> Result<()>;
    /// The digest of an image's config.
    async fn id(&self, name: &str) -> Result<String>;
    /// Gives an image another name.
    async fn tag(&self, name: &str, another: &str) -> Result<()>;
    async fn push(&self, name: &str) -> Result<()>;
    async fn pull(&self, name: &str) -> Result<()>;
    /// Forgets every image, so that a pull must fetch.
    async fn forget(&self) -> Result<()>;
    /// Pushes a list of two images that the registry has, the second as one for arm64.
    async fn push_list(&self, name: &str, images: [&str; 2]) -> Result<()>;
}

/// Builds, pushes, pulls by tag and digest, pushes again, pushes another, retags, and pushes to a second repository.
pub(super) async fn drive(
    client: &'static str,
    engine: &impl Engine,
    target: &Target,
    checks: &mut Checks<'_>,
) -> Result<()> {
    let repository = target.repository(&format!("{client}/app"));
    let run = Run { client, engine, target, repository: &repository };
    let latest = (repository.as_str(), "latest");

    let mut first = Built::default();
    checks.step("build and push; every byte is served", run.build("first", &mut first)).await;
    let one = [Event::tagged(&first.digest)];
    target.check_history(checks, "the push", latest, &one).await;
    checks.step("pull by tag", run.pull("latest", &first)).await;
    checks.step("pull by digest", run.pull(&first.digest, &first)).await;
    checks.step("push it again", run.push_again(&first)).await;
    target.check_history(checks, "no event for what the tag means already", latest, &one).await;

    let mut second = Built::default();
    checks.step("build another and push it to the tag", run.build("second", &mut second)).await;
    let two = [Event::tagged(&second.digest), Event::tagged(&first.digest)];
    target.check_history(checks, "both, newest first", latest, &two).await;
    checks.step("push it under a second tag", run.push_as(&repository, "stable", &second)).await;
    target.check_history(checks, "the second tag", (&repository, "stable"), &two[..1]).await;
    checks.step("pull what the tag meant before", run.pull(&first.digest, &first)).await;

    let other = target.repository(&format!("{client}/other"));
    checks.step("push it to a second repository", run.push_across(&other, &second)).await;
    target.check_history(checks, "the second repository", (&other, "moved"), &two[..1]).await;

    let mut list = String::new();
    checks.step("push a list of two platforms", run.push_list([&first, &second], &mut list)).await;
    target.check_history(checks, "one event for a list", (&repository, "list"), &[Event::Tagged(list)]).await;
    Ok(())
}

/// An image that was built and pushed.
#[derive(Debug, Default)]
struct Built {
    /// Its manifest's digest in the registry.
    digest: String,
    /// Its config's digest, which engines call its id.
    id: String,
}

struct Run<'a, E> {
    client: &'static str,
    engine: &'a E,
    target: &'a Target,
    repository: &'a str,
}

impl<E: Engine> Run<'_, E> {
    async fn build(&self, top: &str, built: &mut Built) -> Result<()> {
        let files: Files = [("base", self.client), ("top", top)]
            .map(|(path, seed)| (path.to_owned(), Noise::new(seed).bytes(FILE)))
            .into();
        let directory = TempDir::new()?;
        for (path, bytes) in &files {
            fs::write(directory.path().join(path), bytes)?;
        }
        fs::write(
            directory.path().join("Dockerfile"),
            "FROM scratch\nCOPY base /base\nCOPY top /top\nCMD [\"/top\"]\n",
        )?;
        let name = self.name("latest");
        self.engine.build(directory.path(), &name).await?;
        built.id = self.engine.id(&name).await?;
        self.engine.push(&name).await?;

        let served = self.target.api.image(self.repository, "latest").await?;
        built.digest.clone_from(&served.digest);
        ensure!(served.config == built.id, "the config is served as {}, built as {}", served.config, built.id);
        ensure!(served.files == files, "the layers do not hold the files that were built in");
        Ok(())
    }

    async fn pull(&self, reference: &str, built: &Built) -> Result<()> {
        self.engine.forget().await?;
        let name = self.name(reference);
        self.engine.pull(&name).await?;
        let id = self.engine.id(&name).await?;
        ensure!(id == built.id, "pulled {id}, built {}", built.id);
        Ok(())
    }

    async fn push_again(&self, built: &Built) -> Result<()> {
        self.pull("latest", built).await?;
        self.engine.push(&self.name("latest")).await?;
        self.means(self.repository, "latest", built).await
    }

    async fn push_as(&self, repository: &str, tag: &str, built: &Built) -> Result<()> {
        let name = self.target.reference(repository, tag);
        self.engine.tag(&self.name("latest"), &name).await?;
        self.engine.push(&name).await?;
        self.means(repository, tag, built).await
    }

    async fn push_across(&self, other: &str, built: &Built) -> Result<()> {
        self.pull("latest", built).await?;
        self.push_as(other, "moved", built).await?;
        self.target.api.image(other, "moved").await?;
        Ok(())
    }

    async fn push_list(&self, images: [&Built; 2], list: &mut String) -> Result<()> {
        let [first, second] = images.map(|built| self.name(&built.digest));
        self.engine.push_list(&self.name("list"), [&first, &second]).await?;
        let served = self.target.api.manifest(self.repository, "list").await?;
        // Docker sorts the children, so their order says nothing.
        let json = served.json()?;
        let children = json["manifests"].as_array().context("the list has no manifests")?;
        ensure!(children.len() == 2, "the list has {} children", children.len());
        for (built, architecture) in images.iter().zip([None, Some("arm64")]) {
            let child = children.iter().find(|child| child["digest"] == built.digest);
            let child = child.with_context(|| format!("{} is not in the list {json}", built.digest))?;
            let kept = &child["platform"]["architecture"];
            ensure!(architecture.is_none_or(|architecture| kept == architecture), "the list lost a platform: {json}");
        }
        *list = served.digest;
        Ok(())
    }

    async fn means(&self, repository: &str, tag: &str, built: &Built) -> Result<()> {
        let found = self.target.api.manifest(repository, tag).await?.digest;
        ensure!(found == built.digest, "{tag} means {found}, not {}", built.digest);
        Ok(())
    }

    fn name(&self, reference: &str) -> String {
        self.target.reference(self.repository, reference)
    }
}
