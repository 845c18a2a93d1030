//! `imagesignatures`: entries of an image's list of signatures, as objects of their own.

use async_trait::async_trait;
use serde_json::Value;

use super::error::unwritten;
use super::typed::{editor, print, read};
use crate::http::apis::refusal::Refusal;
use crate::http::apis::storage::{Context, Deleted, Preconditions, Storage, Written};

/// Signatures of images.
#[derive(Debug)]
pub(super) struct ImageSignatures;

#[async_trait]
impl Storage for ImageSignatures {
    async fn create(&self, cx: Context<'_>, object: Value) -> Result<Written, Refusal> {
        let signature = editor(&cx).create_signature(read(object)?).await.map_err(|error| unwritten(&cx, error))?;
        Ok(Written::Object { object: print(&signature)?, created: true })
    }

    async fn delete(&self, cx: Context<'_>, only: &Preconditions) -> Result<Deleted, Refusal> {
        let deleted = editor(&cx).delete_signature(&cx.target.name, &only.into()).await;
        deleted.map(|()| Deleted::Done).map_err(|error| unwritten(&cx, error))
    }

    fn keeps_managers(&self) -> bool {
        true
    }
}
