//! `GET /v2/<name>/_oci/tag-history/<tag>`, of distribution-spec pull request 606.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use weir_storage::ManualClock;

use crate::harness::{Manifest, Repository, Weir, media_type};
use crate::harness_more::{members, next, pages};

const TIMESTAMP: &str = "org.opencontainers.distribution.tag.timestamp";
const EVENT: &str = "org.opencontainers.distribution.tag.event";

/// 2026-11-22T10:00:00Z.
const MORNING: u64 = 1_795_341_600;

/// A server on whose clock a minute passes between pushes.
fn slow_server() -> (Arc<ManualClock>, Weir) {
    let clock = Arc::new(ManualClock::at(MORNING));
    (Arc::clone(&clock), Weir::at(clock, |_| {}))
}

/// Images that a tag can be moved to, with their blobs in the repository.
async fn images(repository: &Repository<'_>, contents: &[&str]) -> Vec<Manifest> {
    let mut images = Vec::new();
    for content in contents {
        images.push(repository.push_parts(content).await);
    }
    images
}

/// Pushes images to a tag, a minute apart: the first at 10:00.
async fn push_each_minute(clock: &ManualClock, repository: &Repository<'_>, images: &[&Manifest]) {
    for image in images {
        repository.push("v1", image).await.is(201);
        clock.advance(Duration::from_mins(1));
    }
}

fn path(repository: &Repository<'_>, query: &str) -> String {
    repository.path(&format!("_oci/tag-history/v1{query}"))
}

async fn events(repository: &Repository<'_>, query: &str) -> Vec<Value> {
    let reply = repository.weir.get(path(repository, query)).await.is(200);
    reply.json()["manifests"].as_array().expect("an index").clone()
}

/// Which images the events are about, by their place in `images`.
fn places(events: &[Value], images: &[Manifest]) -> Vec<usize> {
    let place = |event: &Value| images.iter().position(|image| event["digest"] == image.digest().as_str());
    events.iter().map(|event| place(event).expect("a known image")).collect()
}

fn annotation<'a>(event: &'a Value, key: &str) -> &'a str {
    event["annotations"][key].as_str().expect(key)
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| annotation(event, EVENT)).collect()
}

#[tokio::test]
async fn the_history_is_an_index_of_what_the_tag_was_set_to() {
    let (_, weir) = slow_server();
    let repository = weir.repository("team/app");
    let image = repository.push_image("v1", "content").await;
    let reply = weir.get(path(&repository, "")).await.is(200).has("content-type", media_type::OCI_INDEX);
    let expected = json!({
        "schemaVersion": 2,
        "mediaType": media_type::OCI_INDEX,
        "manifests": [{
            "mediaType": media_type::OCI_IMAGE,
            "digest": image.digest(),
            "size": image.bytes.len(),
            "annotations": {
                TIMESTAMP: "2026-11-22T10:00:00.000000Z",
                EVENT: "created",
                "dev.weir.tag.cause": "push",
                "dev.weir.tag.actor": "system:anonymous",
                "dev.weir.tag.generation": "1",
            },
        }],
    });
    assert_eq!(reply.has_no("link").json(), expected);
}

#[tokio::test]
async fn the_newest_comes_first_and_nothing_is_left_out() {
    let (clock, weir) = slow_server();
    let repository = weir.repository("team/app");
    let images = images(&repository, &["a", "b"]).await;
    push_each_minute(&clock, &repository, &[&images[0], &images[1], &images[0]]).await;
    let events = events(&repository, "").await;
    assert_eq!(places(&events, &images), [0, 1, 0]);
    let times: Vec<&str> = events.iter().map(|event| &annotation(event, TIMESTAMP)[11..16]).collect();
    assert_eq!(times, ["10:02", "10:01", "10:00"]);
}

#[tokio::test]
async fn pushing_what_the_tag_means_adds_nothing() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let image = repository.push_image("v1", "content").await;
    let before = repository.history("v1").await;
    repository.push("v1", &image).await.is(201);
    repository.push(&format!("{}?tag=v1", image.digest()), &image).await.is(201);
    assert_eq!(repository.history("v1").await, before);
}

#[tokio::test]
async fn a_tag_of_a_push_by_digest_has_a_history_too() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let image = repository.push_parts("content").await;
    repository.push(&format!("{}?tag=v1&tag=v2", image.digest()), &image).await.is(201);
    for tag in ["v1", "v2"] {
        assert_eq!(members(&repository.history(tag).await.into(), "digest"), [image.digest()]);
    }
}

