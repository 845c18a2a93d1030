//! More words for tests: pages of a listing, and many tags at once.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use serde_json::Value;

use crate::harness::{Manifest, Reply, Repository, Weir};

/// How many tags one push may set.
const TAGS_AT_ONCE: usize = 64;

/// The path of the next page, if the answer's `Link` names one.
pub(crate) fn next(reply: &Reply) -> Option<String> {
    let link = reply.headers.get("link")?.to_str().unwrap();
    let path = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\""));
    Some(path.unwrap_or_else(|| unreadable(link)).to_owned())
}

#[expect(clippy::panic, reason = "fails the test")]
fn unreadable(link: &str) -> ! {
    panic!("{link} is no link to a next page")
}

/// The pages from `path` to the last.
pub(crate) async fn pages(weir: &Weir, path: impl Into<String>) -> Vec<Reply> {
    let mut pages = Vec::new();
    let mut path = Some(path.into());
    while let Some(this) = path {
        let page = weir.get(this).await.is(200);
        path = next(&page);
        assert!(pages.len() < 10_000, "the pages do not end");
        pages.push(page);
    }
    pages
}

/// The strings in a list.
#[track_caller]
pub(crate) fn strings(list: &Value) -> Vec<String> {
    serde_json::from_value(list.clone()).unwrap()
}

/// The member `key` of each object in a list.
#[track_caller]
pub(crate) fn members(list: &Value, key: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|item| item[key].as_str().unwrap().to_owned()).collect()
}

/// Sets many tags to one image.
pub(crate) async fn push_tags(repository: &Repository<'_>, image: &Manifest, tags: &[String]) {
    for tags in tags.chunks(TAGS_AT_ONCE) {
        let reference = format!("{}?tag={}", image.digest(), tags.join("&tag="));
        repository.push(&reference, image).await.is(201);
    }
}
