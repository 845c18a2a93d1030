//! `weir tag` says and sends what `oc tag` was recorded to say and send.

use clap::Parser;
use reqwest::Url;

use super::super::api::tests::{client, refusal, server};
use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    arguments: Arguments,
}

fn arguments(line: &str) -> Arguments {
    Line::parse_from(["tag"].into_iter().chain(line.split_whitespace())).arguments
}

const IMAGE: &str = "sha256:1b41b43865fe8b1d0fbb6fff706e67fbc48cd87b88d4b7761ac332093a169426";

/// What is said and sent for a source and a destination, without a server.
fn told(line: &str, current: &str) -> Result<(String, Value), String> {
    let arguments = arguments(line);
    let read = || {
        let source = Source::read(&arguments.names[0], arguments.source.as_deref())?;
        arguments.check_policies(&source)?;
        let to = Destination::new_tag(&arguments.names[1], current)?;
        arguments.check_source(&source, std::slice::from_ref(&to), current)?;
        Ok((arguments.told(&source, &to, current), body::tag(&arguments, &source, &to, current)))
    };
    read().map_err(|failure: Failure| failure.to_string())
}

#[test]
fn an_alias_is_sent_as_recorded() {
    let (said, sent) = told("--alias app:v1 app:track", "tagging").unwrap();
    assert_eq!(said, "Tag app:track set up to track app:v1.\n");
    let expected = json!({
        "kind": "ImageStreamTag",
        "apiVersion": "image.openshift.io/v1",
        "metadata": {"name": "app:track", "namespace": "tagging"},
        "tag": {
            "name": "track", "annotations": null, "from": {"kind": "ImageStreamTag", "name": "app:v1"}, "generation": null,
            "importPolicy": {"importMode": "Legacy"}, "referencePolicy": {"type": "Source"}
        },
        "generation": 0, "lookupPolicy": {"local": false}, "image": {"metadata": {}, "dockerImageMetadata": null}
    });
    assert_eq!(sent.to_string(), expected.to_string());
}

#[test]
fn an_external_image_is_sent_as_recorded() {
    let line = "--insecure --scheduled --reference-policy=local plain.test:5000/team/app:1.0 ext:all";
    let (said, sent) = told(line, "tagging").unwrap();
    assert_eq!(said, "Tag ext:all set to import plain.test:5000/team/app:1.0 periodically.\n");
    let expected = json!({
        "name": "all", "annotations": null, "from": {"kind": "DockerImage", "name": "plain.test:5000/team/app:1.0"},
        "generation": 0, "importPolicy": {"insecure": true, "scheduled": true, "importMode": "Legacy"},
        "referencePolicy": {"type": "Local"}
    });
    assert_eq!(sent["tag"].to_string(), expected.to_string());
    let (said, sent) = told("--reference upstream.test:5000/library/ruby:3.1 ext:ref", "tagging").unwrap();
    assert_eq!(said, "Tag ext:ref set to upstream.test:5000/library/ruby:3.1.\n");
    assert_eq!(sent["tag"]["reference"], true);
}

#[test]
fn sources_are_told_apart() {
    for (line, kind, name) in [
        ("docker.io/library/ruby:latest a:b", "DockerImage", "docker.io/library/ruby:latest"),
        ("ruby a:b", "DockerImage", "ruby"),
        ("library/ruby a:b", "DockerImage", "library/ruby"),
        ("--source=docker library/ruby:2.7 a:b", "DockerImage", "library/ruby:2.7"),
        ("--alias app:v1 app:b", "ImageStreamTag", "app:v1"),
        ("--source=istag --alias app:v1 app:b", "ImageStreamTag", "app:v1"),
    ] {
        let (_, sent) = told(line, "n").unwrap();
        assert_eq!(sent["tag"]["from"], json!({"kind": kind, "name": name}), "{line}");
    }
    let line = format!("app@{IMAGE} a:b");
    let (said, sent) = told(&line, "n").unwrap();
    assert_eq!(sent["tag"]["from"], json!({"kind": "ImageStreamImage", "name": format!("app@{IMAGE}")}));
    assert_eq!(said, format!("Tag a:b set to app@{IMAGE}.\n"));
}