#[tokio::test]
async fn a_deletion_says_what_the_tag_meant_and_can_be_read_afterwards() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let image = repository.push_image("v1", "content").await;
    repository.delete("v1").await.is(202);
    let events = repository.history("v1").await;
    assert_eq!(kinds(&events), ["deleted", "created"]);
    assert_eq!(annotation(&events[0], "dev.weir.tag.cause"), "tag-delete");
    for member in ["digest", "mediaType", "size"] {
        assert_eq!(events[0][member], image.descriptor()[member], "{member}");
    }
}

#[tokio::test]
async fn a_tag_that_comes_back_goes_on_with_its_history() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let image = repository.push_image("v1", "content").await;
    repository.delete("v1").await.is(202);
    repository.push("v1", &image).await.is(201);
    assert_eq!(kinds(&repository.history("v1").await), ["created", "deleted", "created"]);
}

#[tokio::test]
async fn deleting_a_manifest_is_told_by_each_tag_that_meant_it() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let gone = repository.push_image("v1", "gone").await;
    repository.push("v2", &gone).await.is(201);
    repository.push("moved", &gone).await.is(201);
    repository.push_image("moved", "kept").await;
    repository.delete(&gone.digest()).await.is(202);
    for tag in ["v1", "v2"] {
        let events = repository.history(tag).await;
        assert_eq!(kinds(&events), ["deleted", "created"], "{tag}");
        assert_eq!(annotation(&events[0], "dev.weir.tag.cause"), "manifest-delete");
        assert_eq!(events[0]["digest"], gone.digest());
    }
    assert_eq!(kinds(&repository.history("moved").await), ["created", "created"]);
}

#[tokio::test]
async fn what_is_not_known_has_an_empty_history() {
    let weir = Weir::start();
    weir.repository("team/app").push_image("v2", "content").await;
    for name in ["team/app", "not/there"] {
        let reply = weir.get(format!("/v2/{name}/_oci/tag-history/v1")).await.is(200).has_no("link");
        assert_eq!(reply.json(), json!({ "schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": [] }));
    }
}

#[tokio::test]
async fn n_limits_the_page() {
    let (clock, weir) = slow_server();
    let repository = weir.repository("team/app");
    let images = images(&repository, &["a", "b", "c"]).await;
    push_each_minute(&clock, &repository, &images.iter().collect::<Vec<_>>()).await;
    assert_eq!(places(&events(&repository, "?n=2").await, &images), [2, 1]);
    weir.get(path(&repository, "?n=3")).await.is(200).has_no("link");
    let nothing = weir.get(path(&repository, "?n=0")).await.is(200).has_no("link").json();
    assert_eq!(nothing["manifests"], json!([]));
}

#[tokio::test]
async fn before_and_since_leave_their_own_moment_out() {
    let (clock, weir) = slow_server();
    let repository = weir.repository("team/app");
    let images = images(&repository, &["a", "b", "c", "d", "e"]).await;
    push_each_minute(&clock, &repository, &images.iter().collect::<Vec<_>>()).await;
    for (query, found) in [
        ("?before=2026-11-22T10:03:00Z", vec![2, 1, 0]),
        ("?before=2026-11-22T10:03:00.000001Z", vec![3, 2, 1, 0]),
        ("?before=2026-11-22T10:00:00Z", vec![]),
        ("?before=2030-01-01T00:00:00Z", vec![4, 3, 2, 1, 0]),
        ("?since=2026-11-22T10:02:00Z", vec![4, 3]),
        ("?since=2026-11-22T10:01:59.999999Z", vec![4, 3, 2]),
        ("?since=2000-01-01T00:00:00Z", vec![4, 3, 2, 1, 0]),
        ("?since=2026-11-22T10:04:00Z", vec![]),
        ("?since=2026-11-22T10:00:00Z&before=2026-11-22T10:04:00Z", vec![3, 2, 1]),
        ("?before=2026-11-22T12:03:00%2B02:00&n=1", vec![2]),
        ("?since=2026-11-22T12:02:00%2B02:00", vec![4, 3]),
    ] {
        assert_eq!(places(&events(&repository, query).await, &images), found, "{query}");
    }
}

