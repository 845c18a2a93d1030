//! Signatures and the like, which are carried along with what they refer to.

use serde_json::json;

use super::*;

/// A site before a registry with an image, and an artifact that refers to it.
async fn signed(change: impl FnOnce(&mut MirrorPrefix)) -> (Site, Hub, Image, Image) {
    let hub = Hub::start().await;
    let image = hub.image("one");
    hub.tag("team/app:v1", &image.digest);
    let signature = hub.signature(&image, "signed by alice");
    let site = Site::start(hub.address, change).await;
    (site, hub, image, signature)
}

fn list_of(image: &Image) -> String {
    format!("hub.io/team/app/referrers/{}", image.digest)
}

impl Reply {
    /// The digests that a list has.
    fn listed(&self) -> Vec<String> {
        assert_eq!(self.status, StatusCode::OK, "{:?}", self.body);
        let list: Value = serde_json::from_slice(&self.body).unwrap();
        let manifests = list["manifests"].as_array().unwrap();
        manifests.iter().map(|manifest| manifest["digest"].as_str().unwrap().to_owned()).collect()
    }
}

impl Site {
    /// Reads an artifact with all that it needs, below a name.
    async fn verifies(&self, name: &str, signature: &Image) {
        let manifest = self.get(&format!("{name}/manifests/{}", signature.digest)).await;
        assert_eq!((manifest.status, manifest.body), (StatusCode::OK, signature.manifest.clone()));
        for (digest, content) in
            [(&signature.config, &signature.config_bytes), (&signature.layer, &signature.layer_bytes)]
        {
            let blob = self.get(&format!("{name}/blobs/{digest}")).await;
            assert_eq!((blob.status, &blob.body), (StatusCode::OK, content));
        }
    }
}

#[tokio::test]
async fn what_the_registry_lists_is_listed_and_fetched_when_it_is_asked_for() {
    let (site, hub, image, signature) = signed(|_| {}).await;
    hub.lists(&image, &[&signature], false);
    let list = site.get(&list_of(&image)).await;
    assert_eq!((list.listed(), list.header("age")), (vec![signature.digest.to_string()], Some("0")));
    let manifests: Value = serde_json::from_slice(&list.body).unwrap();
    assert_eq!(manifests["manifests"][0]["artifactType"], "application/vnd.test.signature");
    assert_eq!(manifests["manifests"][0]["annotations"]["by"], "alice");
    site.get(&list_of(&image)).await;
    assert_eq!(hub.asked(), [format!("GET team/app/referrers/{}", image.digest)], "once within the window");
    site.verifies("hub.io/team/app", &signature).await;
    let filtered = site.get(&format!("{}?artifactType=another", list_of(&image))).await;
    assert_eq!(filtered.listed(), [""; 0]);
    site.stop().await;
}

/// Registries without the list answer 404, and clients put it under a tag there.
#[tokio::test]
async fn a_list_under_a_tag_is_found() {
    let (site, hub, image, signature) = signed(|_| {}).await;
    hub.lists(&image, &[&signature], true);
    assert_eq!(site.get(&list_of(&image)).await.listed(), [signature.digest.to_string()]);
    site.verifies("hub.io/team/app", &signature).await;
    site.stop().await;
}

#[tokio::test]
async fn nothing_refers_to_what_has_no_list_of_either_kind() {
    let (site, hub, image, _) = signed(|_| {}).await;
    assert_eq!(site.get(&list_of(&image)).await.listed(), [""; 0]);
    hub.asked();
    assert_eq!(site.get(&list_of(&image)).await.listed(), [""; 0]);
    assert_eq!(hub.asked(), [""; 0]);
    site.stop().await;
}

#[tokio::test]
async fn a_new_referrer_is_listed_beyond_the_window() {
    let (site, hub, image, first) = signed(|mirror| mirror.fresh_for = Duration::ZERO).await;
    hub.lists(&image, &[&first], false);
    assert_eq!(site.get(&list_of(&image)).await.listed().len(), 1);
    let second = hub.signature(&image, "signed by bob");
    hub.lists(&image, &[&first, &second], false);
    let mut expected = [first.digest.to_string(), second.digest.to_string()];
    expected.sort();
    assert_eq!(site.get(&list_of(&image)).await.listed(), expected);
    site.stop().await;
}

/// An empty list would say that there are no signatures.
#[tokio::test]
async fn a_failure_is_never_told_as_an_empty_list() {
    for (mood, status) in [
        (Mood::Refuses(401, "X-A: b"), 502),
        (Mood::Refuses(429, "Retry-After: 7"), 429),
        (Mood::Refuses(500, "X-A: b"), 502),
        (Mood::Refuses(503, "X-A: b"), 503),
        (Mood::Drops, 502),
    ] {
        let (site, hub, image, signature) = signed(|mirror| mirror.fresh_for = Duration::ZERO).await;
        hub.lists(&image, &[&signature], false);
        // It is known by then to speak plain HTTP.
        site.get("hub.io/team/other/manifests/v1").await;
        hub.becomes(mood);
        for _ in 0..2 {
            let refused = site.get(&list_of(&image)).await;
            assert_eq!(refused.status, status, "{mood:?}: {:?}", refused.body);
        }
        site.stop().await;
    }
}

