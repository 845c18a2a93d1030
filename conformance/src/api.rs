//! A client that takes no shortcuts: it reads back what others pushed, and believes only what it hashed.

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, LINK, LOCATION};
use reqwest::{Body, Client, Method, Response, StatusCode};
use serde_json::Value;

use crate::content::{Blob, Content, Files, Hasher, digest_of, unpack};

/// The manifests that are asked for. Weir serves any of them whatever is asked for; others go by this.
pub(crate) const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
                         application/vnd.docker.distribution.manifest.v2+json, \
                         application/vnd.docker.distribution.manifest.list.v2+json";

/// The OCI API of one registry.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    base: String,
    http: Client,
}

/// A manifest as it was served.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) digest: String,
    pub(crate) media_type: String,
    pub(crate) bytes: Bytes,
}

/// An image as the registry serves it, unpacked.
#[derive(Debug)]
pub(crate) struct Unpacked {
    pub(crate) digest: String,
    pub(crate) config: String,
    pub(crate) files: Files,
}

impl Manifest {
    /// Its JSON.
    pub(crate) fn json(&self) -> Result<Value> {
        Ok(serde_json::from_slice(&self.bytes)?)
    }
}

impl Api {
    /// The API of the registry at `host:port`, over plain HTTP.
    pub(crate) fn new(host: &str) -> Result<Self> {
        Ok(Self::of(&format!("http://{host}"), Client::builder().no_proxy().build()?))
    }

    /// The API of the registry at a URL without a path, as a client sees it that may have a login or trust an authority.
    pub(crate) fn of(url: &str, http: Client) -> Self {
        Self { base: url.to_owned(), http }
    }

