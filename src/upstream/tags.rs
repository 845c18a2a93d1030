//! The tags of a repository of another registry.

use http::{HeaderMap, Method, header};
use reqwest::Url;
use serde::Deserialize;

use super::endpoint::{Ask, By, Endpoint};
use super::gate::Lane;
use super::repository::Failures;
use super::{Repository, UpstreamError};

/// Tags that are read, more than any repository should have.
const MOST: usize = 200_000;

/// Pages that are read: a registry may send small ones, or the same for ever.
const PAGES: usize = 2000;

/// The largest page, in bytes.
const PAGE: u64 = 16 * 1024 * 1024;

/// A page of tags.
#[derive(Debug, Deserialize)]
struct Page {
    /// Some registries send `null` for none.
    #[serde(default)]
    tags: Option<Vec<String>>,
}

impl Repository {
    /// All tags, in the order of the registry.
    pub(crate) async fn tags(&self) -> Result<Vec<String>, UpstreamError> {
        let mut failures = Failures::default();
        for endpoint in self.endpoints(By::Tag)? {
            match self.tags_at(&endpoint).await {
                Ok(tags) => return Ok(tags),
                Err(error) => failures.add(error, endpoint.is_mirror),
            }
        }
        Err(failures.told())
    }

    async fn tags_at(&self, endpoint: &Endpoint) -> Result<Vec<String>, UpstreamError> {
        let mut tags = Vec::new();
        let mut path = "tags/list".to_owned();
        let base = endpoint.host.url(&format!("{}/{path}", endpoint.repository))?;
        for _ in 0..PAGES {
            let ask = Ask { method: Method::GET, path, headers: HeaderMap::new(), lane: Lane::Manifests, by: By::Tag };
            let (headers, content) = endpoint.whole(&self.inner, &ask, PAGE).await?;
            let next = headers.get(header::LINK).and_then(|link| query(link.to_str().ok()?, &base));
            let page: Page = serde_json::from_slice(&content)
                .map_err(|_| UpstreamError::NotARegistry { registry: self.source.registry.clone() })?;
            tags.extend(page.tags.unwrap_or_default());
            if tags.len() > MOST {
                return Err(UpstreamError::TooLarge { limit: PAGE });
            }
            match next {
                None => return Ok(tags),
                Some(query) => path = format!("tags/list?{query}"),
            }
        }
        Err(UpstreamError::Network(format!("{} has no last page of tags", self.source)))
    }
}

/// The query of the next page, if there is one. Only the query counts: the rest of the address is the same, or should be.
pub(super) fn query(link: &str, base: &Url) -> Option<String> {
    let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    let is_next = parameters.split(';').any(|parameter| {
        let (name, value) = parameter.trim().split_once('=').unwrap_or_default();
        name.eq_ignore_ascii_case("rel") && value.trim_matches('"').eq_ignore_ascii_case("next")
    });
    let url = base.join(target).ok().filter(|_| is_next)?;
    url.query().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_links_to_the_next_page() {
        let base: Url = "https://a.test/v2/x/tags/list".parse().unwrap();
        let read = |link| query(link, &base);
        assert_eq!(read("</v2/x/tags/list?last=b&n=2>; rel=\"next\"").as_deref(), Some("last=b&n=2"));
        assert_eq!(read("<https://b.test/v2/x/tags/list?n=2>;rel=next").as_deref(), Some("n=2"));
        assert_eq!(read("</v2/x/tags/list?n=2>; rel=\"prev\""), None);
        assert_eq!(read("</v2/x/tags/list>; rel=\"next\""), None);
        assert_eq!(read("nonsense"), None);
    }
}