#[tokio::test]
async fn a_list_that_is_known_is_told_with_a_warning() {
    let (site, hub, image, signature) = signed(|mirror| mirror.fresh_for = Duration::ZERO).await;
    hub.lists(&image, &[&signature], false);
    site.get(&list_of(&image)).await.listed();
    site.verifies("hub.io/team/app", &signature).await;
    hub.stop().await;
    for _ in 0..2 {
        let stale = site.get(&list_of(&image)).await;
        assert_eq!(stale.listed(), [signature.digest.to_string()]);
        assert_eq!(stale.header("warning"), Some("110 - \"asking the upstream failed: failed\""));
    }
    site.verifies("hub.io/team/app", &signature).await;
    site.stop().await;
}

#[tokio::test]
async fn offline_only_what_is_known_is_listed() {
    let (site, hub, image, _) = signed(|mirror| mirror.offline = true).await;
    assert_eq!(site.get(&list_of(&image)).await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(hub.asked(), [""; 0]);
    site.stop().await;
}

/// As cosign has kept them for long.
#[tokio::test]
async fn a_signature_under_a_tag_is_a_tag_like_others() {
    let (site, hub, image, signature) = signed(|_| {}).await;
    let tag = format!("{}.sig", image.digest.as_str().replace(':', "-"));
    hub.tag(&format!("team/app:{tag}"), &signature.digest);
    assert_eq!(site.get(&format!("hub.io/team/app/manifests/{tag}")).await.body, signature.manifest);
    site.verifies("hub.io/team/app", &signature).await;
    assert_eq!(site.history("hub.io/team/app", &tag).await, [signature.digest.to_string()]);
    site.stop().await;
}

/// Into a stream that is no mirror.
#[tokio::test]
async fn what_refers_to_an_imported_image_is_listed_with_it() {
    let (site, hub, image, signature) = signed(|_| {}).await;
    hub.lists(&image, &[&signature], false);
    assert_eq!(site.import(&hub, "app", "v1").await.0, StatusCode::CREATED);
    assert_eq!(site.get("team/app/manifests/v1").await.body, image.manifest);
    let unknown = site.get(&format!("team/app/manifests/{}", signature.digest)).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND, "nothing was listed yet");
    let list = site.get(&format!("team/app/referrers/{}", image.digest)).await;
    assert_eq!(list.listed(), [signature.digest.to_string()]);
    site.verifies("team/app", &signature).await;
    let of_nothing = format!("team/app/referrers/sha256:{}", "0".repeat(64));
    hub.asked();
    assert_eq!(site.get(&of_nothing).await.listed(), [""; 0]);
    assert_eq!(hub.asked(), [""; 0], "nothing says that it is there");
    site.stop().await;
}

/// Its digest says what it is.
#[tokio::test]
async fn a_referrer_is_read_whatever_its_list_says_of_it() {
    let (site, hub, image, signature) = signed(|_| {}).await;
    let wrong = Image { manifest: Bytes::from_static(b"{}"), ..signature.clone() };
    hub.lists(&image, &[&wrong], false);
    assert_eq!(site.import(&hub, "app", "v1").await.0, StatusCode::CREATED);
    for name in ["hub.io/team/app", "team/app"] {
        let list = site.get(&format!("{name}/referrers/{}", image.digest)).await;
        assert_eq!(list.listed(), [signature.digest.to_string()]);
        site.verifies(name, &signature).await;
        let list = site.get(&format!("{name}/referrers/{}", image.digest)).await;
        let list: Value = serde_json::from_slice(&list.body).unwrap();
        let told = &list["manifests"][0];
        assert_eq!(told["size"], signature.manifest.len(), "it is corrected");
        assert_eq!(told["annotations"], Value::Null, "the manifest has none");
    }
    site.stop().await;
}

/// It says nothing of what its registry lists.
#[tokio::test]
async fn what_was_pushed_does_not_stand_in_for_a_list_that_failed() {
    let (site, hub, image, signature) = signed(|_| {}).await;
    hub.lists(&image, &[&signature], false);
    assert_eq!(site.import(&hub, "app", "v1").await.0, StatusCode::CREATED);
    let kind = crate::oci::MediaType::OCI_INDEX;
    let subject = json!({ "mediaType": crate::oci::MediaType::OCI_MANIFEST, "digest": image.digest, "size": image.manifest.len() });
    let own = json!({ "schemaVersion": 2, "mediaType": kind, "manifests": [], "artifactType": "application/vnd.test.own", "subject": subject });
    let own = Bytes::from(own.to_string());
    let digest = crate::oci::Algorithm::Sha256.digest(&own);
    let pushed = site.send(Method::PUT, site.address, &format!("team/app/manifests/{digest}"), own).await;
    assert_eq!(pushed.status, StatusCode::CREATED, "{:?}", pushed.body);
    hub.becomes(Mood::Refuses(503, "X-A: b"));
    let list = format!("team/app/referrers/{}", image.digest);
    for _ in 0..2 {
        assert_eq!(site.get(&list).await.status, StatusCode::SERVICE_UNAVAILABLE);
    }
    site.stop().await;
}
