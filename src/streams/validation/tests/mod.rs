//! The rows of openshift-apiserver's own tests of its validation, each under its name, and what recorded clusters said.
//!
//! Rows about an operator's list of allowed registries stand beside that list ([`super::allowed`]).

mod image_stream_import;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{image, image_tag, mapping, signature, stream, stream_tag};
use crate::streams::field_error::{FieldError, Path};
use crate::streams::object::read;

const DIGEST: &str = "sha256:77c9f58967777b6bf32ab1c900d5480dd0834405a343ba7936c9d4d2695d9e9f";

fn texts(errors: &[FieldError]) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

/// A stream `ns/app` with what `more` says.
fn of_stream(name: &str, namespace: &str, more: &Value) -> Vec<String> {
    let mut object = json!({"metadata": {"name": name, "namespace": namespace}});
    object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    texts(&stream::create(&read(object).unwrap()))
}

fn named(name: &str) -> Vec<String> {
    of_stream(name, "foo", &json!({}))
}

/// Source: `TestValidateImageStream`, the rows of names; recorded scenario `08-errors`, requests 44 to 62.
#[test]
fn names_of_streams() {
    let rule = "must match \"[a-z0-9]+(?:[._-][a-z0-9]+)*\"";
    assert_eq!(named(""), ["metadata.name: Required value: name or generateName is required"], "missing name");
    for (name, rule) in [
        ("foo/bar", "may not contain '/'"),
        ("foo%%bar", "may not contain '%'"),
        ("foo bar", rule),
        (".", "may not be '.'"),
        ("..", "may not be '..'"),
        ("Foo", rule),
        ("foo__bar", rule),
        ("foo--bar", rule),
        ("foo.-bar", rule),
        ("-foo", rule),
        ("foo-", rule),
    ] {
        assert_eq!(named(name), [format!("metadata.name: Invalid value: \"{name}\": {rule}")]);
    }
    for name in ["f", "g", "foo_bar", "x.y_z-1", "abcdefghijklmnopqrstuvwxyz-1234567890.dot_underscore-dash"] {
        assert_eq!(named(name), [""; 0], "valid");
    }
    // Departure: a nested repository is a stream, too.
    assert_eq!(named("sub..app"), [""; 0]);
    let generated = of_stream(
        "gen-abcde",
        "foo",
        &json!({"metadata": {"name": "gen-abcde", "namespace": "foo", "generateName": "gen-"}}),
    );
    assert_eq!(generated, [format!("metadata.generateName: Invalid value: \"gen-\": {rule}")]);
}

/// Source: `TestValidateImageStream`, "missing namespace", "invalid namespace", and the rows of lengths.
#[test]
fn namespaces_of_streams() {
    assert_eq!(of_stream("foo", "", &json!({})), ["metadata.namespace: Required value"]);
    let invalid = of_stream("foo", "!$", &json!({}));
    assert!(
        invalid[0].starts_with("metadata.namespace: Invalid value: \"!$\": a lowercase RFC 1123 label"),
        "{invalid:?}"
    );
    let namespace = "n".repeat(63);
    assert_eq!(of_stream(&"a".repeat(191), &namespace, &json!({})), [""; 0]);
    let long = of_stream(&"a".repeat(192), &namespace, &json!({}));
    assert!(long[0].ends_with("'namespace/name' cannot be longer than 255 characters"), "{long:?}");
}

/// Source: `TestValidateImageStream`, the rows of `dockerImageRepository`.
#[test]
fn source_repositories_of_streams() {
    for (repository, rule) in [
        ("a-|///bbb", "invalid reference format"),
        ("a/b:tag", "the repository name may not contain a tag"),
        ("a/b@sha256:something", "invalid reference format"),
        (&format!("a/b@{DIGEST}"), "the repository name may not contain an ID"),
    ] {
        let errors = of_stream("foo", "ns", &json!({"spec": {"dockerImageRepository": repository}}));
        assert_eq!(errors, [format!("spec.dockerImageRepository: Invalid value: \"{repository}\": {rule}")]);
    }
    assert_eq!(of_stream("foo", "ns", &json!({"spec": {"dockerImageRepository": "a/b"}})), [""; 0]);
}

