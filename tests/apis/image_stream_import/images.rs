//! Single images: what is tagged, linked and answered.

use serde_json::{Value, json};

use super::{history, image, images, import, import_into, path, status_of, stream};
use crate::apis::{get_image, object};
use crate::harness::{Manifest, Upstream, Weir, reading};
use weir::config::ImportMode;

#[tokio::test]
async fn a_tag_means_what_the_upstream_has_and_is_pulled_by_it() {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    let manifest = upstream.put_image("library/ruby", "2.7", "one");
    let from = format!("{}/library/ruby:2.7", upstream.host());
    let answer = import(&weir, images(&[image(&from, "latest")])).await;

    let reference = format!("{}/library/ruby@{}", upstream.host(), manifest.digest());
    let found = &answer["status"]["images"][0];
    assert_eq!((&found["status"]["status"], &found["tag"]), (&"Success".into(), &"2.7".into()), "{answer}");
    assert_eq!(found["image"]["dockerImageReference"], reference);
    assert_eq!(found["image"]["dockerImageMetadata"]["Created"], "2026-01-10T08:00:00Z");
    assert_eq!(found["image"].get("dockerImageManifest"), None);
    let shown = stream(&weir).await;
    assert_eq!(answer["status"]["import"]["status"], shown["status"]);
    let item = &status_of(&shown, "latest")["items"][0];
    assert_eq!((&item["dockerImageReference"], &item["generation"]), (&reference.into(), &1.into()));
    assert_eq!(shown["spec"]["tags"][0]["from"]["name"], from);
    assert!(shown["metadata"]["annotations"]["openshift.io/image.dockerRepositoryCheck"].is_string());

    let pulled =
        weir.get("/v2/team/app/manifests/latest").await.is(200).has("docker-content-digest", manifest.digest());
    assert!(pulled.holds(&manifest.bytes).has("content-type", &manifest.media_type).status.is_success());
    let config = manifest.json()["config"]["digest"].as_str().unwrap().to_owned();
    weir.get(format!("/v2/team/app/blobs/{config}")).await.is(200);
    let image = object(get_image(&weir, &manifest.digest())).await;
    let annotations = json!({ "image.openshift.io/dockerLayersOrder": "ascending" });
    assert_eq!(image["metadata"]["annotations"], annotations);
}

#[tokio::test]
async fn the_log_of_a_tag_says_that_it_was_imported() {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    upstream.put_image("a/b", "v1", "one");
    let from = format!("{}/a/b:v1", upstream.host());
    import(&weir, images(&[image(&from, "v1")])).await;
    let log = weir.get("/v2/team/app/_oci/tag-history/v1").await.is(200).json();
    assert!(log.to_string().contains("\"import\"") && log.to_string().contains(&from), "{log}");
}

#[tokio::test]
async fn what_is_unchanged_is_not_written() {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    upstream.put_image("a/b", "v1", "one");
    let spec = images(&[image(&format!("{}/a/b:v1", upstream.host()), "v1")]);
    import(&weir, spec.clone()).await;
    let before = stream(&weir).await;
    let again = import(&weir, spec).await;
    assert_eq!(again["status"]["import"]["metadata"]["resourceVersion"], before["metadata"]["resourceVersion"]);
    assert_eq!(stream(&weir).await, before);
}

#[tokio::test]
async fn what_is_missing_is_told_and_harms_nothing_else() {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    let manifest = upstream.put_image("a/b", "v1", "one");
    let host = upstream.host();
    let by_digest = format!("{host}/a/b@{}", manifest.digest());
    let spec = images(&[
        image(&format!("{host}/a/b:none"), "none"),
        image(&format!("{host}/a/b:v1"), "v1"),
        image(&by_digest, "digest"),
    ]);
    let answer = import(&weir, spec).await;
    let message = format!("dockerimage.image.openshift.io \"{host}/a/b:none\" not found");
    let failed = &answer["status"]["images"][0];
    assert_eq!((&failed["status"]["message"], &failed["status"]["code"]), (&message.clone().into(), &404.into()));
    assert_eq!(answer["status"]["images"][2].get("tag"), None);
    let shown = stream(&weir).await;
    let condition = &status_of(&shown, "none")["conditions"][0];
    assert_eq!((&condition["reason"], &condition["message"]), (&"NotFound".into(), &message.into()));
    assert_eq!(status_of(&shown, "none")["items"], Value::Null);
    assert_eq!(history(&shown, "v1"), [manifest.digest()], "{answer:#}");
    assert_eq!(history(&shown, "digest"), [manifest.digest()], "{answer:#}");

    upstream.put_image("a/b", "none", "late");
    import(&weir, images(&[image(&format!("{host}/a/b:none"), "none")])).await;
    assert_eq!(status_of(&stream(&weir).await, "none").get("conditions"), None);
}

