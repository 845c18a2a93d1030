//! What clients get when the registry behind a prefix fails.

use std::time::Instant;

use super::*;

const TAG: &str = "hub.io/team/app/manifests/v1";

/// Each way to fail; what a client gets without known content, and how the answer with known content says why.
const FAILURES: [(Mood, u16, &str); 9] = [
    (Mood::Refuses(401, "X-A: b"), 502, "asking the upstream failed: denied"),
    (Mood::Refuses(403, "X-A: b"), 502, "asking the upstream failed: denied"),
    (Mood::Refuses(404, "Docker-Distribution-Api-Version: registry/2.0"), 404, "the upstream no longer knows the tag"),
    (Mood::Refuses(429, "Retry-After: 7"), 429, "asking the upstream failed: limited"),
    (Mood::Refuses(500, "X-A: b"), 502, "asking the upstream failed: failed"),
    (Mood::Refuses(503, "Retry-After: 7"), 503, "asking the upstream failed: failed"),
    (Mood::Refuses(504, "X-A: b"), 504, "asking the upstream failed: failed"),
    (Mood::Hangs, 504, "asking the upstream failed: timeout"),
    (Mood::Drops, 502, "asking the upstream failed: failed"),
];

#[tokio::test]
async fn with_known_content_it_is_served() {
    for (mood, _, why) in FAILURES {
        let hub = Hub::start().await;
        let image = hub.image("one");
        hub.tag("team/app:v1", &image.digest);
        let site = Site::start(hub.address, |mirror| mirror.fresh_for = Duration::ZERO).await;
        assert_eq!(site.get(TAG).await.status, StatusCode::OK);
        hub.becomes(mood);
        let stale = site.get(TAG).await;
        assert_eq!((stale.status, &stale.body), (StatusCode::OK, &image.manifest), "{mood:?}");
        assert_eq!(stale.header("warning"), Some(format!("110 - \"{why}\"").as_str()), "{mood:?}");
        assert!(stale.headers.contains_key("age"), "{mood:?}");
        site.stop().await;
    }
}

#[tokio::test]
async fn without_known_content_the_failure_is_told() {
    for (mood, status, _) in FAILURES {
        let hub = Hub::start().await;
        let image = hub.image("one");
        let site = Site::start(hub.address, |_| {}).await;
        // It is known by then to speak plain HTTP.
        assert_eq!(site.get("hub.io/team/other/manifests/v1").await.status, StatusCode::NOT_FOUND);
        hub.becomes(mood);
        let refused = site.get(TAG).await;
        assert_eq!(refused.status, status, "{mood:?}: {:?}", refused.body);
        let code = match status {
            404 => "MANIFEST_UNKNOWN",
            429 => "TOOMANYREQUESTS",
            _ => "UNAVAILABLE",
        };
        assert_eq!(refused.code(), code, "{mood:?}");
        if let Mood::Refuses(429 | 503, _) = mood {
            assert_eq!(refused.header("retry-after"), Some("7"));
        }
        // By digest as well.
        let by_digest = site.get(&format!("hub.io/team/app/manifests/{}", image.digest)).await;
        assert_eq!(by_digest.status, status, "{mood:?}");
        // A registry that says when to come again is not asked before.
        if !matches!(mood, Mood::Refuses(404 | 429 | 503, _)) {
            hub.tag("team/app:v1", &image.digest);
            hub.becomes(Mood::Well);
            assert_eq!(site.get(TAG).await.body, image.manifest, "{mood:?}");
        }
        site.stop().await;
    }
}

/// A proxy between says 404 of everything: that is not the word of a registry.
#[tokio::test]
async fn only_a_registry_can_say_that_there_is_no_such_thing() {
    let hub = Hub::start().await;
    let site = Site::start(hub.address, |_| {}).await;
    hub.becomes(Mood::Refuses(404, "X-A: b"));
    assert_eq!(site.get(TAG).await.status, StatusCode::BAD_GATEWAY);
    site.stop().await;
}

/// After the first answer there is no more waiting for a registry that is down.
#[tokio::test]
async fn a_registry_that_is_gone_costs_no_time() {
    let hub = Hub::start().await;
    let image = hub.image("one");
    hub.tag("team/app:v1", &image.digest);
    let site = Site::start(hub.address, |mirror| mirror.fresh_for = Duration::ZERO).await;
    let layer = format!("hub.io/team/app/blobs/{}", image.layer);
    site.get(TAG).await;
    site.get(&layer).await;
    hub.stop().await;
    assert_eq!(site.get(TAG).await.body, image.manifest);
    let begun = Instant::now();
    for _ in 0..20 {
        assert_eq!(site.get(TAG).await.body, image.manifest);
        assert_eq!(site.get(&layer).await.body, image.layer_bytes);
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    site.stop().await;
}

#[tokio::test]
async fn what_the_registry_does_not_know_is_asked_once() {
    let hub = Hub::start().await;
    let site = Site::start(hub.address, |_| {}).await;
    for _ in 0..3 {
        let refused = site.get(TAG).await;
        assert_eq!((refused.status, refused.code().as_str()), (StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN"));
    }
    assert_eq!(hub.asked(), ["GET team/app/manifests/v1"]);
    site.stop().await;
}

/// A tag that its registry gave up is served, with a word of warning, and so is its history.
#[tokio::test]
async fn a_tag_that_is_gone_stays_pullable() {
    let hub = Hub::start().await;
    let image = hub.image("one");
    hub.tag("team/app:v1", &image.digest);
    let site = Site::start(hub.address, |mirror| mirror.fresh_for = Duration::ZERO).await;
    site.get(TAG).await;
    hub.untag("team/app:v1");
    let stale = site.get(TAG).await;
    assert_eq!((stale.status, &stale.body), (StatusCode::OK, &image.manifest));
    assert_eq!(stale.header("warning"), Some("110 - \"the upstream no longer knows the tag\""));
    let by_digest = site.get(&format!("hub.io/team/app/manifests/{}", image.digest)).await;
    assert_eq!((by_digest.body, by_digest.headers.get("warning")), (image.manifest, None));
    site.stop().await;
}
