//! `GET /v2/_catalog`

use serde_json::json;

use crate::harness::{Manifest, Weir};
use crate::harness_more::{next, pages, strings};

async fn push(weir: &Weir, names: &[&str]) {
    for name in names {
        weir.repository(name).push_image("v1", name).await;
    }
}

async fn catalog(weir: &Weir, query: &str) -> Vec<String> {
    strings(&weir.get(format!("/v2/_catalog{query}")).await.is(200).json()["repositories"])
}

#[tokio::test]
async fn a_new_registry_has_no_repositories() {
    let weir = Weir::start();
    let reply = weir.get("/v2/_catalog").await.is(200).has("content-type", "application/json").has_no("link");
    assert_eq!(reply.json(), json!({ "repositories": [] }));
}

#[tokio::test]
async fn repositories_come_in_the_order_of_their_bytes() {
    let weir = Weir::start();
    push(&weir, &["b", "a/b", "a", "a-b", "a.b", "a/b/c", "a1"]).await;
    assert_eq!(catalog(&weir, "").await, ["a", "a-b", "a.b", "a/b", "a/b/c", "a1", "b"]);
}

#[tokio::test]
async fn a_repository_is_listed_as_it_was_spelled_at_first() {
    let weir = Weir::start();
    push(&weir, &["app", "default/app", "default/other", "other"]).await;
    assert_eq!(catalog(&weir, "").await, ["app", "default/other"]);
}

#[tokio::test]
async fn blobs_alone_make_no_repository() {
    let weir = Weir::start();
    weir.repository("team/app").push_parts("content").await;
    assert!(catalog(&weir, "").await.is_empty());
}

#[tokio::test]
async fn a_manifest_without_a_tag_makes_a_repository() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let image = repository.push_parts("content").await;
    repository.push(&image.digest(), &image).await.is(201);
    assert_eq!(catalog(&weir, "").await, ["team/app"]);
}

#[tokio::test]
async fn a_page_has_a_hundred_names_where_nothing_is_said() {
    let weir = Weir::start();
    let names: Vec<String> = (0..103).map(|number| format!("app{number:03}")).collect();
    for name in &names {
        weir.repository(name).push("v1", &Manifest::index(&[])).await.is(201);
    }
    let pages = pages(&weir, "/v2/_catalog").await;
    let sizes: Vec<usize> = pages.iter().map(|page| strings(&page.json()["repositories"]).len()).collect();
    assert_eq!(sizes, [100, 3]);
    let all: Vec<String> = pages.iter().flat_map(|page| strings(&page.json()["repositories"])).collect();
    assert_eq!(all, names);
}

#[tokio::test]
async fn n_limits_the_page_and_the_link_leads_to_the_end() {
    let weir = Weir::start();
    push(&weir, &["a", "team/b", "team/c/d"]).await;
    let first = weir.get("/v2/_catalog?n=2").await.is(200);
    assert_eq!(next(&first).as_deref(), Some("/v2/_catalog?n=2&last=team/b"));
    let pages = pages(&weir, "/v2/_catalog?n=1").await;
    let names: Vec<Vec<String>> = pages.iter().map(|page| strings(&page.json()["repositories"])).collect();
    assert_eq!(names, [["a"], ["team/b"], ["team/c/d"]]);
    weir.get("/v2/_catalog?n=3").await.is(200).has_no("link");
}

#[tokio::test]
async fn last_is_left_out_and_need_not_be_a_repository() {
    let weir = Weir::start();
    push(&weir, &["a", "c", "c/d"]).await;
    for (query, names) in [
        ("?last=a", vec!["c", "c/d"]),
        ("?last=b&n=1", vec!["c"]),
        ("?last=c%2Fd", vec![]),
        ("?last=zzz", vec![]),
        ("?last=", vec!["a", "c", "c/d"]),
    ] {
        assert_eq!(catalog(&weir, query).await, names, "{query}");
    }
}

#[tokio::test]
async fn a_page_size_is_a_number_above_nothing() {
    let weir = Weir::start();
    for n in ["0", "-1", "many", ""] {
        weir.get(format!("/v2/_catalog?n={n}")).await.is_oci_error(400, "PAGINATION_NUMBER_INVALID");
    }
    weir.get("/v2/_catalog?n=99999999999999999999999").await.is(200);
}

#[tokio::test]
async fn a_repository_leaves_with_its_last_manifest_and_comes_back_with_the_next() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let first = repository.push_image("v1", "first").await;
    let second = repository.push_image("v2", "second").await;
    repository.delete("v1").await.is(202);
    repository.delete(&first.digest()).await.is(202);
    assert_eq!(catalog(&weir, "").await, ["team/app"]);
    repository.delete(&second.digest()).await.is(202);
    assert!(catalog(&weir, "").await.is_empty());
    repository.push("v1", &first).await.is(201);
    assert_eq!(catalog(&weir, "").await, ["team/app"]);
}

#[tokio::test]
async fn a_repository_whose_tags_are_all_deleted_stays() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    repository.push_image("v1", "content").await;
    repository.delete("v1").await.is(202);
    assert_eq!(catalog(&weir, "").await, ["team/app"]);
}

#[tokio::test]
async fn the_catalog_is_read_only() {
    let weir = Weir::start();
    for call in [weir.post("/v2/_catalog"), weir.delete("/v2/_catalog"), weir.put("/v2/_catalog")] {
        call.await.has("allow", "GET, HEAD").is_oci_error(405, "UNSUPPORTED");
    }
}

/// Rows of `TestCatalog`.
mod rows {
    use super::*;

    async fn listed(names: &[&str], query: &str) -> Vec<String> {
        let weir = Weir::start();
        push(&weir, names).await;
        catalog(&weir, query).await
    }

    const FOUR: [&str; 4] = ["ns1/a", "ns1/b", "ns2/a", "ns3/a"];

    #[tokio::test]
    async fn no_image_streams() {
        assert_eq!(listed(&[], "").await, [""; 0]);
    }

    #[tokio::test]
    async fn one_image_stream() {
        assert_eq!(listed(&["ns/is"], "").await, ["ns/is"]);
    }

    #[tokio::test]
    async fn two_image_streams_in_the_same_namespace() {
        assert_eq!(listed(&["ns/is1", "ns/is2"], "").await, ["ns/is1", "ns/is2"]);
    }

    #[tokio::test]
    async fn three_image_streams_in_different_namespaces() {
        assert_eq!(listed(&["ns1/is", "ns2/is", "ns3/is"], "").await, ["ns1/is", "ns2/is", "ns3/is"]);
    }

    #[tokio::test]
    async fn repositories_get_sorted() {
        assert_eq!(listed(&["ns3/a", "ns1/b", "ns2/a", "ns1/a"], "").await, FOUR);
    }

    #[tokio::test]
    async fn short_buffer() {
        assert_eq!(listed(&FOUR, "?n=2").await, FOUR[..2]);
    }

    #[tokio::test]
    async fn skip_the_first() {
        assert_eq!(listed(&FOUR, "?n=3&last=ns1/a").await, FOUR[1..]);
    }

    #[tokio::test]
    async fn skip_the_last() {
        assert_eq!(listed(&FOUR, "?n=3").await, FOUR[..3]);
    }

    #[tokio::test]
    async fn bigger_buffer_capacity_does_not_matter() {
        assert_eq!(listed(&FOUR, "?n=100").await, FOUR);
    }

    #[tokio::test]
    async fn pick_a_repository_in_the_middle() {
        assert_eq!(listed(&FOUR, "?n=1&last=ns1/b").await, ["ns2/a"]);
    }
}
