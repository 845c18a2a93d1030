//! Debian's `docker-registry` as the upstream.

use std::process::{Child, Command, Stdio};

use super::*;
use crate::upstream::tests::real::free_address;

/// A registry that is stopped at the end.
pub(in super::super) struct DockerRegistry {
    child: Child,
    pub(in super::super) address: SocketAddr,
    _folder: TempDir,
}

impl DockerRegistry {
    /// `None` where it is not installed.
    pub(in super::super) async fn start() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let address = free_address();
        let config = folder.path().join("config.yml");
        let storage = folder.path().join("storage");
        let text = format!(
            "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n",
            storage.display()
        );
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(&config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().ok()?;
        let registry = Self { child, address, _folder: folder };
        let answers = async {
            while reqwest::get(registry.url("")).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), answers).await.expect("docker-registry answers");
        Some(registry)
    }

    pub(in super::super) fn url(&self, path: &str) -> String {
        format!("http://{}/v2/{path}", self.address)
    }

    pub(in super::super) async fn push(&self, content: &Bytes, digest: &Digest) {
        let client = reqwest::Client::new();
        let begun = client.post(self.url("team/app/blobs/uploads/")).send().await.unwrap();
        let location = begun.headers()["location"].to_str().unwrap().to_owned();
        let separator = if location.contains('?') { '&' } else { '?' };
        let url = format!("{location}{separator}digest={digest}");
        let pushed = client.put(url).body(content.clone()).send().await.unwrap();
        assert_eq!(pushed.status(), StatusCode::CREATED);
    }
}

impl Drop for DockerRegistry {
    fn drop(&mut self) {
        // It has nothing to finish.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Straight, with ranges and keep-alive as they are in the field.
#[tokio::test]
async fn pulls_through_from_a_docker_registry() {
    let Some(registry) = DockerRegistry::start().await else { return };
    let weir = Weir::start().await;
    for size in [10, 70_000, LARGE] {
        let (content, digest) = content(size);
        registry.push(&content, &digest).await;
        let source = Source::of(&format!("{}/team/app", registry.address).parse().unwrap(), true);
        let link = Link { digest: &digest, size: size as u64, origin: Origin::Upstream(source) };
        weir.records.transact(&link).await.unwrap();
        assert_eq!(weir.pull(&digest).await, (StatusCode::OK, Some(content.clone())));
        weir.arrives(&digest).await;
        assert_eq!(weir.pull(&digest).await, (StatusCode::OK, Some(content)));
    }
    weir.stop().await;
}

/// With a proxy before it that breaks the connection, and the registry's own answer to what is asked then.
#[tokio::test]
async fn a_docker_registry_is_asked_for_the_rest() {
    let Some(registry) = DockerRegistry::start().await else { return };
    let (weir, (content, digest)) = (Weir::start().await, content(LARGE));
    registry.push(&content, &digest).await;
    let upstream = Upstream::before(registry.address).await;
    upstream.then(Fault::Cut(600_000));
    weir.link(&digest, LARGE, &upstream).await;
    assert_eq!(weir.pull(&digest).await, (StatusCode::OK, Some(content)));
    assert_eq!(upstream.asked(), ["GET", "GET 600000-"]);
}
