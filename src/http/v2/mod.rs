//! The OCI distribution API, `/v2/`.
//!
//! Source: distribution-spec v1.1.1 and its main branch. One endpoint family a file; [`route`] says which request goes
//! where, [`failure`] how what went wrong is told.

mod blobs;
mod conditions;
mod discover;
mod failure;
mod index;
mod listings;
mod manifests;
mod mirrored;
mod multipart;
pub(crate) mod route;
mod tag_history;
#[cfg(test)]
mod tests;
mod uploads;

use http::{HeaderValue, Response};

pub(crate) use failure::Failure;
use route::Route;

use super::app::App;
use super::{Body, Call, Endpoint, respond};
use crate::auth::Permit;

/// The result of a handler.
type Answer = Result<Response<Body>, Failure>;

/// The header that says which API this is, on every answer: older clients look for it.
const API_VERSION: (&str, &str) = ("docker-distribution-api-version", "registry/2.0");

/// Answers a request under `/v2/`. Returns the route's name, for logs and metrics, with the answer.
pub(crate) async fn answer(app: &App, call: Call) -> (&'static str, Response<Body>) {
    let only_head = call.head.is_head();
    let id = call.head.request_id.clone();
    let path = call.head.uri.path().strip_prefix("/v2").unwrap_or_default();
    let (name, answer) = match Route::parse(&call.head.method, path) {
        Ok(route) => (route.name(), authorized(app, route, call).await),
        Err(error) => (Endpoint::UNMATCHED.name, Err(Failure::from(error))),
    };
    let mut response = answer.unwrap_or_else(|failure| failure.into_response(id.as_ref()));
    let (key, value) = API_VERSION;
    response.headers_mut().insert(key, HeaderValue::from_static(value));
    if only_head {
        respond::drop_body(&mut response);
    }
    (name, response)
}

fn permitted(app: &App, route: &Route) -> Result<Permit, Failure> {
    let access = route.access();
    let permit = app.policy.authorize(&access)?;
    mirrored::may_push(app, &access)?;
    Ok(permit)
}

/// Reads of manifests and blobs are what a registry mostly does. A manifest that is at hand is answered in place; the futures of the
/// others are boxed, so that it does not carry the size of the largest: one allocation of a few hundred bytes after another is
/// faster than one of more than a thousand.
async fn authorized(app: &App, mut route: Route, call: Call) -> Answer {
    if !app.registry.mirrors().is_empty() {
        mirrored::place(app, &mut route, &call.head)?;
    }
    let permit = &permitted(app, &route)?;
    match route {
        Route::ReadManifest(name, reference) => manifests::read(app, permit, &name, &reference, &call.head).await,
        Route::ReadBlob(name, digest) => Box::pin(blobs::read(app, permit, &name, &digest, &call.head)).await,
        Route::Ping => Ok(discover::ping(permit)),
        Route::Extensions => discover::extensions(app, permit),
        Route::Catalog => Box::pin(listings::catalog(app, permit, &call.head)).await,
        Route::Tags(name) => Box::pin(listings::tags(app, permit, &name, &call.head)).await,
        Route::Referrers(name, digest) => Box::pin(listings::referrers(app, permit, &name, &digest, &call.head)).await,
        Route::TagHistory(name, tag) => Box::pin(tag_history::read(app, permit, &name, &tag, &call.head)).await,
        Route::PushManifest(name, reference) => Box::pin(manifests::push(app, permit, &name, &reference, call)).await,
        Route::DeleteManifest(name, reference) => Box::pin(manifests::delete(app, permit, &name, &reference)).await,
        Route::DeleteBlob(name, digest) => Box::pin(blobs::delete(app, permit, &name, &digest)).await,
        Route::BeginUpload(name) => Box::pin(uploads::begin(app, permit, &name, call)).await,
        Route::UploadStatus(name, id) => Box::pin(uploads::status(app, permit, &name, id)).await,
        Route::AppendUpload(name, id) => Box::pin(uploads::append(app, permit, &name, id, call)).await,
        Route::FinishUpload(name, id) => Box::pin(uploads::finish(app, permit, &name, id, call)).await,
        Route::CancelUpload(name, id) => Box::pin(uploads::cancel(app, permit, &name, id)).await,
    }
}