/// Source: `TestValidateImageStream`, "status tag missing dockerImageReference".
#[test]
fn status_tag_missing_docker_image_reference() {
    let items =
        json!([{"dockerImageReference": ""}, {"dockerImageReference": "foo/bar:latest"}, {"dockerImageReference": ""}]);
    let errors = of_stream("foo", "ns", &json!({"status": {"tags": [{"tag": "tag", "items": items}]}}));
    assert_eq!(
        errors,
        [0, 2].map(|index| format!("status.tags[tag].items[{index}].dockerImageReference: Required value"))
    );
}

fn tagged(tag: &Value) -> Vec<String> {
    of_stream("foo", "ns", &json!({"spec": {"tags": [tag]}}))
}

/// Source: `TestValidateImageStream`, the rows of spec tags; recorded scenario `08-errors`, requests 70 to 89.
#[test]
fn spec_tags_of_streams() {
    let scheduled = "only tags pointing to Docker repositories may be scheduled for background import";
    for (tag, error) in [
        (json!({"from": {"kind": "DockerImage", "name": "abc"}, "referencePolicy": {"type": "Other"}}),
            "referencePolicy.type: Invalid value: \"Other\": valid values are \"Source\", \"Local\"".to_owned()),
        (json!({"from": {"kind": "ImageStreamTag", "name": "abc"}, "importPolicy": {"scheduled": true}}),
            format!("importPolicy.scheduled: Invalid value: true: {scheduled}")),
        (json!({"from": {"kind": "ImageStreamImage", "name": "abc"}, "importPolicy": {"scheduled": true}}),
            format!("importPolicy.scheduled: Invalid value: true: {scheduled}")),
        (json!({"from": {"kind": "DockerImage", "name": "abc@badid"}}),
            "from.name: Invalid value: \"abc@badid\": invalid reference format".to_owned()),
        (json!({"from": {"kind": "DockerImage", "name": "a/b:c"}, "importPolicy": {"importMode": "Invalid"}}),
            "importPolicy.importMode: Invalid value: \"Invalid\": invalid import mode, valid modes are '', 'Legacy', 'PreserveOriginal'".to_owned()),
        (json!({"from": {}}), "from.name: Required value".to_owned()),
        (json!({"from": {"kind": "Pod", "name": "x"}}),
            "from.kind: Required value: valid values are 'DockerImage', 'ImageStreamImage', 'ImageStreamTag'".to_owned()),
    ] {
        let mut tag = tag;
        tag["name"] = json!("t");
        assert_eq!(tagged(&tag), [format!("spec.tags[t].{error}")]);
    }
    for mode in ["", "Legacy", "PreserveOriginal"] {
        let tag = json!({"name": "t", "from": {"kind": "DockerImage", "name": "UP/x:y"}, "importPolicy": {"scheduled": true, "importMode": mode}});
        assert_eq!(tagged(&tag), [""; 0], "valid");
    }
    assert_eq!(tagged(&json!({"name": "t"})), [""; 0], "a tag without a source");
    // Departure: the names of tags are checked, too.
    assert!(tagged(&json!({"name": "we ird/na:me"}))[0].starts_with("spec.tags[we ird/na:me].name: Invalid value"));
}

/// Source: recorded scenario `08-errors`, requests 232 and 233.
#[test]
fn labels_and_annotations() {
    let rule = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
                '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    let with = |metadata: Value| of_stream("foo", "ns", &json!({"metadata": metadata}));
    let labels =
        with(json!({"name": "foo", "namespace": "ns", "labels": {"bad label!": "x", "ok/x": "", "a.b-c_d": "v.1"}}));
    assert_eq!(labels, [format!("metadata.labels: Invalid value: \"bad label!\": {rule}")]);
    let annotations =
        with(json!({"name": "foo", "namespace": "ns", "annotations": {"bad ann!": "x", "OK/Fine": "any thing"}}));
    assert_eq!(annotations, [format!("metadata.annotations: Invalid value: \"bad ann!\": {rule}")]);
    let bad = json!({"a/b/c": "1", "/b": "1", "a/": "1", "-a": "1", "UP.example/x": "1"});
    assert!(with(json!({"name": "foo", "namespace": "ns", "labels": bad})).len() >= 5);
    let value = with(json!({"name": "foo", "namespace": "ns", "labels": {"a": "no spaces"}}));
    assert!(value[0].starts_with("metadata.labels: Invalid value: \"no spaces\": a valid label must be"), "{value:?}");
    let large = with(json!({"name": "foo", "namespace": "ns", "annotations": {"a": "x".repeat(300_000)}}));
    assert_eq!(large, ["metadata.annotations: Too long: may not be more than 262144 bytes"]);
    let finalizers = with(json!({"name": "foo", "namespace": "ns", "finalizers": ["x"]}));
    assert_eq!(finalizers, ["metadata.finalizers: Forbidden: nothing here waits for the end of an object"]);
}

