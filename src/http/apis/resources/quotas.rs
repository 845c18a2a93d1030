//! `resourcequotas`: none are kept, and that can be read.
//!
//! Clients that describe a project or a namespace ask for its quotas, and fail where nobody knows what those are.

use async_trait::async_trait;
use serde_json::Value;

use crate::http::apis::refusal::{Named, Refusal};
use crate::http::apis::storage::{Chunk, Context, Storage};

/// Quotas, of which there are none.
#[derive(Debug)]
pub(super) struct ResourceQuotas;

#[async_trait]
impl Storage for ResourceQuotas {
    async fn get(&self, cx: Context<'_>) -> Result<Value, Refusal> {
        Err(Refusal::not_found(Named::of(cx.target)))
    }

    async fn list(&self, cx: Context<'_>, _: &str, _: usize) -> Result<Chunk, Refusal> {
        Ok(Chunk { revision: cx.app.records.metadata().revision(), ..Chunk::default() })
    }
}
