//! Manifests of other registries, and what their tags mean.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde::Deserialize;

use super::blob;
use super::endpoint::{Ask, By, Endpoint};
use super::gate::Lane;
use super::repository::Failures;
use super::{Repository, UpstreamError};
use crate::oci::{Algorithm, Digest, MediaType, Reference, Tag};

/// What is asked for: all manifests that are taken, and those of the first schema, so that a registry which has nothing else
/// says what it has.
const ACCEPT: [&str; 5] = [
    MediaType::OCI_INDEX,
    MediaType::OCI_MANIFEST,
    MediaType::DOCKER_MANIFEST_LIST,
    MediaType::DOCKER_MANIFEST,
    MediaType::DOCKER_SCHEMA1_SIGNED,
];

/// The digest of what is sent.
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// A manifest, verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FetchedManifest {
    /// The digest that was asked for, or else the one that the registry gives it.
    pub(crate) digest: Digest,
    /// As the registry says, or else as the manifest does.
    pub(crate) media_type: MediaType,
    /// Byte for byte.
    pub(crate) content: Bytes,
}

impl Repository {
    /// Reads a manifest. By digest, it is what was asked for or an error; by tag, it is what the registry says that it is.
    pub(crate) async fn manifest(&self, reference: &Reference) -> Result<FetchedManifest, UpstreamError> {
        self.manifest_by(reference, by(reference)).await
    }

    /// Reads a manifest that another one names, or that was read before.
    pub(crate) async fn part(&self, digest: &Digest) -> Result<FetchedManifest, UpstreamError> {
        self.manifest_by(&Reference::Digest(digest.clone()), By::Part).await
    }

    async fn manifest_by(&self, reference: &Reference, by: By) -> Result<FetchedManifest, UpstreamError> {
        let mut failures = Failures::default();
        for endpoint in self.endpoints(by)? {
            match self.manifest_at(&endpoint, reference).await {
                Ok(manifest) => return Ok(manifest),
                Err(error) => failures.add(error, endpoint.is_mirror),
            }
        }
        Err(failures.told())
    }

    /// The same at one place.
    pub(super) async fn manifest_at(
        &self,
        endpoint: &Endpoint,
        reference: &Reference,
    ) -> Result<FetchedManifest, UpstreamError> {
        let ask = ask(Method::GET, reference, by(reference));
        let (headers, content) = endpoint.whole(&self.inner, &ask, self.inner.manifest_limit).await?;
        let (stated, content_type) = (stated(&headers), content_type(&headers));
        let digest = match (reference, stated) {
            (Reference::Digest(wanted), _) => verified(wanted, &content)?,
            (Reference::Tag(_), Some(stated)) => verified(&stated, &content)?,
            (Reference::Tag(_), None) => Algorithm::Sha256.digest(&content),
        };
        let Some(media_type) = content_type.or_else(|| media_type(&content)) else {
            return Err(UpstreamError::NotARegistry { registry: self.source.registry.clone() });
        };
        Ok(FetchedManifest { digest, media_type, content })
    }

    /// What a tag means. Costs no manifest, which registries count, unless the answer has no digest.
    pub(crate) async fn digest(&self, tag: &Tag) -> Result<Digest, UpstreamError> {
        let reference = Reference::Tag(tag.clone());
        let answered = self.ask(&ask(Method::HEAD, &reference, By::Tag)).await;
        match answered {
            Ok(reply) => match stated(reply.response.headers()) {
                Some(digest) => Ok(digest),
                None => Ok(self.manifest(&reference).await?.digest),
            },
            // Some know no HEAD.
            Err(UpstreamError::Status { status: 405 | 501, .. }) => Ok(self.manifest(&reference).await?.digest),
            Err(error) => Err(error),
        }
    }

