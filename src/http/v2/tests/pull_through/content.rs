//! What clients get while an upstream does what it should.

use futures_util::future::join_all;
use http::{HeaderValue, header};
use serde_json::json;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_clients_cost_one_download() {
    let (weir, (content, digest)) = (Weir::start().await, content(LARGE));
    let upstream = Upstream::of(&content, []).await;
    weir.link(&digest, LARGE, &upstream).await;
    let pulled = join_all((0..100).map(|_| weir.pull(&digest))).await;
    assert!(pulled.iter().all(|(status, body)| *status == StatusCode::OK && body.as_ref() == Some(&content)));
    weir.arrives(&digest).await;
    assert_eq!(upstream.asked(), ["GET"]);
    weir.stop().await;
}

/// The answer is that of a local blob.
#[tokio::test]
async fn a_miss_is_answered_as_a_hit() {
    let (weir, (content, digest)) = (Weir::start().await, content(LARGE));
    let upstream = Upstream::of(&content, []).await;
    weir.link(&digest, LARGE, &upstream).await;
    let mut answers = Vec::new();
    for _ in 0..2 {
        let answer = weir.get(&digest).await;
        let mut headers = answer.headers().clone();
        headers.remove(header::DATE);
        headers.remove("x-request-id");
        assert_eq!(headers[header::CONTENT_LENGTH], LARGE.to_string());
        answers.push((answer.status(), headers, answer.bytes().await.unwrap()));
        weir.arrives(&digest).await;
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(upstream.asked().len(), 1);
}

/// The link knows what there is: nothing is asked, and nothing is fetched.
#[tokio::test]
async fn a_head_is_answered_from_the_link() {
    let (weir, (content, digest)) = (Weir::start().await, content(LARGE));
    let upstream = Upstream::of(&content, []).await;
    weir.link(&digest, LARGE, &upstream).await;
    let path = format!("blobs/{digest}");
    let answer = weir.send(Method::HEAD, &path, HeaderMap::new()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[header::CONTENT_LENGTH], LARGE.to_string());
    assert_eq!(answer.headers()["docker-content-digest"], digest.as_str());
    let known = HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_str(digest.as_str()).unwrap())]);
    for method in [Method::HEAD, Method::GET] {
        assert_eq!(weir.send(method, &path, known.clone()).await.status(), StatusCode::NOT_MODIFIED);
    }
    assert!(upstream.asked().is_empty());
}

#[tokio::test]
async fn ranges_of_a_miss_are_served_from_one_download() {
    let (weir, (content, digest)) = (Weir::start().await, content(LARGE));
    let upstream = Upstream::of(&content, []).await;
    weir.link(&digest, LARGE, &upstream).await;
    let path = format!("blobs/{digest}");
    let ranges = [(1_000_000, 1_000_999), (0, 1_999_999), (LARGE - 5, LARGE - 1)];
    let answers = join_all(ranges.map(|(first, last)| {
        let range = HeaderValue::from_str(&format!("bytes={first}-{last}")).unwrap();
        weir.send(Method::GET, &path, HeaderMap::from_iter([(header::RANGE, range)]))
    }));
    for ((first, last), answer) in ranges.into_iter().zip(answers.await) {
        assert_eq!(answer.status(), StatusCode::PARTIAL_CONTENT);
        assert_eq!(answer.headers()[header::CONTENT_RANGE], format!("bytes {first}-{last}/{LARGE}"));
        assert!(answer.bytes().await.unwrap() == content[first..=last]);
    }
    let several = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static("bytes=0-9,100-109"))]);
    let answer = weir.send(Method::GET, &path, several).await;
    assert_eq!(answer.status(), StatusCode::PARTIAL_CONTENT);
    let outside = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static("bytes=9999999-"))]);
    let answer = weir.send(Method::GET, &path, outside).await;
    assert_eq!(answer.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(upstream.asked(), ["GET"]);
}

/// `TestPullthroughServeNotSeekableBlob`: an upstream that states no length is no trouble to who asks for all, or for a part.
#[tokio::test]
async fn pullthrough_serve_not_seekable_blob() {
    let (weir, (content, digest)) = (Weir::start().await, content(LARGE));
    let upstream = Upstream::of(&content, [Fault::Unstated]).await;
    weir.link(&digest, LARGE, &upstream).await;
    let path = format!("blobs/{digest}");
    let part = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static("bytes=1000000-1000999"))]);
    let (part, whole) = tokio::join!(weir.send(Method::GET, &path, part), weir.pull(&digest));
    assert_eq!(part.headers()[header::CONTENT_RANGE], format!("bytes 1000000-1000999/{LARGE}"));
    assert!(part.bytes().await.unwrap() == content[1_000_000..1_001_000]);
    assert!(whole == (StatusCode::OK, Some(content)));
    assert_eq!(upstream.asked(), ["GET"]);
}

