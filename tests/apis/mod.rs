//! The Kubernetes-style API: what `image.openshift.io/v1` shows of what was pushed.

mod discovery;
mod errors;
mod host_names;
mod image;
mod image_stream;
mod image_stream_image;
mod image_stream_import;
mod image_stream_tag;
mod recorded;
mod replay;
mod watching;
mod writing;

use serde_json::Value;

use crate::harness::{Call, Weir};

/// The path of a resource in a namespace.
fn path(namespace: &str, resource: &str) -> String {
    format!("/apis/image.openshift.io/v1/namespaces/{namespace}/{resource}")
}

/// Asks for a resource in a namespace.
fn get(weir: &Weir, namespace: &str, resource: &str) -> Call {
    weir.get(path(namespace, resource))
}

/// Asks for an image.
fn get_image(weir: &Weir, name: &str) -> Call {
    weir.get(format!("/apis/image.openshift.io/v1/images/{name}"))
}

/// The object that is there.
async fn object(call: Call) -> Value {
    call.await.is(200).has("content-type", "application/json").json()
}

/// Asserts that a resource is not there, in the words of the API.
async fn absent(call: Call, resource: &str, name: &str) {
    let status = call.await.is(404).json();
    assert_eq!(status["message"], format!("{resource}.image.openshift.io \"{name}\" not found"));
    assert_eq!((&status["reason"], &status["kind"]), (&"NotFound".into(), &"Status".into()));
}
