//! `imagestreams/layers`: what the images of a stream are made of.

use async_trait::async_trait;
use serde_json::Value;

use super::error::unseen;
use super::typed::{print, stream_id, view};
use crate::http::apis::refusal::Refusal;
use crate::http::apis::storage::{Context, Storage};

/// The blobs and images of a stream.
#[derive(Debug)]
pub(super) struct Layers;

#[async_trait]
impl Storage for Layers {
    async fn get(&self, cx: Context<'_>) -> Result<Value, Refusal> {
        print(&view(&cx).layers(&stream_id(&cx)?).await.map_err(|error| unseen(&cx, error))?)
    }
}
