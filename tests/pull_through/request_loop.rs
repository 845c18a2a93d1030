//! `TestRequestLoop`: this server is no upstream of its own, whatever it is called.

use weir::config::Config;

use super::*;

/// A server that knows by which name others reach it.
fn named(config: &mut Config) {
    durable(config);
    config.names.public = Some("registry.test:5000".to_owned());
}

#[tokio::test]
async fn request_loop() {
    let mut weir = Weir::with(named);
    app(&weir).push_image("v1", "one").await;
    let address = weir.address().to_string();
    for own in [address.as_str(), "registry.test:5000"] {
        let from = format!("{own}/team/app:v1");
        let answer = try_import(&weir, "app", &[insecure(&from, "v2")]).await;
        let status = &answer["status"]["images"][0]["status"];
        assert_eq!((&status["reason"], &status["code"]), (&"Forbidden".into(), &403.into()), "{status}");
        let message = status["message"].as_str().unwrap();
        assert!(message.contains("this server itself"), "{message}");
    }
    let nothing = format!("sha256:{}", "0".repeat(64));
    app(&weir).blob(&nothing).await.is_oci_error(404, "BLOB_UNKNOWN");
    assert_eq!(app(&weir).tags().await, ["v1"]);

    // What was imported from a registry whose name is this server's own by now is not looked for here.
    let upstream = Upstream::start();
    let image = put(&upstream, "a/b", "v1", "remote");
    import(&weir, "other", &[insecure(&format!("{}/a/b:v1", upstream.host()), "v1")]).await;
    let before = asked_so_often(&upstream, 2).await;
    weir.restart_with(|config| config.names.public = Some(upstream.host()));
    let refused = weir.repository("team/other").blob(&image.layer.digest).await;
    assert!(refused.status.is_server_error(), "{refused:?}");
    assert_eq!(asked(&upstream), before);
}
