//! `TestImportManifestList`, `TestImportManifestListWithError`, `TestImportManifestListSingleManifest`: manifest lists, kept whole
//! or taken apart.

use serde_json::{Value, json};

use super::{history, image, images, import, stream};
use crate::harness::{Blob, Manifest, Upstream, Weir, reading};

/// A registry with a list of two images under `a/multi:latest`.
fn with_list() -> (Upstream, Weir, Manifest, [Manifest; 2]) {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    let children = ["amd64", "arm64"].map(|name| upstream.put_untagged_image("a/multi", name));
    let list = Manifest::docker_list(&[&children[0], &children[1]]);
    upstream.put_manifest("a/multi", Some("latest"), &list.bytes);
    (upstream, weir, list, children)
}

fn whole(from: &str, to: &str) -> Value {
    with_mode(from, to, "PreserveOriginal")
}

fn with_mode(from: &str, to: &str, mode: &str) -> Value {
    let mut image = image(from, to);
    image["importPolicy"]["importMode"] = mode.into();
    image
}

/// Asserts that a list was found, with all that it lists.
fn is_whole(told: &Value, list: &Manifest, children: &[Manifest]) {
    assert_eq!(told["status"]["status"], "Success", "{told:#}");
    assert_eq!(told["image"]["metadata"]["name"], list.digest());
    assert_eq!(told["image"]["dockerImageManifests"].as_array().map(Vec::len), Some(children.len()));
    let told: Vec<&Value> = told["manifests"].as_array().expect("manifests").iter().collect();
    for (told, child) in told.iter().zip(children) {
        assert_eq!(told["metadata"]["name"], child.digest());
        let reference = told["dockerImageReference"].as_str().expect("a reference");
        assert!(reference.ends_with(&format!("/a/multi@{}", child.digest())), "{reference}");
    }
    assert_eq!(told.len(), children.len());
}

#[tokio::test]
async fn import_repository() {
    let (upstream, weir, list, children) = with_list();
    let repository = json!({
        "from": { "kind": "DockerImage", "name": format!("{}/a/multi", upstream.host()) },
        "importPolicy": { "insecure": true, "importMode": "PreserveOriginal" },
    });
    let answer = import(&weir, json!({ "import": true, "repository": repository })).await;
    is_whole(&answer["status"]["repository"]["images"][0], &list, &children);
    assert_eq!(history(&stream(&weir).await, "latest"), [list.digest()]);
}

#[tokio::test]
async fn import_by_tag() {
    let (upstream, weir, list, children) = with_list();
    let answer = import(&weir, images(&[whole(&format!("{}/a/multi:latest", upstream.host()), "latest")])).await;
    is_whole(&answer["status"]["images"][0], &list, &children);
}

#[tokio::test]
async fn import_by_digest() {
    let (upstream, weir, list, children) = with_list();
    let from = format!("{}/a/multi@{}", upstream.host(), list.digest());
    let answer = import(&weir, images(&[whole(&from, "latest")])).await;
    is_whole(&answer["status"]["images"][0], &list, &children);
}

/// It is read once.
#[tokio::test]
async fn import_two_images_by_same_digest() {
    let (upstream, weir, list, children) = with_list();
    let from = format!("{}/a/multi@{}", upstream.host(), list.digest());
    let answer = import(&weir, images(&["one", "two"].map(|to| whole(&from, to)))).await;
    for index in 0..2 {
        is_whole(&answer["status"]["images"][index], &list, &children);
    }
    let asked = upstream.requests().iter().filter(|asked| asked.contains(&list.digest())).count();
    assert_eq!(asked, 1, "{:?}", upstream.requests());
}

/// One that is not there fails all of it, and nothing of it is kept.
async fn fails(child: &Manifest) {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    let good = upstream.put_untagged_image("a/multi", "good");
    let list = Manifest::docker_list(&[&good, child]);
    upstream.put_manifest("a/multi", Some("latest"), &list.bytes);
    if child.json()["present"] == true {
        upstream.put_manifest("a/multi", None, &child.bytes);
    }
    let from = format!("{}/a/multi@{}", upstream.host(), list.digest());
    let answer = import(&weir, images(&[whole(&from, "latest")])).await;
    let told = &answer["status"]["images"][0];
    assert_eq!((&told["status"]["status"], told.get("image")), (&"Failure".into(), None), "{told:#}");
    let shown = stream(&weir).await;
    assert_eq!(history(&shown, "latest"), [""; 0]);
    weir.get(format!("/v2/team/app/manifests/{}", good.digest())).await.is(404);
}

fn child(present: bool) -> Manifest {
    let (config, layer) = (Blob::of("{\"architecture\":\"arm64\"}"), Blob::of("layer"));
    Manifest::docker_image(&config, &[&layer]).edited(|manifest| manifest["present"] = present.into())
}

#[tokio::test]
async fn missing_manifest_error_by_digest() {
    fails(&child(false)).await;
}

#[tokio::test]
async fn missing_config_blob_error_by_digest() {
    fails(&child(true)).await;
}

/// Takes the image of this machine's platform, or the usual one, out of a list.
async fn takes_one(by_digest: bool, mode: &str) {
    let (upstream, weir, list, children) = with_list();
    let reference = if by_digest { format!("@{}", list.digest()) } else { ":latest".to_owned() };
    let from = format!("{}/a/multi{reference}", upstream.host());
    let answer = import(&weir, images(&[with_mode(&from, "latest", mode)])).await;
    let told = &answer["status"]["images"][0];
    let name = &told["image"]["metadata"]["name"];
    assert!(children.iter().any(|child| *name == child.digest()), "{told:#}");
    let reference = format!("{}/a/multi@{}", upstream.host(), name.as_str().expect("a name"));
    assert_eq!((&told["image"]["dockerImageReference"], told.get("manifests")), (&reference.into(), None));
}

#[tokio::test]
async fn digest_import_mode_empty_string_defaults_to_single_manifest_mode() {
    takes_one(true, "").await;
}

#[tokio::test]
async fn tag_import_mode_empty_string_defaults_to_single_manifest_mode() {
    takes_one(false, "").await;
}

#[tokio::test]
async fn digest_import_mode_single_manifest() {
    takes_one(true, "Legacy").await;
}

#[tokio::test]
async fn tag_import_mode_single_manifest() {
    takes_one(false, "Legacy").await;
}