fn of_image(object: Value) -> Vec<String> {
    texts(&image::check(&read(object).unwrap(), &Path::default()))
}

/// Source: `TestValidateImageMissingFields`.
#[test]
fn image_missing_fields() {
    let no_name = of_image(json!({"dockerImageReference": "ref"}));
    assert_eq!(no_name, ["metadata.name: Required value: name or generateName is required"]);
    assert_eq!(
        of_image(json!({"metadata": {"name": "foo/bar"}, "dockerImageReference": "ref"})),
        ["metadata.name: Invalid value: \"foo/bar\": may not contain '/'"]
    );
    assert_eq!(
        of_image(json!({"metadata": {"name": "foo%%bar"}, "dockerImageReference": "ref"})),
        ["metadata.name: Invalid value: \"foo%%bar\": may not contain '%'"]
    );
    assert_eq!(of_image(json!({"metadata": {"name": "foo"}})), ["dockerImageReference: Required value"]);
    let bad = of_image(json!({"metadata": {"name": "foo"}, "dockerImageReference": "!!"}));
    assert_eq!(bad, ["dockerImageReference: Invalid value: \"!!\": invalid reference format"]);
    assert_eq!(of_image(json!({"metadata": {"name": "foo"}, "dockerImageReference": "ref"})), [""; 0]);
}

/// Source: `TestValidateImageManifests`; recorded scenario `10-images-signatures`, requests 20 and 21.
#[test]
fn image_manifests() {
    let child = |digest: &str, kind: &str, size: i64, architecture: &str, os: &str| json!({"digest": digest, "mediaType": kind, "manifestSize": size, "architecture": architecture, "os": os});
    let with = |child: Value| {
        of_image(json!({"metadata": {"name": "a"}, "dockerImageReference": "a/b:c", "dockerImageManifests": [child]}))
    };
    let (kind, at) = ("application/vnd.oci.image.manifest.v1+json", "dockerImageManifests[0]");
    for (name, child, error) in [
        (
            "invalid digest",
            child("nope", kind, 1, "a", "l"),
            "digest: Invalid value: \"nope\": digest does not conform with OCI image specification",
        ),
        (
            "invalid media type",
            child(DIGEST, "bad", 1, "a", "l"),
            "mediaType: Invalid value: \"bad\": media type does not conform to RFC6838",
        ),
        ("required architecture", child(DIGEST, kind, 1, "", "l"), "architecture: Required value"),
        ("required OS", child(DIGEST, kind, 1, "a", ""), "os: Required value"),
        (
            "negative size",
            child(DIGEST, kind, -1, "a", "l"),
            "size: Invalid value: -1: manifest size cannot be negative",
        ),
    ] {
        assert_eq!(with(child), [format!("{at}.{error}")], "{name}");
    }
    assert_eq!(with(child(DIGEST, kind, 1, "a", "l")), [""; 0]);
    let both = json!({"metadata": {"name": "a"}, "dockerImageReference": "a/b:c",
        "dockerImageLayers": [{"name": DIGEST, "size": 1, "mediaType": "x/y"}],
        "dockerImageManifests": [child(DIGEST, kind, 1, "a", "l")]});
    let shown = format!("[{{\"Name\":\"{DIGEST}\",\"LayerSize\":1,\"MediaType\":\"x/y\"}}]");
    let rule = "dockerImageLayers should not be set when dockerImageManifests is set";
    assert_eq!(of_image(both), [format!("dockerImageLayers: Invalid value: {shown}: {rule}")]);
}

