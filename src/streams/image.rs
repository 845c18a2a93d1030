//! Images: made from a manifest and its config when it is pushed, or from the object that a client posts, and shown as one
//! repository or another sees them.

use weir_storage::{Digest, Revision};

use super::object::{DockerImage, Image, PushedManifest, Time, annotation};
use crate::oci::{Manifest, ManifestKind, MediaType};
use crate::records::{Error, ImageRecord, Moment};

/// The largest config that metadata is read from, in bytes. Configs of real images have some kilobytes; artifacts put
/// anything there.
pub(crate) const CONFIG_LIMIT: u64 = 4 * 1024 * 1024;

/// An image as it is stored: without what belongs to one server or one repository.
#[derive(Debug)]
pub(crate) struct MadeImage {
    pub(crate) object: serde_json::Value,
    /// Its manifest names a config, and that was not at hand.
    pub(crate) lacks_config: bool,
}

/// The image of a manifest. A config that is absent or not JSON makes its metadata poorer, and harms nothing else.
pub(crate) fn made(
    digest: &Digest,
    manifest: &Manifest,
    config: Option<&[u8]>,
    pushed: Moment,
) -> Result<MadeImage, Error> {
    let image = derived(digest, manifest, config, pushed);
    let lacks_config = manifest.config().is_some() && config.is_none();
    Ok(MadeImage { object: stored(digest.as_str(), &image)?, lacks_config })
}

/// The image of a manifest that was imported: it does not say that it was pushed.
pub(crate) fn imported(
    digest: &Digest,
    manifest: &Manifest,
    config: Option<&[u8]>,
    now: Moment,
) -> Result<MadeImage, Error> {
    let image = seen_upstream(digest, manifest, config, now);
    let lacks_config = manifest.config().is_some() && config.is_none();
    Ok(MadeImage { object: stored(digest.as_str(), &image)?, lacks_config })
}

/// The same as an object, of an image that may never be stored.
pub(crate) fn seen_upstream(digest: &Digest, manifest: &Manifest, config: Option<&[u8]>, now: Moment) -> Image {
    let mut image = derived(digest, manifest, config, now);
    image.metadata.annotations.clear();
    if manifest.kind() == ManifestKind::Image {
        ascend(&mut image);
    }
    image
}

fn derived(digest: &Digest, manifest: &Manifest, config: Option<&[u8]>, now: Moment) -> Image {
    let derived = PushedManifest { manifest, digest, config, pushed: time(now) }.derive();
    if let Some(error) = derived.config_error {
        tracing::info!(image.digest = %digest, %error, "Took {digest} without metadata: {error}");
    }
    derived.image
}

/// An image that was made without its config, with what is known now. It stays the same image.
pub(crate) fn completed(record: ImageRecord, made: &MadeImage) -> ImageRecord {
    let mut object = made.object.clone();
    if let Some(members) = object.as_object_mut() {
        // What clients have said of the image since.
        for kept in ["metadata", "signatures"] {
            if let Some(value) = record.object.get(kept) {
                members.insert(kept.to_owned(), value.clone());
            }
        }
    }
    ImageRecord { object, lacks_config: false, ..record }
}

/// The object of an image as it is stored.
pub(crate) fn stored(name: &str, image: &Image) -> Result<serde_json::Value, Error> {
    serde_json::to_value(image).map_err(|source| Error::Record { key: format!("image {name}"), source })
}

/// The object of an image as it was stored.
pub(crate) fn read(name: &str, record: &ImageRecord) -> Result<Image, Error> {
    super::object::read(record.object.clone()).map_err(|source| Error::Record { key: format!("image {name}"), source })
}

