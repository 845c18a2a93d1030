//! `imagetags`.

use async_trait::async_trait;
use serde_json::Value;

use super::error::{unapplied, unseen, unwritten};
use super::image_streams::chunk;
use super::typed::{editor, namespace, print, read, tag_id, tags_after, view, written_tag_id};
use crate::http::apis::refusal::Refusal;
use crate::http::apis::request::Target;
use crate::http::apis::storage::{Chunk, Context, Deleted, Preconditions, Storage, Written};
use crate::streams::validation;

/// What the rule for names calls them.
const KINDS: &str = "ImageTags";

/// Tags of image streams: what is wanted of each, and what happened to it.
#[derive(Debug)]
pub(super) struct ImageTags;

#[async_trait]
impl Storage for ImageTags {
    async fn get(&self, cx: Context<'_>) -> Result<Value, Refusal> {
        let (id, tag) = tag_id(&cx, KINDS)?;
        print(&view(&cx).image_tag(&id, &tag).await.map_err(|error| unseen(&cx, error))?)
    }

    async fn list(&self, cx: Context<'_>, after: &str, limit: usize) -> Result<Chunk, Refusal> {
        let part = tags_after(after, limit)?;
        let listing = view(&cx).image_tags(namespace(&cx), part).await.map_err(|error| unseen(&cx, error))?;
        chunk(&listing, |tag| format!("{}/{}", tag.metadata.namespace, tag.metadata.name))
    }

    async fn create(&self, cx: Context<'_>, object: Value) -> Result<Written, Refusal> {
        let tag = editor(&cx).create_image_tag(read(object)?).await.map_err(|error| unwritten(&cx, error))?;
        Ok(Written::Object { object: print(&tag)?, created: true })
    }

    async fn update(&self, cx: Context<'_>, object: Value) -> Result<Written, Refusal> {
        let (id, tag) = written_tag_id(&cx, KINDS)?;
        let written = editor(&cx).update_image_tag(&id, &tag, read(object)?).await;
        let (tag, created) = written.map_err(|error| unwritten(&cx, error))?;
        Ok(Written::Object { object: print(&tag)?, created })
    }

    async fn delete(&self, cx: Context<'_>, only: &Preconditions) -> Result<Deleted, Refusal> {
        let (id, tag) = tag_id(&cx, KINDS)?;
        editor(&cx).delete_tag(&id, &tag, &only.into()).await.map_err(|error| unwritten(&cx, error))?;
        Ok(Deleted::Done)
    }

    fn refuse_applied(&self, target: &Target) -> Option<Refusal> {
        Some(unapplied(target, validation::image_tag::UNCHANGED))
    }
}
