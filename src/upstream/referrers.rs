//! The manifests of other registries that refer to another one.
//!
//! Source: distribution-spec "Listing Referrers", and "Unavailable Referrers API" for registries without: there, clients keep
//! the list under a tag that is made from the digest.

use http::{HeaderMap, Method, header};

use super::endpoint::{Ask, By, Endpoint};
use super::gate::Lane;
use super::repository::Failures;
use super::tags::query;
use super::{Repository, UpstreamError};
use crate::oci::{Descriptor, Digest, Manifest, MediaType, Reference, Tag};

/// Referrers of one manifest that are read. More of them are no signatures, but a mistake or an attack.
const MOST: usize = 1000;

/// Pages that are read: a registry may send small ones, or the same for ever.
const PAGES: usize = 50;

/// The largest page, in bytes, as clients take it; all pages together are at most twice as large.
const PAGE: u64 = 4 * 1024 * 1024;

/// A tag has so many characters of the algorithm, and of what it made.
const TAG_PARTS: (usize, usize) = (32, 64);

impl Repository {
    /// What refers to a manifest, each as its registry describes it. Nothing where nothing does.
    pub(crate) async fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>, UpstreamError> {
        let mut failures = Failures::default();
        for endpoint in self.endpoints(By::Digest)? {
            match self.referrers_at(&endpoint, subject).await {
                Ok(found) if !found.is_empty() || !endpoint.is_mirror => return Ok(found),
                // Mirrors mostly leave them out.
                Ok(_) => failures.add(UpstreamError::NotFound, true),
                Err(error) => failures.add(error, endpoint.is_mirror),
            }
        }
        match failures.told() {
            UpstreamError::NotFound => Ok(Vec::new()),
            error => Err(error),
        }
    }

    async fn referrers_at(&self, endpoint: &Endpoint, subject: &Digest) -> Result<Vec<Descriptor>, UpstreamError> {
        match self.listed_at(endpoint, subject).await {
            // It has no such list of anything. Some mirrors are never asked for tags.
            Err(UpstreamError::NotFound | UpstreamError::Status { status: 400 | 405 | 406 | 501, .. }) => {
                if self.has_tags(endpoint) { self.tagged_at(endpoint, subject).await } else { Ok(Vec::new()) }
            }
            listed => listed,
        }
    }

    fn has_tags(&self, endpoint: &Endpoint) -> bool {
        let of = |endpoint: &Endpoint| (endpoint.host.name.clone(), endpoint.repository.clone());
        self.endpoints(By::Tag).is_ok_and(|places| places.iter().any(|place| of(place) == of(endpoint)))
    }

    /// What the registry itself lists.
    async fn listed_at(&self, endpoint: &Endpoint, subject: &Digest) -> Result<Vec<Descriptor>, UpstreamError> {
        let mut found = Vec::new();
        let (mut path, mut left) = (format!("referrers/{subject}"), PAGE.saturating_mul(2));
        let base = endpoint.host.url(&format!("{}/{path}", endpoint.repository))?;
        for _ in 0..PAGES {
            let ask =
                Ask { method: Method::GET, path, headers: HeaderMap::new(), lane: Lane::Manifests, by: By::Digest };
            let (headers, content) = endpoint.whole(&self.inner, &ask, PAGE.min(left)).await?;
            left = left.saturating_sub(content.len() as u64);
            found.extend(self.descriptors(&content)?);
            check_number(&found)?;
            match headers.get(header::LINK).and_then(|link| query(link.to_str().ok()?, &base)) {
                None => return Ok(found),
                Some(query) => path = format!("referrers/{subject}?{query}"),
            }
        }
        Err(UpstreamError::Network(format!("{} has no last page of referrers", self.source)))
    }

    /// What clients listed under the tag for that.
    async fn tagged_at(&self, endpoint: &Endpoint, subject: &Digest) -> Result<Vec<Descriptor>, UpstreamError> {
        let Some(tag) = tag_of(subject) else { return Ok(Vec::new()) };
        match self.manifest_at(endpoint, &Reference::Tag(tag)).await {
            Ok(list) => {
                let found = self.descriptors(&list.content)?;
                check_number(&found)?;
                Ok(found)
            }
            Err(UpstreamError::NotFound) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    fn descriptors(&self, content: &[u8]) -> Result<Vec<Descriptor>, UpstreamError> {
        let not_a_list = |_| UpstreamError::NotARegistry { registry: self.source.registry.clone() };
        let index = MediaType::OCI_INDEX.parse().ok();
        Ok(Manifest::parse(content, index.as_ref()).map_err(not_a_list)?.manifests().to_vec())
    }
}

/// A list that is cut short would hide signatures.
fn check_number(found: &[Descriptor]) -> Result<(), UpstreamError> {
    if found.len() > MOST { Err(UpstreamError::TooLarge { limit: PAGE }) } else { Ok(()) }
}

/// The tag under which clients list what refers to a manifest, where the registry does not.
fn tag_of(subject: &Digest) -> Option<Tag> {
    let (algorithm, hex) = subject.as_str().split_once(':')?;
    let (name, made) = TAG_PARTS;
    let algorithm = algorithm.get(..name).unwrap_or(algorithm);
    format!("{algorithm}-{}", hex.get(..made).unwrap_or(hex)).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_of_a_digest_is_cut_to_what_a_tag_may_have() {
        for (algorithm, characters) in [("sha256", 64), ("sha512", 128)] {
            let subject: Digest = format!("{algorithm}:{}", "a".repeat(characters)).parse().unwrap();
            assert_eq!(tag_of(&subject).unwrap().to_string(), format!("{algorithm}-{}", "a".repeat(64)));
        }
    }
}
