//! `weir import-image` says and sends what `oc import-image` was recorded to say and send.

use clap::Parser;

use super::super::api::tests::{client, refusal, server};
use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    arguments: Arguments,
}

fn arguments(line: &str) -> Arguments {
    Line::parse_from(["import-image"].into_iter().chain(line.split_whitespace())).arguments
}

/// The words for times depend on when `oc` was run, and stand alone in their lines or behind a tab.
fn timeless(text: &str) -> String {
    let line = |line: &str| match line.strip_suffix(" ago") {
        None => line.to_owned(),
        Some(told) => format!("{}…", told.rsplit_once('\t').map_or("", |(label, _)| label)),
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

fn same(text: &str) {
    let recorded: Value = serde_json::from_str(text).unwrap();
    let field = |name: &str| recorded[name].as_str().unwrap();
    let arguments = arguments(field("command"));
    let plan = Plan::read(&arguments).unwrap();
    let sent = plan.request(Some(&recorded["stream"]).filter(|stream| !stream.is_null()), "importing").unwrap();
    assert_eq!(sent.to_string(), recorded["sent"].to_string());
    let now = "2026-11-22T10:27:30Z".parse().unwrap();
    let answer = &recorded["answer"];
    assert_eq!(timeless(&report::words(answer, arguments.dry_run, now)), timeless(field("stdout")));
    let refusals: String = report::refusals(answer).into_iter().map(|refusal| refusal + "\n").collect();
    assert_eq!(refusals, field("stderr"));
}

#[test]
fn imports_are_asked_for_and_told_as_recorded() {
    same(include_str!("recorded/new.json"));
    same(include_str!("recorded/failed.json"));
    same(include_str!("recorded/nothing.json"));
    same(include_str!("recorded/dry.json"));
}

fn stream() -> Value {
    let docker = |name: &str, from: &str| json!({"name": name, "from": {"kind": "DockerImage", "name": from}});
    let tag = |name: &str, from: &str| json!({"name": name, "from": {"kind": "ImageStreamTag", "name": from}});
    json!({
        "metadata": {"name": "ruby", "resourceVersion": "9"},
        "spec": {"tags": [
            docker("latest", "up.test/ruby"), docker("2.7", "up.test/ruby:2.7"), tag("old", "ruby:2.7"),
            tag("self", "self"), tag("lost", "other:x"), {"name": "bare"},
            {"name": "perm", "from": {"kind": "ImageStreamImage", "name": "ruby@sha256:1"}},
            {"name": "again", "from": {"kind": "DockerImage", "name": "up.test/a"},
             "importPolicy": {"insecure": true, "scheduled": true}}
        ]},
        "status": {"tags": [{"tag": "pushed", "items": []}]}
    })
}

fn request(line: &str, stream: Option<&Value>) -> Result<Value, String> {
    let arguments = arguments(line);
    let request = Plan::read(&arguments).and_then(|plan| plan.request(stream, "n"));
    request.map(|body| body["spec"].clone()).map_err(|failure| failure.to_string())
}

#[test]
fn tags_are_imported_from_where_they_point() {
    let images = |line: &str| request(line, Some(&stream())).unwrap()["images"].clone();
    assert_eq!(images("ruby")[0]["from"]["name"], "up.test/ruby");
    assert_eq!(images("ruby:old")[0]["to"]["name"], "2.7");
    assert_eq!(images("ruby:new --from=up.test/x")[0]["from"]["name"], "up.test/x");
    let again = images("ruby:again");
    assert_eq!(again[0]["importPolicy"], json!({"insecure": true, "scheduled": true, "importMode": "Legacy"}));
    assert_eq!(images("ruby --all").as_array().map(Vec::len), Some(3));
    let pull_spec = request("up.test/library/ruby:2.7 --confirm", None).unwrap();
    assert_eq!(pull_spec["images"][0]["from"]["name"], "up.test/library/ruby:2.7");
    assert_eq!(images("ruby:pushed --from=up.test/x")[0]["to"]["name"], "pushed");
    let whole = json!({"spec": {"dockerImageRepository": "up.test/whole"}});
    assert_eq!(request("ruby", Some(&whole)).unwrap()["images"][0]["from"]["name"], "up.test/whole");
    assert!(request("ruby:v1", Some(&whole)).is_err());
    let all = request("mysql --from=up.test/mysql --all --confirm", None).unwrap();
    assert_eq!(all["repository"]["from"]["name"], "up.test/mysql");
}

#[test]
fn mistakes_are_told_as_recorded() {
    let spec = "error: the image name must be a valid container image pull spec or reference to an image stream (e.g. \
                myregistry/myteam/image:tag)";
    let by_digest = format!("x@sha256:{}", "1".repeat(64));
    for (line, words) in [
        ("", spec),
        ("bad@sha256:abc", spec),
        ("UPPER --confirm", spec),
        (by_digest.as_str(), "error: to import images by ID, use the 'tag' command"),
        ("x --reference-policy=maybe", "error: valid reference policy values are source or local"),
        ("x --import-mode=Maybe", "error: valid ImportMode values are Legacy or PreserveOriginal"),
        ("mysql:5.5 --all", "error: cannot specify a tag \"mysql:5.5\" as well as --all"),
        (
            "ruby:no",
            "error: the tag \"no\" does not exist on the image stream - choose an existing tag to import or use",
        ),
        ("ruby:bare --from=u.test/x", "error: tag \"bare\" already exists - you must use the 'tag' command if"),
        (
            "ruby --from=up.test/x",
            "error: the tag \"latest\" points to \"up.test/ruby\" - use the 'tag' command if you want",
        ),
        (
            "ruby:old --from=up.test/x",
            "error: the tag \"old\" points to the tag \"2.7\" which points to \"up.test/ruby:2.7\"",
        ),
        ("ruby:self", "error: tag \"self\" on the image stream is a reference to same tag"),
        ("ruby:lost", "error: tag \"lost\" points to an imagestreamtag from another ImageStream"),
        (
            "ruby:perm",
            "error: tag \"perm\" points to existing ImageStreamImage \"ruby@sha256:1\", it cannot be re-imported",
        ),
        (
            "ruby --all --from=up.test/x",
            "error: the image stream does not currently import an entire Docker repository",
        ),
    ] {
        let said = request(line, Some(&stream())).unwrap_err();
        assert!(said.starts_with(words), "{line}: {said}");
    }
    let said = request("ruby --from=up.test/ruby", None).unwrap_err();
    assert_eq!(said, "error: no image stream named \"ruby\" exists, pass --confirm to create and import");
    let said = request("ruby --all", Some(&json!({}))).unwrap_err();
    assert_eq!(said, "error: image stream does not have tags pointing to external container images");
}

#[tokio::test]
async fn the_stream_is_read_before_it_is_imported() {
    let missing = refusal(404, "NotFound", "gone");
    let (url, serving) = server(vec![missing, refusal(409, "Conflict", "changed")]).await;
    let failure = import(&arguments("ruby --from=up.test/ruby --confirm"), &client(url)).await.unwrap_err();
    assert_eq!(failure.to_string(), "Error from server (Conflict): changed");
    let asked = serving.await.unwrap();
    assert!(asked[0].0.ends_with("/namespaces/team/imagestreams/ruby"), "{}", asked[0].0);
    assert!(asked[1].0.starts_with("POST ") && asked[1].0.ends_with("/imagestreamimports"), "{}", asked[1].0);
}
