//! What the maker of an object owns, kind by kind, as an OpenShift API server recorded it.

use super::*;
use crate::http::apis::schema::{Kind, kinds};

/// What the maker of an object owns. The object is as a server decodes it, with what it prints though it is not set.
fn made(object: Value, kind: &Kind) -> Value {
    let mut object = object;
    update(None, &mut object, kind, &updater("raw"));
    match owners(&object).as_slice() {
        [(_, fields)] => fields.clone(),
        others => panic!("{others:?}"),
    }
}

#[test]
fn images_have_metadata_as_a_whole() {
    let image = json!({
        "metadata": {"name": "sha256:1"}, "dockerImageReference": "r/n@sha256:1", "dockerImageMetadataVersion": "1.0",
        "dockerImageMetadata": {"kind": "DockerImage", "Id": "", "Created": null},
    });
    let fields = json!({"f:dockerImageMetadata": {}, "f:dockerImageMetadataVersion": {}, "f:dockerImageReference": {}});
    assert_eq!(made(image, &kinds::IMAGE), fields);
}

#[test]
fn signatures_have_a_type_and_content() {
    let signature = json!({"metadata": {"name": "sha256:1@s"}, "type": "AtomicImageV1", "content": "eA=="});
    assert_eq!(made(signature, &kinds::IMAGE_SIGNATURE), json!({"f:content": {}, "f:type": {}}));
}

#[test]
fn imports_have_their_images_as_a_whole() {
    let import = json!({
        "metadata": {"name": "s"}, "status": {},
        "spec": {"import": true, "images": [{"from": {"kind": "DockerImage", "name": "r/n:t"}, "importPolicy": {}}]},
    });
    assert_eq!(made(import, &kinds::IMAGE_STREAM_IMPORT), json!({"f:spec": {"f:images": {}, "f:import": {}}}));
    let import = json!({
        "metadata": {"name": "s"}, "status": {},
        "spec": {"import": false, "repository": {
            "from": {"kind": "DockerImage", "name": "r/n"},
            "importPolicy": {"importMode": "Legacy"}, "referencePolicy": {"type": "Source"},
        }},
    });
    let fields = json!({"f:spec": {"f:repository": {
        ".": {}, "f:from": {},
        "f:importPolicy": {".": {}, "f:importMode": {}}, "f:referencePolicy": {".": {}, "f:type": {}},
    }}});
    assert_eq!(made(import, &kinds::IMAGE_STREAM_IMPORT), fields);
}

#[test]
fn limit_ranges_have_their_limits_as_a_whole() {
    let limits = json!({
        "metadata": {"name": "l"},
        "spec": {"limits": [{"type": "openshift.io/Image", "max": {"storage": "1Gi"}}]},
    });
    assert_eq!(made(limits, &kinds::LIMIT_RANGE), json!({"f:spec": {"f:limits": {}}}));
}

#[test]
fn namespaces_have_finalizers_as_a_whole() {
    let namespace = json!({
        "metadata": {
            "name": "n", "labels": {"kubernetes.io/metadata.name": "n"},
            "annotations": {"openshift.io/description": "", "openshift.io/requester": "developer"},
        },
        "spec": {"finalizers": ["openshift.io/origin"]}, "status": {},
    });
    let fields = json!({
        "f:metadata": {
            "f:annotations": {".": {}, "f:openshift.io/description": {}, "f:openshift.io/requester": {}},
            "f:labels": {".": {}, "f:kubernetes.io/metadata.name": {}},
        },
        "f:spec": {"f:finalizers": {}},
    });
    assert_eq!(made(namespace, &kinds::NAMESPACE), fields);
}

#[test]
fn reviews_have_their_attributes_one_by_one() {
    let review = json!({
        "metadata": {}, "status": {"allowed": false},
        "spec": {"resourceAttributes": {"namespace": "n", "verb": "get", "resource": "imagestreams"}},
    });
    let fields = json!({"f:spec": {"f:resourceAttributes": {
        ".": {}, "f:namespace": {}, "f:resource": {}, "f:verb": {},
    }}});
    assert_eq!(made(review, &kinds::SELF_SUBJECT_ACCESS_REVIEW), fields);
}
