//! `GET …/namespaces/<namespace>/imagestreamtags/<name>:<tag>`

use serde_json::Value;

use super::{absent, get, get_image, object};
use crate::harness::Weir;

#[tokio::test]
async fn a_tag_has_the_identity_of_its_stream_and_the_image_it_means() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    repository.push_image("v1", "first").await;
    let digest = repository.push_image("v1", "second").await.digest();
    let stream = object(get(&weir, "team", "imagestreams/app")).await;
    let tag = object(get(&weir, "team", "imagestreamtags/app:v1")).await;
    let mut image = object(get_image(&weir, &digest)).await;
    assert_eq!((&tag["metadata"]["name"], &tag["metadata"]["namespace"]), (&"app:v1".into(), &"team".into()));
    for member in ["uid", "resourceVersion"] {
        assert_eq!(tag["metadata"][member], stream["metadata"][member], "{member}");
    }
    assert_eq!(tag["metadata"]["creationTimestamp"], stream["status"]["tags"][0]["items"][0]["created"]);
    assert_eq!((&tag["tag"], &tag["generation"]), (&Value::Null, &1.into()));
    let members = image.as_object_mut().expect("an object");
    members.shift_remove("kind");
    members.shift_remove("apiVersion");
    assert_eq!(tag["image"].to_string(), image.to_string());
}

#[tokio::test]
async fn a_tag_that_was_deleted_is_absent() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    repository.push_image("v1", "content").await;
    repository.delete("v1").await.is(202);
    absent(get(&weir, "team", "imagestreamtags/app:v1"), "imagestreamtags", "app:v1").await;
}

#[tokio::test]
async fn a_tag_whose_manifest_was_deleted_is_absent() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let image = repository.push_image("v1", "content").await;
    repository.delete(&image.digest()).await.is(202);
    absent(get(&weir, "team", "imagestreamtags/app:v1"), "imagestreamtags", "app:v1").await;
}

#[tokio::test]
async fn a_tag_that_no_push_can_make_is_absent() {
    let weir = Weir::start();
    weir.repository("team/app").push_image("v1", "content").await;
    absent(get(&weir, "team", "imagestreamtags/app:-v1"), "imagestreamtags", "app:-v1").await;
}
