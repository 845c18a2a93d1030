//! What the storages of namespaces, secrets and limit ranges share: names, pages, and refusals in Kubernetes' words.

use serde::Serialize;

use super::typed::{namespace, print};
use crate::http::apis::refusal::{Named, Refusal};
use crate::http::apis::storage::{Chunk, Context, Item};
use crate::http::error_chain::error_chain;
use crate::namespaces::{Error, Listed, Namespaces, Wanted};
use crate::streams::object::{ObjectMeta, Status};
use crate::streams::write::Conflict;

/// The group of projects and requests for them.
const PROJECTS: &str = "project.openshift.io";

/// Namespaces and what is in them, for whoever asks.
pub(super) fn namespaces<'a>(cx: &Context<'a>) -> Namespaces<'a> {
    let app = cx.app;
    Namespaces { records: &app.records, keyring: &app.keyring, actor: cx.permit.actor(), dry_run: cx.dry_run }
}

/// The part of a list after a key of [`key`].
pub(super) fn wanted<'a>(cx: &Context<'a>, after: &'a str, limit: usize) -> Wanted<'a> {
    let after = (!after.is_empty()).then(|| after.split_once('/').unwrap_or(("", after)));
    Wanted { namespace: namespace(cx), after, limit }
}

/// A page of objects.
pub(super) fn chunk<O: Serialize>(listed: &Listed<O>, metadata: impl Fn(&O) -> &ObjectMeta) -> Result<Chunk, Refusal> {
    let item = |object: &O| Ok(Item { key: key(metadata(object)), object: print(object)? });
    let items = listed.items.iter().map(item).collect::<Result<_, Refusal>>()?;
    Ok(Chunk { items, more: listed.more, revision: listed.revision })
}

/// The key by which a list goes on.
fn key(ObjectMeta { namespace, name, .. }: &ObjectMeta) -> String {
    if namespace.is_empty() { name.clone() } else { format!("{namespace}/{name}") }
}

/// What was refused, in words of the core group.
pub(super) fn refused(cx: &Context<'_>, error: Error) -> Refusal {
    let core = |what, name| Named { group: "", what, name };
    match error {
        Error::Records(error) => error.into(),
        Error::NotFound { resource, name } => Refusal::not_found(core(resource, &name)),
        // A project is called in the singular where it is there already.
        Error::Exists { name, .. } if cx.target.resource.group() == PROJECTS => {
            Refusal::already_exists(Named { group: PROJECTS, what: "project", name: &name })
        }
        Error::Exists { resource, name } => Refusal::already_exists(core(resource, &name)),
        Error::Conflict(Conflict::Version { .. }) => Refusal::modified(Named::of(cx.target)),
        Error::Conflict(Conflict::Uid { wanted, actual }) => {
            let why = format!("Precondition failed: UID in precondition: {wanted}, UID in object meta: {actual}");
            Refusal::conflict(Named::of(cx.target), &why)
        }
        Error::Invalid { kind, name, errors } => {
            let group = cx.target.resource.group();
            Refusal::invalid(Named { group, what: kind, name: &name }, &errors)
        }
        Error::Undeletable(name) => Refusal::forbidden(core("namespaces", &name), "this namespace may not be deleted"),
        Error::Stream(error) => super::error::unwritten(cx, error),
        Error::Key { ref name, .. } => {
            let cause = error_chain(&error);
            tracing::error!(secret.name = name, secret.namespace = cx.target.namespace, "Failed: {cause}");
            Refusal::from(Status::failure(500, "InternalError", format!("Internal error occurred: {cause}")))
        }
    }
}
