//! Imports into streams that are no mirrors.

use serde_json::json;

use super::*;

/// How long to wait between two looks at what says nothing of itself.
const LOOK: Duration = Duration::from_millis(2);

impl Site {
    /// Sends an object to the API beside.
    pub(super) async fn post(&self, path: &str, object: &Value) -> (StatusCode, Value) {
        let url = format!("http://{}/{path}", self.address);
        let request = self.client.post(url).header("content-type", "application/json").body(object.to_string());
        let answer = request.send().await.unwrap();
        (answer.status(), serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
    }

    /// Imports a tag of `team/app` of the registry into a stream of the namespace `team`.
    pub(super) async fn import(&self, hub: &Hub, stream: &str, tag: &str) -> (StatusCode, Value) {
        let from = json!({ "kind": "DockerImage", "name": format!("{}/team/app:{tag}", hub.address) });
        let import = json!({
            "kind": "ImageStreamImport",
            "apiVersion": "image.openshift.io/v1",
            "metadata": { "name": stream, "namespace": "team" },
            "spec": { "import": true, "images": [{ "from": from, "to": { "name": tag }, "referencePolicy": { "type": "Local" } }] },
        });
        self.post("apis/image.openshift.io/v1/namespaces/team/imagestreamimports", &import).await
    }

    async fn arrives(&self, image: &Image) {
        let here = async {
            while self.records.blobs().size(&image.layer).await.unwrap().is_none() {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), here).await.unwrap();
    }

    async fn has(&self, image: &Image) -> bool {
        self.records.blobs().size(&image.layer).await.unwrap().is_some()
    }
}

async fn registry() -> (Hub, Image, Image) {
    let hub = Hub::start().await;
    let (one, two) = (hub.image("one"), hub.image("two"));
    hub.tag("team/app:v1", &one.digest);
    hub.tag("team/app:v2", &two.digest);
    (hub, one, two)
}

#[tokio::test]
async fn layers_are_fetched_at_once_where_the_stream_wants_that() {
    let (hub, one, two) = registry().await;
    let site = Site::start(hub.address, |_| {}).await;
    let eager = json!({
        "kind": "ImageStream",
        "apiVersion": "image.openshift.io/v1",
        "metadata": { "name": "eager", "namespace": "team", "annotations": { "importer.weir/prefetch": "true" } },
    });
    let streams = "apis/image.openshift.io/v1/namespaces/team/imagestreams";
    assert_eq!(site.post(streams, &eager).await.0, StatusCode::CREATED);
    assert_eq!(site.import(&hub, "lazy", "v1").await.0, StatusCode::CREATED);
    assert_eq!(site.import(&hub, "eager", "v2").await.0, StatusCode::CREATED);
    site.arrives(&two).await;
    assert!(!site.has(&one).await, "it is fetched when it is pulled");
    site.stop().await;
}

#[tokio::test]
async fn a_limit_of_the_namespace_is_respected() {
    let (hub, one, _) = registry().await;
    let site = Site::start(hub.address, |_| {}).await;
    assert_eq!(site.import(&hub, "app", "v1").await.0, StatusCode::CREATED);
    let limit = json!({
        "kind": "LimitRange",
        "apiVersion": "v1",
        "metadata": { "name": "few", "namespace": "team" },
        "spec": { "limits": [{ "type": "openshift.io/ImageStream", "max": { "openshift.io/images": "1" } }] },
    });
    assert_eq!(site.post("api/v1/namespaces/team/limitranges", &limit).await.0, StatusCode::CREATED);
    let (status, refused) = site.import(&hub, "app", "v2").await;
    let message = "ImageStream \"app\" is forbidden: requested usage of openshift.io/images exceeds the maximum limit per openshift.io/ImageStream (2 > 1)";
    assert_eq!((status, refused["reason"].as_str()), (StatusCode::FORBIDDEN, Some("Forbidden")));
    assert_eq!(refused["message"], message);
    assert_eq!(site.get("team/app/manifests/v2").await.status, StatusCode::NOT_FOUND);
    let stream =
        site.client.get(format!("http://{}/apis/image.openshift.io/v1/namespaces/team/imagestreams/app", site.address));
    let stream: Value = serde_json::from_slice(&stream.send().await.unwrap().bytes().await.unwrap()).unwrap();
    let tags = stream["status"]["tags"].as_array().unwrap();
    let told = tags.iter().find(|tag| tag["tag"] == "v2").unwrap()["conditions"][0].clone();
    assert_eq!((told["status"].as_str(), told["reason"].as_str()), (Some("False"), Some("Forbidden")));
    assert_eq!(told["message"], message);
    assert_eq!(site.import(&hub, "app", "v1").await.0, StatusCode::CREATED, "what is there may be imported again");
    assert_eq!(site.get("team/app/manifests/v1").await.body, one.manifest);
    site.stop().await;
}

/// A list that was pushed promises the layers of its images, wherever these came from. So it does with the layers that it holds
/// itself, as build caches do.
#[tokio::test]
async fn the_layers_below_a_pushed_list_are_kept() {
    for is_image in [true, false] {
        let (hub, one, _) = registry().await;
        let site = Site::start(hub.address, |_| {}).await;
        assert_eq!(site.import(&hub, "app", "v1").await.0, StatusCode::CREATED);
        let child = if is_image {
            json!({ "mediaType": crate::oci::MediaType::OCI_MANIFEST, "digest": one.digest, "size": one.manifest.len() })
        } else {
            json!({ "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": one.layer, "size": one.layer_bytes.len() })
        };
        let list = json!({ "schemaVersion": 2, "mediaType": crate::oci::MediaType::OCI_INDEX, "manifests": [child] });
        let list = Bytes::from(list.to_string());
        let pushed = site.send(Method::PUT, site.address, "team/app/manifests/multi", list).await;
        assert_eq!(pushed.status, StatusCode::CREATED, "{:?}", pushed.body);
        hub.stop().await;
        assert!(site.has(&one).await, "{is_image}");
        let cached = site.records.blobs().cache().unwrap().unused(usize::MAX);
        assert!(cached.iter().all(|content| content.digest != one.layer), "it is no longer only cached");
        site.stop().await;
    }
}
