//! `imagestreamimports`

use async_trait::async_trait;
use serde_json::Value;

use super::error::{named, unwritten};
use super::typed::{print, read};
use crate::http::apis::refusal::Refusal;
use crate::http::apis::storage::{Context, Storage, Written};
use crate::oci::DockerReference;
use crate::records::ReferencePolicy;
use crate::streams::image::time;
use crate::streams::object::{ImageStreamImport, LocalObjectReference, TagImportPolicy, TagReferencePolicy};
use crate::streams::validation;
use crate::streams::write::{Conflict, WriteError};

/// Imports of tags.
#[derive(Debug)]
pub(super) struct ImageStreamImports;

/// The kind of these objects.
const KIND: &str = "ImageStreamImport";

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
        // What is asked for by tag becomes that tag, where nothing else is said.
        let tag = spec.from.name.parse::<DockerReference>().map(|reference| reference.tag).unwrap_or_default();
        if spec.to.is_none() && !tag.is_empty() {
            spec.to = Some(LocalObjectReference { name: tag });
        }
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
        let imported = cx.app.importer.import(&import, cx.actor(), cx.dry_run).await;
        import.status = imported.map_err(|error| refused(&cx, &import, error))?;
        import.metadata.uid = uuid::Uuid::new_v4().to_string();
        import.metadata.creation_timestamp = Some(time(cx.app.records.now()));
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

/// Why nothing was imported at all.
fn refused(cx: &Context<'_>, import: &ImageStreamImport, error: WriteError) -> Refusal {
    match error {
        WriteError::Conflict(Conflict::Version { wanted, actual }) => {
            let why = format!("the image stream was updated from {wanted:?} to \"{actual}\"");
            Refusal::conflict(named("imagestream", &import.metadata.name), &why)
        }
        error => unwritten(cx, error),
    }
}
