//! `projects` and `projectrequests`: namespaces as OpenShift shows them.

use async_trait::async_trait;
use serde_json::Value;

use super::kept::{chunk, namespaces, refused, wanted};
use super::typed::{print, read};
use crate::http::apis::handle::typed;
use crate::http::apis::refusal::Refusal;
use crate::http::apis::schema::kinds;
use crate::http::apis::storage::{Chunk, Context, Deleted, Preconditions, Storage, Written};

/// Projects.
#[derive(Debug)]
pub(super) struct Projects;

/// Wishes for projects, which are granted at once.
#[derive(Debug)]
pub(super) struct ProjectRequests;

#[async_trait]
impl Storage for Projects {
    async fn get(&self, cx: Context<'_>) -> Result<Value, Refusal> {
        print(&namespaces(&cx).namespace(&cx.target.name).await.map_err(|error| refused(&cx, error))?)
    }

    async fn list(&self, cx: Context<'_>, after: &str, limit: usize) -> Result<Chunk, Refusal> {
        let listed = namespaces(&cx).namespaces(&wanted(&cx, after, limit)).await;
        chunk(&listed.map_err(|error| refused(&cx, error))?, |project| &project.metadata)
    }

    async fn create(&self, cx: Context<'_>, object: Value) -> Result<Written, Refusal> {
        let made = namespaces(&cx).create_project(read(object)?).await.map_err(|error| refused(&cx, error))?;
        Ok(Written::Object { object: print(&made)?, created: true })
    }

    async fn update(&self, cx: Context<'_>, object: Value) -> Result<Written, Refusal> {
        let written = namespaces(&cx).update_project(&cx.target.name, read(object)?).await;
        Ok(Written::Object { object: print(&written.map_err(|error| refused(&cx, error))?)?, created: false })
    }

    async fn delete(&self, cx: Context<'_>, only: &Preconditions) -> Result<Deleted, Refusal> {
        let deleted = namespaces(&cx).delete_namespace(&cx.target.name, &only.into()).await;
        deleted.map(|_| Deleted::Done).map_err(|error| refused(&cx, error))
    }

    fn keeps_managers(&self) -> bool {
        true
    }
}

#[async_trait]
impl Storage for ProjectRequests {
    async fn create(&self, cx: Context<'_>, object: Value) -> Result<Written, Refusal> {
        let made = namespaces(&cx).request_project(read(object)?).await.map_err(|error| refused(&cx, error))?;
        // What is made is a project, and says so.
        let kind = &kinds::PROJECT;
        Ok(Written::Other(typed(kind.kind, &kind.api_version(), &print(&made)?)))
    }
}
