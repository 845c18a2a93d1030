//! Resuming: from any revision that the feed still has, also after a restart; and not from one that is too long ago.

use futures_util::StreamExt as _;
use serde_json::json;
use weir_storage::Revision;

use super::model::Model;
use super::site::{Site, What, brief, parse, stream, take};
use crate::events::options::{Selection, Start};
use crate::events::projection::Watched;
use crate::events::replay::FURTHEST_BACK;
use crate::events::ring::RingLimits;

async fn all_resumes(site: &Site) {
    let model = Model::of(site, Watched::Streams).await;
    for after in 0..site.revision().0 {
        let wanted = model.events(&Selection::default(), after);
        let mut watch = site.watch(Watched::Streams, Selection::default(), Start::After(Revision(after)));
        assert_eq!(take(&mut watch, wanted.len()).await, wanted, "after {after}");
    }
}

async fn history(site: &Site) {
    let (one, two) = (stream("a/one"), stream("a/two"));
    for round in 0..8 {
        site.push(&one, "v1", &round.to_string()).await;
        site.push(&two, "v1", &round.to_string()).await;
        if round % 3 == 0 {
            site.write(&two, What::Delete).await;
        }
    }
}

#[tokio::test]
async fn a_watch_resumes_from_every_revision() {
    let site = Site::in_memory();
    history(&site).await;
    all_resumes(&site).await;
}

#[tokio::test]
async fn a_watch_resumes_from_before_the_ring() {
    let site = Site::with_limits(RingLimits { bytes: usize::MAX, events: 1 });
    history(&site).await;
    // Once the ring has come to the end, all but its last commit is gone from it.
    let mut watch = site.watch(Watched::Streams, Selection::default(), Start::Now);
    assert!(futures_util::poll!(watch.next()).is_pending());
    site.push(&stream("a/one"), "v1", "last").await;
    take(&mut watch, 1).await;
    all_resumes(&site).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_resumes_after_a_restart() {
    let site = Site::on_disk().await;
    history(&site).await;
    let site = site.restarted().await;
    all_resumes(&site).await;
    site.events.stop().await;
}

#[tokio::test]
async fn a_watch_from_the_future_waits_for_it() {
    let site = Site::in_memory();
    let one = stream("a/one");
    let made = site.push(&one, "v1", "1").await;
    let mut watch = site.watch(Watched::Streams, Selection::default(), Start::After(Revision(made.0 + 1)));
    assert!(futures_util::poll!(watch.next()).is_pending());
    site.push(&one, "v1", "2").await;
    let second = site.push(&one, "v1", "3").await;
    assert_eq!(brief(&take(&mut watch, 1).await[0]), ("MODIFIED".into(), "one".into(), second.0));
}

#[tokio::test]
async fn what_is_too_long_ago_is_expired() {
    let site = Site::in_memory();
    let one = stream("a/one");
    for _ in 0..FURTHEST_BACK + 7 {
        site.write(&one, What::Elsewhere).await;
    }
    let mut watch = site.watch(Watched::Streams, Selection::default(), Start::After(Revision(1)));
    let wanted = json!({"type": "ERROR", "object": {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "too old resource version: 1 (7)", "reason": "Expired", "code": 410,
    }});
    assert_eq!(parse(&watch.next().await.unwrap()), [wanted]);
    assert!(watch.next().await.is_none());
}
