//! Listing tags and repositories.

use crate::harness::{Manifest, Weir};
use crate::harness_more::{next, pages, push_tags, strings};

/// <https://github.com/distribution/distribution/issues/1936>,
/// <https://github.com/distribution/distribution/issues/3143>,
/// <https://github.com/distribution/distribution/issues/4931>
#[tokio::test]
async fn a_page_after_the_last_tag_is_empty_and_no_error() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let image = repository.push_parts("content").await;
    push_tags(&repository, &image, &["a".into(), "b".into()]).await;
    for query in ["?n=1&last=b", "?n=10&last=b", "?last=b", "?n=1&last=c"] {
        let reply = weir.get(repository.path(&format!("tags/list{query}"))).await.is(200).has_no("link");
        assert!(strings(&reply.json()["tags"]).is_empty(), "{query}");
    }
}

/// <https://github.com/distribution/distribution/issues/4891>
#[tokio::test]
async fn a_tag_is_not_hidden_by_another_that_it_begins_with() {
    let weir = Weir::start();
    let repository = weir.repository("charts/app");
    let image = repository.push_parts("content").await;
    let tags = ["0.1.2", "0.1.2-rc1", "0.1.20", "0.1.200", "0.1.21"].map(String::from);
    push_tags(&repository, &image, &tags).await;
    assert_eq!(repository.tags().await, tags);
    for n in 1..6 {
        let pages = pages(&weir, repository.path(&format!("tags/list?n={n}"))).await;
        let found: Vec<String> = pages.iter().flat_map(|page| strings(&page.json()["tags"])).collect();
        assert_eq!(found, tags, "pages of {n}");
    }
}

/// <https://github.com/project-zot/zot/issues/1771>
#[tokio::test]
async fn last_counts_without_n_and_a_page_of_nothing_is_no_error() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let image = repository.push_parts("content").await;
    push_tags(&repository, &image, &["c".into(), "a".into(), "b".into()]).await;
    let list = async |query: &str| {
        strings(&weir.get(repository.path(&format!("tags/list{query}"))).await.is(200).json()["tags"])
    };
    assert_eq!(list("?last=a").await, ["b", "c"]);
    assert_eq!(list("?n=0").await, Vec::<String>::new());
}

/// zot answers 404 where the tag that a page ended with is gone.
#[tokio::test]
async fn a_listing_goes_on_when_the_tag_that_it_stopped_at_was_deleted() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let image = repository.push_parts("content").await;
    push_tags(&repository, &image, &["a".into(), "b".into(), "c".into()]).await;
    let first = weir.get(repository.path("tags/list?n=2")).await.is(200);
    repository.delete("b").await.is(202);
    let second = weir.get(next(&first).expect("a second page")).await.is(200);
    assert_eq!(strings(&second.json()["tags"]), ["c"]);
}

/// <https://github.com/containers/skopeo/issues/2409>,
/// <https://github.com/containers/skopeo/issues/2346>,
/// <https://github.com/distribution/distribution/issues/4282>
#[tokio::test]
async fn a_list_of_tags_is_never_null_and_has_no_digests() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let image = repository.push_parts("content").await;
    repository.push(&image.digest(), &image).await.is(201);
    let list = weir.get(repository.path("tags/list")).await.is(200);
    assert_eq!(&list.body[..], b"{\"name\":\"team/app\",\"tags\":[]}");
}

/// <https://github.com/distribution/distribution/issues/1585>,
/// <https://github.com/distribution/distribution/issues/1615>,
/// <https://github.com/distribution/distribution/issues/3266>
#[tokio::test]
async fn a_repository_without_manifests_is_not_in_the_catalog() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let image = repository.push_image("v1", "content").await;
    repository.delete(&image.digest()).await.is(202);
    assert!(strings(&weir.get("/v2/_catalog").await.is(200).json()["repositories"]).is_empty());
    weir.get(repository.path("tags/list")).await.is(200);
}

/// <https://github.com/distribution/distribution/issues/3678>,
/// <https://github.com/distribution/distribution/issues/1190>
#[tokio::test]
async fn the_catalog_links_from_page_to_page() {
    let weir = Weir::start();
    for number in 0..25 {
        weir.repository(&format!("team/app{number:02}")).push("v1", &Manifest::index(&[])).await.is(201);
    }
    let pages = pages(&weir, "/v2/_catalog?n=10").await;
    let sizes: Vec<usize> = pages.iter().map(|page| strings(&page.json()["repositories"]).len()).collect();
    assert_eq!(sizes, [10, 10, 5]);
}

/// <https://github.com/goharbor/harbor/issues/6314>,
/// <https://github.com/docker-archive/docker-registry/issues/614>
#[tokio::test]
async fn thousands_of_tags_are_listed_a_page_at_a_time() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let image = repository.push_parts("content").await;
    let tags: Vec<String> = (0..3000).map(|number| format!("v{number:04}")).collect();
    push_tags(&repository, &image, &tags).await;
    let pages = pages(&weir, repository.path("tags/list")).await;
    let found: Vec<String> = pages.iter().flat_map(|page| strings(&page.json()["tags"])).collect();
    assert_eq!((pages.len(), found == tags), (3, true));
    repository.holds("v2999", &image).await;
}
