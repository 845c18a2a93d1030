//! `TestPullthroughManifestDockerReference`: one image in two streams, each from another registry. Manifests are here since the
//! import; it is the layers that are asked for.

use super::*;

/// Pulls the layer from the stream of one of two registries, and tells which of them was asked for it.
async fn touched(repository: &str) -> [bool; 2] {
    let (servers, weir) = ([Upstream::start(), Upstream::start()], Weir::with(reading));
    let names = [("repo/name", "repo1"), ("foo/bar", "repo2")];
    for (server, (repository, stream)) in servers.iter().zip(names) {
        put(server, repository, "latest", "same");
        import(&weir, stream, &[insecure(&format!("{}/{repository}:latest", server.host()), "latest")]).await;
    }
    let layer = Image::of("same").layer;
    weir.repository(repository).blob(&layer.digest).await.is(200).holds(&layer.bytes);
    // Of the manifests and the configs, and of one layer.
    while asked(&servers[0]).len() + asked(&servers[1]).len() < 5 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    servers.each_ref().map(|server| asked(server).iter().any(|asked| asked.contains(&layer.digest)))
}

#[tokio::test]
async fn server_1() {
    assert_eq!(touched("team/repo1").await, [true, false]);
}

#[tokio::test]
async fn server_2() {
    assert_eq!(touched("team/repo2").await, [false, true]);
}
