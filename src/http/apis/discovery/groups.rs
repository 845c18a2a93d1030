//! `/api` and `/apis`: the groups, alone or with all their resources.

use std::sync::LazyLock;

use http::StatusCode;
use serde_json::{Value, json};

use super::accept::{self, Listing};
use super::document::Document;
use super::{Answer, Question, failure, lists};
use crate::http::apis::resource;

/// The media type of a list of groups with all their resources.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

static CORE: LazyLock<Document> = LazyLock::new(|| Document::new(&aggregated(str::is_empty)));
static ALL: LazyLock<Document> = LazyLock::new(|| Document::new(&aggregated(|group| !group.is_empty())));

/// `/api`: the core group, which has no name.
pub(super) fn core(question: &Question<'_>) -> Answer {
    let versions = json!({
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": question.host}],
    });
    listing(question, &versions, &CORE)
}

/// `/apis`: all groups that have a name.
pub(super) fn all(question: &Question<'_>) -> Answer {
    let groups: Vec<Value> = resource::group_versions()
        .filter(|(group, _)| !group.is_empty())
        .map(|(group, version)| lists::group_members(group, version))
        .collect();
    listing(question, &json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}), &ALL)
}

fn listing(question: &Question<'_>, plain: &Value, aggregated: &'static Document) -> Answer {
    match accept::of_listing(question.accept) {
        Some(Listing::Aggregated) => aggregated.answer(question, AGGREGATED),
        Some(Listing::Plain(_)) => super::plain(question, plain),
        None => Answer::json(StatusCode::NOT_ACCEPTABLE, &not_acceptable()),
    }
}

fn not_acceptable() -> Value {
    failure(json!({
        "message": "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf",
        "reason": "NotAcceptable",
        "code": 406,
    }))
}

/// The groups that are wanted, with all their resources.
fn aggregated(wanted: impl Fn(&str) -> bool) -> Value {
    let items: Vec<Value> = resource::group_versions()
        .filter(|(group, _)| wanted(group))
        .map(|(group, version)| {
            let resources: Vec<Value> = resource::of(group, version).map(lists::aggregated_resource).collect();
            let metadata = if group.is_empty() { json!({}) } else { json!({"name": group}) };
            let version = json!({"version": version, "resources": resources, "freshness": "Current"});
            json!({"metadata": metadata, "versions": [version]})
        })
        .collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
}
