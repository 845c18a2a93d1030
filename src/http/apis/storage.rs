//! What a resource must be able to do: the seam between the generic verbs and the objects behind them.
//!
//! A resource implements what it has and leaves the rest, which the table of resources keeps from being asked. Objects
//! pass as JSON with all their fields but `kind` and `apiVersion`, which the verbs add; typed objects begin behind it.

use std::fmt;

use async_trait::async_trait;
use serde_json::Value;
use weir_storage::Revision;

use super::refusal::Refusal;
use super::request::{NoRequest, Target};
use crate::auth::Permit;
use crate::http::app::App;
use crate::records::Actor;
use crate::streams::write::Precondition;

/// What every call of a [`Storage`] works with.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) app: &'a App,
    pub(crate) permit: &'a Permit,
    pub(crate) target: &'a Target,
    /// Everything is done but the writing.
    pub(crate) dry_run: bool,
}

impl Context<'_> {
    /// Who asks.
    pub(crate) fn actor(&self) -> &Actor {
        self.permit.actor()
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("target", &self.target).field("dry_run", &self.dry_run).finish_non_exhaustive()
    }
}

/// A part of a collection, in the order of its keys.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    pub(crate) items: Vec<Item>,
    /// Whether there are more after them.
    pub(crate) more: bool,
    /// The revision that the chunk shows at least: a watch that begins there misses nothing.
    pub(crate) revision: Revision,
}

/// An object of a [`Chunk`].
#[derive(Debug)]
pub(crate) struct Item {
    /// Its place in the collection, such as `namespace/name`: keys sort as the objects come.
    pub(crate) key: String,
    pub(crate) object: Value,
}

/// What a create or an update came to.
#[derive(Debug)]
pub(crate) enum Written {
    /// The object, as it is now; `created` says whether it was not there before.
    Object { object: Value, created: bool },
    /// A new object of another kind than the resource's, which says its kind itself.
    Other(Value),
    /// Only that it worked: a `Status` without more.
    Done,
}

/// Which object may be deleted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Preconditions {
    pub(crate) uid: Option<String>,
    pub(crate) resource_version: Option<String>,
}

impl From<&Preconditions> for Precondition {
    fn from(only: &Preconditions) -> Self {
        Self { uid: only.uid.clone(), version: only.resource_version.clone() }
    }
}

/// What a delete came to.
#[derive(Debug)]
pub(crate) enum Deleted {
    /// A `Status` with the object's uid.
    Uid(String),
    /// A `Status` without more.
    Done,
    /// The object, which is still there for a while.
    Object(Value),
}

/// A resource.
#[async_trait]
pub(crate) trait Storage: Send + Sync {
    /// An object, or its subresource, by name.
    async fn get(&self, cx: Context<'_>) -> Result<Value, Refusal> {
        let _ = cx;
        Err(NoRequest::Method(String::new()).into())
    }

    /// At most `limit` objects of the target's namespace, or of all, whose keys come after `after`.
    async fn list(&self, cx: Context<'_>, after: &str, limit: usize) -> Result<Chunk, Refusal> {
        let _ = (cx, after, limit);
        Err(NoRequest::Method(String::new()).into())
    }

    /// How many objects the collection has.
    async fn count(&self, cx: Context<'_>) -> Result<Option<u64>, Refusal> {
        let _ = cx;
        Ok(None)
    }

    /// Makes an object. The target has no name but where a subresource is created.
    async fn create(&self, cx: Context<'_>, object: Value) -> Result<Written, Refusal> {
        let _ = (cx, object);
        Err(NoRequest::Method(String::new()).into())
    }

    /// Replaces an object. Its `metadata.resourceVersion`, where it has one, is that of the object that is replaced.
    async fn update(&self, cx: Context<'_>, object: Value) -> Result<Written, Refusal> {
        let _ = (cx, object);
        Err(NoRequest::Method(String::new()).into())
    }

    /// Deletes an object.
    async fn delete(&self, cx: Context<'_>, only: &Preconditions) -> Result<Deleted, Refusal> {
        let _ = (cx, only);
        Err(NoRequest::Method(String::new()).into())
    }

    /// An object as it would be shown: read, with all that is set where nothing was said. Who owns which field rests on
    /// it.
    fn defaulted(&self, object: Value) -> Result<Value, Refusal> {
        Ok(object)
    }

    /// Whether objects keep who set which field, as those do that are stored as they are shown.
    fn keeps_managers(&self) -> bool {
        false
    }

    /// What an apply that would make an object is refused with, where none may.
    fn refuse_applied(&self, target: &Target) -> Option<Refusal> {
        let _ = target;
        None
    }
}
