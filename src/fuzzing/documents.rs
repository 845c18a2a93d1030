//! Manifests and indexes, and the images made of them.

use serde_json::Value;
use weir_storage::Algorithm;

use super::document::Plain;
use super::take::Take;
use crate::oci::{Descriptor, Manifest, ManifestKind, MediaType};
use crate::records::Moment;
use crate::streams::image;
use crate::streams::object::{Image, read};

/// The first byte chooses what an image manifest is sent as, the rest is its body.
pub fn manifest(data: &[u8]) {
    let schema1 = MediaType::DOCKER_SCHEMA1_SIGNED;
    check(data, [None, Some(MediaType::OCI_MANIFEST), Some(MediaType::DOCKER_MANIFEST), Some(schema1)]);
}

/// The first byte chooses what an index is sent as, the rest is its body.
pub fn index(data: &[u8]) {
    let other = "application/json";
    check(data, [None, Some(MediaType::OCI_INDEX), Some(MediaType::DOCKER_MANIFEST_LIST), Some(other)]);
}

fn check(data: &[u8], types: [Option<&str>; 4]) {
    let mut take = Take(data);
    let content_type = take.choose(&types).flatten();
    let parsed = parse(take.0, content_type);
    let tree = serde_json::from_slice::<Value>(take.0).ok();
    if let Some(tree) = &tree {
        let plain = Plain::read(tree, content_type);
        // A tree has each field once. The view refuses a document that has a known one twice.
        let once = parse(tree.to_string().as_bytes(), content_type);
        assert_eq!(once.as_ref().map(view), plain, "{tree}");
        if let Some(manifest) = &parsed {
            assert_eq!(once.as_ref(), Some(manifest), "{tree}");
        }
    }
    if let Some(manifest) = parsed {
        assert_required(&manifest);
        assert_image(&manifest, take.0);
    }
}

fn parse(bytes: &[u8], content_type: Option<&str>) -> Option<Manifest> {
    let content_type = content_type.and_then(|text| text.parse().ok());
    match Manifest::parse(bytes, content_type.as_ref()) {
        Ok(manifest) => Some(manifest),
        Err(error) => {
            assert!(!error.to_string().is_empty(), "a refusal says why");
            None
        }
    }
}

fn view(manifest: &Manifest) -> Plain {
    let pairs = |list: &[Descriptor]| list.iter().map(|one| (one.digest.to_string(), one.size)).collect::<Vec<_>>();
    Plain {
        kind: manifest.kind(),
        media_type: manifest.media_type().to_string(),
        config: pairs(manifest.config().map(std::slice::from_ref).unwrap_or_default()),
        layers: pairs(manifest.layers()),
        manifests: pairs(manifest.manifests()),
        subject: pairs(manifest.subject().map(std::slice::from_ref).unwrap_or_default()),
        artifact_type: manifest.artifact_type().map(str::to_owned),
        annotations: manifest.annotations().len(),
    }
}

/// What must be pushed before: nothing twice, nothing that is fetched from elsewhere, and all the rest.
fn assert_required(manifest: &Manifest) {
    let required = manifest.required_blobs();
    let all: Vec<&Descriptor> = manifest.config().into_iter().chain(manifest.layers()).collect();
    for (at, blob) in required.iter().enumerate() {
        assert!(!blob.is_foreign() && all.contains(blob));
        assert!(required.iter().skip(at + 1).all(|other| (&other.digest, other.size) != (&blob.digest, blob.size)));
    }
    for blob in all.iter().filter(|blob| !blob.is_foreign()) {
        assert!(required.iter().any(|found| (&found.digest, found.size) == (&blob.digest, blob.size)));
    }
}

/// The image that is made of a manifest whose config is not at hand reads back as it is stored.
fn assert_image(manifest: &Manifest, bytes: &[u8]) {
    let digest = Algorithm::Sha256.digest(bytes);
    let pushed = Moment::from_system(std::time::SystemTime::UNIX_EPOCH);
    let stored = image::made(&digest, manifest, None, pushed).expect("an image prints").object;
    let image: Image = read(stored.clone()).expect("an image reads back");
    assert_eq!(image.metadata.name, digest.as_str());
    assert_eq!(image.docker_image_layers.len(), manifest.layers().len());
    assert_eq!(image.docker_image_manifests.len(), manifest.manifests().len());
    let order = if manifest.kind() == ManifestKind::Image { "ascending" } else { "" };
    assert!(image.metadata.annotations.values().any(|value| value == order));
    assert_eq!(serde_json::to_value(image).ok(), Some(stored), "an image prints as it was read");
}
