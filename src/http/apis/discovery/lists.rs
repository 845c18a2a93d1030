//! One group, the resources of a group and version, and the paths of the server.

use serde_json::{Map, Value, json};

use super::{Answer, Question, plain};
use crate::http::apis::resource::{self, Resource, Scope, Verb};

/// `/apis/{group}`.
pub(super) fn group(question: &Question<'_>, group: &str) -> Option<Answer> {
    let (group, version) = resource::group_versions().find(|(name, _)| *name == group && !name.is_empty())?;
    let mut answer = Map::from_iter([("kind".to_owned(), "APIGroup".into()), ("apiVersion".into(), "v1".into())]);
    if let Value::Object(members) = group_members(group, version) {
        answer.extend(members);
    }
    Some(plain(question, &answer.into()))
}

/// A group: its name and its versions.
pub(super) fn group_members(group: &str, version: &str) -> Value {
    let version = json!({"groupVersion": format!("{group}/{version}"), "version": version});
    json!({"name": group, "versions": [version], "preferredVersion": version})
}

/// `/api/{version}` and `/apis/{group}/{version}`.
pub(super) fn resources(question: &Question<'_>, group: &str, version: &str) -> Option<Answer> {
    let resources: Vec<Value> = resource::of(group, version).flat_map(plain_resource).collect();
    if resources.is_empty() {
        return None;
    }
    let mut list = Map::from_iter([("kind".to_owned(), "APIResourceList".into())]);
    // The list of the core group is older than versions of lists, and does without.
    if group.is_empty() {
        list.insert("groupVersion".into(), version.into());
    } else {
        list.insert("apiVersion".into(), "v1".into());
        list.insert("groupVersion".into(), format!("{group}/{version}").into());
    }
    list.insert("resources".into(), resources.into());
    Some(plain(question, &list.into()))
}

/// A resource and its subresources, for clients that ask group by group.
fn plain_resource(resource: &Resource) -> Vec<Value> {
    let namespaced = resource.scope == Scope::Namespaced;
    let mut own = Map::new();
    own.insert("name".into(), resource.plural.into());
    own.insert("singularName".into(), resource.singular.into());
    own.insert("namespaced".into(), namespaced.into());
    own.insert("kind".into(), resource.kind.kind.into());
    own.insert("verbs".into(), verbs(resource.verbs));
    decorate(&mut own, resource);
    if let Some(hash) = resource.storage_version_hash {
        own.insert("storageVersionHash".into(), hash.into());
    }
    let parts = resource.subresources.iter().map(|part| {
        json!({
            "name": format!("{}/{}", resource.plural, part.name),
            "singularName": "",
            "namespaced": namespaced,
            "kind": part.kind.kind,
            "verbs": verbs(part.verbs),
        })
    });
    std::iter::once(own.into()).chain(parts).collect()
}

/// A resource with its subresources, for clients that ask for everything at once.
pub(super) fn aggregated_resource(resource: &Resource) -> Value {
    // Group and version are those of the list around it.
    let kind = |kind: &str| json!({"group": "", "version": "", "kind": kind});
    let mut own = Map::new();
    own.insert("resource".into(), resource.plural.into());
    own.insert("responseKind".into(), kind(resource.kind.kind));
    let scope = match resource.scope {
        Scope::Cluster => "Cluster",
        Scope::Namespaced => "Namespaced",
    };
    own.insert("scope".into(), scope.into());
    own.insert("singularResource".into(), resource.singular.into());
    own.insert("verbs".into(), verbs(resource.verbs));
    decorate(&mut own, resource);
    let parts: Vec<Value> = resource
        .subresources
        .iter()
        .map(|part| json!({"subresource": part.name, "responseKind": kind(part.kind.kind), "verbs": verbs(part.verbs)}))
        .collect();
    if !parts.is_empty() {
        own.insert("subresources".into(), parts.into());
    }
    own.into()
}

/// Adds what most resources do not have.
fn decorate(printed: &mut Map<String, Value>, resource: &Resource) {
    if !resource.short_names.is_empty() {
        printed.insert("shortNames".into(), resource.short_names.into());
    }
    if !resource.categories.is_empty() {
        printed.insert("categories".into(), resource.categories.into());
    }
}

fn verbs(verbs: &[Verb]) -> Value {
    verbs.iter().map(|verb| verb.as_str()).collect()
}

/// `/`: the paths that can be asked.
pub(super) fn paths() -> Value {
    let mut paths = vec!["/api".to_owned(), "/api/v1".into(), "/apis".into(), "/apis/".into()];
    for (group, version) in resource::group_versions().filter(|(group, _)| !group.is_empty()) {
        paths.extend([format!("/apis/{group}"), format!("/apis/{group}/{version}")]);
    }
    let others = ["/healthz", "/metrics", "/openapi/v2", "/openapi/v3", "/openapi/v3/", "/readyz", "/v2/", "/version"];
    paths.extend(others.map(str::to_owned));
    json!({"paths": paths})
}
