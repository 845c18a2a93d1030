//! Mirror prefixes, as clients address them and see them.
//!
//! The same content is found under three names: `/v2/docker.io/library/nginx/…`, which every client can be told;
//! `/v2/library/nginx/…?ns=docker.io`, as containerd asks its mirrors; and `/v2/library/nginx/…` at a listener that is
//! the mirror of one registry, which is all that `registry-mirrors` of Docker can say.
//!
//! An answer says how far a tag is what its registry has: `Age` is the time since the registry confirmed it, and
//! `Warning: 110` stands where that is longer ago than the window, with the reason.

use std::sync::Arc;

use http::{Response, StatusCode, header};

use super::route::Route;
use super::{Answer, Failure, manifests};
use crate::auth::Access;
use crate::http::app::App;
use crate::http::query::Query;
use crate::http::respond::WithHeader;
use crate::http::{Body, Head};
use crate::oci::{Reference, RepositoryName};
use crate::registry::mirror::{Freshness, Mirror};

/// Puts the name of a repository behind the prefix that a request means without naming it.
pub(super) fn place(app: &App, route: &mut Route, head: &Head) -> Result<(), Failure> {
    let Some(name) = route.repository_mut() else { return Ok(()) };
    let mirrors = app.registry.mirrors();
    let meant = if let Some(registry) = registry(head) {
        let found = mirrors.of_registry(&registry);
        if found.is_none() && !is_own(app, head, &registry) {
            // What this server has under that name is something else.
            return Err(Failure::not_found("NAME_UNKNOWN", format!("this is no mirror of {registry}")));
        }
        found
    } else {
        let prefix = app.mirrors_of_listeners.get(head.listener).and_then(Option::as_deref);
        prefix.and_then(|prefix| mirrors.of(prefix))
    };
    if let Some(mirror) = meant
        && mirrors.of(name.namespace()).is_none()
    {
        let whole = format!("{}/{name}", mirror.settings.prefix);
        *name = whole.parse().map_err(|error: crate::oci::InvalidRepositoryName| {
            Failure::bad_request("NAME_INVALID", error.to_string())
        })?;
    }
    if let Some(mirror) = mirrors.of(name.namespace()) {
        *name = mirror.canonical(name.clone());
    }
    Ok(())
}

/// The registry that a request is meant for, where it comes to a mirror.
fn registry(head: &Head) -> Option<String> {
    let query = head.uri.query().filter(|query| query.contains("ns="))?;
    Query::parse(Some(query)).get("ns").map(str::to_owned)
}

/// Whether a registry that a client names is this server.
fn is_own(app: &App, head: &Head, registry: &str) -> bool {
    let host = head.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = head.uri.authority().map(http::uri::Authority::as_str);
    let names = [Some(app.names.internal.as_str()), app.names.public.as_deref(), host, authority];
    names.into_iter().flatten().any(|own| own == registry)
}

/// Refuses pushes to a mirror that takes none.
pub(super) fn may_push(app: &App, access: &Access) -> Result<(), Failure> {
    let Access::Push(stream) = access else { return Ok(()) };
    match app.registry.mirror(stream) {
        Some(mirror) if !mirror.settings.push => {
            let message =
                format!("{} is a mirror of {}, and takes no pushes", stream.namespace(), mirror.settings.registry);
            Err(Failure::new(StatusCode::FORBIDDEN, "DENIED", message))
        }
        _ => Ok(()),
    }
}

/// `GET`, `HEAD /v2/<name>/manifests/<reference>` behind a prefix.
pub(super) async fn read(
    app: &App,
    mirror: &Arc<Mirror>,
    name: &RepositoryName,
    reference: &Reference,
    head: &Head,
) -> Answer {
    let found = app.registry.mirrored_manifest(mirror, name, reference).await?;
    Ok(told(manifests::answer(&found.manifest, head), &found.freshness))
}

/// An answer that says how far it is what its registry has.
pub(super) fn told(response: Response<Body>, freshness: &Freshness) -> Response<Body> {
    match freshness {
        Freshness::Settled => response,
        Freshness::Fresh(age) => response.with(header::AGE, &age.as_secs().to_string()),
        Freshness::Stale { age, why } => {
            let response = response.with(header::WARNING, &format!("110 - \"{}\"", why.text()));
            match age {
                Some(age) => response.with(header::AGE, &age.as_secs().to_string()),
                None => response,
            }
        }
    }
}
