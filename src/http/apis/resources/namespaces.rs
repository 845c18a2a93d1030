//! `namespaces`.

use async_trait::async_trait;
use serde_json::Value;

use super::kept::{chunk, namespaces, refused, wanted};
use super::typed::{print, read};
use crate::http::apis::refusal::Refusal;
use crate::http::apis::storage::{Chunk, Context, Deleted, Preconditions, Storage, Written};

/// Namespaces.
#[derive(Debug)]
pub(super) struct Namespaces;

#[async_trait]
impl Storage for Namespaces {
    async fn get(&self, cx: Context<'_>) -> Result<Value, Refusal> {
        print(&namespaces(&cx).namespace(&cx.target.name).await.map_err(|error| refused(&cx, error))?)
    }

    async fn list(&self, cx: Context<'_>, after: &str, limit: usize) -> Result<Chunk, Refusal> {
        let listed = namespaces(&cx).namespaces(&wanted(&cx, after, limit)).await;
        chunk(&listed.map_err(|error| refused(&cx, error))?, |namespace| &namespace.metadata)
    }

    async fn create(&self, cx: Context<'_>, object: Value) -> Result<Written, Refusal> {
        let made = namespaces(&cx).create_namespace(read(object)?).await.map_err(|error| refused(&cx, error))?;
        Ok(Written::Object { object: print(&made)?, created: true })
    }

    async fn update(&self, cx: Context<'_>, object: Value) -> Result<Written, Refusal> {
        let written = namespaces(&cx).update_namespace(&cx.target.name, read(object)?).await;
        Ok(Written::Object { object: print(&written.map_err(|error| refused(&cx, error))?)?, created: false })
    }

    async fn delete(&self, cx: Context<'_>, only: &Preconditions) -> Result<Deleted, Refusal> {
        let deleted = namespaces(&cx).delete_namespace(&cx.target.name, &only.into()).await;
        Ok(Deleted::Object(print(&deleted.map_err(|error| refused(&cx, error))?)?))
    }

    fn keeps_managers(&self) -> bool {
        true
    }
}