#[tokio::test]
async fn a_failing_import_leaves_the_tag_what_it_was() {
    let (mut upstream, weir) = (Upstream::start(), Weir::with(reading));
    let manifest = upstream.put_image("a/b", "v1", "one");
    let spec = images(&[image(&format!("{}/a/b:v1", upstream.host()), "v1")]);
    import(&weir, spec.clone()).await;
    upstream.stop();
    let answer = import(&weir, spec).await;
    assert_eq!(answer["status"]["images"][0]["status"]["reason"], "InternalError");
    let shown = stream(&weir).await;
    assert_eq!(history(&shown, "v1"), [manifest.digest()]);
    assert_eq!(status_of(&shown, "v1")["conditions"][0]["status"], "False");
    weir.get("/v2/team/app/manifests/v1").await.is(200).holds(&manifest.bytes);
}

#[tokio::test]
async fn this_machine_is_not_asked_unless_its_operator_allows_it() {
    let (upstream, weir) = (Upstream::start(), Weir::start());
    upstream.put_image("a/b", "v1", "one");
    let answer = import(&weir, images(&[image(&format!("{}/a/b:v1", upstream.host()), "v1")])).await;
    let status = &answer["status"]["images"][0]["status"];
    assert_eq!((&status["reason"], &status["code"]), (&"Forbidden".into(), &403.into()), "{status}");
    assert_eq!(upstream.requests(), [""; 0]);
}

/// A list of three images, and the images.
fn put_list(upstream: &Upstream) -> (Manifest, Vec<Manifest>) {
    let children: Vec<Manifest> =
        ["amd64", "arm64", "s390x"].iter().map(|name| upstream.put_untagged_image("a/multi", name)).collect();
    let list = Manifest::docker_list(&children.iter().collect::<Vec<_>>());
    upstream.put_manifest("a/multi", Some("latest"), &list.bytes);
    (list, children)
}

fn with_mode(upstream: &Upstream, mode: &str) -> Value {
    let mut image = image(&format!("{}/a/multi:latest", upstream.host()), "latest");
    image["importPolicy"]["importMode"] = mode.into();
    images(&[image])
}

#[tokio::test]
async fn a_list_is_kept_whole_or_taken_apart() {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    let (list, children) = put_list(&upstream);
    let answer = import(&weir, with_mode(&upstream, "PreserveOriginal")).await;
    let found = &answer["status"]["images"][0];
    assert_eq!(found["image"]["metadata"]["name"], list.digest());
    let names = found["manifests"].as_array().unwrap().iter().map(|child| child["metadata"]["name"].as_str());
    let manifests: Vec<&str> = names.map(Option::unwrap).collect();
    assert_eq!(manifests, children.iter().map(Manifest::digest).collect::<Vec<_>>());
    for manifest in children.iter().chain([&list]) {
        weir.get(format!("/v2/team/app/manifests/{}", manifest.digest())).await.is(200).holds(&manifest.bytes);
    }

    let one = import_into(&weir, "one", with_mode(&upstream, "Legacy")).await;
    let found = &one["status"]["images"][0];
    assert!(children.iter().any(|child| found["image"]["metadata"]["name"] == child.digest()), "{found}");
    weir.get(format!("/v2/team/one/manifests/{}", list.digest())).await.is(404);
}

