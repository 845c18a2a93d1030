//! `POST …/namespaces/<namespace>/imagestreamimports`, and imports that nobody asks for, from real registries.

mod background;
mod images;
mod import;
mod import_from_mirror;
mod import_manifest_list;
mod logins;
mod repositories;

use serde_json::{Value, json};

use super::{get, path};
use crate::harness::Weir;

/// Imports into `team/app`.
async fn import(weir: &Weir, spec: Value) -> Value {
    import_into(weir, "app", spec).await
}

/// Imports into a stream of `team`.
async fn import_into(weir: &Weir, stream: &str, spec: Value) -> Value {
    let body = json!({
        "kind": "ImageStreamImport",
        "apiVersion": "image.openshift.io/v1",
        "metadata": { "name": stream, "namespace": "team" },
        "spec": spec,
        "status": {},
    });
    weir.post(path("team", "imagestreamimports")).body(body.to_string()).await.is(201).json()
}

/// One image that is to be imported over plain HTTP.
fn image(from: &str, to: &str) -> Value {
    json!({
        "from": { "kind": "DockerImage", "name": from },
        "to": { "name": to },
        "importPolicy": { "insecure": true },
    })
}

/// An import of images that changes the stream.
fn images(images: &[Value]) -> Value {
    json!({ "import": true, "images": images })
}

/// The stream `team/app`.
async fn stream(weir: &Weir) -> Value {
    get(weir, "team", "imagestreams/app").await.is(200).json()
}

/// What happened to a tag of a stream.
fn status_of(stream: &Value, tag: &str) -> Value {
    let tags = stream["status"]["tags"].as_array().cloned().unwrap_or_default();
    tags.into_iter().find(|events| events["tag"] == tag).unwrap_or_default()
}

/// The images that a tag of a stream has meant, the newest first.
fn history(stream: &Value, tag: &str) -> Vec<String> {
    let items = status_of(stream, tag)["items"].as_array().cloned().unwrap_or_default();
    items.iter().map(|item| item["image"].as_str().unwrap_or_default().to_owned()).collect()
}
