//! `GET /v2/<name>/tags/list`

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::json;

use crate::harness::{Repository, Weir};
use crate::harness_more::{pages, push_tags, strings};

async fn repository<'a>(weir: &'a Weir, tags: &[&str]) -> Repository<'a> {
    let repository = weir.repository("team/app");
    let image = repository.push_parts("content").await;
    let tags: Vec<String> = tags.iter().map(ToString::to_string).collect();
    push_tags(&repository, &image, &tags).await;
    repository
}

/// The tags of one page, and what its `Link` names.
async fn page(repository: &Repository<'_>, query: &str) -> (Vec<String>, Option<String>) {
    let reply = repository.weir.get(repository.path(&format!("tags/list{query}"))).await.is(200);
    (strings(&reply.json()["tags"]), crate::harness_more::next(&reply))
}

#[tokio::test]
async fn the_list_names_its_repository_as_it_was_asked_for() {
    let weir = Weir::start();
    repository(&weir, &["v1"]).await;
    let reply = weir.get("/v2/team/app/tags/list").await.is(200).has("content-type", "application/json");
    assert_eq!(reply.has_no("link").json(), json!({ "name": "team/app", "tags": ["v1"] }));
}

#[tokio::test]
async fn tags_come_in_the_order_of_their_bytes() {
    let weir = Weir::start();
    let repository = repository(&weir, &["b", "a", "B", "_", "1", "a.b", "a-b", "A"]).await;
    assert_eq!(repository.tags().await, ["1", "A", "B", "_", "a", "a-b", "a.b", "b"]);
}

#[tokio::test]
async fn n_limits_the_page_and_the_link_leads_to_the_end() {
    let weir = Weir::start();
    let repository = repository(&weir, &["a", "b", "c", "d", "e"]).await;
    let pages = pages(&weir, repository.path("tags/list?n=2")).await;
    let tags: Vec<Vec<String>> = pages.iter().map(|page| strings(&page.json()["tags"])).collect();
    assert_eq!(tags, [vec!["a", "b"], vec!["c", "d"], vec!["e"]]);
}

#[tokio::test]
async fn the_link_is_relative_and_carries_the_page_size() {
    let weir = Weir::start();
    let repository = repository(&weir, &["a", "b", "c"]).await;
    let reply = weir.get(repository.path("tags/list?n=2")).await;
    reply.is(200).has("link", "</v2/team/app/tags/list?n=2&last=b>; rel=\"next\"");
}

#[tokio::test]
async fn a_page_that_ends_the_list_has_no_link() {
    let weir = Weir::start();
    let repository = repository(&weir, &["a", "b"]).await;
    for n in ["2", "3", "10000", "99999999999999999999999"] {
        assert_eq!(page(&repository, &format!("?n={n}")).await, (vec!["a".into(), "b".into()], None), "n={n}");
    }
}

#[tokio::test]
async fn a_page_of_nothing_is_empty_and_has_no_link() {
    let weir = Weir::start();
    let repository = repository(&weir, &["a", "b"]).await;
    assert_eq!(page(&repository, "?n=0").await, (Vec::new(), None));
    assert_eq!(page(&repository, "?n=0&last=a").await, (Vec::new(), None));
}

#[tokio::test]
async fn last_is_left_out_and_need_not_be_a_tag() {
    let weir = Weir::start();
    let repository = repository(&weir, &["a", "c", "e"]).await;
    for (query, tags) in [
        ("?last=a&n=1", vec!["c"]),
        ("?last=a", vec!["c", "e"]),
        ("?last=b", vec!["c", "e"]),
        ("?last=", vec!["a", "c", "e"]),
        ("?last=d&n=5", vec!["e"]),
        ("?last=e", vec![]),
        ("?last=zzz", vec![]),
        ("?last=no%20tag%2Fat%20all", vec![]),
    ] {
        assert_eq!(page(&repository, query).await.0, tags, "{query}");
    }
}

#[tokio::test]
async fn a_malformed_page_size_is_told() {
    let weir = Weir::start();
    let repository = repository(&weir, &["a"]).await;
    for n in ["-1", "two", "", "1.5", "+1", "0x2"] {
        let reply = weir.get(repository.path(&format!("tags/list?n={n}"))).await;
        reply.is_oci_error(400, "PAGINATION_NUMBER_INVALID");
    }
}