    /// Begins a request; `path` may be a `Location` of an answer.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = if path.starts_with('/') { format!("{}{path}", self.base) } else { path.to_owned() };
        self.http.request(method, url)
    }

    /// The status of a GET.
    pub(crate) async fn status(&self, path: &str) -> Result<StatusCode> {
        Ok(self.request(Method::GET, path).send().await?.status())
    }

    /// Fails unless a manifest is gone, by tag or by digest.
    pub(crate) async fn is_gone(&self, repository: &str, reference: &str) -> Result<()> {
        let get = self.request(Method::GET, &format!("/v2/{repository}/manifests/{reference}"));
        let status = get.header(ACCEPT, MANIFESTS).send().await?.status();
        ensure!(status == StatusCode::NOT_FOUND, "{repository} {reference} answers {status}, not 404");
        Ok(())
    }

    /// A manifest; its bytes hash to the digest that the answer names, and to the one it was asked by.
    pub(crate) async fn manifest(&self, repository: &str, reference: &str) -> Result<Manifest> {
        let get = self.request(Method::GET, &format!("/v2/{repository}/manifests/{reference}"));
        let answer = expect(get.header(ACCEPT, MANIFESTS).send().await?, StatusCode::OK).await?;
        let digest = header(answer.headers(), "docker-content-digest")?;
        let media_type = header(answer.headers(), CONTENT_TYPE.as_str())?;
        let bytes = answer.bytes().await?;
        let hashed = digest_of(&bytes);
        ensure!(digest == hashed, "{reference} is served as {digest} but hashes to {hashed}");
        ensure!(!reference.contains(':') || reference == hashed, "{reference} hashes to {hashed}");
        Ok(Manifest { digest, media_type, bytes })
    }

    /// A blob that hashes to its digest.
    pub(crate) async fn blob(&self, repository: &str, digest: &str) -> Result<Bytes> {
        let answer = self.request(Method::GET, &format!("/v2/{repository}/blobs/{digest}")).send().await?;
        let bytes = expect(answer, StatusCode::OK).await?.bytes().await?;
        ensure!(digest_of(&bytes) == digest, "blob {digest} hashes to {}", digest_of(&bytes));
        Ok(bytes)
    }

    /// Reads a blob of any size and checks its digest; its length.
    pub(crate) async fn stream_blob(&self, repository: &str, digest: &str) -> Result<u64> {
        let answer = self.request(Method::GET, &format!("/v2/{repository}/blobs/{digest}")).send().await?;
        let mut body = expect(answer, StatusCode::OK).await?.bytes_stream();
        let mut hasher = Hasher::default();
        while let Some(bytes) = body.try_next().await? {
            hasher.update(&bytes);
        }
        let (found, length) = hasher.finish();
        ensure!(found == digest, "blob {digest} hashes to {found}");
        Ok(length)
    }

    /// Fails unless the registry serves this content under this tag, every byte of it.
    pub(crate) async fn serves(&self, repository: &str, tag: &str, content: &impl Content) -> Result<()> {
        let expected = content.manifest();
        for reference in [tag, &expected.digest] {
            let served = self.manifest(repository, reference).await?;
            ensure!(
                served.bytes == expected.bytes,
                "{reference} means {}, not the {} that was pushed",
                served.digest,
                expected.digest
            );
            ensure!(served.media_type == expected.media_type, "{reference} is served as {}", served.media_type);
        }
        for blob in content.blobs() {
            self.blob(repository, &blob.digest).await?;
        }
        for child in content.children() {
            self.manifest(repository, &child.digest).await?;
        }
        Ok(())
    }

    /// An image that another client made: the digests of its manifest and config, and the files in its layers.
    pub(crate) async fn image(&self, repository: &str, reference: &str) -> Result<Unpacked> {
        let manifest = self.manifest(repository, reference).await?;
        let json = manifest.json()?;
        let config = json["config"]["digest"].as_str().context("the manifest has no config")?.to_owned();
        let mut layers = Vec::new();
        for layer in json["layers"].as_array().context("the manifest has no layers")? {
            layers.push(self.blob(repository, layer["digest"].as_str().context("a layer has no digest")?).await?);
        }
        let files = unpack(&serde_json::from_slice(&self.blob(repository, &config).await?)?, &layers)?;
        Ok(Unpacked { digest: manifest.digest, config, files })
    }

    /// The names of a repository's tags.
    pub(crate) async fn tags(&self, repository: &str) -> Result<Vec<String>> {
        let answer = self.request(Method::GET, &format!("/v2/{repository}/tags/list")).send().await?;
        let list: Value = expect(answer, StatusCode::OK).await?.json().await?;
        let tags = list["tags"].as_array().context("tags is no array")?;
        tags.iter().map(|tag| Ok(tag.as_str().context("a tag is no string")?.to_owned())).collect()
    }

    /// The digests of what refers to a subject.
    pub(crate) async fn referrers(&self, repository: &str, digest: &str, query: &str) -> Result<Vec<String>> {
        let answer = self.request(Method::GET, &format!("/v2/{repository}/referrers/{digest}{query}")).send().await?;
        let index: Value = expect(answer, StatusCode::OK).await?.json().await?;
        let list = index["manifests"].as_array().context("manifests is no array")?;
        list.iter().map(|one| Ok(one["digest"].as_str().context("no digest")?.to_owned())).collect()
    }

    /// One page of a list, and the path of the next one.
    pub(crate) async fn page(&self, path: &str) -> Result<(Bytes, Option<String>)> {
        let answer = expect(self.request(Method::GET, path).send().await?, StatusCode::OK).await?;
        let next = match answer.headers().get(LINK) {
            Some(link) => Some(next_of(link.to_str()?)?),
            None => None,
        };
        Ok((answer.bytes().await?, next))
    }

    /// Opens an upload; its location.
    pub(crate) async fn begin_upload(&self, repository: &str) -> Result<String> {
        let answer = self.request(Method::POST, &format!("/v2/{repository}/blobs/uploads/")).send().await?;
        location(&expect(answer, StatusCode::ACCEPTED).await?)
    }

    /// Ends an upload with all or the last of its bytes.
    pub(crate) async fn end_upload(&self, location: &str, digest: &str, bytes: Bytes) -> Result<()> {
        let separator = if location.contains('?') { '&' } else { '?' };
        let put = self.request(Method::PUT, &format!("{location}{separator}digest={digest}"));
        expect(put.body(Body::from(bytes)).send().await?, StatusCode::CREATED).await?;
        Ok(())
    }

    /// Pushes a blob.
    pub(crate) async fn push_blob(&self, repository: &str, blob: &Blob) -> Result<()> {
        let location = self.begin_upload(repository).await?;
        self.end_upload(&location, &blob.digest, blob.bytes.clone()).await
    }

    /// Pushes all of a content, under a tag.
    pub(crate) async fn push(&self, repository: &str, tag: &str, content: &impl Content) -> Result<()> {
        for blob in content.blobs() {
            self.push_blob(repository, blob).await?;
        }
        for child in content.children() {
            self.push_manifest(repository, &child.digest, child).await?;
        }
        self.push_manifest(repository, tag, content.manifest()).await
    }

    /// Pushes a manifest by tag or digest.
    pub(crate) async fn push_manifest(&self, repository: &str, reference: &str, manifest: &Blob) -> Result<()> {
        let put = self.request(Method::PUT, &format!("/v2/{repository}/manifests/{reference}"));
        let answer = put.header(CONTENT_TYPE, manifest.media_type).body(manifest.bytes.clone()).send().await?;
        let answer = expect(answer, StatusCode::CREATED).await?;
        let digest = header(answer.headers(), "docker-content-digest")?;
        ensure!(digest == manifest.digest, "the registry calls {} {digest}", manifest.digest);
        Ok(())
    }
}

/// The location that an answer names.
pub(crate) fn location(answer: &Response) -> Result<String> {
    header(answer.headers(), LOCATION.as_str())
}

/// The answer, if its status is this one; else what it says.
pub(crate) async fn expect(answer: Response, status: StatusCode) -> Result<Response> {
    if answer.status() == status {
        return Ok(answer);
    }
    let (url, found) = (answer.url().clone(), answer.status());
    bail!("{url} answers {found}, not {status}: {}", answer.text().await?)
}

/// A header that must be there.
pub(crate) fn header(headers: &HeaderMap, name: &str) -> Result<String> {
    let value = headers.get(name).with_context(|| format!("the answer has no {name}"))?;
    Ok(value.to_str()?.to_owned())
}

/// The target of `<target>; rel="next"`.
fn next_of(link: &str) -> Result<String> {
    let (target, parameters) = link
        .strip_prefix('<')
        .and_then(|link| link.split_once('>'))
        .with_context(|| format!("malformed Link: {link}"))?;
    ensure!(parameters.contains("next"), "a Link that is not next: {link}");
    Ok(target.to_owned())
}
