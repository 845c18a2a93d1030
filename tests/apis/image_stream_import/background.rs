//! Imports that nobody asks for: after a change of a spec, after a failure, and by schedule.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::logins::{namespace, secret};
use super::{history, path, status_of, stream};
use crate::harness::{Upstream, Weir, importing};

/// How long an import may take to be seen.
const PATIENCE: Duration = Duration::from_mins(1);

/// Sets a tag as `oc tag` does.
async fn tag(weir: &Weir, tag: &str, from: &str, policy: Value, annotations: Value) {
    let name = format!("app:{tag}");
    let body = json!({
        "kind": "ImageStreamTag",
        "apiVersion": "image.openshift.io/v1",
        "metadata": { "name": name, "namespace": "team", "annotations": annotations },
        "tag": {
            "name": tag,
            "from": { "kind": "DockerImage", "name": from },
            "generation": 0,
            "importPolicy": policy,
        },
    });
    let reply = weir.put(path("team", &format!("imagestreamtags/{name}"))).body(body.to_string()).await;
    assert!(reply.status.is_success(), "{reply:?}");
}

async fn set(weir: &Weir, name: &str, from: &str) {
    tag(weir, name, from, json!({ "insecure": true }), json!({})).await;
}

/// The stream as soon as it is as it should be.
async fn until(weir: &Weir, is: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let shown = stream(weir).await;
        if is(&shown) {
            return shown;
        }
        assert!(began.elapsed() < PATIENCE, "{shown:#}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_tag_from_elsewhere_is_imported_when_it_is_set() {
    let (upstream, weir) = (Upstream::start(), Weir::with(importing));
    let (one, two) = (upstream.put_image("a/b", "v1", "one"), upstream.put_image("a/b", "v2", "two"));
    set(&weir, "latest", &format!("{}/a/b:v1", upstream.host())).await;
    let shown = until(&weir, |shown| history(shown, "latest") == [one.digest()]).await;
    let (tag, item) = (&shown["spec"]["tags"][0], &status_of(&shown, "latest")["items"][0]);
    assert_eq!((&tag["generation"], &item["generation"]), (&2.into(), &2.into()));
    set(&weir, "latest", &format!("{}/a/b:v2", upstream.host())).await;
    until(&weir, |shown| history(shown, "latest") == [two.digest(), one.digest()]).await;
}

#[tokio::test]
async fn a_whole_stream_may_say_that_plain_http_will_do() {
    let (upstream, weir) = (Upstream::start(), Weir::with(importing));
    let one = upstream.put_image("a/b", "v1", "one");
    let body = json!({
        "kind": "ImageStream",
        "apiVersion": "image.openshift.io/v1",
        "metadata": { "name": "app", "annotations": { "openshift.io/image.insecureRepository": "true" } },
        "spec": {
            "dockerImageRepository": format!("{}/a/b", upstream.host()),
            "tags": [{ "name": "mine", "from": { "kind": "DockerImage", "name": format!("{}/a/b:v1", upstream.host()) } }],
        },
    });
    weir.post(path("team", "imagestreams")).body(body.to_string()).await.is(201);
    let both = |shown: &Value| history(shown, "mine") == [one.digest()] && history(shown, "v1") == [one.digest()];
    until(&weir, both).await;
}

#[tokio::test]
async fn what_fails_is_told_and_imported_when_it_is_set_again() {
    let (mut upstream, weir) = (Upstream::start(), Weir::with(importing));
    let one = upstream.put_image("a/b", "v1", "one");
    upstream.stop();
    let from = format!("{}/a/b:v1", upstream.host());
    set(&weir, "latest", &from).await;
    let failed = |shown: &Value| status_of(shown, "latest")["conditions"][0]["reason"] == "InternalError";
    let shown = until(&weir, failed).await;
    assert_eq!(shown["spec"]["tags"][0]["generation"], status_of(&shown, "latest")["conditions"][0]["generation"]);
    upstream.resume();
    set(&weir, "latest", &from).await;
    let shown = until(&weir, |shown| history(shown, "latest") == [one.digest()]).await;
    assert_eq!(status_of(&shown, "latest").get("conditions"), None);
}

#[tokio::test]
async fn what_waited_while_the_server_was_stopped_is_imported_when_it_starts() {
    let (upstream, mut weir) = (Upstream::start(), Weir::durable());
    let one = upstream.put_image("a/b", "v1", "one");
    set(&weir, "latest", &format!("{}/a/b:v1", upstream.host())).await;
    assert_eq!(history(&stream(&weir).await, "latest"), [""; 0]);
    weir.restart_with(importing);
    until(&weir, |shown| history(shown, "latest") == [one.digest()]).await;
}

#[tokio::test]
async fn a_scheduled_tag_follows_its_upstream_at_the_cost_of_a_head() {
    let (upstream, weir) = (Upstream::start(), Weir::with(importing));
    let one = upstream.put_image("a/b", "v1", "one");
    let from = format!("{}/a/b:v1", upstream.host());
    let policy = json!({ "insecure": true, "scheduled": true });
    tag(&weir, "latest", &from, policy, json!({ "importer.weir/schedule": "1s" })).await;
    until(&weir, |shown| history(shown, "latest") == [one.digest()]).await;

    let asked = |what: &str| upstream.requests().iter().filter(|request| request.starts_with(what)).count();
    let began = Instant::now();
    while asked("HEAD /v2/a/b/manifests/v1") < 2 {
        assert!(began.elapsed() < PATIENCE, "{:?}", upstream.requests());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(asked("GET /v2/a/b/manifests/v1"), 1, "{:?}", upstream.requests());
    let before = stream(&weir).await["metadata"]["resourceVersion"].clone();
    assert_eq!(stream(&weir).await["metadata"]["resourceVersion"], before);

    let two = upstream.put_image("a/b", "v1", "two");
    until(&weir, |shown| history(shown, "latest") == [two.digest(), one.digest()]).await;
    upstream.remove_tag("a/b", "v1");
    let shown = until(&weir, |shown| status_of(shown, "latest")["conditions"][0]["reason"] == "NotFound").await;
    assert_eq!(history(&shown, "latest"), [two.digest(), one.digest()], "its history stays");
    weir.get("/v2/team/app/manifests/latest").await.is(200).holds(&two.bytes);
    weir.get(format!("/v2/team/app/manifests/{}", one.digest())).await.is(200).holds(&one.bytes);
}

#[tokio::test]
async fn what_was_refused_is_imported_when_a_login_comes() {
    let (upstream, weir) = (Upstream::private(), Weir::with(importing));
    namespace(&weir).await;
    let one = upstream.put_image("a/b", "v1", "one");
    set(&weir, "latest", &format!("{}/a/b:v1", upstream.host())).await;
    until(&weir, |shown| status_of(shown, "latest")["conditions"][0]["reason"] == "Unauthorized").await;
    secret(&weir, "pull", &upstream.host(), "alice:secret").await;
    let shown = until(&weir, |shown| history(shown, "latest") == [one.digest()]).await;
    assert_eq!(status_of(&shown, "latest").get("conditions"), None);
}

#[tokio::test]
async fn a_schedule_of_the_stream_holds_for_tags_that_wait_already() {
    let (upstream, weir) = (Upstream::start(), Weir::with(importing));
    let one = upstream.put_image("a/b", "v1", "one");
    let policy = json!({ "insecure": true, "scheduled": true });
    tag(&weir, "latest", &format!("{}/a/b:v1", upstream.host()), policy, json!({})).await;
    until(&weir, |shown| history(shown, "latest") == [one.digest()]).await;
    let two = upstream.put_image("a/b", "v1", "two");
    let often = json!({ "metadata": { "annotations": { "importer.weir/schedule": "1s" } } });
    let patch = weir.patch(path("team", "imagestreams/app")).header("content-type", "application/merge-patch+json");
    patch.body(often.to_string()).await.is(200);
    until(&weir, |shown| history(shown, "latest") == [two.digest(), one.digest()]).await;
}

#[tokio::test]
async fn a_tag_that_is_set_without_a_schedule_has_none_any_more() {
    let (upstream, weir) = (Upstream::start(), Weir::with(importing));
    let one = upstream.put_image("a/b", "v1", "one");
    let from = format!("{}/a/b:v1", upstream.host());
    let often = json!({ "importer.weir/schedule": "1s" });
    tag(&weir, "latest", &from, json!({ "insecure": true, "scheduled": true }), often.clone()).await;
    until(&weir, |shown| history(shown, "latest") == [one.digest()]).await;
    tag(&weir, "latest", &from, json!({ "insecure": true }), often).await;
    let shown = until(&weir, |shown| {
        shown["spec"]["tags"][0]["generation"] == status_of(shown, "latest")["items"][0]["generation"]
    });
    assert_eq!(shown.await["spec"]["tags"][0]["importPolicy"].get("scheduled"), None);
    let asked = upstream.requests().len();
    upstream.put_image("a/b", "v1", "two");
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(upstream.requests().len(), asked, "{:?}", upstream.requests());
    assert_eq!(history(&stream(&weir).await, "latest"), [one.digest()]);
}

/// `TestScheduledImport`: what is scheduled is asked about again and again; not what is gone, and nothing where schedules are off.
#[tokio::test]
async fn scheduled_import() {
    let (upstream, on) = (Upstream::start(), Weir::with(importing));
    let off = Weir::with(|config| {
        importing(config);
        config.upstreams.import.scheduled_per_minute = 0;
    });
    for (weir, name) in [(&on, "v1"), (&off, "v2")] {
        let one = upstream.put_image("a/b", name, name);
        let mut wanted = super::image(&format!("{}/a/b:{name}", upstream.host()), "latest");
        wanted["importPolicy"]["scheduled"] = true.into();
        super::import(weir, super::images(&[wanted])).await;
        let often = json!({ "metadata": { "annotations": { "importer.weir/schedule": "1s" } } });
        let call = weir.patch(path("team", "imagestreams/app"));
        call.header("content-type", "application/merge-patch+json").body(often.to_string()).await.is(200);
        assert_eq!(history(&stream(weir).await, "latest"), [one.digest()]);
    }
    let heads = |tag: &str| {
        let head = format!("HEAD /v2/a/b/manifests/{tag}");
        upstream.requests().into_iter().filter(|asked| *asked == head).count()
    };
    let began = Instant::now();
    while heads("v1") < 2 {
        assert!(began.elapsed() < PATIENCE, "{:?}", upstream.requests());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    on.delete(path("team", "imagestreams/app")).await.is(200);
    // One may be under way.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = heads("v1");
    tokio::time::sleep(Duration::from_millis(2200)).await;
    assert_eq!((heads("v1"), heads("v2")), (before, 0));
}

/// `TestHandleImageStream`, as far as whole streams are concerned: what was imported once is not imported again by itself.
mod handle_image_stream {
    use super::*;

    /// Makes a stream, and tells what the registry was asked until a tag of another stream, made after it, was imported.
    async fn asked(annotations: Value, spec: impl Fn(&str) -> Value) -> Vec<String> {
        let (upstream, weir) = (Upstream::start(), Weir::with(importing));
        let (other, after) =
            (upstream.put_image("test/other", "latest", "other"), upstream.put_image("a/b", "v1", "one"));
        assert_ne!(other.digest(), after.digest());
        let body = json!({
            "kind": "ImageStream",
            "apiVersion": "image.openshift.io/v1",
            "metadata": { "name": "test", "annotations": annotations },
            "spec": spec(&format!("{}/test/other", upstream.host())),
        });
        weir.post(path("team", "imagestreams")).body(body.to_string()).await.is(201);
        set(&weir, "latest", &format!("{}/a/b:v1", upstream.host())).await;
        until(&weir, |shown| history(shown, "latest") == [after.digest()]).await;
        upstream.requests().into_iter().filter(|asked| asked.contains("test/other")).collect()
    }

    fn checked(when: &str) -> Value {
        json!({
            "openshift.io/image.dockerRepositoryCheck": when,
            "openshift.io/image.insecureRepository": "true",
        })
    }

    #[tokio::test]
    async fn a_checked_stream_without_tags_is_not_imported() {
        assert_eq!(asked(checked("2026-11-22T10:00:00Z"), |_| json!({})).await, [""; 0]);
    }

    #[tokio::test]
    async fn a_checked_repository_is_not_imported() {
        for when in ["2026-11-22T10:00:00Z", "a random error"] {
            let spec = |repository: &str| json!({ "dockerImageRepository": repository });
            assert_eq!(asked(checked(when), spec).await, [""; 0]);
        }
    }

    #[tokio::test]
    async fn tags_that_are_only_references_are_not_imported() {
        let spec = |repository: &str| {
            let from = json!({ "kind": "DockerImage", "name": format!("{repository}:latest") });
            json!({ "tags": [{ "name": "latest", "from": from, "reference": true }] })
        };
        assert_eq!(asked(json!({ "openshift.io/image.insecureRepository": "true" }), spec).await, [""; 0]);
    }
}
