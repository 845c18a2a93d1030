//! Whole repositories.

use serde_json::{Value, json};

use super::{history, image, import, stream};
use crate::harness::{Upstream, Weir, reading};

fn repository(upstream: &Upstream, name: &str) -> Value {
    json!({
        "from": { "kind": "DockerImage", "name": format!("{}/{name}", upstream.host()) },
        "importPolicy": { "insecure": true },
    })
}

fn tags(status: &Value) -> Vec<&str> {
    let images = status["images"].as_array().into_iter().flatten();
    images.map(|image| image["tag"].as_str().unwrap_or_default()).collect()
}

#[tokio::test]
async fn the_most_wanted_tags_of_a_repository_are_imported() {
    let weir = Weir::with(|config| {
        reading(config);
        config.upstreams.import.tags = 5;
    });
    let upstream = Upstream::start();
    for tag in ["v1", "abc", "3.1", "latest", "other", "3.2", "v2"] {
        upstream.put_image("a/many", tag, tag);
    }
    let answer = import(&weir, json!({ "import": true, "repository": repository(&upstream, "a/many") })).await;
    let status = &answer["status"]["repository"];
    assert_eq!(status["status"]["status"], "Success", "{status}");
    assert_eq!(tags(status), ["latest", "3.2", "3.1", "abc", "other"]);
    assert_eq!(status["additionalTags"], json!(["v1", "v2"]));
    let shown = stream(&weir).await;
    let spec: Vec<&Value> = shown["spec"]["tags"].as_array().unwrap().iter().map(|tag| &tag["from"]["name"]).collect();
    assert_eq!(spec.len(), 5);
    assert_eq!(*spec[0], format!("{}/a/many:3.1", upstream.host()));
}

#[tokio::test]
async fn a_tag_that_is_named_counts_more_than_that_of_the_repository() {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    let all = upstream.put_image("a/many", "v1", "of the repository");
    let named = upstream.put_image("b/one", "v1", "named");
    let images = [image(&format!("{}/b/one:v1", upstream.host()), "v1")];
    import(&weir, json!({ "import": true, "repository": repository(&upstream, "a/many"), "images": images })).await;
    assert_eq!(history(&stream(&weir).await, "v1"), [named.digest(), all.digest()]);
}

#[tokio::test]
async fn a_repository_that_is_not_there_is_one_failure() {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    let answer = import(&weir, json!({ "import": true, "repository": repository(&upstream, "a/none") })).await;
    let status = &answer["status"]["repository"];
    let message = format!("dockerimage.image.openshift.io \"{}/a/none\" not found", upstream.host());
    assert_eq!((&status["status"]["message"], status.get("images")), (&message.into(), None));
    assert_eq!(stream(&weir).await["status"].get("tags"), None);
}
