//! Images: made from a manifest and its config when it is pushed, and shown as one repository or another sees them.

use weir_storage::{Digest, Revision};

use super::HostNames;
use super::object::{Image, PushedManifest, Time};
use crate::oci::{Manifest, MediaType, RepositoryName, StreamId};
use crate::records::{Error, ImageRecord, Moment, PullSpec};

/// The largest config that metadata is read from, in bytes. Configs of real images have some kilobytes; artifacts put
/// anything there.
pub(crate) const CONFIG_LIMIT: u64 = 4 * 1024 * 1024;

/// The object of an image as it is stored: without what belongs to one server or one repository. A config that is absent
/// or not JSON makes its metadata poorer, and harms nothing else.
pub(crate) fn object(
    digest: &Digest,
    manifest: &Manifest,
    config: Option<&[u8]>,
    pushed: Moment,
) -> Result<serde_json::Value, Error> {
    let derived = PushedManifest { manifest, digest, config, pushed: time(pushed) }.derive();
    if let Some(error) = derived.config_error {
        tracing::info!(image.digest = %digest, %error, "Took {digest} without metadata: {error}");
    }
    serde_json::to_value(derived.image).map_err(|source| Error::Record { key: digest.to_string(), source })
}

/// How an image is seen in a stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) names: &'a HostNames,
    pub(crate) stream: &'a StreamId,
    pub(crate) repository: &'a RepositoryName,
    /// Where it is pulled from.
    pub(crate) reference: &'a PullSpec,
    /// The type under which the repository serves it.
    pub(crate) media_type: Option<&'a MediaType>,
}

/// The object of an image as it is shown.
pub(crate) fn shown(record: &ImageRecord, revision: Revision, seen: Seen<'_>) -> Result<Image, Error> {
    let unreadable = |source| Error::Record { key: "image".into(), source };
    let mut image: Image = super::object::read(record.object.clone()).map_err(unreadable)?;
    image.metadata.uid = record.uid.to_string();
    image.metadata.resource_version = revision.to_string();
    image.metadata.creation_timestamp = Some(time(record.created));
    image.docker_image_reference = seen.names.pull_spec(seen.reference, seen.stream, seen.repository);
    if let Some(media_type) = seen.media_type {
        image.docker_image_manifest_media_type = media_type.to_string();
    }
    Ok(image)
}

/// A moment as the API shows it.
pub(crate) fn time(moment: Moment) -> Time {
    Time::from_seconds(moment.timestamp().as_second())
}
