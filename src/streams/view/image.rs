//! Images, alone and as their streams have them.

use weir_storage::{Digest, Scan};

use super::{Listing, Part, View, ViewError};
use crate::oci::{MediaType, StreamId, Tag};
use crate::records::{Error, Found, ImageRecord, PullSpec, Stream, keys};
use crate::streams::algorithm;
use crate::streams::image::{Seen, shown};
use crate::streams::object::{Image, ImageStreamImage, ObjectMeta};

impl View<'_> {
    /// An image of a stream's status items, or a child of one, by its digest or the beginning of it.
    pub(crate) async fn stream_image(&self, id: &StreamId, wanted: &str) -> Result<ImageStreamImage, ViewError> {
        let stream = self.require_stream(id).await?;
        let digest = self.resolve_image(id, wanted).await?;
        let reference = PullSpec::Own { stream: id.clone(), digest: digest.clone() };
        let link = self.records.get(&keys::manifest(id, &digest)).await?;
        let pushed = link.is_some_and(|link| link.record.origin.is_pushed());
        let reference = if pushed { reference } else { self.recorded_reference(&digest).await?.unwrap_or(reference) };
        let image = self.image_in(id, &stream.record, &digest, &reference).await?;
        Ok(ImageStreamImage {
            metadata: ObjectMeta {
                name: format!("{}@{wanted}", id.name()),
                namespace: id.namespace().to_owned(),
                creation_timestamp: image.metadata.creation_timestamp,
                annotations: stream.record.annotations,
                ..ObjectMeta::default()
            },
            image,
        })
    }

    /// An image, as the stream that it was first pushed to has it.
    pub(crate) async fn image(&self, name: &str) -> Result<Image, ViewError> {
        let found = self.records.get(&keys::image_named(name)).await?.ok_or(ViewError::NoImage)?;
        self.image_object(&found).await
    }

    /// A part of all images, by name.
    pub(crate) async fn images(&self, part: Part<String>) -> Result<Listing<Image, String>, ViewError> {
        let revision = self.records.metadata().revision();
        let after = part.after.map(|name| keys::image_named(&name));
        let page = self
            .records
            .scan(&keys::images_all(), |scan| match &after {
                Some(after) => scan.after(after.bytes()).limit(part.limit),
                None => scan.limit(part.limit),
            })
            .await?;
        let next = page.records.last().map(|found| keys::part(&found.key, 0).to_owned()).filter(|_| page.more);
        let mut items = Vec::with_capacity(page.records.len());
        for found in &page.records {
            items.push(self.image_object(found).await?);
        }
        Ok(Listing { items, next, revision })
    }

    pub(crate) async fn image_object(&self, found: &Found<ImageRecord>) -> Result<Image, ViewError> {
        let record = &found.record;
        let reference = record.pull_spec(keys::part(&found.key, 0)).ok_or(ViewError::NoImage)?;
        let id = match (&record.stream, &reference) {
            (Some(stream), _) | (None, PullSpec::Own { stream, .. }) => Some(stream.clone()),
            (None, PullSpec::External(_)) => None,
        };
        let reference = match id {
            Some(id) => {
                let stream = self.records.get(&keys::stream(&id)).await?;
                let repository = stream.map_or_else(|| id.repository(), |stream| stream.record.repository);
                self.names.pull_spec(&reference, &id, &repository)
            }
            None => self.names.external(&reference),
        };
        let seen = Seen { reference, media_type: None };
        Ok(shown(record, found.revision, seen)?)
    }

    /// The pull spec that an image was given itself, if it was.
    async fn recorded_reference(&self, digest: &Digest) -> Result<Option<PullSpec>, Error> {
        let found = self.records.get(&keys::image(digest)).await?;
        Ok(found.and_then(|found| found.record.reference))
    }

    pub(super) async fn image_in(
        &self,
        id: &StreamId,
        stream: &Stream,
        digest: &Digest,
        reference: &PullSpec,
    ) -> Result<Image, ViewError> {
        let found =
            self.records.get(&keys::image(digest)).await?.ok_or_else(|| ViewError::ImageGone(digest.clone()))?;
        let link = self.records.get(&keys::manifest(id, digest)).await?;
        let media_type = link.as_ref().map(|link| &link.record.media_type);
        Ok(self.image_of(id, stream, &found, media_type, reference)?)
    }

    /// An image as a stream has it, which links it under a media type.
    pub(crate) fn image_of(
        &self,
        id: &StreamId,
        stream: &Stream,
        image: &Found<ImageRecord>,
        media_type: Option<&MediaType>,
        reference: &PullSpec,
    ) -> Result<Image, Error> {
        let seen = Seen { reference: self.names.pull_spec(reference, id, &stream.repository), media_type };
        let mut image = shown(&image.record, image.revision, seen)?;
        image.docker_image_manifest.clear();
        image.docker_image_config.clear();
        Ok(image)
    }

    /// The one image that an id means. Only images of status items and their children count.
    async fn resolve_image(&self, id: &StreamId, wanted: &str) -> Result<Digest, ViewError> {
        let mut matches = Vec::new();
        for start in algorithm::beginnings(wanted) {
            let mut keys = self.records.keys(&keys::tagged_beginning(id, &start), |scan| scan).await?;
            for prefix in keys::manifests_beginning(id, &start) {
                keys.extend(self.records.keys(&prefix, |scan| scan).await?);
            }
            for key in keys {
                let Ok(digest) = keys::part(&key, 2).parse::<Digest>() else { continue };
                if matches.contains(&digest) || !algorithm::image_matches(&digest, wanted) {
                    continue;
                }
                if self.is_in_status(id, &digest).await? {
                    matches.push(digest);
                }
            }
        }
        matches.sort();
        match matches.len() {
            0 => Err(ViewError::NoImage),
            1 => matches.pop().ok_or(ViewError::NoImage),
            _ => Err(ViewError::Ambiguous(matches)),
        }
    }

    /// Whether an image is that of a status item, or a child of one that is, at any depth.
    async fn is_in_status(&self, id: &StreamId, digest: &Digest) -> Result<bool, Error> {
        let mut seen = vec![digest.clone()];
        let mut pending = vec![digest.clone()];
        while let Some(image) = pending.pop() {
            if self.is_status_item(id, &image).await? {
                return Ok(true);
            }
            for key in self.records.keys(&keys::parents_of(id, &image), |scan| scan).await? {
                if let Ok(parent) = keys::part(&key, 3).parse::<Digest>()
                    && !seen.contains(&parent)
                {
                    seen.push(parent.clone());
                    pending.push(parent);
                }
            }
        }
        Ok(false)
    }

    /// Whether a log entry since its tag's last deletion gave a tag this image.
    async fn is_status_item(&self, id: &StreamId, image: &Digest) -> Result<bool, Error> {
        for key in self.records.keys(&keys::tagged_with(id, image), Scan::descending).await? {
            let Ok(tag) = keys::part(&key, 3).parse::<Tag>() else { continue };
            let sequence: u64 = keys::part(&key, 4).parse().unwrap_or_default();
            let head = self.records.get(&keys::head(id, &tag)).await?;
            if head.is_some_and(|head| head.record.since <= sequence) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
