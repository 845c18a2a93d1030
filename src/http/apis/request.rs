//! What a request under `/api/` and `/apis/` asks for: one pure parse of method and path.
//!
//! Source: the request info of kube-apiserver. What it cannot place is answered as that server answers it: a group that
//! is not served gets a plain `404 page not found`, an unknown resource of a served group a `Status`.

use http::Method;
use percent_encoding::percent_decode_str;

use super::resource::{self, Resource, Scope, Verb};
use super::schema::Kind;
use crate::auth::{Access, ResourceAccess};

/// The place of an object, or of a collection.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) resource: &'static Resource,
    /// Empty for resources of the whole server, and for a list across namespaces.
    pub(crate) namespace: String,
    /// Empty for a collection.
    pub(crate) name: String,
    /// Empty for the object itself.
    pub(crate) subresource: String,
}

/// A request that was understood.
#[derive(Debug, Clone)]
pub(crate) struct ApiRequest {
    pub(crate) verb: Verb,
    pub(crate) target: Target,
}

impl ApiRequest {
    /// What the request needs to be allowed.
    pub(crate) fn access(&self) -> Access {
        let Target { resource, namespace, name, subresource } = &self.target;
        Access::Resource(ResourceAccess {
            verb: self.verb.as_str(),
            group: resource.group(),
            resource: resource.plural,
            subresource: subresource.clone(),
            namespace: namespace.clone(),
            name: name.clone(),
        })
    }
}

/// Why a request asks for nothing that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoRequest {
    /// No group and version that is served begins so.
    Page,
    /// The group has no such resource, or the resource nothing at this path.
    Resource,
    /// The resource does not take the method; it takes these.
    Method(String),
}

/// Parses a method and a whole path. `watch` says whether the query asks for a watch.
pub(crate) fn parse(method: &Method, path: &str, watch: bool) -> Result<ApiRequest, NoRequest> {
    // The parts are taken apart before they are decoded: a name may hold an encoded slash.
    let mut parts = path.split('/').filter(|part| !part.is_empty()).map(decode);
    let (group, version) = match parts.next().flatten().as_deref() {
        Some("api") => (String::new(), next(&mut parts).ok_or(NoRequest::Page)?),
        Some("apis") => (next(&mut parts).ok_or(NoRequest::Page)?, next(&mut parts).ok_or(NoRequest::Page)?),
        _ => return Err(NoRequest::Page),
    };
    if resource::of(&group, &version).next().is_none() {
        return Err(NoRequest::Page);
    }
    let mut rest: Vec<String> = parts.collect::<Option<_>>().ok_or(NoRequest::Resource)?;
    // The old way to ask for a watch of a collection.
    let watch = if rest.first().is_some_and(|part| part == "watch") {
        rest.remove(0);
        true
    } else {
        watch
    };
    let target = place(&group, &version, &rest)?;
    let verb = verb(method, &target, watch)?;
    Ok(ApiRequest { verb, target })
}

fn decode(part: &str) -> Option<String> {
    percent_decode_str(part).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

fn next(parts: &mut impl Iterator<Item = Option<String>>) -> Option<String> {
    parts.next().flatten()
}

fn place(group: &str, version: &str, parts: &[String]) -> Result<Target, NoRequest> {
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let (namespace, rest) = match parts.as_slice() {
        // A namespace is an object itself, with subresources of its own.
        ["namespaces", _, sub]
            if resource::find(group, version, "namespaces").is_some_and(|all| all.subresource(sub).is_some()) =>
        {
            ("", parts.as_slice())
        }
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
        rest => ("", rest),
    };
    let (plural, name, subresource) = match rest {
        [plural] => (*plural, "", ""),
        [plural, name] => (*plural, *name, ""),
        [plural, name, subresource] => (*plural, *name, *subresource),
        _ => return Err(NoRequest::Resource),
    };
    let resource = resource::find(group, version, plural).ok_or(NoRequest::Resource)?;
    let placed = match resource.scope {
        Scope::Cluster => namespace.is_empty(),
        // Without a namespace, the collection is that of all namespaces.
        Scope::Namespaced => !namespace.is_empty() || name.is_empty(),
    };
    if !placed || !(subresource.is_empty() || resource.subresource(subresource).is_some()) {
        return Err(NoRequest::Resource);
    }
    Ok(Target { resource, namespace: namespace.to_owned(), name: name.to_owned(), subresource: subresource.to_owned() })
}

fn verb(method: &Method, target: &Target, watch: bool) -> Result<Verb, NoRequest> {
    const METHODS: [Method; 5] = [Method::DELETE, Method::GET, Method::PATCH, Method::POST, Method::PUT];
    if target.has_no_route() {
        return Err(NoRequest::Resource);
    }
    taken(method, target, watch).ok_or_else(|| {
        let allowed = METHODS.iter().filter(|method| taken(method, target, false).is_some());
        NoRequest::Method(allowed.map(Method::as_str).collect::<Vec<_>>().join(", "))
    })
}

/// The verb that a method is for a target, if it takes that.
fn taken(method: &Method, target: &Target, watch: bool) -> Option<Verb> {
    let verbs = target.verbs();
    let verb = match (method.as_str(), target.name.is_empty()) {
        ("GET", true) if watch => Verb::Watch,
        ("GET", true) => Verb::List,
        ("GET", false) => Verb::Get,
        ("POST", true) => Verb::Create,
        ("POST", false) if !target.subresource.is_empty() => Verb::Create,
        ("PUT", false) => Verb::Update,
        ("PATCH", false) => Verb::Patch,
        ("DELETE", false) => Verb::Delete,
        ("DELETE", true) => Verb::DeleteCollection,
        _ => return None,
    };
    // A watch of what cannot be watched is told so in words of its own.
    (verbs.contains(&verb) || (verb == Verb::Watch && verbs.contains(&Verb::List))).then_some(verb)
}

impl Target {
    /// The verbs of the resource, or of the subresource.
    fn verbs(&self) -> &'static [Verb] {
        match self.resource.subresource(&self.subresource) {
            Some(subresource) => subresource.verbs,
            None => self.resource.verbs,
        }
    }

    /// The kind that stands in bodies: that of the subresource, where one is asked for.
    pub(crate) fn kind(&self) -> &'static Kind {
        self.resource.subresource(&self.subresource).map_or(self.resource.kind, |subresource| subresource.kind)
    }

    /// Whether nothing at all lies at this path: a resource that can only be created has no objects by name, and one
    /// that can only be read by name has no collection.
    fn has_no_route(&self) -> bool {
        const BY_NAME: [Verb; 4] = [Verb::Get, Verb::Update, Verb::Patch, Verb::Delete];
        const COLLECTION: [Verb; 4] = [Verb::List, Verb::Create, Verb::DeleteCollection, Verb::Watch];
        if !self.subresource.is_empty() {
            return false;
        }
        let wanted = if self.name.is_empty() { COLLECTION } else { BY_NAME };
        !self.resource.verbs.iter().any(|verb| wanted.contains(verb))
    }
}
