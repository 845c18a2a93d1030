//! What gives way where little may be cached, and what never does.

use weir_storage::CachedContent;

use super::*;

impl Weir {
    /// A server that caches so many bytes, once nobody reads them.
    async fn with_cache_of(bytes: usize) -> Self {
        Self::start_with(|config| config.cache.size = Some(bytes as u64)).await
    }

    async fn is_gone(&self, digest: &Digest) {
        let gone = async {
            while self.has(digest).await {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), gone).await.unwrap();
    }

    /// What may be evicted now.
    fn cached(&self) -> Vec<CachedContent> {
        self.records.blobs().cache().unwrap().unused(usize::MAX)
    }

    async fn origin(&self, digest: &Digest) -> Origin {
        self.records.get(&keys::blob(digest, &stream())).await.unwrap().unwrap().record.origin
    }

    async fn post(&self, path: &str, body: &Bytes) -> StatusCode {
        let url = format!("http://{}/v2/{path}", self.address);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        client.post(url).body(body.clone()).send().await.unwrap().status()
    }

    /// Pushes a blob to the repository.
    async fn push(&self, content: &Bytes) -> Digest {
        let digest = Algorithm::Sha256.digest(content);
        let status = self.post(&format!("team/app/blobs/uploads/?digest={digest}"), content).await;
        assert_eq!(status, StatusCode::CREATED);
        digest
    }

    /// Pushes an image whose only layer is this.
    async fn push_image(&self, layer: &Digest, size: usize) -> reqwest::Response {
        let config = self.push(&Bytes::from_static(b"{}")).await;
        let (manifest, layers) = (MediaType::OCI_MANIFEST, "application/vnd.oci.image.layer.v1.tar+gzip");
        let body = format!(
            r#"{{"schemaVersion":2,"mediaType":"{manifest}",
            "config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config}","size":2}},
            "layers":[{{"mediaType":"{layers}","digest":"{layer}","size":{size}}}]}}"#
        );
        let url = format!("http://{}/v2/team/app/manifests/mine", self.address);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        client.put(url).header("content-type", manifest).body(body).send().await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_evicted_is_fetched_again() {
    let weir = Weir::with_cache_of(LARGE + 100).await;
    let ((old, old_digest), (new, new_digest)) = (content(LARGE), content(LARGE));
    let (old_upstream, new_upstream) = (Upstream::of(&old, []).await, Upstream::of(&new, []).await);
    weir.link(&old_digest, LARGE, &old_upstream).await;
    weir.link(&new_digest, LARGE, &new_upstream).await;
    assert_eq!(weir.pull(&old_digest).await, (StatusCode::OK, Some(old.clone())));
    weir.arrives(&old_digest).await;
    assert_eq!(weir.pull(&new_digest).await, (StatusCode::OK, Some(new)));
    weir.is_gone(&old_digest).await;
    assert!(weir.has(&new_digest).await);
    // The link still tells of it.
    let head = weir.send(Method::HEAD, &format!("blobs/{old_digest}"), HeaderMap::new()).await;
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(weir.pull(&old_digest).await, (StatusCode::OK, Some(old)));
    assert_eq!((old_upstream.asked().len(), new_upstream.asked().len()), (2, 1));
    weir.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_pushed_after_it_was_cached_stays() {
    for evicted in [false, true] {
        let weir = Weir::with_cache_of(if evicted { 0 } else { LARGE }).await;
        let (content, digest) = content(LARGE);
        let upstream = Upstream::of(&content, []).await;
        weir.link(&digest, LARGE, &upstream).await;
        weir.pull(&digest).await;
        if !evicted {
            weir.arrives(&digest).await;
            assert_eq!(weir.cached().len(), 1);
        }
        assert_eq!(weir.push(&content).await, digest);
        assert_eq!(weir.origin(&digest).await, Origin::Pushed);
        assert_eq!(weir.cached(), []);
        upstream.stop().await;
        assert_eq!(weir.pull(&digest).await, (StatusCode::OK, Some(content)));
        weir.stop().await;
    }
}

/// A mount promises what a push does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_mounted_after_it_was_cached_stays() {
    let (weir, (content, digest)) = (Weir::start().await, content(LARGE));
    let upstream = Upstream::of(&content, []).await;
    weir.link(&digest, LARGE, &upstream).await;
    let mount = format!("other/app/blobs/uploads/?mount={digest}&from=team/app");
    assert_eq!(weir.post(&mount, &Bytes::new()).await, StatusCode::ACCEPTED, "there is nothing to mount yet");
    weir.pull(&digest).await;
    weir.arrives(&digest).await;
    assert_eq!(weir.cached().len(), 1);
    assert_eq!(weir.post(&mount, &Bytes::new()).await, StatusCode::CREATED);
    assert_eq!(weir.cached(), []);
    assert!(weir.has(&digest).await);
}

/// Clients do not send what they are told is there: it has to be there, and to stay.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_pushed_image_needs_is_fetched_and_stays() {
    for fetched in [false, true] {
        let (weir, (layer, digest)) = (Weir::start().await, content(LARGE));
        let upstream = Upstream::of(&layer, []).await;
        weir.link(&digest, LARGE, &upstream).await;
        if fetched {
            weir.pull(&digest).await;
            weir.arrives(&digest).await;
        }
        assert_eq!(weir.push_image(&digest, LARGE).await.status(), StatusCode::CREATED);
        assert_eq!(weir.origin(&digest).await, Origin::Pushed);
        assert!(weir.has(&digest).await);
        assert_eq!(weir.cached(), []);
        assert_eq!(upstream.asked(), ["GET"]);
        weir.stop().await;
    }
}

/// What cannot be fetched cannot be promised.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pushed_image_whose_layer_cannot_be_fetched_is_refused() {
    let (weir, (layer, digest)) = (Weir::start().await, content(LARGE));
    let upstream = Upstream::of(&layer, [Fault::Refuse(500, "")]).await;
    weir.link(&digest, LARGE, &upstream).await;
    let refused = weir.push_image(&digest, LARGE).await;
    assert!(refused.status().is_server_error(), "{}", refused.status());
    assert!(matches!(weir.origin(&digest).await, Origin::Upstream(_)));
    let tag = weir.send(Method::GET, "manifests/mine", HeaderMap::new()).await;
    assert_eq!(tag.status(), StatusCode::NOT_FOUND);
    assert_eq!(weir.push_image(&digest, LARGE).await.status(), StatusCode::CREATED, "the upstream is well again");
    weir.stop().await;
}

/// The history needs manifests, and they are small.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn manifests_that_were_fetched_stay() {
    let weir = Weir::with_cache_of(0).await;
    let text = format!(r#"{{"schemaVersion":2,"mediaType":"{}","manifests":[]}}"#, MediaType::OCI_INDEX);
    let manifest = Bytes::from(text);
    let digest = Algorithm::Sha256.digest(&manifest);
    let upstream = Upstream::of(&manifest, []).await;
    weir.link(&digest, manifest.len(), &upstream).await;
    let answer = weir.send(Method::GET, &format!("manifests/{digest}"), HeaderMap::new()).await;
    assert_eq!(answer.status(), StatusCode::OK, "{}", answer.text().await.unwrap());
    weir.arrives(&digest).await;
    assert_eq!(weir.cached(), []);
    assert!(weir.has(&digest).await);
    weir.stop().await;
}