#[test]
fn namespaces_are_said_where_they_differ() {
    let from = |line: &str, current: &str| {
        let (said, sent) = told(line, current).unwrap();
        (said, sent["tag"]["from"]["namespace"].clone(), sent["metadata"]["namespace"].clone())
    };
    let image = format!("app@{IMAGE}");
    let (said, namespace, _) = from(&format!("tagging/{image} mine:v2"), "tagging2");
    assert_eq!((said, namespace), (format!("Tag mine:v2 set to tagging/{image}.\n"), json!("tagging")));
    let (said, namespace, at) = from(&format!("{image} tagging2/mine:v3"), "tagging");
    assert_eq!((said, namespace), (format!("Tag tagging2/mine:v3 set to tagging/{image}.\n"), json!("tagging")));
    assert_eq!(at, "tagging2");
}

/// Beyond `oc`: repositories with more than two components, and namespaces with dots.
#[test]
fn nested_and_dotted_repositories_can_be_spelled() {
    let from = |line: &str| told(line, "n").unwrap().1["tag"]["from"].clone();
    let nested = from(&format!("team/sub/app@{IMAGE} a:b"));
    assert_eq!(nested, json!({"kind": "ImageStreamImage", "namespace": "team", "name": format!("sub..app@{IMAGE}")}));
    let dotted = from(&format!("--source=isimage my.team/app@{IMAGE} a:b"));
    assert_eq!(dotted["namespace"], "my.team");
    let (_, sent) = told(&format!("app@{IMAGE} team/sub/app:v1"), "n").unwrap();
    assert_eq!(sent["metadata"], json!({"name": "sub..app:v1", "namespace": "team"}));
}

#[test]
fn mistakes_are_told_as_recorded() {
    let long = format!("app@{IMAGE} app:{}", "x".repeat(129));
    let isimage = format!("--source=istag app@{IMAGE} a:b");
    for (line, words) in [
        ("app@77c9f58 app:short", "error: invalid SOURCE: invalid reference format"),
        ("upstream.test:5000/UPPER/y:z app:x", "error: invalid SOURCE: repository name must be lowercase"),
        ("--source=nosuch app:v2 t:s", "error: invalid source \"nosuch\"; valid values are docker, dockerimage, "),
        (isimage.as_str(), "error: --source=ImageStreamTag requires a valid <name>:<tag> in SOURCE"),
        ("--source=isimage app:v2 t:s", "error: --source=ImageStreamImage requires a valid <name>@<id> in SOURCE"),
        (
            "--source=istag h:5000/app:v2 t:s",
            "error: server in SOURCE is only allowed when providing a container image",
        ),
        ("ruby bad:na:me", "error: invalid tag \"na:me\" format, tags must start with an alphanumeric character"),
        ("ruby app:-bad", "error: invalid tag \"-bad\" format, "),
        (long.as_str(), "error: invalid tag \"xxx"),
        ("ruby app", "error: \"app\" must be of the form <stream_name>:<tag>"),
        ("ruby a//b:c", "error: invalid image stream \"a//b\""),
        ("--alias app:v1 tools:x", "error: cannot set alias across different Image Streams"),
        ("--alias other/app:v1 app:x", "error: cannot set alias across different Image Streams"),
        ("--alias up.test/x/y:z app:x", "error: cannot set alias across different Image Streams"),
        (
            "--alias --scheduled up.test/x:z app:x",
            "error: cannot set a container image tag as an alias and also set import",
        ),
        ("--alias --scheduled app:v1 app:x", "error: only container images can have importing flags set"),
        ("--reference-policy=maybe ruby app:x", "error: reference policy must be set to 'source' or 'local'"),
        ("--import-mode=Nope ruby app:x", "error: valid ImportMode values are Legacy or PreserveOriginal"),
    ] {
        let said = told(line, "n").unwrap_err();
        assert!(said.starts_with(words), "{line}: {said}");
    }
    for (line, words) in [
        ("-d", "error: you must specify a source and at least one destination or one or more tags to delete\n"),
        ("-d --alias app:v2", "error: --alias and --delete may not be both specified"),
        ("-d --scheduled app:v2", "error: cannot set flags for importing images when deleting a tag"),
        ("-d --source=istag app:v2", "error: cannot specify a source kind when deleting"),
        ("-d --import-mode=Legacy app:v2", "error: cannot specify an import mode when deleting"),
    ] {
        let said = arguments(line).check_deletion().unwrap_err().to_string();
        assert!(said.starts_with(words), "{line}: {said}");
    }
}