fn of_signature(more: &Value) -> Vec<String> {
    let mut object = json!({"metadata": {"name": "imgname@valid"}, "type": "valid", "content": "YmxvYg=="});
    object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    texts(&signature::check(&read(object).unwrap(), &Path::default()))
}

/// Source: `TestValidateImageSignature`.
#[test]
fn image_signatures() {
    let condition = |kind: &str, status: &str| json!({"type": kind, "status": status});
    assert_eq!(of_signature(&json!({})), [""; 0], "valid");
    for status in ["True", "False"] {
        let conditions = [condition("Trusted", status), condition("ForImage", status)];
        let known = json!({"conditions": conditions, "imageIdentity": "registry.company.ltd/app/core:v1.2"});
        assert_eq!(of_signature(&known), [""; 0], "valid, checked: {status}");
    }
    let unnamed = of_signature(&json!({"metadata": {"name": "notvalid"}, "type": ""}));
    let format = "name must be of format <imageName>@<signatureName>";
    assert_eq!(
        unnamed,
        [format!("metadata.name: Invalid value: \"notvalid\": {format}"), "type: Required value".into()]
    );
    assert_eq!(of_signature(&json!({"content": ""})), ["content: Required value"], "missing content");
    let alone = of_signature(&json!({"conditions": [condition("Trusted", "True")]}));
    assert_eq!(alone.len(), 1, "missing ForImage condition");
    assert!(alone[0].starts_with("conditions: Invalid value"), "{alone:?}");
    let described =
        of_signature(&json!({"metadata": {"name": "imgname@valid", "labels": {"k": "v"}, "annotations": {"k": "v"}}}));
    let forbidden =
        ["labels", "annotations"].map(|what| format!("metadata.{what}: Forbidden: signature {what} cannot be set"));
    assert_eq!(described, forbidden, "adding labels and annotations");
    let filled = of_signature(&json!({
        "conditions": [condition("Trusted", "Unknown"), condition("ForImage", "Unknown")],
        "imageIdentity": "registry.company.ltd/app/core:v1.2", "signedClaims": {"claim": "value"},
        "issuedBy": {"organization": "org"}, "issuedTo": {"publicKeyID": "id"},
    }));
    assert_eq!(filled.len(), 4, "filled metadata for unknown signature state");
    assert!(filled.iter().all(|error| error.ends_with("must be unset for unknown signature state")), "{filled:?}");
}

fn of_mapping(object: Value) -> Vec<String> {
    texts(&mapping::check(&read(object).unwrap()))
}

/// Source: `TestValidateImageStreamMappingNotOK`; recorded scenario `08-errors`, requests 159 to 163.
#[test]
fn image_stream_mapping_not_ok() {
    let image = json!({"metadata": {"name": DIGEST}, "dockerImageReference": "openshift/ruby-19-centos"});
    let unnamed = of_mapping(json!({"metadata": {"namespace": "default"}, "tag": "latest", "image": image}));
    let wanted = [
        "metadata.name: Required value: name or generateName is required",
        "name: Required value",
        "dockerImageRepository: Required value",
    ];
    assert_eq!(unnamed, wanted, "missing DockerImageRepository and name");
    let metadata = json!({"name": "foo", "namespace": "default"});
    assert_eq!(of_mapping(json!({"metadata": metadata, "image": image})), ["tag: Required value"], "missing tag");
    let nameless = of_mapping(json!({"metadata": metadata, "tag": "latest", "image": {"dockerImageReference": "a/b"}}));
    assert_eq!(
        nameless,
        ["image.metadata.name: Required value: name or generateName is required"],
        "missing image name"
    );
    let bad = json!({"metadata": {"name": DIGEST}, "dockerImageReference": "registry/extra/openshift//ruby-19-centos"});
    let error = "image.dockerImageReference: Invalid value: \"registry/extra/openshift//ruby-19-centos\": invalid reference format";
    assert_eq!(
        of_mapping(json!({"metadata": metadata, "tag": "latest", "image": bad})),
        [error],
        "invalid repository pull spec"
    );
    assert_eq!(of_mapping(json!({"metadata": metadata, "tag": "latest", "image": image})), [""; 0], "valid");
    // Departures: tags are named as OCI has it, and what a tag means is a manifest.
    let plain = json!({"metadata": {"name": "plain"}, "dockerImageReference": "a/b:c"});
    let error = "image.metadata.name: Invalid value: \"plain\": must be the digest of a manifest";
    assert_eq!(of_mapping(json!({"metadata": metadata, "tag": "m", "image": plain})), [error]);
    assert!(
        of_mapping(json!({"metadata": metadata, "tag": "od/d", "image": image}))[0].starts_with("tag: Invalid value")
    );
}

