//! Registries for which plain HTTP will do, and mirrors that refuse a login.

use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use super::faulty::{Answer, Faulty};
use super::{login, repository, settings, source, tag, upstreams};
use crate::config::{self, Mirror, PullFromMirror};
use crate::oci::MediaType;
use crate::upstream::UpstreamError;

/// That it is asked in TLS first says what it speaks: its answers are its own then, whatever they are.
#[tokio::test]
async fn a_registry_of_plain_http_may_refuse_the_first_requests() {
    let registry = Faulty::start(|_, _| Answer::new(400, "", "")).await;
    let repository = repository(&settings(), &registry.address);
    let v1 = tag("v1");
    for error in futures_util::future::join_all((0..4).map(|_| repository.manifest(&v1))).await {
        let expected = UpstreamError::Status { status: 400, retry_after: None, detail: String::new() };
        assert_eq!(error.unwrap_err(), expected);
    }
}

/// TLS is closed at once, and plain HTTP is never answered.
#[tokio::test]
async fn waiting_in_vain_is_told_as_that() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serving = tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                if socket.read_u8().await.is_ok_and(|byte| byte.is_ascii_uppercase()) {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    let config = config::Upstreams { first_byte: Duration::from_millis(200), ..settings() };
    let error = repository(&config, &address).manifest(&tag("v1")).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Timeout { .. }), "{error}");
    serving.abort();
}

#[tokio::test]
async fn a_mirror_that_refuses_a_login_is_asked_without() {
    let mirror = Faulty::start(|_, request| match request.header("authorization") {
        Some(_) => Answer::new(403, "", ""),
        None if request.path.ends_with("/closed") => Answer::new(401, "www-authenticate: Basic realm=\"x\"", ""),
        None if request.path.ends_with("/busy") => Answer::new(429, "", ""),
        None => Answer::new(200, &format!("content-type: {}", MediaType::OCI_MANIFEST), r#"{"schemaVersion":2}"#),
    })
    .await;
    let mirrors = vec![Mirror {
        source: "quay.io".parse().unwrap(),
        mirrors: vec![mirror.address.parse().unwrap()],
        pull: PullFromMirror::All,
        contact_source: false,
    }];
    let config = config::Upstreams { mirrors, insecure: vec![mirror.address.parse().unwrap()], ..settings() };
    let credentials = login(&mirror.address, "alice", "of no use");
    let repository = upstreams(&config).repository(&source("quay.io", "team/app", false), &credentials);
    // It is learnt that it asks for a login, which is sent from then on.
    let refused = repository.manifest(&tag("closed")).await.unwrap_err();
    assert!(matches!(refused, UpstreamError::Forbidden { with_login: true, .. }), "{refused}");
    let busy = repository.manifest(&tag("busy")).await.unwrap_err();
    assert!(matches!(busy, UpstreamError::TooManyRequests { .. }), "it may pass: {busy}");
    let before = mirror.requests().len();
    repository.manifest(&tag("open")).await.unwrap();
    let asked = mirror.requests().split_off(before);
    let with_login: Vec<bool> = asked.iter().map(|request| request.header("authorization").is_some()).collect();
    assert_eq!(with_login, [true, false]);
}
