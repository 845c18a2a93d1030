//! docker and podman pull what was tagged from another stream, and what was deleted and is back.

use std::path::Path;

use anyhow::{Result, ensure};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::site::Site;
use crate::api::expect;
use crate::clients::dockerd::Dockerd;
use crate::clients::podman::with_store;
use crate::content::{Content, Image};
use crate::report::Checks;
use crate::tool::Tool;

/// Streams of this namespace are used.
const NAMESPACE: &str = "engines";

/// Drives both.
pub(super) async fn drive(site: &mut Site, weir: &Path, checks: &mut Checks<'_>) -> Result<()> {
    let home = TempDir::new()?;
    let daemon = Dockerd::start(home.path()).await?;
    let docker = Engine { tool: daemon.client(home.path())?, name: "docker", pull: &["pull"] };
    let podman = with_store(Tool::find("podman", home.path())?, home.path());
    let podman = Engine { tool: podman, name: "podman", pull: &["pull", "--tls-verify=false"] };

    let image = site.push(&format!("{NAMESPACE}/a"), "x", "engine").await?;
    let tagged = Tagged { site, image: &image };
    checks.step("tag A:x as B:y, as oc tag does", tagged.tag()).await;
    tagged.is_served("while A is there", &[&docker, &podman], checks).await;
    checks.step("delete the stream A", tagged.delete("a")).await;
    tagged.is_served("once A is deleted", &[&docker, &podman], checks).await;
    checks.step("delete the stream B; nothing of it is served", tagged.delete_all()).await;
    checks.step("one command brings B:y back", tagged.bring_back(weir)).await;
    tagged.is_served("once B is back", &[&docker, &podman], checks).await;
    daemon.stop().await
}

/// An engine that pulls.
struct Engine {
    tool: Tool,
    name: &'static str,
    pull: &'static [&'static str],
}

impl Engine {
    async fn pull(&self, name: &str, config: &str) -> Result<()> {
        // An image that it has is none that it pulled.
        drop(self.tool.run(&["rmi", "--force", name]).await);
        self.tool.run(&[self.pull, &[name]].concat()).await?;
        let id = self.tool.run(&["image", "inspect", "--format", "{{.Id}}", name]).await?;
        let id = id.trim();
        ensure!(config.ends_with(id.trim_start_matches("sha256:")), "it pulled {id}, whose config is {config}");
        Ok(())
    }
}

/// An image that was pushed as `A:x` and tagged as `B:y`.
struct Tagged<'a> {
    site: &'a Site,
    image: &'a Image,
}

impl Tagged<'_> {
    async fn tag(&self) -> Result<()> {
        let digest = &self.image.manifest().digest;
        let tag = json!({
            "kind": "ImageStreamTag",
            "apiVersion": "image.openshift.io/v1",
            "metadata": { "name": "b:y", "namespace": NAMESPACE },
            "tag": {
                "name": "y",
                "annotations": null,
                "from": { "kind": "ImageStreamImage", "namespace": NAMESPACE, "name": format!("a@{digest}") },
                "generation": 0,
                "importPolicy": {},
                "referencePolicy": { "type": "Source" },
            },
        });
        let put = self.request(Method::PUT, "imagestreamtags/b:y").body(tag.to_string());
        expect(put.header("content-type", "application/json").send().await?, StatusCode::CREATED).await?;
        Ok(())
    }

    async fn delete(&self, stream: &str) -> Result<()> {
        let path = format!("imagestreams/{stream}");
        expect(self.request(Method::DELETE, &path).send().await?, StatusCode::OK).await?;
        self.site.api.is_gone(&format!("{NAMESPACE}/{stream}"), &self.image.manifest().digest).await
    }

    async fn delete_all(&self) -> Result<()> {
        self.delete("b").await?;
        self.site.api.is_gone(&format!("{NAMESPACE}/b"), "y").await
    }

    async fn bring_back(&self, weir: &Path) -> Result<()> {
        self.site.client(weir.to_owned()).run(&["rollback", "b", "--deleted", "-n", NAMESPACE]).await?;
        let stream = expect(self.request(Method::GET, "imagestreams/b").send().await?, StatusCode::OK).await?;
        let stream: Value = stream.json().await?;
        let means = &stream["status"]["tags"][0]["items"][0]["image"];
        ensure!(*means == *self.image.manifest().digest, "B:y means {means}: {stream}");
        Ok(())
    }

    /// Both engines pull it by tag and by digest, and every byte of it is there.
    async fn is_served(&self, when: &str, engines: &[&Engine], checks: &mut Checks<'_>) {
        let repository = format!("{NAMESPACE}/b");
        let name = format!("every blob of B:y is served {when}");
        checks.step(&name, self.site.api.serves(&repository, "y", self.image)).await;
        let Image { config, manifest, .. } = self.image;
        for engine in engines {
            for reference in [":y".to_owned(), format!("@{}", manifest.digest)] {
                let by = if reference == ":y" { "tag" } else { "digest" };
                let name = format!("{} pulls B:y by {by} {when}", engine.name);
                let image = format!("{}/{repository}{reference}", self.site.host);
                checks.step(&name, engine.pull(&image, &config.digest)).await;
            }
        }
    }

    fn request(&self, method: Method, resource: &str) -> reqwest::RequestBuilder {
        let path = format!("/apis/image.openshift.io/v1/namespaces/{NAMESPACE}/{resource}");
        self.site.api.request(method, &path)
    }
}
