//! `secrets`, and those of them that image streams can use.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::kept::{chunk, namespaces, refused, wanted};
use super::typed::{print, read};
use crate::http::apis::refusal::Refusal;
use crate::http::apis::storage::{Chunk, Context, Deleted, Preconditions, Storage, Written};

/// The types of secrets by which registries are asked for images.
const PULL: [&str; 2] = ["kubernetes.io/dockercfg", "kubernetes.io/dockerconfigjson"];

/// Secrets.
#[derive(Debug)]
pub(super) struct Secrets;

/// The secrets in a stream's namespace that its imports can use.
#[derive(Debug)]
pub(super) struct StreamSecrets;

#[async_trait]
impl Storage for Secrets {
    async fn get(&self, cx: Context<'_>) -> Result<Value, Refusal> {
        let secret = namespaces(&cx).secret(&cx.target.namespace, &cx.target.name).await;
        print(&secret.map_err(|error| refused(&cx, error))?)
    }

    async fn list(&self, cx: Context<'_>, after: &str, limit: usize) -> Result<Chunk, Refusal> {
        let listed = namespaces(&cx).secrets(&wanted(&cx, after, limit)).await;
        chunk(&listed.map_err(|error| refused(&cx, error))?, |secret| &secret.metadata)
    }

    async fn create(&self, cx: Context<'_>, object: Value) -> Result<Written, Refusal> {
        let made = namespaces(&cx).create_secret(read(object)?).await.map_err(|error| refused(&cx, error))?;
        Ok(Written::Object { object: print(&made)?, created: true })
    }

    async fn update(&self, cx: Context<'_>, object: Value) -> Result<Written, Refusal> {
        let written = namespaces(&cx).update_secret(&cx.target.namespace, &cx.target.name, read(object)?).await;
        Ok(Written::Object { object: print(&written.map_err(|error| refused(&cx, error))?)?, created: false })
    }

    async fn delete(&self, cx: Context<'_>, only: &Preconditions) -> Result<Deleted, Refusal> {
        let deleted = namespaces(&cx).delete_secret(&cx.target.namespace, &cx.target.name, &only.into()).await;
        deleted.map(|uid| Deleted::Uid(uid.to_string())).map_err(|error| refused(&cx, error))
    }

    fn keeps_managers(&self) -> bool {
        true
    }
}

#[async_trait]
impl Storage for StreamSecrets {
    /// A list, also where there is no such stream.
    async fn get(&self, cx: Context<'_>) -> Result<Value, Refusal> {
        let listed = namespaces(&cx).secrets(&wanted(&cx, "", 0)).await.map_err(|error| refused(&cx, error))?;
        let usable = listed.items.iter().filter(|secret| PULL.contains(&secret.kind.as_str()));
        let items = usable.map(print).collect::<Result<Vec<Value>, Refusal>>()?;
        Ok(json!({ "metadata": { "resourceVersion": listed.revision.to_string() }, "items": items }))
    }
}