    /// Reads content of a known digest whole, verified: configs, which are small.
    pub(crate) async fn content(&self, digest: &Digest, limit: u64) -> Result<Bytes, UpstreamError> {
        let ask = blob::ask(digest, 0);
        let mut failures = Failures::default();
        for endpoint in self.endpoints(ask.by)? {
            let read = endpoint.whole(&self.inner, &ask, limit).await;
            match read.and_then(|(_, content)| verified(digest, &content).map(|_| content)) {
                Ok(content) => return Ok(content),
                Err(error) => failures.add(error, endpoint.is_mirror),
            }
        }
        Err(failures.told())
    }
}

fn by(reference: &Reference) -> By {
    match reference {
        Reference::Tag(_) => By::Tag,
        Reference::Digest(_) => By::Digest,
    }
}

fn ask(method: Method, reference: &Reference, by: By) -> Ask {
    let accept = ACCEPT.into_iter().map(|accept| (header::ACCEPT, HeaderValue::from_static(accept)));
    let mut headers = HeaderMap::new();
    // One line each: some registries read the first only up to a comma.
    accept.for_each(|(name, value)| {
        headers.append(name, value);
    });
    let lane = if method == Method::HEAD { Lane::Heads } else { Lane::Manifests };
    Ask { method, path: format!("manifests/{reference}"), headers, lane, by }
}

/// The digest that an answer states, if it is one that can be verified.
fn stated(headers: &HeaderMap) -> Option<Digest> {
    headers.get(CONTENT_DIGEST)?.to_str().ok()?.parse().ok()
}

/// The media type of an answer, if it says anything of worth: servers of files do not.
fn content_type(headers: &HeaderMap) -> Option<MediaType> {
    let stated = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    MediaType::from_content_type(stated).ok().filter(|it| it.manifest_kind().is_some() || it.is_docker_schema1())
}

/// The media type that a manifest says it has.
fn media_type(content: &[u8]) -> Option<MediaType> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Typed {
        #[serde(default)]
        media_type: String,
        #[serde(default)]
        schema_version: u32,
        #[serde(default)]
        manifests: Option<serde::de::IgnoredAny>,
    }
    let typed: Typed = serde_json::from_slice(content).ok()?;
    let name = match (typed.media_type.as_str(), typed.schema_version, typed.manifests) {
        ("", 1, _) => MediaType::DOCKER_SCHEMA1_SIGNED,
        ("", 2, Some(_)) => MediaType::OCI_INDEX,
        ("", 2, None) => MediaType::OCI_MANIFEST,
        (named, ..) => named,
    };
    name.parse().ok()
}

fn verified(wanted: &Digest, content: &[u8]) -> Result<Digest, UpstreamError> {
    let found = wanted.algorithm().digest(content);
    if found == *wanted {
        return Ok(found);
    }
    Err(UpstreamError::Integrity(format!("content does not match digest {wanted}, it has {found}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_may_have_to_say_its_own_type() {
        let read = |content: &str| media_type(content.as_bytes()).map(|it| it.to_string());
        assert_eq!(read(r#"{"schemaVersion":2,"mediaType":"a/b"}"#).as_deref(), Some("a/b"));
        assert_eq!(read(r#"{"schemaVersion":2,"manifests":[]}"#).as_deref(), Some(MediaType::OCI_INDEX));
        assert_eq!(read(r#"{"schemaVersion":2,"config":{}}"#).as_deref(), Some(MediaType::OCI_MANIFEST));
        assert_eq!(read(r#"{"schemaVersion":1}"#).as_deref(), Some(MediaType::DOCKER_SCHEMA1_SIGNED));
        assert_eq!(read("{}"), None);
        assert_eq!(read("<html>"), None);
    }

    #[test]
    fn types_that_say_nothing_do_not_count() {
        let of = |value| content_type(&HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(value))]));
        assert_eq!(of("application/octet-stream"), None);
        assert_eq!(of("application/json; charset=utf-8"), None);
        let docker = of("application/vnd.docker.distribution.manifest.v2+json; charset=utf-8");
        assert_eq!(docker.map(|it| it.to_string()).as_deref(), Some(MediaType::DOCKER_MANIFEST));
    }
}