/// Source: `TestValidateISTUpdate`.
#[test]
fn image_stream_tag_update() {
    let labels = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
    let update = |object: Value| texts(&stream_tag::update(&read(object).unwrap(), &labels));
    let from = json!({"kind": "DockerImage", "name": "some/other:system"});
    let metadata = json!({"name": "foo:bar", "namespace": "ns", "labels": {"a": "b"}, "annotations": {"one": "two"}});
    assert_eq!(update(json!({"metadata": metadata, "tag": {"from": from}})), [""; 0], "adding an annotation");
    let relabelled = json!({"name": "foo:bar", "labels": {"a": "c"}});
    let error = "metadata: Invalid value: \"\": may not update fields other than metadata.annotations";
    assert_eq!(update(json!({"metadata": relabelled, "tag": {"from": from}})), [error], "changedLabel");
    let error = "tag.annotations: Invalid value: \"<map>\": tag annotations must not be provided or must be equal to the object meta annotations";
    let mismatched = json!({"metadata": metadata, "tag": {"from": from, "annotations": {"one": "three"}}});
    assert_eq!(update(mismatched), [error], "mismatchedAnnotations");
    let nameless = json!({"metadata": metadata, "tag": {"from": {"kind": "DockerImage", "name": ""}}});
    assert_eq!(update(nameless), ["tag.from.name: Required value"], "tagToNameRequired");
    let kindless = update(json!({"metadata": metadata, "tag": {"from": {"kind": "", "name": "foo/bar:biz"}}}));
    let error = "tag.from.kind: Required value: valid values are 'DockerImage', 'ImageStreamImage', 'ImageStreamTag'";
    assert_eq!(kindless, [error], "tagToKindRequired");
}

/// Source: `TestValidateITUpdate`.
#[test]
fn image_tag_update() {
    let update = |object: Value| texts(&image_tag::update(&read(object).unwrap(), "bar", None, None));
    let from = json!({"kind": "DockerImage", "name": "some/other:system"});
    let error = "metadata: Invalid value: \"\": may not update fields other than spec";
    for changed in ["annotations", "labels"] {
        let object =
            json!({"metadata": {"name": "foo:bar", changed: {"a": "b"}}, "spec": {"name": "bar", "from": from}});
        assert_eq!(update(object), [error], "changed {changed}");
    }
    let metadata = json!({"name": "foo:bar"});
    let renamed = update(json!({"metadata": metadata, "spec": {"name": "other", "from": from}}));
    assert_eq!(renamed, ["spec.name: Invalid value: \"other\": must match image tag name"], "mismatchedSpecName");
    let nameless = update(json!({"metadata": metadata, "spec": {"name": "bar", "from": {"kind": "DockerImage"}}}));
    assert_eq!(nameless, ["spec.from.name: Required value"]);
    let kindless = update(json!({"metadata": metadata, "spec": {"name": "bar", "from": {"name": "a"}}}));
    assert_eq!(
        kindless,
        ["spec.from.kind: Required value: valid values are 'DockerImage', 'ImageStreamImage', 'ImageStreamTag'"]
    );
    let status = update(json!({"metadata": metadata, "spec": {"name": "bar", "from": from}, "status": {"tag": "bar"}}));
    assert_eq!(status, ["status: Invalid value: \"\": may not update fields other than spec"]);
}
