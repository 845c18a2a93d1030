use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::oci::{Algorithm, Digest};

fn digest(of: &str) -> Digest {
    Algorithm::Sha256.digest(of.as_bytes())
}

fn blob(media_type: &str, of: &str) -> Value {
    json!({"mediaType": media_type, "digest": digest(of), "size": of.len()})
}

fn image() -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": MediaType::OCI_MANIFEST,
        "config": blob(MediaType::OCI_CONFIG, "config"),
        "layers": [blob("application/vnd.oci.image.layer.v1.tar+gzip", "layer")],
    })
}

fn index() -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": MediaType::OCI_INDEX,
        "manifests": [blob(MediaType::OCI_MANIFEST, "child")],
    })
}

fn with(mut document: Value, field: &str, value: Value) -> Value {
    document[field] = value;
    document
}

fn without(mut document: Value, field: &str) -> Value {
    document.as_object_mut().unwrap().remove(field);
    document
}

fn parse(document: &Value) -> Result<Manifest, ManifestError> {
    Manifest::parse(document.to_string().as_bytes(), None)
}

fn parse_as(document: &Value, content_type: &str) -> Result<Manifest, ManifestError> {
    Manifest::parse(document.to_string().as_bytes(), Some(&content_type.parse().unwrap()))
}

#[test]
fn an_image_is_read() {
    let manifest = parse(&image()).unwrap();
    assert_eq!(manifest.kind(), ManifestKind::Image);
    assert_eq!(manifest.media_type().as_str(), MediaType::OCI_MANIFEST);
    assert_eq!(manifest.config().unwrap().digest, digest("config"));
    assert_eq!(manifest.layers()[0].size, 5);
    assert!(manifest.manifests().is_empty() && manifest.subject().is_none() && manifest.annotations().is_empty());
    assert_eq!(manifest.referrer_artifact_type(), Some(MediaType::OCI_CONFIG));
}

#[test]
fn an_index_is_read() {
    let platform =
        json!({"architecture": "arm64", "os": "linux", "variant": "v8", "os.version": "1", "os.features": ["x"]});
    let document =
        with(index(), "manifests", json!([with(blob(MediaType::OCI_MANIFEST, "child"), "platform", platform.clone())]));
    let manifest = parse(&document).unwrap();
    assert_eq!(manifest.kind(), ManifestKind::Index);
    let child = &manifest.manifests()[0];
    assert_eq!(serde_json::to_value(child.platform.as_ref().unwrap()).unwrap(), platform);
    assert_eq!(manifest.referrer_artifact_type(), None);
    assert!(manifest.required_blobs().is_empty());
}

#[test]
fn docker_types_are_taken() {
    let document = with(image(), "mediaType", json!(MediaType::DOCKER_MANIFEST));
    assert_eq!(parse(&document).unwrap().kind(), ManifestKind::Image);
    let document = with(index(), "mediaType", json!(MediaType::DOCKER_MANIFEST_LIST));
    assert_eq!(parse(&document).unwrap().kind(), ManifestKind::Index);
}

#[test]
fn the_content_type_stands_in_for_the_media_type() {
    for document in
        [without(image(), "mediaType"), with(image(), "mediaType", Value::Null), with(image(), "mediaType", json!(""))]
    {
        assert!(parse_as(&document, MediaType::OCI_MANIFEST).is_ok());
        assert!(matches!(parse(&document), Err(ManifestError::MissingMediaType)));
    }
}

#[test]
fn types_that_differ_are_refused() {
    let error = parse_as(&image(), MediaType::DOCKER_MANIFEST).unwrap_err();
    assert!(matches!(error, ManifestError::MediaTypeMismatch { .. }));
    assert!(error.to_string().contains(MediaType::OCI_MANIFEST));
}

#[test]
fn other_types_are_refused() {
    let document = without(image(), "mediaType");
    assert!(matches!(parse_as(&document, "application/json"), Err(ManifestError::UnsupportedMediaType(_))));
    let document = with(image(), "mediaType", json!("application/vnd.oci.artifact.manifest.v1+json"));
    assert!(matches!(parse(&document), Err(ManifestError::UnsupportedMediaType(_))));
    assert!(matches!(
        parse(&with(image(), "mediaType", json!("nonsense"))),
        Err(ManifestError::UnsupportedMediaType(_))
    ));
}