#[tokio::test]
async fn a_repository_without_tags_has_an_empty_list() {
    let weir = Weir::start();
    let untagged = weir.repository("untagged");
    let image = untagged.push_parts("content").await;
    untagged.push(&image.digest(), &image).await.is(201);
    let deleted = weir.repository("deleted");
    deleted.push_image("v1", "content").await;
    deleted.delete("v1").await.is(202);
    for name in ["untagged", "deleted"] {
        let list = weir.get(format!("/v2/{name}/tags/list")).await.is(200).json();
        assert_eq!(list, json!({ "name": name, "tags": [] }));
    }
}

#[tokio::test]
async fn a_repository_that_nothing_was_pushed_to_is_unknown() {
    let weir = Weir::start();
    weir.get("/v2/team/app/tags/list").await.is_oci_error(404, "NAME_UNKNOWN");
    weir.get("/v2/team/app/tags/list?n=0").await.is_oci_error(404, "NAME_UNKNOWN");
}

#[tokio::test]
async fn a_malformed_repository_name_is_told() {
    let weir = Weir::start();
    for name in ["Team/app", "team//app", "-team", "te%20am"] {
        weir.get(format!("/v2/{name}/tags/list")).await.is_oci_error(400, "NAME_INVALID");
    }
}

#[tokio::test]
async fn the_default_namespace_may_be_left_out() {
    let weir = Weir::start();
    weir.repository("app").push_image("v1", "content").await;
    let list = weir.get("/v2/default/app/tags/list").await.is(200).json();
    assert_eq!(list, json!({ "name": "default/app", "tags": ["v1"] }));
}

#[tokio::test]
async fn only_the_head_is_sent_to_who_asks_for_it() {
    let weir = Weir::start();
    let repository = repository(&weir, &["a", "b"]).await;
    let whole = weir.get(repository.path("tags/list?n=1")).await.is(200);
    let head = weir.head(repository.path("tags/list?n=1")).await.is(200).holds("");
    head.has("content-length", whole.body.len().to_string()).has("link", whole.header("link"));
}

#[test]
fn pages_of_any_tags_are_those_of_a_sorted_list() {
    let weir = Weir::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    // Few letters, so that tags begin with one another.
    let tags = proptest::collection::btree_set("[0aB_][0aB._-]{0,4}", 1..40);
    let queries = (tags, "[0aB_][0aB._-]{0,4}", 1..7_usize);
    let cases = AtomicUsize::new(0);
    let config = ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() };
    let tested = TestRunner::new(config).run(&queries, |(tags, last, n)| {
        let case = cases.fetch_add(1, Ordering::Relaxed);
        let found = runtime.block_on(listed(&weir, case, &tags, &last, n));
        prop_assert_eq!(found.whole, Vec::from_iter(tags.clone()));
        let after: Vec<String> = tags.into_iter().filter(|tag| *tag > last).collect();
        let pages: Vec<Vec<String>> = after.chunks(n).map(<[String]>::to_vec).collect();
        let pages = if pages.is_empty() { vec![Vec::new()] } else { pages };
        prop_assert_eq!(found.pages, pages);
        Ok(())
    });
    tested.expect("pages of a sorted list");
}

struct Listed {
    whole: Vec<String>,
    /// After `last`, of `n` tags each.
    pages: Vec<Vec<String>>,
}

/// Sets tags in a repository of their own, and lists them.
async fn listed(weir: &Weir, case: usize, tags: &BTreeSet<String>, last: &str, n: usize) -> Listed {
    let repository = weir.repository(&format!("team/app{case}"));
    let image = repository.push_parts("content").await;
    push_tags(&repository, &image, &Vec::from_iter(tags.clone())).await;
    let replies = pages(weir, repository.path(&format!("tags/list?n={n}&last={last}"))).await;
    let pages = replies.iter().map(|page| strings(&page.json()["tags"])).collect();
    Listed { whole: repository.tags().await, pages }
}
