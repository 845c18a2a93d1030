//! `imagestreamimports`: the shape of requests and answers. Nothing is read from upstreams yet: every image that is asked
//! for is answered with a failure that says so, and no stream is changed.

use async_trait::async_trait;
use serde_json::Value;

use super::error::{named, unseen};
use super::typed::{print, read, view};
use crate::http::apis::refusal::{Named, Refusal};
use crate::http::apis::storage::{Context, Storage, Written};
use crate::oci::StreamId;
use crate::records::ReferencePolicy;
use crate::streams::image::time;
use crate::streams::object::{
    ImageImportStatus, ImageStream, ImageStreamImport, RepositoryImportStatus, Status, TagImportPolicy,
    TagReferencePolicy,
};
use crate::streams::validation;
use crate::streams::view::ViewError;

/// Imports of tags.
#[derive(Debug)]
pub(super) struct ImageStreamImports;

/// The kind of these objects.
const KIND: &str = "ImageStreamImport";

fn unreachable() -> Status {
    Status::failure(503, "ServiceUnavailable", "this server does not read from other registries yet")
}

/// Sets what an import means where it does not say.
fn set_defaults(import: &mut ImageStreamImport) {
    let image = |policy: &mut TagImportPolicy, reference: &mut TagReferencePolicy| {
        if policy.import_mode.is_empty() {
            "Legacy".clone_into(&mut policy.import_mode);
        }
        if reference.kind.is_empty() {
            ReferencePolicy::default().name().clone_into(&mut reference.kind);
        }
    };
    if let Some(repository) = &mut import.spec.repository {
        image(&mut repository.import_policy, &mut repository.reference_policy);
    }
    for spec in &mut import.spec.images {
        image(&mut spec.import_policy, &mut spec.reference_policy);
    }
}

#[async_trait]
impl Storage for ImageStreamImports {
    async fn create(&self, cx: Context<'_>, object: Value) -> Result<Written, Refusal> {
        let mut import: ImageStreamImport = read(object)?;
        let errors = validation::import::check(&import);
        if !errors.is_empty() {
            return Err(Refusal::invalid(named(KIND, &import.metadata.name), &errors));
        }
        let stream = current(&cx, &import).await?;
        import.metadata.uid = uuid::Uuid::new_v4().to_string();
        import.metadata.creation_timestamp = Some(time(cx.app.records.now()));
        import.status.import = stream.filter(|_| import.spec.import);
        import.status.repository = import
            .spec
            .repository
            .is_some()
            .then(|| RepositoryImportStatus { status: unreachable(), ..RepositoryImportStatus::default() });
        let failed = || ImageImportStatus { status: unreachable(), ..ImageImportStatus::default() };
        import.status.images = import.spec.images.iter().map(|_| failed()).collect();
        Ok(Written::Object { object: print(&import)?, created: true })
    }

    fn defaulted(&self, object: Value) -> Result<Value, Refusal> {
        let mut import: ImageStreamImport = read(object)?;
        set_defaults(&mut import);
        print(&import)
    }

    fn keeps_managers(&self) -> bool {
        true
    }
}

/// The stream that an import is for, which must have the version that the client saw.
async fn current(cx: &Context<'_>, import: &ImageStreamImport) -> Result<Option<ImageStream>, Refusal> {
    let (name, seen) = (import.metadata.name.as_str(), import.metadata.resource_version.as_str());
    let absent = || if seen.is_empty() { Ok(None) } else { Err(Refusal::not_found(Named::of(cx.target).name(name))) };
    let Ok(id) = StreamId::new(&cx.target.namespace, name) else { return absent() };
    let stream = match view(cx).stream(&id).await {
        Ok(stream) => stream,
        Err(ViewError::NoStream(_)) => return absent(),
        Err(error) => return Err(unseen(cx, error)),
    };
    let version = &stream.metadata.resource_version;
    if !seen.is_empty() && seen != version {
        let why = format!("the image stream was updated from {seen:?} to {version:?}");
        return Err(Refusal::conflict(named("imagestream", name), &why));
    }
    Ok(Some(stream))
}