#[test]
fn schema_1_is_refused_in_plain_words() {
    let document = json!({"schemaVersion": 1, "name": "app", "tag": "v1", "fsLayers": [], "history": []});
    for result in [
        parse(&document),
        parse_as(&document, MediaType::DOCKER_SCHEMA1),
        parse_as(&document, MediaType::DOCKER_SCHEMA1_SIGNED),
        parse_as(&document, MediaType::DOCKER_MANIFEST),
    ] {
        assert!(matches!(result, Err(ManifestError::Schema1)));
    }
}

#[test]
fn the_version_must_be_two() {
    for document in [without(image(), "schemaVersion"), with(image(), "schemaVersion", json!(3))] {
        assert!(matches!(parse(&document), Err(ManifestError::SchemaVersion)));
    }
    assert!(matches!(parse(&with(image(), "schemaVersion", json!("2"))), Err(ManifestError::Malformed(_))));
}

#[test]
fn what_is_absent_or_null_is_empty() {
    for value in [Value::Null, json!([])] {
        assert!(parse(&with(image(), "layers", value.clone())).unwrap().layers().is_empty());
        assert!(parse(&with(index(), "manifests", value)).unwrap().manifests().is_empty());
    }
    assert!(parse(&without(image(), "layers")).is_ok());
    assert!(parse(&without(index(), "manifests")).is_ok());
    for field in ["subject", "annotations", "artifactType", "manifests"] {
        assert!(parse(&with(image(), field, Value::Null)).is_ok(), "{field}");
    }
    for platform in [Value::Null, json!({}), json!({"os": null})] {
        let child = with(blob(MediaType::OCI_MANIFEST, "child"), "platform", platform);
        assert!(parse(&with(index(), "manifests", json!([child]))).is_ok());
    }
}

#[test]
fn unknown_fields_and_odd_content_pass() {
    let layer = with(blob("application/octet-stream", ""), "data", json!("e30="));
    let layer = with(layer, "org.example", json!({"deep": [1, 2, {"er": null}]}));
    let document = with(with(image(), "layers", json!([layer])), "org.example", json!("x"));
    assert_eq!(parse(&document).unwrap().layers()[0].size, 0);
    let cache = with(index(), "manifests", json!([blob("application/vnd.oci.image.layer.v1.tar+gzip", "layer")]));
    assert!(parse(&cache).is_ok(), "build caches are indexes of layers");
}

#[test]
fn large_annotations_pass() {
    let annotations =
        (0..390).map(|n| (format!("org.example.{n}"), json!("x".repeat(10_000)))).collect::<serde_json::Map<_, _>>();
    let manifest = parse(&with(image(), "annotations", Value::Object(annotations))).unwrap();
    assert_eq!(manifest.annotations().len(), 390);
}

#[test]
fn a_document_of_both_kinds_is_refused() {
    let both = with(image(), "manifests", json!([]));
    assert!(matches!(parse(&both), Err(ManifestError::Ambiguous { field: "manifests", .. })));
    let both = with(index(), "layers", json!([]));
    assert!(matches!(parse(&both), Err(ManifestError::Ambiguous { field: "layers", .. })));
    let both = with(index(), "config", blob(MediaType::OCI_CONFIG, "config"));
    let error = parse(&both).unwrap_err();
    assert_eq!(error.to_string(), "a manifest of an index cannot have config");
}

#[test]
fn an_image_needs_a_config() {
    for document in [without(image(), "config"), with(image(), "config", Value::Null)] {
        assert!(matches!(parse(&document), Err(ManifestError::MissingConfig)));
    }
}

