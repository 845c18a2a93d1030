//! Images.

use serde_json::json;

use super::{meta, names, pull_spec, signature};
use crate::oci::{Digest, MediaType};
use crate::streams::field_error::{FieldError, Path};
use crate::streams::object::{Image, ImageManifest};

/// Checks an image, which stands at `path`.
pub(crate) fn check(image: &Image, path: &Path) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let metadata = path.child("metadata");
    names::check_segment(&image.metadata.name, &metadata.child("name"), &mut errors);
    meta::check(&image.metadata, &metadata, &mut errors);
    let reference = path.child("dockerImageReference");
    if image.docker_image_reference.is_empty() {
        errors.push(reference.required(""));
    } else {
        pull_spec(&image.docker_image_reference, &reference, &mut errors);
    }
    check_version(image, path, &mut errors);
    for (index, manifest) in image.docker_image_manifests.iter().enumerate() {
        check_manifest(manifest, &path.child("dockerImageManifests").index(index), &mut errors);
    }
    check_layers(image, path, &mut errors);
    for (index, signature) in image.signatures.iter().enumerate() {
        errors.extend(signature::check(signature, &path.child("signatures").index(index)));
    }
    errors
}

/// Metadata of the time before Docker 0.12 is spelled in another way, which nothing writes any more.
fn check_version(image: &Image, path: &Path, errors: &mut Vec<FieldError>) {
    let version = image.docker_image_metadata_version.as_str();
    if !version.is_empty() && version != Image::METADATA_VERSION {
        errors.push(path.child("dockerImageMetadataVersion").not_supported(version, &[Image::METADATA_VERSION]));
    }
}

fn check_manifest(manifest: &ImageManifest, path: &Path, errors: &mut Vec<FieldError>) {
    if manifest.digest.parse::<Digest>().is_err() {
        let rule = "digest does not conform with OCI image specification";
        errors.push(path.child("digest").invalid(manifest.digest.as_str(), rule));
    }
    if manifest.media_type.parse::<MediaType>().is_err() {
        let rule = "media type does not conform to RFC6838";
        errors.push(path.child("mediaType").invalid(manifest.media_type.as_str(), rule));
    }
    for (name, value) in [("architecture", &manifest.architecture), ("os", &manifest.os)] {
        if value.is_empty() {
            errors.push(path.child(name).required(""));
        }
    }
    if manifest.manifest_size < 0 {
        errors.push(path.child("size").invalid(manifest.manifest_size, "manifest size cannot be negative"));
    }
}

fn check_layers(image: &Image, path: &Path, errors: &mut Vec<FieldError>) {
    if image.docker_image_layers.is_empty() || image.docker_image_manifests.is_empty() {
        return;
    }
    let layers = image.docker_image_layers.iter();
    let shown: Vec<_> = layers
        .map(|layer| json!({"Name": layer.name, "LayerSize": layer.size, "MediaType": layer.media_type}))
        .collect();
    let rule = "dockerImageLayers should not be set when dockerImageManifests is set";
    errors.push(path.child("dockerImageLayers").invalid(shown, rule));
}
