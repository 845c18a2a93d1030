//! `weir tag`

use serde_json::Value;

use super::run;
use crate::harness::Weir;

fn stream(weir: &Weir, name: &str) -> Value {
    serde_json::from_str(&run(weir, &format!("get is {name} -o json")).done()).unwrap()
}

#[tokio::test]
async fn a_tag_stands_for_the_image_that_another_means() {
    let weir = Weir::start();
    let app = weir.repository("team/app");
    let first = app.push_image("v1", "first").await;
    let digest = first.digest();
    let said = run(&weir, "tag app:v1 app:prod copy:v1 other/copy:v1").done();
    let expected = format!(
        "Tag app:prod set to app@{digest}.\nTag copy:v1 set to app@{digest}.\nTag other/copy:v1 set to team/app@{digest}.\n"
    );
    assert_eq!(said, expected);
    app.push_image("v1", "second").await;
    app.holds("prod", &first).await;
    weir.repository("team/copy").holds("v1", &first).await;
    weir.repository("other/copy").holds("v1", &first).await;
}

#[tokio::test]
async fn an_alias_follows() {
    let weir = Weir::start();
    let app = weir.repository("team/app");
    app.push_image("v1", "first").await;
    assert_eq!(run(&weir, "tag --alias app:v1 app:latest").done(), "Tag app:latest set up to track app:v1.\n");
    let second = app.push_image("v1", "second").await;
    app.holds("latest", &second).await;
    let told = run(&weir, "tag --alias app:v1 other:latest").refused();
    assert_eq!(told, "error: cannot set alias across different Image Streams\n");
}

#[tokio::test]
async fn an_external_image_is_only_wanted_at_first() {
    let weir = Weir::start();
    let said = run(&weir, "tag --scheduled --reference-policy=local up.test/library/ruby:3.0 ruby:3.0").done();
    assert_eq!(said, "Tag ruby:3.0 set to import up.test/library/ruby:3.0 periodically.\n");
    let tag = stream(&weir, "ruby")["spec"]["tags"][0].clone();
    assert_eq!((&tag["importPolicy"]["scheduled"], &tag["referencePolicy"]["type"]), (&true.into(), &"Local".into()));
    assert!(run(&weir, "tag --reference up.test/x:1 ruby:ref").done().starts_with("Tag ruby:ref set to up.test/x:1."));
}

/// Beyond `oc`, which takes the first of three components for a registry.
#[tokio::test]
async fn nested_repositories_can_be_tagged() {
    let weir = Weir::start();
    let nested = weir.repository("team/sub/app");
    let image = nested.push_image("v1", "first").await;
    let said = run(&weir, "tag team/sub/app:v1 app:v1 team/sub/app:copy").done();
    let digest = image.digest();
    let shown = format!("team/sub..app@{digest}");
    assert_eq!(said, format!("Tag app:v1 set to {shown}.\nTag sub..app:copy set to {shown}.\n"));
    weir.repository("team/app").holds("v1", &image).await;
    nested.holds("copy", &image).await;
}

#[tokio::test]
async fn tags_are_deleted() {
    let weir = Weir::start();
    let app = weir.repository("team/app");
    app.push_image("v1", "first").await;
    let missing = "Error from server (NotFound): imagestreamtags.image.openshift.io \"app:nosuch\" not found\n";
    let said = run(&weir, "tag -d app:v1 app:nosuch");
    assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("Deleted tag team/app:v1.\n", missing));
    app.pull("v1").await.is(404);
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let weir = Weir::start();
    let app = weir.repository("team/app");
    app.push_image("v1", "first").await;
    let said = run(&weir, "tag app:v1 app:prod --dry-run=server").done();
    assert!(said.ends_with(" (server dry run).\n"), "{said}");
    app.pull("prod").await.is(404);
}

#[tokio::test]
async fn a_source_that_is_not_there_is_said() {
    let weir = Weir::start();
    let missing = "Error from server (NotFound): imagestreams.image.openshift.io \"nosuch\" not found\n";
    assert_eq!(run(&weir, "tag nosuch:latest app:x").refused(), missing);
    weir.repository("team/app").push_image("v1", "first").await;
    let told = run(&weir, "tag app:nosuch app:x").refused();
    let expected =
        "error: \"app:nosuch\" is not currently pointing to an image, cannot use it as the source of a tag\n";
    assert_eq!(told, expected);
}
