//! How a server starts and stops.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use weir::config::{Config, Listener, MetadataBackend, Storage};
use weir::server::Server;
use weir_storage::SystemClock;

use crate::harness::{Blob, Weir};

fn config_on(weir: &Weir) -> Config {
    Config {
        listeners: vec![Listener { address: (Ipv4Addr::LOCALHOST, 0).into(), tls: None, mirror: None }],
        storage: Storage { data: weir.data().to_owned(), metadata: MetadataBackend::Sled, ..Storage::default() },
        ..Config::default()
    }
}

/// Why a server does not start.
async fn refusal(config: Config) -> String {
    let started = Server::start(config, Arc::new(SystemClock)).await;
    started.map(drop).expect_err("the server does not start").to_string()
}

#[tokio::test]
async fn a_second_server_on_a_data_directory_is_refused_in_plain_words() {
    let weir = Weir::durable();
    let image = weir.repository("team/app").push_image("v1", "content").await;
    let why = refusal(config_on(&weir)).await;
    assert!(why.contains(&weir.data().display().to_string()), "{why}");
    assert!(why.contains("in use") || why.contains("another"), "{why}");
    weir.repository("team/app").holds("v1", &image).await;
}

#[tokio::test]
async fn a_data_directory_is_free_once_its_server_has_stopped() {
    let mut weir = Weir::durable();
    let config = config_on(&weir);
    weir.stop();
    let server = Server::start(config, Arc::new(SystemClock)).await.expect("the directory is free");
    server.stop().await.expect("a clean stop");
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let weir = Weir::durable();
    let other = tempfile::tempdir().expect("a folder");
    let mut config = config_on(&weir);
    config.storage.data = other.path().join("data");
    config.listeners[0].address = weir.address();
    let why = refusal(config).await;
    assert!(why.contains(&weir.address().to_string()), "{why}");
}

#[tokio::test]
async fn a_folder_that_is_somebody_elses_is_left_alone() {
    let weir = Weir::durable();
    let other = tempfile::tempdir().expect("a folder");
    std::fs::write(other.path().join("thesis.txt"), "mine").expect("a file");
    let mut config = config_on(&weir);
    config.storage.data = other.path().to_owned();
    let why = refusal(config).await;
    assert!(why.contains(&other.path().display().to_string()), "{why}");
    let left: Vec<_> = std::fs::read_dir(other.path()).expect("a folder").collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_an_upload_finish_and_takes_no_new_connections() {
    let mut weir = Weir::with(|config| {
        config.storage.metadata = MetadataBackend::Sled;
        config.limits.grace = Duration::from_mins(1);
    });
    let address = weir.address();
    let blob = Blob::random(3, 200_000);
    let location = weir.repository("team/app").upload().await.location;
    let mut upload = weir.connect().await;
    let length = format!("Content-Length: {}", blob.size());
    upload.send_head(&[&format!("PUT {location}?digest={} HTTP/1.1", blob.digest), &length]).await;
    let (first, rest) = blob.bytes.split_at(blob.size() / 2);
    upload.send(first).await;
    // Another request is answered after this one is at work, as the server accepts in order.
    weir.get("/v2/").await.is(200);

    let stopping = tokio::task::spawn_blocking(move || {
        weir.stop();
        weir
    });
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!stopping.is_finished(), "the server did not wait for the upload");
    upload.send(rest).await;
    upload.reply().await.is(201).has("docker-content-digest", &blob.digest);

    let mut weir = stopping.await.expect("a clean stop");
    weir.restart();
    weir.repository("team/app").blob(&blob.digest).await.is(200).holds(&blob.bytes);
}
