//! `images`.

use async_trait::async_trait;
use serde_json::Value;

use super::error::{undeleted, unseen, unwritten};
use super::image_streams::{chunk, counted};
use super::typed::{check_image, check_new, editor, print, read, view};
use crate::http::apis::refusal::Refusal;
use crate::http::apis::schema::kinds;
use crate::http::apis::storage::{Chunk, Context, Deleted, Preconditions, Storage, Written};
use crate::records::keys;
use crate::streams::object::Image;
use crate::streams::view::Part;

/// Images, which belong to no namespace.
#[derive(Debug)]
pub(super) struct Images;

#[async_trait]
impl Storage for Images {
    async fn get(&self, cx: Context<'_>) -> Result<Value, Refusal> {
        print(&view(&cx).image(&cx.target.name).await.map_err(|error| unseen(&cx, error))?)
    }

    async fn list(&self, cx: Context<'_>, after: &str, limit: usize) -> Result<Chunk, Refusal> {
        let part = Part { after: (!after.is_empty()).then(|| after.to_owned()), limit };
        let listing = view(&cx).images(part).await.map_err(|error| unseen(&cx, error))?;
        chunk(&listing, |image| image.metadata.name.clone())
    }

    async fn count(&self, cx: Context<'_>) -> Result<Option<u64>, Refusal> {
        counted(&cx, &keys::images_all()).await.map(Some)
    }

    async fn create(&self, cx: Context<'_>, object: Value) -> Result<Written, Refusal> {
        check_new(&object)?;
        let image = editor(&cx).create_image(read(object)?).await.map_err(|error| unwritten(&cx, error))?;
        Ok(Written::Object { object: print(&image)?, created: true })
    }

    async fn update(&self, cx: Context<'_>, object: Value) -> Result<Written, Refusal> {
        let name = &cx.target.name;
        let image = editor(&cx).update_image(name, read(object)?).await.map_err(|error| unwritten(&cx, error))?;
        Ok(Written::Object { object: print(&image)?, created: false })
    }

    async fn delete(&self, cx: Context<'_>, only: &Preconditions) -> Result<Deleted, Refusal> {
        let deleted = editor(&cx).delete_image(&cx.target.name, &only.into()).await;
        deleted.map(|uid| Deleted::Uid(uid.to_string())).map_err(|error| undeleted(&cx, "Image", error))
    }

    fn defaulted(&self, object: Value) -> Result<Value, Refusal> {
        check_image(&object, "", &kinds::IMAGE)?;
        let mut image: Image = read(object)?;
        if image.docker_image_metadata_version.is_empty() {
            Image::METADATA_VERSION.clone_into(&mut image.docker_image_metadata_version);
        }
        print(&image)
    }

    fn keeps_managers(&self) -> bool {
        true
    }
}
