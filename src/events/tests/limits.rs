//! What happens at the limits: watchers that do not read, time that runs out, a server that stops.

use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::json;
use tokio::time::Instant;

use super::site::{Site, brief, parse, stream, take, version};
use crate::events::options::{Options, Representation, Selection, Start, Watch};
use crate::events::projection::Watched;
use crate::events::ring::RingLimits;

fn watch(bookmarks: bool, lasts: Duration) -> Watch {
    Watch {
        resource: Watched::Streams,
        selection: Selection::default(),
        options: Options { start: Start::Now, bookmarks, lasts },
        representation: Representation::Object,
    }
}

#[tokio::test]
async fn a_watcher_that_does_not_read_is_cut_and_nobody_waits_for_it() {
    let site = Site::with_limits(RingLimits { bytes: usize::MAX, events: 20 });
    let one = stream("a/one");
    site.push(&one, "v1", "0").await;
    let mut slow = site.watch(Watched::Streams, Selection::default(), Start::Now);
    let mut fast = site.watch(Watched::Streams, Selection::default(), Start::Now);
    assert!(futures_util::poll!(slow.next()).is_pending());
    assert!(futures_util::poll!(fast.next()).is_pending());
    let seen = site.revision();
    for round in 1..=100 {
        let pushed = site.push(&one, "v1", &round.to_string()).await;
        assert_eq!(version(&take(&mut fast, 1).await[0]), pushed.0);
    }
    let message = format!("too old resource version: {seen} ({})", site.revision().0 - 20);
    let last = parse(&slow.next().await.unwrap());
    assert_eq!(last[0]["type"], "ERROR");
    assert_eq!((&last[0]["object"]["code"], &last[0]["object"]["message"]), (&json!(410), &json!(message)));
    assert!(slow.next().await.is_none());
}

#[tokio::test]
async fn a_ring_is_bounded_in_bytes_and_always_has_the_last_commit() {
    let site = Site::with_limits(RingLimits { bytes: 1, events: usize::MAX });
    let one = stream("a/one");
    let mut watch = site.watch(Watched::Streams, Selection::default(), Start::Now);
    assert!(futures_util::poll!(watch.next()).is_pending());
    for round in 0..10 {
        site.push(&one, "v1", &round.to_string()).await;
        assert_eq!(take(&mut watch, 1).await.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn bookmarks_come_every_minute_and_at_the_end() {
    let site = Site::in_memory();
    let pushed = site.push(&stream("a/one"), "v1", "1").await;
    let begun = Instant::now();
    let mut watch = site.watch_with(watch(true, Duration::from_secs(150)));
    for after in [60, 120, 150] {
        let events = take(&mut watch, 1).await;
        assert_eq!(begun.elapsed().as_secs(), after);
        let wanted = json!([{"type": "BOOKMARK", "object": {
            "kind": "ImageStream", "apiVersion": "image.openshift.io/v1",
            "metadata": {"namespace": "default", "resourceVersion": pushed.to_string()},
            "spec": {"lookupPolicy": {"local": false}}, "status": {"dockerImageRepository": ""},
        }}]);
        assert_eq!(json!(events), wanted);
    }
    assert!(watch.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_watch_without_bookmarks_ends_in_silence() {
    let site = Site::in_memory();
    let begun = Instant::now();
    let mut watch = site.watch_with(watch(false, Duration::from_secs(150)));
    assert!(watch.next().await.is_none());
    assert_eq!(begun.elapsed().as_secs(), 150);
}

#[tokio::test]
async fn bookmarks_count_what_is_not_told() {
    let site = Site::in_memory();
    let mut watch =
        site.watch(Watched::Streams, Selection { namespace: Some("b".into()), ..Selection::default() }, Start::Now);
    assert!(futures_util::poll!(watch.next()).is_pending());
    site.push(&stream("a/one"), "v1", "1").await;
    let told = site.push(&stream("b/one"), "v1", "1").await;
    assert_eq!(brief(&take(&mut watch, 1).await[0]), ("ADDED".into(), "one".into(), told.0));
    site.events.stop().await;
    let end = take(&mut watch, 1).await;
    assert_eq!((end[0]["type"].as_str(), version(&end[0])), (Some("BOOKMARK"), told.0));
    assert!(watch.next().await.is_none(), "a server that stops ends its watches");
    assert!(site.watch(Watched::Streams, Selection::default(), Start::Now).next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_nobody_watches_any_more_is_left_alone() {
    let site = Site::in_memory();
    let one = stream("a/one");
    let mut first = site.watch(Watched::Streams, Selection::default(), Start::Now);
    assert!(futures_util::poll!(first.next()).is_pending());
    drop(first);
    tokio::time::sleep(Duration::from_mins(11)).await;
    let mut second = site.watch(Watched::Streams, Selection::default(), Start::Now);
    assert!(futures_util::poll!(second.next()).is_pending());
    let pushed = site.push(&one, "v1", "1").await;
    assert_eq!(version(&take(&mut second, 1).await[0]), pushed.0);
}
