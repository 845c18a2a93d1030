//! The description of the API that clients explain, check and merge by: OpenAPI v2 and v3, made from the tables of
//! resources and schemas.

mod components;
mod operation;
mod parameters;
mod paths;
pub(super) mod protobuf;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use super::resource;
use super::schema::kinds;
use components::Components;

/// A version of OpenAPI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// Swagger 2.0: the whole API in one document.
    V2,
    /// OpenAPI 3.0: one document for each group and version.
    V3,
}

impl Dialect {
    /// A reference to a schema. Beside it nothing else may stand in v3, hence the detour.
    fn reference(self, name: &str) -> Map<String, Value> {
        match self {
            Self::V2 => Map::from_iter([("$ref".to_owned(), format!("#/definitions/{name}").into())]),
            Self::V3 => {
                let reference = json!({"$ref": format!("#/components/schemas/{name}")});
                Map::from_iter([("allOf".to_owned(), json!([reference]))])
            }
        }
    }
}

/// The names of the documents of v3, each with its group and version: `api/v1`, `apis/image.openshift.io/v1`.
pub(super) fn documents() -> impl Iterator<Item = (String, (&'static str, &'static str))> {
    resource::group_versions().map(|(group, version)| (paths::root(group, version), (group, version)))
}

/// The document of a group and version in OpenAPI v3.
pub(super) fn v3(group: &str, version: &str) -> Value {
    let mut components = Components::new(Dialect::V3);
    add_kinds(&mut components, group, version);
    json!({
        "openapi": "3.0.0",
        "info": info(),
        "paths": paths::of(Dialect::V3, group, version),
        "components": {"schemas": components.into_value()},
    })
}

/// The whole API in OpenAPI v2.
pub(super) fn v2() -> Value {
    let mut components = Components::new(Dialect::V2);
    let mut paths = Map::new();
    for (group, version) in resource::group_versions() {
        add_kinds(&mut components, group, version);
        paths.extend(paths::of(Dialect::V2, group, version));
    }
    json!({"swagger": "2.0", "info": info(), "paths": paths, "definitions": components.into_value()})
}

/// Adds what the paths of a group and version speak of.
fn add_kinds(components: &mut Components, group: &str, version: &str) {
    for kind in [&kinds::STATUS, &kinds::DELETE_OPTIONS, &kinds::API_RESOURCE_LIST] {
        components.add(kind);
    }
    for resource in resource::of(group, version) {
        components.add(resource.kind);
        resource.list.into_iter().for_each(|list| components.add(list));
        resource.subresources.iter().for_each(|subresource| components.add(subresource.kind));
    }
}

fn info() -> Value {
    json!({
        "title": "Weir",
        "description": "Image streams and what stands around them, as oc and kubectl speak of them.",
        "version": concat!("v", env!("CARGO_PKG_VERSION")),
        "license": {"name": "Apache 2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
    })
}
