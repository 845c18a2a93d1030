//! `imagestreamimages`.

use async_trait::async_trait;
use serde_json::Value;

use super::error::unseen;
use super::typed::{image_id, print, view};
use crate::http::apis::refusal::Refusal;
use crate::http::apis::storage::{Context, Storage};

/// Images of streams, by their digest or the beginning of it.
#[derive(Debug)]
pub(super) struct ImageStreamImages;

#[async_trait]
impl Storage for ImageStreamImages {
    async fn get(&self, cx: Context<'_>) -> Result<Value, Refusal> {
        let (stream, id) = image_id(&cx)?;
        print(&view(&cx).stream_image(&stream, id).await.map_err(|error| unseen(&cx, error))?)
    }
}
