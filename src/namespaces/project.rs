//! Projects: namespaces as OpenShift shows them.

use super::keeper::unless_valid;
use super::namespace::{NamespaceKind, place, shown};
use super::object::{Namespace, ProjectRequest};
use super::{Error, Namespaces};
use crate::records::{Kept, NamespaceContent};
use crate::streams::field_error::{FieldError, Path};
use crate::streams::object::{ObjectMeta, Time};

/// What people call a project.
const DISPLAY_NAME: &str = "openshift.io/display-name";
/// What a project is for.
const DESCRIPTION: &str = "openshift.io/description";
/// Who asked for a project.
const REQUESTER: &str = "openshift.io/requester";

/// What stands in every project that was asked for.
const FINALIZERS: [&str; 2] = ["openshift.io/origin", "kubernetes"];

impl Namespaces<'_> {
    /// Makes the project that somebody asks for.
    pub(crate) async fn request_project(&self, request: ProjectRequest) -> Result<Namespace, Error> {
        let ProjectRequest { mut metadata, display_name, description } = request;
        let said = [(DESCRIPTION, description), (DISPLAY_NAME, display_name)];
        let by = [(REQUESTER, self.actor.as_str().to_owned())];
        metadata.annotations.extend(said.into_iter().chain(by).map(|(key, value)| (key.to_owned(), value)));
        self.make("ProjectRequest", metadata, FINALIZERS.map(str::to_owned).to_vec()).await
    }

    /// Makes a project without a request.
    pub(crate) async fn create_project(&self, object: Namespace) -> Result<Namespace, Error> {
        self.make("Project", object.metadata, FINALIZERS.map(str::to_owned).to_vec()).await
    }

    /// Changes display name and description of a project; the rest is for whoever may write the namespace.
    pub(crate) async fn update_project(&self, name: &str, object: Namespace) -> Result<Namespace, Error> {
        let metadata = object.metadata;
        let check = |old: &Kept<NamespaceContent>| {
            unless_valid("Project", name, refusals(old, &metadata))?;
            Ok(old.content.clone())
        };
        // Whatever is missing is told with the rest, rather than as a conflict.
        Ok(shown(&self.change::<NamespaceKind>(place(name), &metadata, check).await?))
    }
}

/// What is wrong with a project that replaces another, in the order of the recorded server.
fn refusals(old: &Kept<NamespaceContent>, new: &ObjectMeta) -> Vec<FieldError> {
    let path = Path::new("metadata");
    let mut errors = Vec::new();
    if new.resource_version.is_empty() {
        errors.push(path.child("resourceVersion").invalid("", "must be specified for an update"));
    }
    if new.uid != old.uid.to_string() {
        errors.push(path.child("uid").invalid(new.uid.as_str(), "field is immutable"));
    }
    let created = Time::from_seconds(old.created.timestamp().as_second());
    if new.creation_timestamp != Some(created) {
        let given = new.creation_timestamp.map_or(serde_json::Value::Null, |time| time.to_string().into());
        errors.push(path.child("creationTimestamp").invalid(given, "field is immutable"));
    }
    errors.extend(changed(&old.annotations, &new.annotations, &path.child("annotations")));
    errors.extend(changed(&old.labels, &new.labels, &path.child("labels")));
    errors
}

/// The entries that differ although they may not.
fn changed(
    old: &std::collections::BTreeMap<String, String>,
    new: &std::collections::BTreeMap<String, String>,
    path: &Path,
) -> Vec<FieldError> {
    let free = |key: &str| matches!(key, DISPLAY_NAME | DESCRIPTION);
    let refuse = |key: &String, value: &String| {
        path.key(key).invalid(value.as_str(), "field is immutable, try updating the namespace")
    };
    let differing = new.iter().filter(|(key, value)| !free(key) && old.get(*key) != Some(*value));
    let missing = old.iter().filter(|(key, _)| !free(key) && !new.contains_key(*key));
    differing.chain(missing).map(|(key, value)| refuse(key, value)).collect()
}
