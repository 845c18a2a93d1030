//! A registry that fails, in every way that it can.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::TryStreamExt as _;

use super::faulty::{Answer, Faulty};
use super::real::free_address;
use super::{Credentials, digest, login, repository, settings, source, tag, upstreams};
use crate::config;
use crate::oci::{MediaType, Reference};
use crate::upstream::{FetchedBlob, Repository, UpstreamError};

const CONTENT: &str = r#"{"schemaVersion":2}"#;

/// An answer with a manifest.
fn manifest(headers: &str) -> Answer {
    Answer::new(200, &format!("content-type: {}\n{headers}", MediaType::OCI_MANIFEST), CONTENT)
}

fn retrying(retries: usize) -> config::Upstreams {
    config::Upstreams { retries, ..settings() }
}

async fn read(repository: &Repository) -> Result<(), UpstreamError> {
    repository.manifest(&tag("v1")).await.map(|_| ())
}

async fn whole(blob: FetchedBlob) -> Result<Vec<u8>, UpstreamError> {
    let chunks: Vec<Bytes> = blob.body.try_collect().await?;
    Ok(chunks.concat())
}

#[tokio::test]
async fn each_status_says_what_it_is() {
    for (status, headers, body, expected) in [
        (404, "", r#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#, UpstreamError::NotFound),
        (404, "docker-distribution-api-version: registry/2.0", "", UpstreamError::NotFound),
        (
            403,
            "",
            r#"{"errors":[{"code":"DENIED","message":"no"}]}"#,
            UpstreamError::Forbidden { with_login: false, detail: "no".to_owned() },
        ),
        (401, "", "", UpstreamError::Unauthorized { with_login: false, detail: String::new() }),
        (429, "retry-after: 60", "", UpstreamError::TooManyRequests { retry_after: Some(Duration::from_mins(1)) }),
        (500, "", "<html>", UpstreamError::Status { status: 500, retry_after: None, detail: String::new() }),
        (418, "", "", UpstreamError::Status { status: 418, retry_after: None, detail: String::new() }),
    ] {
        let registry = Faulty::start(move |_, _| Answer::new(status, headers, body)).await;
        assert_eq!(read(&repository(&settings(), &registry.address)).await, Err(expected), "{status}");
    }
}

#[tokio::test]
async fn what_answers_like_no_registry_is_none() {
    let website = Faulty::start(|_, _| Answer::new(404, "content-type: text/html", "<html>")).await;
    let error = read(&repository(&settings(), &website.address)).await;
    assert_eq!(error, Err(UpstreamError::NotARegistry { registry: website.address.clone() }));
    assert_eq!(website.lines(), ["GET /v2/team/app/manifests/v1", "GET /v2/"]);
    let page = Faulty::start(|_, _| Answer::new(200, "content-type: text/html", "<html>")).await;
    let error = read(&repository(&settings(), &page.address)).await;
    assert_eq!(error, Err(UpstreamError::NotARegistry { registry: page.address.clone() }));
    let terse = Faulty::start(|_, request| Answer::new(if request.path == "/v2/" { 200 } else { 404 }, "", "")).await;
    assert_eq!(read(&repository(&settings(), &terse.address)).await, Err(UpstreamError::NotFound));
}

#[tokio::test]
async fn wrong_content_is_refused() {
    let other = digest(b"other");
    let header = format!("docker-content-digest: {other}");
    let registry = Faulty::start(move |_, _| manifest(&header)).await;
    let repository = repository(&settings(), &registry.address);
    assert!(matches!(read(&repository).await, Err(UpstreamError::Integrity(_))), "the tag");
    let by_digest = repository.manifest(&Reference::Digest(other.clone())).await;
    assert!(matches!(by_digest, Err(UpstreamError::Integrity(_))), "the digest");
    assert!(matches!(repository.content(&other, 100).await, Err(UpstreamError::Integrity(_))), "the blob");
    let right = repository.manifest(&Reference::Digest(digest(CONTENT.as_bytes()))).await;
    assert!(right.is_ok(), "what was asked for counts, not what a header says");
}

#[tokio::test]
async fn a_head_without_a_digest_is_followed_by_a_manifest() {
    let registry = Faulty::start(|_, _| manifest("")).await;
    let found = repository(&settings(), &registry.address).digest(&"v1".parse().unwrap()).await;
    assert_eq!(found, Ok(digest(CONTENT.as_bytes())));
    assert_eq!(registry.lines(), ["HEAD /v2/team/app/manifests/v1", "GET /v2/team/app/manifests/v1"]);
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    let registry = Faulty::start(|number, _| match number {
        0 => Answer::new(503, "", ""),
        1 => Answer::Bytes(Vec::new()),
        2 => {
            Answer::Bytes(Answer::head(200, &format!("content-length: 100\ncontent-type: {}", MediaType::OCI_MANIFEST)))
        }
        3 => Answer::new(429, "retry-after: 0", ""),
        _ => manifest(""),
    })
    .await;
    assert_eq!(read(&repository(&retrying(3), &registry.address)).await, Ok(()));
    assert_eq!(registry.requests().len(), 5);
}

#[tokio::test]
async fn what_does_not_pass_is_not() {
    for status in [400, 401, 403, 404] {
        let registry =
            Faulty::start(move |_, _| Answer::new(status, "docker-distribution-api-version: registry/2.0", "")).await;
        assert!(read(&repository(&retrying(3), &registry.address)).await.is_err());
        assert_eq!(registry.requests().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn retry_after_is_obeyed_without_asking() {
    let registry = Faulty::start(|_, request| match request.method.as_str() {
        "HEAD" => manifest(&format!("docker-content-digest: {}", digest(CONTENT.as_bytes()))),
        _ => Answer::new(429, "retry-after: 60", ""),
    })
    .await;
    let repository = repository(&retrying(3), &registry.address);
    for _ in 0..3 {
        let error = read(&repository).await.unwrap_err();
        assert!(error.retry_after().is_some_and(|wait| wait > Duration::from_secs(50)), "{error:?}");
    }
    assert_eq!(registry.requests().len(), 1);
    assert!(repository.digest(&"v1".parse().unwrap()).await.is_ok(), "heads are counted apart");
}

#[tokio::test]
async fn a_registry_that_is_down_is_left_alone() {
    let address = free_address().to_string();
    let repository = repository(&config::Upstreams { failures: 2, ..settings() }, &address);
    assert!(matches!(read(&repository).await, Err(UpstreamError::Network(_))));
    assert!(matches!(read(&repository).await, Err(UpstreamError::Network(_))));
    let began = Instant::now();
    assert!(matches!(read(&repository).await, Err(UpstreamError::Open { .. })));
    assert!(began.elapsed() < Duration::from_millis(50), "{:?}", began.elapsed());
}

#[tokio::test]
async fn silence_ends() {
    let quick =
        config::Upstreams { first_byte: Duration::from_millis(200), idle: Duration::from_millis(200), ..settings() };
    let mute = Faulty::start(|_, _| Answer::Silence(Vec::new())).await;
    let after = Duration::from_millis(200);
    assert_eq!(read(&repository(&quick, &mute.address)).await, Err(UpstreamError::Timeout { step: "answer", after }));
    let stalled = Faulty::start(|_, _| {
        let mut bytes =
            Answer::head(200, &format!("content-length: {}\ncontent-type: {}", CONTENT.len(), MediaType::OCI_MANIFEST));
        bytes.extend_from_slice(b"{");
        Answer::Silence(bytes)
    })
    .await;
    let error = read(&repository(&quick, &stalled.address)).await;
    assert_eq!(error, Err(UpstreamError::Timeout { step: "send more", after }));
}

#[tokio::test]
async fn a_blob_that_is_cut_off_is_no_blob() {
    let registry = Faulty::start(|_, _| {
        let mut bytes = Answer::head(200, "content-length: 100");
        bytes.extend_from_slice(b"beginning");
        Answer::Bytes(bytes)
    })
    .await;
    let blob = repository(&settings(), &registry.address).blob(&digest(b"x"), 0).await.unwrap();
    assert_eq!(blob.size, Some(100));
    assert!(matches!(whole(blob).await, Err(UpstreamError::Network(_))));
}

#[tokio::test]
async fn a_registry_without_ranges_is_read_from_the_beginning() {
    let registry = Faulty::start(|_, _| Answer::new(200, "", "0123456789")).await;
    let blob = repository(&settings(), &registry.address).blob(&digest(b"x"), 4).await.unwrap();
    assert_eq!(blob.size, Some(10));
    assert_eq!(whole(blob).await.unwrap(), b"456789");
    assert_eq!(registry.requests()[0].header("range"), Some("bytes=4-"));
    let wrong = Faulty::start(|_, _| Answer::new(206, "content-range: bytes 0-9/10", "0123456789")).await;
    let blob = repository(&settings(), &wrong.address).blob(&digest(b"x"), 4).await;
    assert!(matches!(blob, Err(UpstreamError::Integrity(_))));
}

#[tokio::test]
async fn a_redirect_takes_no_login_along() {
    let storage = Faulty::start(|_, _| Answer::new(200, "", "blob")).await;
    let target = format!("http://{}/signed?key=secret", storage.address);
    let registry = Faulty::start(move |_, request| match request.header("authorization") {
        Some(_) => Answer::new(307, &format!("location: {target}"), ""),
        None => Answer::new(401, "www-authenticate: Basic realm=\"x\"", ""),
    })
    .await;
    let credentials = login(&registry.address, "alice", "secret");
    let repository = upstreams(&settings()).repository(&source(&registry.address, "team/app", true), &credentials);
    assert_eq!(whole(repository.blob(&digest(b"blob"), 0).await.unwrap()).await.unwrap(), b"blob");
    let there = storage.requests();
    assert_eq!(
        (there.len(), there[0].path.as_str(), there[0].header("authorization")),
        (1, "/signed?key=secret", None)
    );
}

#[tokio::test]
async fn a_redirect_is_remembered_while_it_leads_somewhere() {
    let storage = Faulty::start(|number, _| match number {
        1 => Answer::new(206, "content-range: bytes 1-3/4", "lob"),
        2 => Answer::new(403, "", ""),
        _ => Answer::new(200, "", "blob"),
    })
    .await;
    let target = format!("http://{}/signed", storage.address);
    let registry = Faulty::start(move |_, _| Answer::new(307, &format!("location: {target}"), "")).await;
    let repository = repository(&settings(), &registry.address);
    let read = async |from| whole(repository.blob(&digest(b"blob"), from).await.unwrap()).await.unwrap();
    assert_eq!(read(0).await, b"blob");
    assert_eq!(read(1).await, b"lob");
    assert_eq!(registry.requests().len(), 1);
    assert_eq!(read(0).await, b"blob", "what is signed no more is signed anew");
    assert_eq!((registry.requests().len(), storage.requests().len()), (2, 4));
}

#[tokio::test]
async fn redirects_end() {
    let around = Faulty::start(|_, request| Answer::new(302, &format!("location: {}", request.path), "")).await;
    let error = read(&repository(&settings(), &around.address)).await.unwrap_err();
    assert!(matches!(&error, UpstreamError::Network(text) if text.contains("redirects")), "{error}");
    assert_eq!(around.requests().len(), 6);
    let inwards =
        Faulty::start(|_, _| Answer::new(302, "location: http://169.254.169.254/latest/meta-data/", "")).await;
    let error = read(&repository(&settings(), &inwards.address)).await;
    assert_eq!(error, Err(UpstreamError::NotAllowed { what: "the address 169.254.169.254".to_owned() }));
}

#[tokio::test]
async fn whoever_is_redirected_to_does_not_say_what_there_is() {
    for status in [401, 403, 404] {
        let storage =
            Faulty::start(move |_, _| Answer::new(status, "docker-distribution-api-version: registry/2.0", "")).await;
        let target = format!("http://{}/expired", storage.address);
        let registry = Faulty::start(move |_, _| Answer::new(307, &format!("location: {target}"), "")).await;
        let error = repository(&settings(), &registry.address).blob(&digest(b"x"), 0).await.map(|_| ()).unwrap_err();
        assert!(matches!(error, UpstreamError::Status { status: told, .. } if told == status), "{error:?}");
    }
}

#[tokio::test]
async fn a_proxy_is_asked_where_there_is_one() {
    let proxy = Faulty::start(|_, _| manifest("")).await;
    let through = config::Upstreams {
        proxy: Some(format!("http://{}", proxy.address).parse().unwrap()),
        insecure: vec!["registry.test:80".parse().unwrap()],
        ..settings()
    };
    assert_eq!(read(&repository(&through, "registry.test:80")).await, Ok(()));
    // TLS would go through a tunnel, which this proxy does not make.
    assert_eq!(proxy.lines(), ["CONNECT registry.test:80", "GET http://registry.test/v2/team/app/manifests/v1"]);
    let inwards = read(&repository(&through, "169.254.169.254")).await.unwrap_err();
    assert!(matches!(inwards, UpstreamError::NotAllowed { .. }), "{inwards}");
}

#[tokio::test]
async fn pages_of_tags_are_followed_and_end() {
    let registry = Faulty::start(|_, request| match request.path.split_once('?') {
        None => Answer::new(200, "link: </v2/team/app/tags/list?last=b&n=2>; rel=\"next\"", r#"{"tags":["a","b"]}"#),
        Some(_) => Answer::new(200, "", r#"{"tags":["c"]}"#),
    })
    .await;
    assert_eq!(repository(&settings(), &registry.address).tags().await.unwrap(), ["a", "b", "c"]);
    let empty = Faulty::start(|_, _| Answer::new(200, "", r#"{"tags":null}"#)).await;
    assert_eq!(repository(&settings(), &empty.address).tags().await, Ok(Vec::new()));
}

#[tokio::test]
async fn a_manifest_has_a_limit() {
    let registry = Faulty::start(|_, _| {
        Answer::new(200, &format!("content-type: {}", MediaType::OCI_MANIFEST), vec![b' '; 5 << 20])
    })
    .await;
    let error = read(&repository(&settings(), &registry.address)).await;
    assert_eq!(error, Err(UpstreamError::TooLarge { limit: 4 << 20 }));
}

#[tokio::test]
async fn errors_hold_no_signatures() {
    let nowhere = format!("http://{}/signed?key=secret", free_address());
    let registry = Faulty::start(move |_, _| Answer::new(307, &format!("location: {nowhere}"), "")).await;
    let repository =
        upstreams(&settings()).repository(&source(&registry.address, "team/app", true), &Credentials::none());
    let error = repository.blob(&digest(b"x"), 0).await.map(|_| ()).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
}
