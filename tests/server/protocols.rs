//! HTTP/1.1 and HTTP/2, in plain text and over TLS.

use http::Version;
use weir::config::Tls;

use super::client::{Authority, Client};
use crate::harness::{Blob, Manifest, Weir, media_type};

/// Pushes an image and pulls it again over one connection.
async fn push_and_pull(client: &mut Client) {
    // Larger than a window of HTTP/2, and than what is answered from memory.
    let layer = Blob::random(7, 600_000);
    let config = Blob::config(&[&layer]);
    for blob in [&layer, &config] {
        let session = client.send("POST", "/v2/team/app/blobs/uploads/").await.is(202).location();
        client.send_body("PATCH", &session, &[], blob.bytes.clone()).await.is(202);
        client.send("PUT", &format!("{session}?digest={}", blob.digest)).await.is(201);
    }
    let image = Manifest::image(&config, &[&layer]);
    let content_type = [("content-type", media_type::OCI_IMAGE)];
    client.send_body("PUT", "/v2/team/app/manifests/v1", &content_type, image.bytes.clone()).await.is(201);
    client.send("GET", "/v2/team/app/manifests/v1").await.is(200).holds(&image.bytes);
    client.send("GET", &format!("/v2/team/app/blobs/{}", layer.digest)).await.is(200).holds(&layer.bytes);
    let head = client.send("HEAD", &format!("/v2/team/app/blobs/{}", layer.digest)).await.is(200);
    head.has("content-length", layer.size().to_string()).holds("");
    client.send("GET", "/v2/team/app/manifests/absent").await.is_oci_error(404, "MANIFEST_UNKNOWN");
}

#[tokio::test]
async fn one_connection_of_http_1_pushes_and_pulls() {
    let weir = Weir::start();
    push_and_pull(&mut Client::plain(weir.address(), Version::HTTP_11).await).await;
}

#[tokio::test]
async fn one_connection_of_http_2_without_tls_pushes_and_pulls() {
    let weir = Weir::start();
    push_and_pull(&mut Client::plain(weir.address(), Version::HTTP_2).await).await;
}

#[tokio::test]
async fn over_tls_clients_have_the_version_that_they_offer() {
    let folder = tempfile::tempdir().expect("a folder");
    let (authority, tls) = Authority::new(folder.path());
    let weir = Weir::with(|config| config.listeners[0].tls = Some(tls));
    for (offer, version) in [
        (&["h2", "http/1.1"][..], Version::HTTP_2),
        (&["h2"], Version::HTTP_2),
        (&["http/1.1"], Version::HTTP_11),
        (&[], Version::HTTP_11),
    ] {
        let mut client = Client::tls(weir.address(), &authority, offer).await;
        assert_eq!(client.version(), version, "{offer:?}");
        push_and_pull(&mut client).await;
    }
}

#[tokio::test]
async fn a_server_that_makes_its_own_certificate_is_trusted_by_its_authority_from_then_on() {
    let mut weir = Weir::with(|config| {
        config.listeners[0].tls = Some(Tls::SelfSigned);
        config.names.public = Some("registry.example:5000".to_owned());
    });
    let authority = Authority::reading(&weir.data().join("tls/ca.crt"));
    for _ in 0..2 {
        for name in ["localhost", "127.0.0.1", "registry.example"] {
            let mut client = Client::tls_as(name, weir.address(), &authority, &["h2", "http/1.1"]).await;
            client.send("GET", "/v2/").await.is(200);
        }
        weir.restart();
    }
}

#[tokio::test]
async fn what_is_pushed_over_one_version_is_pulled_over_the_other() {
    let weir = Weir::start();
    let image = weir.repository("team/app").push_image("v1", "content").await;
    let mut client = Client::plain(weir.address(), Version::HTTP_2).await;
    client.send("GET", "/v2/team/app/manifests/v1").await.is(200).holds(&image.bytes);
}
