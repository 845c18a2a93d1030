//! `?watch=true`: what happens, one JSON line an event, for as long as the client listens.

use std::convert::Infallible;
use std::sync::Arc;

use futures_util::StreamExt as _;
use http::{HeaderValue, Response, header};
use serde_json::Value;

use super::handle::selection::Selection as Selectors;
use super::handle::{Exchange, include};
use super::negotiate::Shape;
use super::options::ListOptions;
use super::refusal::Refusal;
use super::request::Target;
use super::table::{self, IncludeObject};
use crate::events::options::{Filter, Options, OptionsError, Representation, Selection, Watch};
use crate::events::projection::Watched;
use crate::http::{Body, respond};
use crate::namespaces::KeptKind;
use crate::streams::field_error::Path;
use crate::streams::object::Time;

/// `GET` of a collection with `watch=true`, or by the old path with `watch` in it.
pub(super) fn watch(exchange: &Exchange<'_>) -> Result<Response<Body>, Refusal> {
    let resource = watched(exchange.target).ok_or_else(|| Refusal::not_watchable(exchange.target))?;
    let options = Options::parse(|name| exchange.query.get(name)).map_err(|error| refusal(&error))?;
    let selectors = Selectors::parse(exchange.target, &ListOptions::for_watch(&exchange.query))?;
    let watch = Watch {
        resource,
        selection: selection(exchange.target, selectors),
        options,
        representation: representation(exchange)?,
    };
    let lines = exchange.app.events.watch(watch).map(Ok::<_, Infallible>);
    let mut response = respond::full(Body::streaming(lines));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// The resources that can be watched.
fn watched(target: &Target) -> Option<Watched> {
    match (target.resource.group(), target.resource.plural, target.subresource.as_str()) {
        ("image.openshift.io", "imagestreams", "") => Some(Watched::Streams),
        ("image.openshift.io", "imagestreamtags", "") => Some(Watched::StreamTags),
        ("image.openshift.io", "imagetags", "") => Some(Watched::ImageTags),
        ("image.openshift.io", "images", "") => Some(Watched::Images),
        ("", "namespaces", "") => Some(Watched::Kept(KeptKind::Namespace)),
        ("", "secrets", "") => Some(Watched::Kept(KeptKind::Secret)),
        ("", "limitranges", "") => Some(Watched::Kept(KeptKind::LimitRange)),
        ("", "resourcequotas", "") => Some(Watched::Quotas),
        ("project.openshift.io", "projects", "") => Some(Watched::Kept(KeptKind::Project)),
        _ => None,
    }
}

fn selection(target: &Target, selectors: Selectors) -> Selection {
    let name = selectors.fields.name().map(str::to_owned);
    let namespace = (!target.namespace.is_empty()).then(|| target.namespace.clone());
    let filter = (!selectors.is_everything()).then(|| -> Filter { Arc::new(move |object| selectors.takes(object)) });
    Selection { namespace, name, filter }
}

fn representation(exchange: &Exchange<'_>) -> Result<Representation, Refusal> {
    Ok(match exchange.form.shape {
        Shape::Object => Representation::Object,
        Shape::Metadata => {
            Representation::Printed { print: Arc::new(|object, _| table::partial_object(object)), alike: false }
        }
        Shape::Table => {
            let include = include(&exchange.query)?;
            let kind = exchange.target.kind().kind;
            let records = exchange.app.records.clone();
            let print = move |object: &Value, first| {
                table::render_event(kind, object, include, Time::from(records.clock().now()), first)
            };
            Representation::Printed { print: Arc::new(print), alike: include == IncludeObject::default() }
        }
    })
}

fn refusal(error: &OptionsError) -> Refusal {
    match error {
        OptionsError::Version(_) => Refusal::unclassified(error.to_string()),
        OptionsError::Timeout(text) => Refusal::not_a_number("ParseInt", text),
        OptionsError::Match(rule) => {
            Refusal::invalid_options("ListOptions", &[Path::new("resourceVersionMatch").forbidden(*rule)])
        }
    }
}