#[tokio::test]
async fn a_tag_says_which_platform_is_taken_of_a_list() {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    let (_, children) = put_list(&upstream);
    let tag = json!({
        "kind": "ImageStreamTag",
        "apiVersion": "image.openshift.io/v1",
        "metadata": {
            "name": "app:latest",
            "annotations": {
                "importer.image.openshift.io/prefer-arch": "s390x",
                "importer.image.openshift.io/prefer-os": "linux",
            },
        },
        "tag": { "name": "latest", "from": { "kind": "DockerImage", "name": format!("{}/a/multi:latest", upstream.host()) } },
    });
    weir.put(path("team", "imagestreamtags/app:latest")).body(tag.to_string()).await.is(201);
    import(&weir, with_mode(&upstream, "Legacy")).await;
    assert_eq!(history(&stream(&weir).await, "latest"), [children[2].digest()]);
}

#[tokio::test]
async fn a_server_may_keep_all_lists_whole() {
    let weir = Weir::with(|config| {
        reading(config);
        config.upstreams.import.legacy = ImportMode::PreserveOriginal;
    });
    let upstream = Upstream::start();
    let (list, _) = put_list(&upstream);
    import(&weir, with_mode(&upstream, "Legacy")).await;
    let shown = stream(&weir).await;
    assert_eq!(history(&shown, "latest"), [list.digest()]);
    assert_eq!(shown["spec"]["tags"][0]["importPolicy"]["importMode"], "Legacy", "what was asked for is kept");
}

#[tokio::test]
async fn an_import_may_only_look() {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    let manifest = upstream.put_image("a/b", "v1", "one");
    let from = json!({ "kind": "DockerImage", "name": format!("{}/a/b:v1", upstream.host()) });
    let look = |with: bool| json!({ "from": from, "importPolicy": { "insecure": true }, "includeManifest": with });
    let answer = import(&weir, json!({ "import": false, "images": [look(true), look(false)] })).await;
    assert_eq!(answer["spec"]["images"][0]["to"]["name"], "v1");
    let [with, without] = [0, 1].map(|index| answer["status"]["images"][index]["image"].clone());
    assert_eq!(with["dockerImageManifest"], String::from_utf8_lossy(&manifest.bytes).as_ref());
    assert!(with["dockerImageConfig"].as_str().unwrap().contains("one"));
    assert_eq!((without.get("dockerImageManifest"), without.get("dockerImageConfig")), (None, None));
    assert_eq!(answer["status"].get("import"), None);
    weir.get(path("team", "imagestreams/app")).await.is(404);
    weir.get(format!("/apis/image.openshift.io/v1/images/{}", manifest.digest())).await.is(404);
}

#[tokio::test]
async fn a_dry_run_writes_nothing_anywhere() {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    let manifest = upstream.put_image("a/b", "v1", "one");
    let body = json!({
        "kind": "ImageStreamImport",
        "apiVersion": "image.openshift.io/v1",
        "metadata": { "name": "app" },
        "spec": images(&[image(&format!("{}/a/b:v1", upstream.host()), "v1")]),
    });
    let call = weir.post(path("team", "imagestreamimports?dryRun=All")).body(body.to_string());
    let answer = call.await.is(201).json();
    assert_eq!(history(&answer["status"]["import"], "v1"), [manifest.digest()]);
    weir.get(path("team", "imagestreams/app")).await.is(404);
    assert_eq!(weir.files_in("blobs"), 0);
}

#[tokio::test]
async fn a_stream_that_was_changed_is_refused_to_who_did_not_see_it() {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    upstream.put_image("a/b", "v1", "one");
    let spec = images(&[image(&format!("{}/a/b:v1", upstream.host()), "v1")]);
    import(&weir, spec.clone()).await;
    let version = stream(&weir).await["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    let body = |name: &str| {
        json!({
            "kind": "ImageStreamImport",
            "apiVersion": "image.openshift.io/v1",
            "metadata": { "name": name, "resourceVersion": "999999" },
            "spec": spec,
        })
    };
    let refused = weir.post(path("team", "imagestreamimports")).body(body("app").to_string()).await.is(409).json();
    let message = format!(
        "Operation cannot be fulfilled on imagestream.image.openshift.io \"app\": the image stream was updated from \
         \"999999\" to \"{version}\""
    );
    assert_eq!(refused["message"], message);
    let refused = weir.post(path("team", "imagestreamimports")).body(body("none").to_string()).await.is(404).json();
    assert_eq!(refused["details"]["kind"], "imagestreamimports");
}