#[test]
fn broken_descriptors_are_refused_by_their_path() {
    let good = blob("application/octet-stream", "x");
    let cases = [
        (without(good.clone(), "mediaType"), "layers[1]: mediaType is required"),
        (with(good.clone(), "mediaType", json!("")), "layers[1]: mediaType is required"),
        (without(good.clone(), "digest"), "layers[1]: digest is required"),
        (without(good.clone(), "size"), "layers[1]: size is required"),
        (with(good.clone(), "size", json!(-1)), "layers[1]: size cannot be negative"),
    ];
    for (bad, message) in cases {
        let error = parse(&with(image(), "layers", json!([good, bad]))).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    let bad = with(good.clone(), "digest", json!("sha256:abc"));
    assert!(parse(&with(image(), "subject", bad)).unwrap_err().to_string().starts_with("subject: digest is invalid: "));
    for size in [json!(1.5), json!("1"), json!(u64::MAX)] {
        assert!(matches!(
            parse(&with(image(), "config", with(good.clone(), "size", size))),
            Err(ManifestError::Malformed(_))
        ));
    }
}

#[test]
fn what_is_no_object_is_refused() {
    for bytes in ["", "null", "[]", "2", "\"x\"", "{", "{}x", "\u{feff}{}"] {
        assert!(Manifest::parse(bytes.as_bytes(), None).is_err(), "{bytes:?}");
    }
    assert!(Manifest::parse(&[0xff, 0xfe], None).is_err());
}

#[test]
fn depth_costs_nothing() {
    let nested = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    let text = image().to_string();
    let unknown = text.replacen('{', &format!("{{\"x\":{nested},"), 1);
    assert!(Manifest::parse(unknown.as_bytes(), None).is_ok());
    let known = text.replacen("[{", &format!("[{nested},{{"), 1);
    assert!(matches!(Manifest::parse(known.as_bytes(), None), Err(ManifestError::Malformed(_))));
}

#[test]
fn arrays_are_no_objects() {
    let fields = json!([2, MediaType::OCI_INDEX, null, null, null, null, null, null]);
    assert!(matches!(parse(&fields), Err(ManifestError::Malformed(_))));
    let fields = json!(["a/b", null, digest("x"), 1, null, null, null]);
    assert!(matches!(parse(&with(image(), "config", fields)), Err(ManifestError::Malformed(_))));
}

#[test]
fn a_field_twice_is_refused() {
    let text = image().to_string().replacen('{', "{\"layers\":[],", 1);
    assert!(matches!(Manifest::parse(text.as_bytes(), None), Err(ManifestError::Malformed(_))));
}

#[test]
fn required_blobs_are_those_that_a_push_brings() {
    let layers = json!([
        blob("application/vnd.oci.image.layer.v1.tar", "a"),
        blob("application/vnd.oci.image.layer.v1.tar", "a"),
        blob("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", "b"),
        with(
            blob("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "c"),
            "urls",
            json!(["https://example.com/c"])
        ),
        with(blob("application/vnd.oci.image.layer.v1.tar", "d"), "urls", json!(["https://example.com/d"])),
        with(blob("application/vnd.oci.image.layer.v1.tar", "e"), "urls", json!([])),
    ]);
    let manifest = parse(&with(image(), "layers", layers)).unwrap();
    let digests = manifest.required_blobs().into_iter().map(|blob| blob.digest.clone()).collect::<Vec<_>>();
    assert_eq!(digests, [digest("config"), digest("a"), digest("e")]);
}

#[test]
fn artifacts_say_what_they_are() {
    let artifact = with(image(), "artifactType", json!("application/vnd.example"));
    let artifact = with(artifact, "subject", blob(MediaType::OCI_MANIFEST, "subject"));
    let manifest = parse(&with(artifact, "annotations", json!({"b": "1", "a": null}))).unwrap();
    assert_eq!(manifest.referrer_artifact_type(), Some("application/vnd.example"));
    assert_eq!(manifest.subject().unwrap().digest, digest("subject"));
    assert_eq!(manifest.annotations().get("a").map(String::as_str), Some(""));
    let empty = with(image(), "artifactType", json!(""));
    assert_eq!(parse(&empty).unwrap().referrer_artifact_type(), Some(MediaType::OCI_CONFIG));
}

#[test]
fn a_descriptor_prints_in_the_order_of_the_specification() {
    let given = json!({"mediaType": "a/b", "artifactType": "c/d", "digest": digest("x"), "size": 1, "urls": ["u"], "annotations": {"k": "v"}, "platform": {"architecture": "amd64", "os": "linux"}});
    let manifest = parse(&with(index(), "manifests", json!([given]))).unwrap();
    assert_eq!(serde_json::to_string(&manifest.manifests()[0]).unwrap(), given.to_string());
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64), cut in 0_usize..400, flip in any::<u8>()) {
        let _ = Manifest::parse(&bytes, None);
        let mut text = image().to_string().into_bytes();
        let at = cut % text.len();
        text[at] ^= flip;
        let _ = Manifest::parse(&text, None);
        text.truncate(at);
        let _ = Manifest::parse(&text, None);
    }

    #[test]
    fn sizes_and_layers_come_through(sizes in proptest::collection::vec(0_u64..=i64::MAX as u64, 0..8)) {
        let layers = sizes.iter().map(|size| json!({"mediaType": "a/b", "digest": digest(&size.to_string()), "size": size}));
        let manifest = parse(&with(image(), "layers", layers.collect())).unwrap();
        prop_assert_eq!(manifest.layers().iter().map(|layer| layer.size).collect::<Vec<_>>(), sizes);
    }
}