/// The first byte does not wait for the last.
#[tokio::test]
async fn bytes_are_passed_on_while_they_arrive() {
    let (weir, (content, digest)) = (Weir::start().await, content(LARGE));
    let upstream = Upstream::of(&content, []).await;
    upstream.hold_at(10_000);
    weir.link(&digest, LARGE, &upstream).await;
    let mut answer = weir.get(&digest).await;
    let mut got = Vec::new();
    while got.len() < 10_000 {
        got.extend_from_slice(&answer.chunk().await.unwrap().unwrap());
    }
    upstream.hold_at(usize::MAX);
    while let Some(chunk) = answer.chunk().await.unwrap() {
        got.extend_from_slice(&chunk);
    }
    assert!(got == content);
}

#[tokio::test]
async fn a_client_that_leaves_does_not_stop_the_download() {
    let (weir, (content, digest)) = (Weir::start().await, content(LARGE));
    let upstream = Upstream::of(&content, []).await;
    upstream.hold_at(100_000);
    weir.link(&digest, LARGE, &upstream).await;
    drop(weir.get(&digest).await);
    upstream.hold_at(usize::MAX);
    weir.arrives(&digest).await;
    assert_eq!(upstream.asked(), ["GET"]);
    upstream.stop().await;
    assert_eq!(weir.pull(&digest).await, (StatusCode::OK, Some(content)));
}

/// A manifest whose bytes were lost is fetched as a blob is, by its digest.
#[tokio::test]
async fn a_manifest_is_fetched_once() {
    let weir = Weir::start().await;
    let manifest = Bytes::from_static(br#"{"schemaVersion":2,"layers":[]}"#);
    let digest = Algorithm::Sha256.digest(&manifest);
    let upstream = Upstream::of(&manifest, []).await;
    weir.link(&digest, manifest.len(), &upstream).await;
    let path = format!("manifests/{digest}");
    let answers = join_all((0..10).map(|_| weir.send(Method::GET, &path, HeaderMap::new()))).await;
    for answer in answers {
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()[header::CONTENT_TYPE], MediaType::OCI_MANIFEST);
        assert_eq!(answer.bytes().await.unwrap(), manifest);
    }
    assert_eq!(upstream.asked(), ["GET"]);
}

/// What was pushed is kept whatever becomes of the upstream: its link no longer says that it can be had there.
#[tokio::test]
async fn a_push_makes_imported_content_ones_own() {
    let (weir, (content, digest)) = (Weir::start().await, content(1000));
    let upstream = Upstream::of(&content, []).await;
    weir.link(&digest, content.len(), &upstream).await;
    let url = format!("http://{}/v2/team/app/blobs/uploads/?digest={digest}", weir.address);
    let pushed = weir.client.post(url).body(content.clone()).send().await.unwrap();
    assert_eq!(pushed.status(), StatusCode::CREATED);
    let link = weir.records.get(&keys::blob(&digest, &stream())).await.unwrap().unwrap().record;
    assert_eq!(link.origin, Origin::Pushed);
    assert!(upstream.asked().is_empty());
}

/// The secrets of a namespace are those by which its content is fetched.
#[tokio::test]
async fn logins_of_the_namespace_are_used() {
    let (weir, (content, digest)) = (Weir::start().await, content(LARGE));
    let upstream = Upstream::of(&content, [Fault::Refuse(401, "WWW-Authenticate: Basic realm=\"x\"")]).await;
    weir.link(&digest, LARGE, &upstream).await;
    let login = json!({ "auths": { upstream.source().registry: { "username": "u", "password": "p" } } });
    let secret = json!({
        "metadata": { "name": "pull" },
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": { ".dockerconfigjson": login.to_string() },
    });
    let namespaces = format!("http://{}/api/v1/namespaces", weir.address);
    let namespace = json!({ "metadata": { "name": "team" } });
    for (url, object) in [(namespaces.clone(), namespace), (format!("{namespaces}/team/secrets"), secret)] {
        let made = weir.client.post(url).json(&object).send().await.unwrap();
        assert_eq!(made.status(), StatusCode::CREATED);
    }
    assert_eq!(weir.pull(&digest).await, (StatusCode::OK, Some(content)));
    assert_eq!(upstream.asked(), ["GET", "GET Basic dTpw"]);
}
