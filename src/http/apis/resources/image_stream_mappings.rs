//! `imagestreammappings`: what a push is, as an object.

use async_trait::async_trait;
use serde_json::Value;

use super::error::unwritten;
use super::typed::{check_image, editor, read};
use crate::http::apis::refusal::Refusal;
use crate::http::apis::schema::kinds;
use crate::http::apis::storage::{Context, Storage, Written};

/// "This image is now this tag."
#[derive(Debug)]
pub(super) struct ImageStreamMappings;

#[async_trait]
impl Storage for ImageStreamMappings {
    async fn create(&self, cx: Context<'_>, object: Value) -> Result<Written, Refusal> {
        check_image(&object, "/image", &kinds::IMAGE_STREAM_MAPPING)?;
        editor(&cx).post_mapping(read(object)?).await.map_err(|error| unwritten(&cx, error))?;
        Ok(Written::Done)
    }
}
