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

/// What a commit did to several objects carries one revision, and who has that may not have all of it.
async fn a_cut_commit_is_told_again(site: &Site) {
    let one = stream("a/one");
    let v1 = site.push(&one, "v1", "1").await;
    site.push(&one, "v2", "2").await;
    let gone = site.write(&one, What::Delete).await;
    let after = |selection: Selection, after: Revision| site.watch(Watched::StreamTags, selection, Start::After(after));
    let deleted = |name: &str| ("DELETED".to_owned(), name.to_owned(), gone.0);
    let mut watch = after(Selection::default(), gone);
    let again: Vec<_> = take(&mut watch, 2).await.iter().map(brief).collect();
    assert_eq!(again, [deleted("one:v1"), deleted("one:v2")]);
    assert!(futures_util::poll!(watch.next()).is_pending(), "once");
    let only = Selection { namespace: Some("a".into()), name: Some("one:v1".into()), ..Selection::default() };
    let mut single = after(only.clone(), gone);
    assert!(futures_util::poll!(single.next()).is_pending(), "one thing of it was seen whole");
    let mut single = after(only, v1);
    assert_eq!(brief(&take(&mut single, 1).await[0]), deleted("one:v1"));
    let mut now = site.watch(Watched::StreamTags, Selection::default(), Start::Now);
    assert!(futures_util::poll!(now.next()).is_pending());
    let next = site.push(&one, "v1", "3").await;
    for watch in [&mut watch, &mut now] {
        assert_eq!(brief(&take(watch, 1).await[0]), ("ADDED".into(), "one:v1".into(), next.0));
    }
}

#[tokio::test]
async fn a_commit_that_was_cut_is_told_again() {
    a_cut_commit_is_told_again(&Site::in_memory()).await;
}

#[tokio::test]
async fn a_commit_that_was_cut_is_told_again_from_before_the_ring() {
    let site = Site::with_limits(RingLimits { bytes: usize::MAX, events: 1 });
    let mut watch = site.watch(Watched::StreamTags, Selection::default(), Start::Now);
    assert!(futures_util::poll!(watch.next()).is_pending());
    a_cut_commit_is_told_again(&site).await;
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
