//! What a tag's stream and the metrics say of how fresh it is.

use super::*;

const TAG: &str = "hub.io/team/app/manifests/v1";

/// A site that pulled a tag, and asks anew for each pull.
async fn pulled() -> (Site, Hub, Image) {
    let hub = Hub::start().await;
    let image = hub.image("one");
    hub.tag("team/app:v1", &image.digest);
    let site = Site::start(hub.address, |mirror| mirror.fresh_for = Duration::ZERO).await;
    assert_eq!(site.get(TAG).await.status, StatusCode::OK);
    (site, hub, image)
}

impl Site {
    async fn json(&self, path: &str) -> Value {
        let answer = self.client.get(format!("http://{}/{path}", self.address)).send().await.unwrap();
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }

    /// The conditions of the tag, and the version of its stream.
    async fn conditions(&self) -> (Value, String) {
        let stream = self.json("apis/image.openshift.io/v1/namespaces/hub.io/imagestreams/team..app").await;
        let version = stream["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
        (stream["status"]["tags"][0]["conditions"].clone(), version)
    }

    async fn metrics(&self) -> String {
        self.client.get(format!("http://{}/metrics", self.address)).send().await.unwrap().text().await.unwrap()
    }
}

/// A condition, without its time.
fn told(condition: &Value) -> [&str; 4] {
    ["type", "status", "reason", "message"].map(|field| condition[field].as_str().unwrap())
}

#[tokio::test]
async fn a_tag_says_once_why_it_is_not_confirmed() {
    let (site, hub, image) = pulled().await;
    assert_eq!(site.conditions().await.0, Value::Null);
    hub.becomes(Mood::Refuses(403, "X-A: b"));
    assert_eq!(site.get(TAG).await.body, image.manifest);
    let (conditions, version) = site.conditions().await;
    let message = format!("you may not have access to the container image \"{}/team/app:v1\"", hub.address);
    assert_eq!(told(&conditions[0]), ["ImportSuccess", "False", "Unauthorized", &message]);
    assert_eq!(conditions[0]["generation"], 1);
    for _ in 0..3 {
        assert_eq!(site.get(TAG).await.body, image.manifest);
    }
    assert_eq!(site.conditions().await, (conditions, version), "nothing is written for a pull");
    site.stop().await;
}

#[tokio::test]
async fn a_condition_goes_with_the_next_confirmation() {
    let (site, hub, image) = pulled().await;
    hub.untag("team/app:v1");
    for _ in 0..2 {
        assert_eq!(site.get(TAG).await.body, image.manifest);
    }
    let (conditions, version) = site.conditions().await;
    let message = format!("dockerimage.image.openshift.io \"{}/team/app:v1\" not found", hub.address);
    assert_eq!(told(&conditions[0]), ["ImportSuccess", "False", "NotFound", &message]);
    site.get(TAG).await;
    assert_eq!(site.conditions().await, (conditions, version), "asked again, with the same answer");
    hub.tag("team/app:v1", &image.digest);
    assert_eq!(site.get(TAG).await.body, image.manifest);
    assert_eq!(site.conditions().await.0, Value::Null);
    site.stop().await;
}

/// As when a registry restarts.
#[tokio::test]
async fn a_failure_that_may_pass_is_not_told_at_once() {
    let (site, hub, image) = pulled().await;
    hub.becomes(Mood::Refuses(503, "X-A: b"));
    assert_eq!(site.get(TAG).await.body, image.manifest);
    assert_eq!(site.conditions().await.0, Value::Null);
    site.stop().await;
}

#[tokio::test]
async fn answers_are_counted_by_how_fresh_they_are() {
    let (site, hub, image) = pulled().await;
    site.get(TAG).await;
    site.get(&format!("hub.io/team/app/manifests/{}", image.digest)).await;
    site.get("hub.io/team/other/manifests/v1").await;
    hub.becomes(Mood::Refuses(503, "Retry-After: 60"));
    site.get(TAG).await;
    site.get("hub.io/team/third/manifests/v1").await;
    let text = site.metrics().await;
    for (state, count) in
        [("first", 1), ("revalidated", 1), ("settled", 1), ("unknown", 1), ("stale", 1), ("failed", 1), ("fresh", 0)]
    {
        let line = format!("weir_mirror_answers_total{{prefix=\"hub.io\",state=\"{state}\"}} {count}\n");
        assert!(text.contains(&line), "no {line} in\n{text}");
    }
    site.stop().await;
}