/// Completes an image that a client posts: metadata, layers and children come from its manifest and config, where it
/// brings them. What cannot be read makes it poorer.
///
/// Source: `InternalImageWithMetadata` and the image strategy of openshift-apiserver, restated.
pub(crate) fn complete(image: &mut Image, now: Moment) {
    if !image.docker_image_manifest.is_empty() {
        order_layers(image);
        let known = image.docker_image_metadata.as_ref().is_some_and(|metadata| metadata.size > 0)
            && !image.docker_image_layers.is_empty()
            && !image.docker_image_manifest_media_type.is_empty();
        derive(image, known, now);
    }
    image.docker_image_metadata.get_or_insert_with(DockerImage::default);
    Image::METADATA_VERSION.clone_into(&mut image.docker_image_metadata_version);
    let annotations = &mut image.metadata.annotations;
    annotations.remove(annotation::MANAGED_SIGNATURE);
    if annotations.get(annotation::MANIFEST_BLOB_STORED).is_some_and(|stored| stored == "true") {
        image.docker_image_manifest.clear();
        image.docker_image_config.clear();
    }
}

/// Puts the base layer first. Where nothing says how layers are ordered, those of today's manifests are taken to be the
/// other way round.
fn order_layers(image: &mut Image) {
    if image.docker_image_layers.is_empty() {
        return;
    }
    let order = image.metadata.annotations.get(annotation::LAYERS_ORDER).map(String::as_str);
    let media_type = image.docker_image_manifest_media_type.as_str();
    let schema1 = [MediaType::DOCKER_SCHEMA1, MediaType::DOCKER_SCHEMA1_SIGNED].contains(&media_type);
    let ascending = match order {
        Some(annotation::ASCENDING) => true,
        Some("descending") => false,
        _ => schema1,
    };
    if !ascending {
        image.docker_image_layers.reverse();
    }
    ascend(image);
}

fn ascend(image: &mut Image) {
    image.metadata.annotations.insert(annotation::LAYERS_ORDER.to_owned(), annotation::ASCENDING.to_owned());
}

/// Fills in what the manifest and the config say; `known` where the client said it all itself.
fn derive(image: &mut Image, known: bool, now: Moment) {
    let name = image.metadata.name.clone();
    let content_type = image.docker_image_manifest_media_type.parse::<MediaType>().ok();
    let content = image.docker_image_manifest.as_bytes();
    let manifest = match Manifest::parse(content, content_type.as_ref()).or_else(|_| Manifest::parse(content, None)) {
        Ok(manifest) => manifest,
        Err(error) => {
            tracing::info!(image.name = %name, %error, "Took image {name} without metadata: {error}");
            return;
        }
    };
    let digest = name.parse().unwrap_or_else(|_| weir_storage::Algorithm::Sha256.digest(content));
    let config = Some(image.docker_image_config.as_bytes()).filter(|config| !config.is_empty());
    let derived = PushedManifest { manifest: &manifest, digest: &digest, config, pushed: time(now) }.derive();
    image.docker_image_manifests = derived.image.docker_image_manifests;
    if known {
        return;
    }
    if image.docker_image_layers.is_empty() && manifest.kind() == ManifestKind::Image {
        image.docker_image_layers = derived.image.docker_image_layers;
        ascend(image);
    }
    image.docker_image_manifest_media_type = derived.image.docker_image_manifest_media_type;
    match derived.config_error {
        None => image.docker_image_metadata = derived.image.docker_image_metadata,
        Some(error) => tracing::info!(image.name = %name, %error, "Took image {name} without metadata: {error}"),
    }
}

/// How an image is seen.
#[derive(Debug, Clone)]
pub(crate) struct Seen<'a> {
    /// Where it is pulled from, as it is printed.
    pub(crate) reference: String,
    /// The type under which the repository serves it.
    pub(crate) media_type: Option<&'a MediaType>,
}

/// The object of an image as it is shown.
pub(crate) fn shown(record: &ImageRecord, revision: Revision, seen: Seen<'_>) -> Result<Image, Error> {
    let mut image = read("", record)?;
    image.metadata.uid = record.uid.to_string();
    image.metadata.resource_version = if revision == Revision::ZERO { String::new() } else { revision.to_string() };
    image.metadata.creation_timestamp = Some(time(record.created));
    image.docker_image_reference = seen.reference;
    if let Some(media_type) = seen.media_type {
        image.docker_image_manifest_media_type = media_type.to_string();
    }
    Ok(image)
}

/// A moment as the API shows it.
pub(crate) fn time(moment: Moment) -> Time {
    Time::from_seconds(moment.timestamp().as_second())
}
