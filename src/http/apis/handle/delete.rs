//! `delete` and `deletecollection`.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::{Exchange, is_blank, metadata, read, show};
use crate::http::apis::options::{self, ListOptions};
use crate::http::apis::protobuf::Expected;
use crate::http::apis::refusal::Refusal;
use crate::http::apis::request::Target;
use crate::http::apis::storage::{Context, Deleted, Preconditions};
use crate::http::apis::{body, protobuf, yaml};
use crate::http::{Body, respond};
use crate::streams::field_error::{FieldError, Path};
use crate::streams::object::{Status, StatusDetails, Typed};

/// How a delete is to be done.
#[derive(Debug, Default)]
struct DeleteOptions {
    only: Preconditions,
    dry_run: bool,
}

/// `DELETE` of one object.
pub(super) async fn delete(exchange: &Exchange<'_>, content: Bytes) -> Result<Response<Body>, Refusal> {
    let options = DeleteOptions::parse(exchange, &content)?;
    match exchange.storage.delete(exchange.context(options.dry_run), &options.only).await? {
        Deleted::Object(object) => show(exchange, StatusCode::OK, &object),
        Deleted::Done => Ok(success(None)),
        Deleted::Uid(uid) => Ok(success(Some(StatusDetails {
            name: exchange.target.name.clone(),
            group: exchange.target.resource.group().to_owned(),
            kind: exchange.target.resource.plural.to_owned(),
            uid,
            ..StatusDetails::default()
        }))),
    }
}

/// `DELETE` of a collection: what is selected of it, one after the other. The answer lists what was deleted.
pub(super) async fn delete_collection(exchange: &Exchange<'_>, content: Bytes) -> Result<Response<Body>, Refusal> {
    let options = DeleteOptions::parse(exchange, &content)?;
    let list_options = ListOptions::parse(&exchange.query)?;
    let page = read::collect(exchange, &list_options).await?;
    for object in &page.objects {
        let target = Target {
            name: metadata(object, "name").to_owned(),
            namespace: metadata(object, "namespace").to_owned(),
            ..exchange.target.clone()
        };
        let cx = Context { target: &target, ..exchange.context(options.dry_run) };
        match exchange.storage.delete(cx, &options.only).await {
            Ok(_) => {}
            // Somebody else was faster: it is gone, as was asked for.
            Err(refusal) if refusal.is_not_found() => {}
            Err(refusal) => return Err(refusal),
        }
    }
    let metadata = json!({ "resourceVersion": page.revision.to_string() });
    let list = read::list_of(exchange.target.resource, &metadata, &page.objects);
    Ok(exchange.form.respond(StatusCode::OK, &list))
}

fn success(details: Option<StatusDetails>) -> Response<Body> {
    respond::json(StatusCode::OK, &Typed::new(Status { details, ..Status::success(0) }))
}

impl DeleteOptions {
    /// Reads options from the body and, where it has none, from the query.
    fn parse(exchange: &Exchange<'_>, content: &Bytes) -> Result<Self, Refusal> {
        let sent = if is_blank(content) { json!({}) } else { sent(exchange, content)? };
        let mut dry_run: Vec<&str> = exchange.query.all("dryRun").collect();
        dry_run.extend(sent.get("dryRun").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str));
        if let Some(text) = exchange.query.get("gracePeriodSeconds") {
            text.parse::<i64>().map_err(|_| Refusal::not_a_number("ParseInt", text))?;
        }
        let policy = sent.get("propagationPolicy").and_then(Value::as_str);
        let policy = policy.or_else(|| exchange.query.get("propagationPolicy")).unwrap_or_default();
        let mut errors: Vec<FieldError> = options::dry_run_errors(&dry_run).into_iter().collect();
        if !matches!(policy, "" | "Foreground" | "Background" | "Orphan") {
            let supported = ["Foreground", "Background", "Orphan", "nil"];
            errors.push(Path::new("propagationPolicy").not_supported(policy, &supported));
        }
        if !errors.is_empty() {
            return Err(Refusal::invalid_options("DeleteOptions", &errors));
        }
        let only = |name: &str| {
            let value = sent.pointer(&format!("/preconditions/{name}")).and_then(Value::as_str);
            value.filter(|value| !value.is_empty()).map(str::to_owned)
        };
        let only = Preconditions { uid: only("uid"), resource_version: only("resourceVersion") };
        Ok(Self { only, dry_run: !dry_run.is_empty() })
    }
}

/// The object in the body. Its kind is not looked at, for clients leave it out.
fn sent(exchange: &Exchange<'_>, content: &Bytes) -> Result<Value, Refusal> {
    let unreadable = |why: String| Refusal::unclassified(format!("couldn't get version/kind; json parse error: {why}"));
    match body::media_type(exchange.headers) {
        protobuf::MEDIA_TYPE => {
            let expected = Expected { api_version: "v1", kind: "DeleteOptions" };
            protobuf::decode(content, expected).map_err(|error| Refusal::bad_request(error.to_string()))
        }
        "application/yaml" => {
            let text = std::str::from_utf8(content).map_err(|error| unreadable(error.to_string()))?;
            yaml::parse(text).map_err(unreadable)
        }
        _ => serde_json::from_slice(content).map_err(|error| unreadable(body::json_error(&error))),
    }
}
