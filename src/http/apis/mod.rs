//! The Kubernetes-style API, `/apis/`: so far what can be read of image streams.
//!
//! Source: `image.openshift.io/v1` as an OpenShift API server answers it.

pub(crate) mod route;
mod status;
mod write;

use http::{Response, StatusCode};

use super::app::App;
use super::{Body, Call, Endpoint, RequestBody, respond};
use crate::auth::Permit;
use crate::streams::object::Typed;
use crate::streams::view::{View, ViewError};
use route::Route;
use status::Refusal;

/// Answers a request under `/apis/`. Returns the route's name, for logs and metrics, with the answer.
pub(crate) async fn answer(app: &App, call: Call) -> (&'static str, Response<Body>) {
    let id = call.head.request_id.clone();
    let (name, mut response) = match Route::parse(&call.head.method, call.head.uri.path()) {
        Ok(route) => (
            route.name(),
            authorized(app, route, call.body).await.unwrap_or_else(|refusal| refusal.into_response(id.as_ref())),
        ),
        Err(error) => (Endpoint::UNMATCHED.name, Refusal::from(error).into_response(id.as_ref())),
    };
    if call.head.is_head() {
        respond::drop_body(&mut response);
    }
    (name, response)
}

async fn authorized(app: &App, route: Route, body: RequestBody) -> Result<Response<Body>, Refusal> {
    let permit = app.policy.authorize(&route.access())?;
    match &route {
        Route::CreateStream(namespace) => write::create(app, &permit, namespace, body).await,
        Route::ReplaceStream(id) => write::update(app, &permit, id, body).await,
        _ => read(app, &permit, &route).await.map_err(|error| Refusal::of_view(&route, error)),
    }
}

async fn read(app: &App, _permit: &Permit, route: &Route) -> Result<Response<Body>, ViewError> {
    let view = View { records: &app.records, names: &app.names };
    Ok(match route {
        Route::Streams(namespace) | Route::CreateStream(namespace) => {
            respond::json(StatusCode::OK, &Typed::new(view.streams(namespace).await?))
        }
        Route::Stream(id) | Route::ReplaceStream(id) => object(view.stream(id).await?),
        Route::StreamTag(id, tag) => object(view.stream_tag(id, tag).await?),
        Route::StreamImage(id, wanted) => object(view.stream_image(id, wanted).await?),
        Route::Image(digest) => object(view.image(digest).await?),
    })
}

fn object<T: crate::streams::object::Resource + serde::Serialize>(object: T) -> Response<Body> {
    respond::json(StatusCode::OK, &Typed::new(object))
}
