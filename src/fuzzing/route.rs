//! Method, path and query of a request, of both APIs.

use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use super::take::Take;
use crate::http::apis::request as objects;
use crate::http::v2::route as v2;
use crate::oci::RepositoryName;

const METHODS: [Method; 8] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
    Method::TRACE,
];

/// The first byte chooses the method, the rest is a path with or without a query.
pub fn route(data: &[u8]) {
    let mut take = Take(data);
    let method = METHODS.get(take.below(METHODS.len())).cloned().unwrap_or_default();
    let Some(text) = take.text() else { return };
    let (path, parameters) = text.split_once('?').unwrap_or((text, ""));
    super::query::query(parameters.as_bytes());
    of_registry(&method, path);
    of_objects(&method, path);
}

fn of_registry(method: &Method, path: &str) {
    let found = v2::Route::parse(method, path);
    assert_eq!(v2::Route::parse(&Method::HEAD, path), v2::Route::parse(&Method::GET, path), "HEAD is GET");
    if path.starts_with('/') && !path.contains('%') {
        // Routes are read after decoding: however a path is escaped, it asks for the same.
        assert_eq!(v2::Route::parse(method, &escaped(path)), found, "{path:?}");
    }
    match &found {
        Ok(route) => {
            assert!(!route.name().is_empty());
            let _ = route.access();
            let printed = printed_registry(route);
            assert_eq!(v2::Route::parse(method, &printed).as_ref(), Ok(route), "{path:?} printed as {printed:?}");
            let other = v2::Route::parse(&Method::TRACE, path);
            let allowed = match other {
                Err(v2::NoRoute::Method(allowed)) => allowed,
                _ => "",
            };
            assert!(
                allowed.split(", ").any(|name| name == method.as_str()),
                "{path:?} takes {method}, not {allowed:?}"
            );
        }
        Err(v2::NoRoute::Method(allowed)) => {
            assert_taken(allowed, |method| !matches!(v2::Route::parse(method, path), Err(v2::NoRoute::Method(_))));
        }
        Err(_) => {}
    }
}

fn printed_registry(route: &v2::Route) -> String {
    use v2::Route as R;
    let within = |name: &RepositoryName, rest: String| format!("/{name}/{rest}");
    match route {
        R::Ping => "/".into(),
        R::Catalog => "/_catalog".into(),
        R::Extensions => "/_oci/ext/discover".into(),
        R::Tags(name) => within(name, "tags/list".into()),
        R::Referrers(name, digest) => within(name, format!("referrers/{digest}")),
        R::TagHistory(name, tag) => within(name, format!("_oci/tag-history/{tag}")),
        R::ReadManifest(name, reference) | R::PushManifest(name, reference) | R::DeleteManifest(name, reference) => {
            within(name, format!("manifests/{reference}"))
        }
        R::ReadBlob(name, digest) | R::DeleteBlob(name, digest) => within(name, format!("blobs/{digest}")),
        R::BeginUpload(name) => within(name, "blobs/uploads/".into()),
        R::UploadStatus(name, id)
        | R::AppendUpload(name, id)
        | R::FinishUpload(name, id)
        | R::CancelUpload(name, id) => within(name, format!("blobs/uploads/{id}")),
    }
}

fn of_objects(method: &Method, path: &str) {
    // So that the prefix need not be found first.
    let path = format!("/apis/image.openshift.io/v1{path}");
    for watch in [false, true] {
        let Ok(request) = objects::parse(method, &path, watch) else { continue };
        let printed = printed_object(&request);
        let again = objects::parse(method, &printed, watch).expect("what a request asks for can be asked for");
        assert_eq!(again.access(), request.access(), "{path:?} printed as {printed:?}");
        assert_eq!(again.verb, request.verb, "{path:?} printed as {printed:?}");
    }
}

fn printed_object(request: &objects::ApiRequest) -> String {
    let target = &request.target;
    let mut printed = "/apis/image.openshift.io/v1".to_owned();
    if !target.namespace.is_empty() {
        printed.push_str("/namespaces/");
        printed.push_str(&percent_encode(target.namespace.as_bytes(), NON_ALPHANUMERIC).to_string());
    }
    for part in [target.resource.plural, &target.name, &target.subresource] {
        if !part.is_empty() {
            printed.push('/');
            printed.push_str(&percent_encode(part.as_bytes(), NON_ALPHANUMERIC).to_string());
        }
    }
    printed
}

/// Whether a path takes each method that it says it takes.
fn assert_taken(allowed: &str, takes: impl Fn(&Method) -> bool) {
    for name in allowed.split(", ") {
        let method = METHODS.iter().find(|method| method.as_str() == name);
        assert!(method.is_some_and(&takes), "{name} of {allowed:?} is not taken");
    }
}

/// `text` with everything escaped that can be, but for the slash in front.
fn escaped(text: &str) -> String {
    let (slash, rest) = text.strip_prefix('/').map_or(("", text), |rest| ("/", rest));
    format!("{slash}{}", percent_encode(rest.as_bytes(), NON_ALPHANUMERIC))
}
