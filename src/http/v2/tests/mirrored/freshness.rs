//! How far a tag follows its registry.

use super::*;

const TAG: &str = "hub.io/team/app/manifests/v1";

/// A site that pulled a tag.
async fn pulled(change: impl FnOnce(&mut MirrorPrefix)) -> (Site, Hub, Image) {
    let hub = Hub::start().await;
    let image = hub.image("one");
    hub.tag("team/app:v1", &image.digest);
    let site = Site::start(hub.address, change).await;
    assert_eq!(site.get(TAG).await.body, image.manifest);
    // The config follows the manifest, and is none of these tests' business.
    while site.records.blobs().size(&image.config).await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    hub.asked();
    (site, hub, image)
}

#[tokio::test]
async fn nothing_is_asked_within_the_window() {
    let (site, hub, image) = pulled(|_| {}).await;
    hub.tag("team/app:v1", &hub.image("two").digest);
    let again = site.get(TAG).await;
    assert_eq!((again.body, again.headers.get("warning")), (image.manifest, None));
    assert!(again.headers.contains_key("age"));
    assert_eq!(hub.asked(), [""; 0]);
    site.stop().await;
}

#[tokio::test]
async fn an_unchanged_tag_costs_a_head() {
    let (site, hub, image) = pulled(|mirror| mirror.fresh_for = Duration::ZERO).await;
    let again = site.get(TAG).await;
    assert_eq!((again.header("age"), again.header("warning")), (Some("0"), None));
    assert_eq!(again.body, image.manifest);
    assert_eq!(hub.asked(), ["HEAD team/app/manifests/v1"]);
    site.stop().await;
}

#[tokio::test]
async fn a_moved_tag_is_followed_and_the_old_image_stays() {
    let (site, hub, one) = pulled(|mirror| mirror.fresh_for = Duration::ZERO).await;
    let two = hub.image("two");
    hub.tag("team/app:v1", &two.digest);
    assert_eq!(site.get(TAG).await.body, two.manifest);
    // And back: what is here is not fetched again.
    while site.records.blobs().size(&two.config).await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    hub.asked();
    hub.tag("team/app:v1", &one.digest);
    assert_eq!(site.get(TAG).await.body, one.manifest);
    assert_eq!(hub.asked(), ["HEAD team/app/manifests/v1"]);
    hub.stop().await;
    for image in [&one, &two] {
        assert_eq!(site.get(&format!("hub.io/team/app/manifests/{}", image.digest)).await.body, image.manifest);
    }
    let digests = site.history("hub.io/team/app", "v1").await;
    let expected = [&one, &two, &one].map(|image| image.digest.to_string());
    assert_eq!(digests, expected);
    site.stop().await;
}

/// Whoever comes while the question goes on does not wait anew, and the answer is heard although nobody waits for it.
#[tokio::test]
async fn what_is_known_is_served_while_the_registry_thinks() {
    let (site, hub, image) = pulled(|mirror| {
        mirror.fresh_for = Duration::ZERO;
        mirror.patience = Duration::from_millis(50);
    })
    .await;
    hub.becomes(Mood::Hangs);
    for _ in 0..3 {
        let again = site.get(TAG).await;
        assert_eq!((again.status, &again.body), (StatusCode::OK, &image.manifest));
        assert_eq!(again.header("warning"), Some("110 - \"the upstream has not answered yet\""));
    }
    assert_eq!(hub.asked(), ["HEAD team/app/manifests/v1"]);
    site.stop().await;
}

#[tokio::test]
async fn offline_nothing_is_asked() {
    let hub = Hub::start().await;
    let site = Site::start(hub.address, |mirror| mirror.offline = true).await;
    let digest = format!("sha256:{}", "0".repeat(64));
    for path in [TAG, &format!("hub.io/team/app/manifests/{digest}"), &format!("hub.io/team/app/blobs/{digest}")] {
        let refused = site.get(path).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE"),
            "{path}"
        );
    }
    assert_eq!(hub.asked(), [""; 0]);
    site.stop().await;
}
