//! The host names that pull specs print, and how repository names become those of streams.

use weir::config::Names;

use super::{absent, get, get_image, object};
use crate::harness::{Weir, files_below};

fn names(internal: &str, public: Option<&str>) -> Names {
    Names { internal: Some(internal.to_owned()), public: public.map(str::to_owned) }
}

/// Whether a file of the data directory holds a text.
fn keeps(weir: &Weir, text: &str) -> bool {
    let holds = |file| String::from_utf8_lossy(&std::fs::read(file).expect("a file")).contains(text);
    files_below(weir.data()).iter().any(holds)
}

#[tokio::test]
async fn a_server_with_a_new_name_shows_it_everywhere_and_kept_nothing_of_the_old_one() {
    let mut weir = Weir::durable();
    weir.restart_with(|config| config.names = names("old-name.example:5000", Some("old-public.example")));
    let digest = weir.repository("team/app").push_image("v1", "content").await.digest();
    let stream = object(get(&weir, "team", "imagestreams/app")).await;
    assert_eq!(stream["status"]["dockerImageRepository"], "old-name.example:5000/team/app");
    assert_eq!(stream["status"]["publicDockerImageRepository"], "old-public.example/team/app");
    weir.restart_with(|config| config.names = names("new-name.example", None));
    assert!(keeps(&weir, "system:anonymous"), "files can be searched for what was stored");
    assert!(!keeps(&weir, "old-name") && !keeps(&weir, "old-public"), "a host name was stored");
    let stream = object(get(&weir, "team", "imagestreams/app")).await;
    let spec = format!("new-name.example/team/app@{digest}");
    assert_eq!(stream["status"]["dockerImageRepository"], "new-name.example/team/app");
    assert_eq!(stream["status"]["tags"][0]["items"][0]["dockerImageReference"], spec);
    assert!(stream["status"].get("publicDockerImageRepository").is_none(), "{stream}");
    for resource in ["imagestreamtags/app:v1".to_owned(), format!("imagestreamimages/app@{digest}")] {
        assert_eq!(object(get(&weir, "team", &resource)).await["image"]["dockerImageReference"], spec, "{resource}");
    }
    assert_eq!(object(get_image(&weir, &digest)).await["dockerImageReference"], spec);
}

#[tokio::test]
async fn a_server_without_a_name_shows_its_address() {
    let weir = Weir::start();
    weir.repository("team/app").push_image("v1", "content").await;
    let stream = object(get(&weir, "team", "imagestreams/app")).await;
    assert_eq!(stream["status"]["dockerImageRepository"], format!("{}/team/app", weir.address()));
}

#[tokio::test]
async fn a_nested_repository_is_a_stream_with_dots_and_pull_specs_with_slashes() {
    let weir = Weir::with(|config| config.names.internal = Some("weir.example".into()));
    let digest = weir.repository("team/sub/app").push_image("v1", "content").await.digest();
    let stream = object(get(&weir, "team", "imagestreams/sub..app")).await;
    assert_eq!(stream["metadata"]["name"], "sub..app");
    assert_eq!(stream["status"]["dockerImageRepository"], "weir.example/team/sub/app");
    let tag = object(get(&weir, "team", "imagestreamtags/sub..app:v1")).await;
    assert_eq!(tag["image"]["dockerImageReference"], format!("weir.example/team/sub/app@{digest}"));
    absent(get(&weir, "team", "imagestreams/app"), "imagestreams", "app").await;
}

#[tokio::test]
async fn a_repository_without_a_namespace_is_in_the_default_one_and_keeps_its_spelling() {
    let weir = Weir::with(|config| config.names.internal = Some("weir.example".into()));
    weir.repository("bare").push_image("v1", "content").await;
    weir.repository("default/full").push_image("v1", "content").await;
    for (name, repository) in [("bare", "weir.example/bare"), ("full", "weir.example/default/full")] {
        let stream = object(get(&weir, "default", &format!("imagestreams/{name}"))).await;
        assert_eq!(stream["status"]["dockerImageRepository"], repository);
    }
}

#[tokio::test]
async fn names_that_kubernetes_would_refuse_are_streams_too() {
    let weir = Weir::start();
    for (repository, namespace, name) in
        [("te.am/app", "te.am", "app"), ("te_am/a__b", "te_am", "a__b"), ("a--b/c.d/e-f", "a--b", "c.d..e-f")]
    {
        weir.repository(repository).push_image("v1", "content").await;
        let stream = object(get(&weir, namespace, &format!("imagestreams/{name}"))).await;
        assert_eq!(stream["metadata"]["name"], name);
    }
}
