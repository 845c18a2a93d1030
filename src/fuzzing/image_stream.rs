//! Image streams as clients write them: bodies of POST and PUT, against a repository that has something in it.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use weir_storage::Algorithm;

use super::server::{Answer, Server};
use crate::http::RequestBody;
use crate::oci::{MediaType, Tag};

const STREAMS: &str = "/apis/image.openshift.io/v1/namespaces/team/imagestreams";

/// Bodies, with a zero byte between two: the first makes the stream `new`, the second changes the stream `app`, and so on
/// in turn. Where a body is JSON it gets the name and the version that the stream has, unless it has its own.
pub fn image_stream(data: &[u8]) {
    Server::with(async |server| {
        fill(server).await;
        for (number, body) in data.split(|byte| *byte == 0).take(4).enumerate() {
            if number % 2 == 0 { create(server, body).await } else { replace(server, body).await }
        }
    });
}

/// Two tags and their history in `team/app`.
async fn fill(server: &Server) {
    for (tag, note) in [("v1", "first"), ("v1", "second"), ("other", "third")] {
        let index = json!({ "schemaVersion": 2, "manifests": [], "annotations": { "note": note } }).to_string();
        let digest = Algorithm::Sha256.digest(index.as_bytes());
        let request =
            Request::put(format!("/v2/team/app/manifests/{tag}")).header("content-type", MediaType::OCI_INDEX);
        let answer = server.send(request.body(RequestBody::full(index)).expect("a request")).await;
        assert_eq!((answer.status, answer.header("docker-content-digest")), (201, Some(digest.as_str())));
    }
}

async fn create(server: &Server, body: &[u8]) {
    let body = completed(body, "new", None);
    let before = listed(server).await;
    let answer = server.call(Method::POST, STREAMS, body.clone()).await;
    judge(server, &answer, &before, 201, &body).await;
}

async fn replace(server: &Server, body: &[u8]) {
    let before = listed(server).await;
    let version = stream(&before, "app").and_then(|stream| stream.pointer("/metadata/resourceVersion").cloned());
    let body = completed(body, "app", version);
    let answer = server.call(Method::PUT, &format!("{STREAMS}/app"), body.clone()).await;
    judge(server, &answer, &before, 200, &body).await;
}

/// Nothing changes where a body is refused; where it is taken, what is answered is what is read, and it can be sent back.
async fn judge(server: &Server, answer: &Answer, before: &Value, success: u16, body: &[u8]) {
    let after = listed(server).await;
    let Ok(shown) = serde_json::from_slice::<Value>(&answer.body) else {
        return assert_eq!(answer.status, success, "an answer is JSON: {answer:?}");
    };
    if answer.status != success {
        assert!([400, 404, 409, 413, 422, 500].contains(&answer.status), "{answer:?}");
        assert_eq!(shown.get("kind"), Some(&json!("Status")), "a refusal is a Status");
        assert!(shown.get("message").and_then(Value::as_str).is_some_and(|message| !message.is_empty()));
        return assert_eq!(&after, before, "what is refused changes nothing");
    }
    let name = shown.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let mut in_list = stream(&after, name).cloned().expect("what was written is listed");
    in_list.as_object_mut().into_iter().for_each(|stream| stream.extend([("kind".to_owned(), json!("ImageStream"))]));
    assert_eq!(untyped(&in_list), untyped(&shown), "what is answered is what is read");
    assert_tags(&shown, body);
    again(server, name, &shown).await;
}

/// An object without what only whole answers have.
fn untyped(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(members) = object.as_object_mut() {
        members.retain(|name, _| name != "kind" && name != "apiVersion");
    }
    object
}

/// The spec has each tag of the body once, in order, and the generation of no tag is beyond the stream's.
fn assert_tags(shown: &Value, body: &[u8]) {
    let names = |value: &Value| -> Vec<String> {
        let tags = value.pointer("/spec/tags").and_then(Value::as_array).into_iter().flatten();
        tags.filter_map(|tag| tag.get("name").and_then(Value::as_str).map(str::to_owned)).collect()
    };
    let found = names(shown);
    assert!(found.is_sorted_by(|one, other| one < other) && found.iter().all(|name| name.parse::<Tag>().is_ok()));
    let mut sent = serde_json::from_slice(body).map(|body: Value| names(&body)).unwrap_or_default();
    sent.sort();
    sent.dedup();
    assert_eq!(found, sent);
    let generation = shown.pointer("/metadata/generation").and_then(Value::as_i64).expect("a stream has a generation");
    for tag in shown.pointer("/spec/tags").and_then(Value::as_array).into_iter().flatten() {
        let of_tag = tag.get("generation").and_then(Value::as_i64).expect("a tag that was taken has a generation");
        assert!(of_tag <= generation, "{of_tag} of {generation}");
    }
}

/// Sending back what was shown changes nothing.
async fn again(server: &Server, name: &str, shown: &Value) {
    let body = Bytes::from(shown.to_string());
    let answer = server.call(Method::PUT, &format!("{STREAMS}/{name}"), body).await;
    let answered: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    assert_eq!((answer.status, &answered), (200, shown), "what is shown can be sent back, and changes nothing");
}

async fn listed(server: &Server) -> Value {
    let answer = server.call(Method::GET, STREAMS, Bytes::new()).await;
    assert_eq!(answer.status, 200);
    let list: Value = serde_json::from_slice(&answer.body).expect("a list is JSON");
    list.get("items").cloned().unwrap_or_default()
}

fn stream<'v>(list: &'v Value, name: &str) -> Option<&'v Value> {
    let mut streams = list.as_array()?.iter();
    streams.find(|stream| stream.pointer("/metadata/name").and_then(Value::as_str) == Some(name))
}

/// A body with a name and a version, where it is an object that has none.
fn completed(body: &[u8], name: &str, version: Option<Value>) -> Bytes {
    let Ok(Value::Object(mut object)) = serde_json::from_slice(body) else { return Bytes::copy_from_slice(body) };
    let metadata = object.entry("metadata").or_insert_with(|| json!({}));
    if let Value::Object(metadata) = metadata {
        metadata.entry("name").or_insert_with(|| json!(name));
        if let Some(version) = version {
            metadata.entry("resourceVersion").or_insert(version);
        }
    }
    Value::Object(object).to_string().into()
}
