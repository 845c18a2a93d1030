//! What an import is answered with.

use super::fetch::{FetchError, Fetched};
use super::listing::Listed;
use super::refusal::of_repository;
use super::wanted::Wanted;
use super::{Found, refused};
use crate::records::{Error, Records, keys};
use crate::streams::HostNames;
use crate::streams::image::{self, Seen};
use crate::streams::object::{Image, ImageImportStatus, RepositoryImportStatus, Status};
use crate::upstream::UpstreamError;

/// Answers an import.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer<'a> {
    /// Whether what was found is recorded: its images are shown as they are then, others as they would be.
    pub(super) stored: bool,
    pub(super) records: &'a Records,
    pub(super) names: &'a HostNames,
}

impl Answer<'_> {
    /// What came of images, in their order.
    pub(super) async fn images(&self, wanted: &[Wanted], found: &[Found]) -> Result<Vec<ImageImportStatus>, Error> {
        let mut statuses = Vec::with_capacity(wanted.len());
        for (wanted, found) in wanted.iter().zip(found) {
            statuses.push(self.image(wanted, found).await?);
        }
        Ok(statuses)
    }

    /// What came of a repository.
    pub(super) async fn repository(&self, listed: &Listed, found: &[Found]) -> Result<RepositoryImportStatus, Error> {
        let failed = found.iter().filter(|found| matches!(found, Found::Failed(_))).count();
        Ok(RepositoryImportStatus {
            status: listed.refused.as_ref().map_or_else(|| of_repository(failed), |refused| refused.status.clone()),
            images: self.images(&listed.wanted, found).await?,
            additional_tags: listed.additional.clone(),
        })
    }

    async fn image(&self, wanted: &Wanted, found: &Found) -> Result<ImageImportStatus, Error> {
        let status = refused(wanted, found).unwrap_or_else(|| Status::success(0));
        // As recorded: of a registry that is blocked not even the tag is told.
        let is_blocked = matches!(found, Found::Failed(FetchError::Upstream(UpstreamError::Blocked { .. })));
        let tag = if is_blocked { String::new() } else { wanted.tag() };
        let mut answer = ImageImportStatus { status, tag, ..ImageImportStatus::default() };
        if let Found::Image(fetched) = found {
            answer.image = Some(self.shown(wanted, fetched, wanted.include_manifest).await?);
            for child in fetched.all().skip(1) {
                // As recorded: of images that are only looked at, all is shown that lies under a list.
                answer.manifests.push(self.shown(wanted, child, wanted.include_manifest || !self.stored).await?);
            }
        }
        Ok(answer)
    }

    async fn shown(&self, wanted: &Wanted, fetched: &Fetched, with_manifest: bool) -> Result<Image, Error> {
        let Fetched { digest, manifest, content, config, .. } = fetched;
        let reference = self.names.external(&self.names.read(&wanted.by_digest(digest)));
        let record = if self.stored { self.records.get(&keys::image(digest)).await? } else { None };
        let mut image = if let Some(found) = record {
            let seen = Seen { reference, media_type: Some(manifest.media_type()) };
            image::shown(&found.record, found.revision, seen)?
        } else {
            let image = image::seen_upstream(digest, manifest, config.as_deref(), self.records.now());
            Image { docker_image_reference: reference, ..image }
        };
        let text = |content: &[u8]| String::from_utf8_lossy(content).into_owned();
        image.docker_image_manifest = if with_manifest { text(content) } else { String::new() };
        let config = config.as_ref().filter(|_| with_manifest);
        image.docker_image_config = config.map(|config| text(config)).unwrap_or_default();
        Ok(image)
    }
}
