//! The paths of resources, and what can be asked of them.

use serde_json::{Map, Value, json};

use super::components::PATCH;
use super::operation::{Operation, print};
use super::{Dialect, parameters};
use crate::http::apis::resource::{self, Resource, Scope, Subresource, Verb};
use crate::http::apis::schema::{Kind, kinds};

/// The paths under a group and version.
pub(super) fn of(dialect: Dialect, group: &str, version: &str) -> Map<String, Value> {
    let root = root(group, version);
    let mut paths = Map::new();
    paths.insert(format!("/{root}/"), discovery(dialect, group, version));
    for resource in resource::of(group, version) {
        let plural = resource.plural;
        let base = match resource.scope {
            Scope::Cluster => format!("/{root}/{plural}"),
            Scope::Namespaced => {
                let everywhere = Place { resource, path: Path::Everywhere, kind: resource.kind };
                everywhere.add(dialect, format!("/{root}/{plural}"), resource.verbs, &mut paths);
                format!("/{root}/namespaces/{{namespace}}/{plural}")
            }
        };
        let all = Place { resource, path: Path::All, kind: resource.kind };
        all.add(dialect, base.clone(), resource.verbs, &mut paths);
        let one = Place { resource, path: Path::One, kind: resource.kind };
        let base = base + "/{name}";
        one.add(dialect, base.clone(), resource.verbs, &mut paths);
        for subresource in resource.subresources {
            let part = Place { resource, path: Path::Part(subresource), kind: subresource.kind };
            part.add(dialect, format!("{base}/{}", subresource.name), subresource.verbs, &mut paths);
        }
    }
    paths
}

/// Where the resources of a group and version are, without a slash before it.
pub(super) fn root(group: &str, version: &str) -> String {
    if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") }
}

/// What a path leads to.
#[derive(Clone, Copy)]
enum Path {
    /// The objects of all namespaces.
    Everywhere,
    /// All objects, of a namespace where the resource is in namespaces.
    All,
    /// One object.
    One,
    /// A part of one object.
    Part(&'static Subresource),
}

/// A path, and what is there.
struct Place {
    resource: &'static Resource,
    path: Path,
    kind: &'static Kind,
}

impl Place {
    /// Adds the path, unless nothing can be asked of it.
    fn add(&self, dialect: Dialect, path: String, verbs: &[Verb], paths: &mut Map<String, Value>) {
        let mut item: Map<String, Value> = verbs
            .iter()
            .filter_map(|verb| {
                let (method, operation) = self.operation(*verb)?;
                Some((method.to_owned(), print(dialect, &operation)))
            })
            .collect();
        if item.is_empty() {
            return;
        }
        let named = matches!(self.path, Path::One | Path::Part(_));
        let namespaced = self.resource.scope == Scope::Namespaced && !matches!(self.path, Path::Everywhere);
        item.insert("parameters".into(), parameters::of_path(dialect, named, namespaced));
        paths.insert(path, item.into());
    }

    /// The method and operation of a verb, where the path has it.
    fn operation(&self, verb: Verb) -> Option<(&'static str, Operation)> {
        let of_one = matches!(self.path, Path::One | Path::Part(_));
        let (method, action, word, statuses): (_, _, _, &[u16]) = match (verb, of_one, self.path) {
            (Verb::List, false, _) => ("get", "list", "list", &[200]),
            (Verb::Create, false, Path::All) => ("post", "post", "create", &[200, 201, 202]),
            (Verb::DeleteCollection, false, Path::All) => ("delete", "deletecollection", "delete", &[200]),
            (Verb::Get, true, _) => ("get", "get", "read", &[200]),
            (Verb::Update, true, _) => ("put", "put", "replace", &[200, 201]),
            (Verb::Patch, true, _) => ("patch", "patch", "patch", &[200, 201]),
            (Verb::Delete, true, _) => ("delete", "delete", "delete", &[200, 202]),
            _ => return None,
        };
        let answer = match verb {
            Verb::Delete | Verb::DeleteCollection => &kinds::STATUS,
            Verb::List => self.resource.list.unwrap_or(&kinds::STATUS),
            _ => self.kind,
        };
        let body = match verb {
            Verb::Create | Verb::Update => Some(self.kind.object.name),
            Verb::Patch => Some(PATCH),
            Verb::Delete | Verb::DeleteCollection => Some(kinds::DELETE_OPTIONS.object.name),
            _ => None,
        };
        // A part that is a list is asked as lists are.
        let list = verb == Verb::Get && self.kind.object.field("items").is_some();
        let query = if list { Verb::List } else { verb };
        let id = self.id(verb, word);
        let kind = Some(self.kind);
        Some((
            method,
            Operation {
                id,
                verb,
                query,
                action: Some(action),
                kind,
                tag: tag(self.resource.group(), self.resource.version()),
                body,
                answer,
                statuses,
            },
        ))
    }

    /// The name of an operation.
    fn id(&self, verb: Verb, word: &str) -> String {
        let mut id = word.to_owned();
        id += &title(self.resource.group());
        id += &capitalised(self.resource.version());
        if verb == Verb::DeleteCollection {
            id += "Collection";
        }
        if self.resource.scope == Scope::Namespaced && !matches!(self.path, Path::Everywhere) {
            id += "Namespaced";
        }
        id += self.resource.kind.kind;
        match self.path {
            Path::Part(subresource) => id += &capitalised(subresource.name),
            Path::Everywhere => id += "ForAllNamespaces",
            Path::All | Path::One => {}
        }
        id
    }
}

/// What a group and version serves.
fn discovery(dialect: Dialect, group: &str, version: &str) -> Value {
    let operation = Operation {
        id: format!("get{}{}APIResources", title(group), capitalised(version)),
        verb: Verb::Get,
        query: Verb::Get,
        action: None,
        kind: None,
        tag: tag(group, version),
        body: None,
        answer: &kinds::API_RESOURCE_LIST,
        statuses: &[200],
    };
    json!({"get": print(dialect, &operation)})
}

/// The heading under which operations stand together, such as `imageOpenshiftIo_v1`.
fn tag(group: &str, version: &str) -> String {
    let title = title(group);
    let mut letters = title.chars();
    let word: String = letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect();
    format!("{word}_{version}")
}

/// A group in one word, such as `ImageOpenshiftIo`; the groups of Kubernetes go without their domain.
fn title(group: &str) -> String {
    match group {
        "" => "Core".into(),
        _ => group.trim_end_matches(".k8s.io").split('.').map(capitalised).collect(),
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}