#[tokio::test]
async fn events_of_one_image_can_be_asked_for() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let images = images(&repository, &["a", "b"]).await;
    for image in [0, 1, 0, 1, 0] {
        repository.push("v1", &images[image]).await.is(201);
    }
    repository.delete("v1").await.is(202);
    let first = images[0].digest();
    let found = events(&repository, &format!("?digest={first}")).await;
    assert_eq!((places(&found, &images), kinds(&found)[0]), (vec![0, 0, 0, 0], "deleted"));
    let pages = pages(&weir, path(&repository, &format!("?digest={first}&n=3"))).await;
    let sizes: Vec<usize> = pages.iter().map(|page| members(&page.json()["manifests"], "digest").len()).collect();
    assert_eq!(sizes, [3, 1]);
}

#[tokio::test]
async fn malformed_parameters_are_told() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    for query in ["?n=x", "?n=-1", "?before=yesterday", "?since=2026-11-22", "?below=x"] {
        weir.get(path(&repository, query)).await.is_oci_error(400, "PAGINATION_NUMBER_INVALID");
    }
    weir.get(path(&repository, "?digest=sha256:x")).await.is_oci_error(400, "DIGEST_INVALID");
    weir.get(repository.path("_oci/tag-history/.v1")).await.is_oci_error(400, "TAG_INVALID");
    weir.get("/v2/Team/_oci/tag-history/v1").await.is_oci_error(400, "NAME_INVALID");
}

#[tokio::test]
async fn the_pages_of_a_long_history_lead_to_its_end() {
    // The clock stands still: what orders the events is not the time of day.
    let (_, weir) = slow_server();
    let repository = weir.repository("team/app");
    let images = images(&repository, &["a", "b"]).await;
    for event in 0..500 {
        repository.push("v1", &images[event % 2]).await.is(201);
    }
    let pages = pages(&weir, path(&repository, "?n=64")).await;
    assert_eq!(pages.len(), 8);
    let events: Vec<Value> =
        pages.iter().flat_map(|page| page.json()["manifests"].as_array().expect("an index").clone()).collect();
    let expected: Vec<usize> = (0..500).rev().map(|event| event % 2).collect();
    assert_eq!(places(&events, &images), expected);
    let times: Vec<&str> = events.iter().map(|event| annotation(event, TIMESTAMP)).collect();
    assert!(times.is_sorted_by(|newer, older| newer > older), "times do not fall: {times:?}");
}

#[tokio::test]
async fn a_link_keeps_what_was_asked_for() {
    let (clock, weir) = slow_server();
    let repository = weir.repository("team/app");
    let images = images(&repository, &["a", "b", "c", "d", "e"]).await;
    push_each_minute(&clock, &repository, &images.iter().collect::<Vec<_>>()).await;
    let query = "?n=1&since=2026-11-22T10:00:00Z&before=2026-11-22T10:04:00Z";
    let pages = pages(&weir, path(&repository, query)).await;
    let events: Vec<Value> = pages.iter().map(|page| page.json()["manifests"][0].clone()).collect();
    assert_eq!(places(&events, &images), [3, 2, 1]);
}

#[tokio::test]
async fn a_page_shows_the_same_when_the_tag_moves_on() {
    let (clock, weir) = slow_server();
    let repository = weir.repository("team/app");
    let images = images(&repository, &["a", "b", "c"]).await;
    push_each_minute(&clock, &repository, &[&images[0], &images[1]]).await;
    let first = weir.get(path(&repository, "?n=1")).await.is(200);
    repository.push("v1", &images[2]).await.is(201);
    let second = weir.get(next(&first).expect("a second page")).await.is(200).json();
    assert_eq!(second["manifests"][0]["digest"], images[0].digest());
}

#[tokio::test]
async fn tags_have_histories_of_their_own() {
    let weir = Weir::start();
    let (one, other) = (weir.repository("team/app"), weir.repository("team/other"));
    one.push_image("v1", "a").await;
    one.push_image("v1.0", "b").await;
    other.push_image("v1", "c").await;
    assert_eq!(one.history("v1").await.len(), 1);
    assert_eq!(one.history("v1.0").await.len(), 1);
    assert_eq!(other.history("v1").await.len(), 1);
}

#[tokio::test]
async fn the_history_is_read_only() {
    let weir = Weir::start();
    for call in [weir.delete("/v2/a/_oci/tag-history/v1"), weir.put("/v2/a/_oci/tag-history/v1")] {
        call.await.has("allow", "GET, HEAD").is_oci_error(405, "UNSUPPORTED");
    }
}