fn stream(items: &Value) -> (u16, String) {
    (200, json!({"metadata": {"name": "app"}, "status": {"tags": [{"tag": "v1", "items": items}]}}).to_string())
}

async fn run(line: &str, url: Url) -> Result<(), String> {
    arguments(line).put(&client(url)).await.map_err(|failure| failure.to_string())
}

#[tokio::test]
async fn a_tag_stands_for_the_image_that_it_means() {
    let top = json!([{"image": IMAGE, "dockerImageReference": "r"}, {"image": "sha256:old"}]);
    let (url, serving) = server(vec![stream(&top), (201, "{}".to_owned()), (200, "{}".to_owned())]).await;
    run("app:v1 app:a other/b:c", url).await.unwrap();
    let asked = serving.await.unwrap();
    let base = "/apis/image.openshift.io/v1/namespaces";
    let lines: Vec<&str> = asked.iter().map(|(line, _)| line.as_str()).collect();
    let expected = [
        format!("GET {base}/team/imagestreams/app"),
        format!("PUT {base}/team/imagestreamtags/app:a"),
        format!("PUT {base}/other/imagestreamtags/b:c"),
    ];
    assert_eq!(lines, expected);
    assert_eq!(asked[1].1["tag"]["from"], json!({"kind": "ImageStreamImage", "name": format!("app@{IMAGE}")}));
    assert_eq!(asked[2].1["tag"]["from"]["namespace"], "team");
}

#[tokio::test]
async fn a_tag_without_an_image_stands_for_its_reference() {
    let top = json!([{"image": "", "dockerImageReference": "up.test/ruby:3.1"}]);
    let refused = refusal(405, "MethodNotAllowed", "no");
    let (url, serving) = server(vec![stream(&top), refused, (201, "{}".to_owned())]).await;
    run("app:v1 app:a", url).await.unwrap();
    let asked = serving.await.unwrap();
    assert!(asked[2].0.starts_with("POST ") && asked[2].0.ends_with("/imagestreamtags"), "{}", asked[2].0);
    assert_eq!(asked[2].1["tag"]["from"], json!({"kind": "DockerImage", "name": "up.test/ruby:3.1"}));
    assert_eq!(asked[2].1["tag"]["generation"], 0);
}

#[tokio::test]
async fn a_tag_that_means_nothing_is_no_source() {
    let (url, _serving) = server(vec![stream(&Value::Null)]).await;
    let said = run("app:v1 app:a", url).await.unwrap_err();
    assert_eq!(said, "error: \"app:v1\" is not currently pointing to an image, cannot use it as the source of a tag");
    let missing = refusal(404, "NotFound", "imagestreams.image.openshift.io \"nosuch\" not found");
    let (url, _serving) = server(vec![missing]).await;
    let said = run("nosuch:latest app:x", url).await.unwrap_err();
    assert_eq!(said, "Error from server (NotFound): imagestreams.image.openshift.io \"nosuch\" not found");
}

#[tokio::test]
async fn tags_are_deleted_one_by_one() {
    let gone = (200, json!({"kind": "Status", "status": "Success"}).to_string());
    let missing = refusal(404, "NotFound", "imagestreamtags.image.openshift.io \"app:b\" not found");
    let (url, serving) = server(vec![gone, missing]).await;
    let failure = arguments("-d --dry-run=server app:a app:b").take_away(&client(url)).await.unwrap_err();
    assert!(failure.to_string().starts_with("Error from server (NotFound): "), "{failure}");
    let asked = serving.await.unwrap();
    assert!(asked[0].0.ends_with("/namespaces/team/imagestreamtags/app:a?dryRun=All"), "{}", asked[0].0);
    assert_eq!(asked[0].1, json!({"kind": "DeleteOptions", "apiVersion": "image.openshift.io/v1"}));
}
