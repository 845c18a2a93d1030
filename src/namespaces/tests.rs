//! Namespaces, secrets and limit ranges over a store in memory.

use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;
use weir_storage::ManualClock;
use weir_storage::blob::filesystem::FilesystemBlobs;
use weir_storage::metadata::memory::MemoryStore;

use super::object::{LimitRange, Namespace, ProjectRequest, Secret};
use super::*;
use crate::oci::StreamId;
use crate::records::{Actor, Decide, Records, Transaction, keys};
use crate::streams::object::read;
use crate::streams::write::{Conflict, Precondition};

/// A store and what is needed to use it.
struct House {
    records: Records,
    keyring: Keyring,
    actor: Actor,
    folder: TempDir,
}

impl House {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let clock = Arc::new(ManualClock::at(1_790_000_000));
        for name in ["blobs/sha256", "uploads"] {
            std::fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let blobs = FilesystemBlobs::open(folder.path().join("blobs"), folder.path().join("uploads"), 0, clock.clone())
            .unwrap();
        let records = Records::new(Arc::new(MemoryStore::new()), Arc::new(blobs), clock);
        adopt(&records).await.unwrap();
        let keyring = Keyring::own(folder.path().join("secrets")).unwrap();
        Self { records, keyring, actor: Actor::anonymous(), folder }
    }

    fn open(&self) -> Namespaces<'_> {
        Namespaces { records: &self.records, keyring: &self.keyring, actor: &self.actor, dry_run: false }
    }

    fn rehearsing(&self) -> Namespaces<'_> {
        Namespaces { dry_run: true, ..self.open() }
    }

    async fn with(name: &str) -> Self {
        let house = Self::new().await;
        house.open().create_namespace(namespace(name)).await.unwrap();
        house
    }
}

fn namespace(name: &str) -> Namespace {
    read(json!({ "metadata": { "name": name } })).unwrap()
}

fn secret(name: &str, text: &str) -> Secret {
    read(json!({ "metadata": { "name": name, "namespace": "team" }, "stringData": { "a": text } })).unwrap()
}

fn invalid(error: &Error) -> String {
    match error {
        Error::Invalid { errors, .. } => errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn a_namespace_is_made_once_and_goes_for_good() {
    let house = House::with("team").await;
    let open = house.open();
    let made = open.namespace("team").await.unwrap();
    assert_eq!(made.metadata.labels["kubernetes.io/metadata.name"], "team");
    assert_eq!((made.spec.finalizers, made.status.phase), (vec!["kubernetes".to_owned()], "Active".to_owned()));
    let again = open.create_namespace(namespace("team")).await;
    assert!(matches!(again, Err(Error::Exists { resource: "namespaces", .. })));

    let gone = open.delete_namespace("team", &Precondition::default()).await.unwrap();
    assert_eq!(gone.status.phase, "Terminating");
    assert!(gone.metadata.deletion_timestamp.is_some());
    assert!(matches!(open.namespace("team").await, Err(Error::NotFound { .. })));
    open.create_namespace(namespace("team")).await.unwrap();
    assert_ne!(open.namespace("team").await.unwrap().metadata.uid, made.metadata.uid);
}

#[tokio::test]
async fn the_default_namespace_is_always_there() {
    let house = House::new().await;
    let names = house.open().namespaces(&Wanted::default()).await.unwrap();
    assert_eq!(names.items.iter().map(|item| item.metadata.name.as_str()).collect::<Vec<_>>(), ["default"]);
    let refused = house.open().delete_namespace("default", &Precondition::default()).await;
    assert!(matches!(refused, Err(Error::Undeletable(_))));
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let house = House::with("team").await;
    let dry = house.rehearsing();
    assert_eq!(dry.create_namespace(namespace("other")).await.unwrap().metadata.name, "other");
    assert!(dry.create_namespace(namespace("team")).await.is_err());
    dry.create_secret(secret("s", "hush")).await.unwrap();
    dry.delete_namespace("team", &Precondition::default()).await.unwrap();
    let open = house.open();
    assert!(open.namespace("other").await.is_err() && open.secret("team", "s").await.is_err());
    open.namespace("team").await.unwrap();
}

#[tokio::test]
async fn names_are_checked_and_made_up() {
    let house = House::new().await;
    let error = house.open().create_namespace(namespace("Bad_Name")).await.unwrap_err();
    assert!(invalid(&error).starts_with("metadata.name: Invalid value: \"Bad_Name\": a lowercase RFC 1123 label"));
    let request = ProjectRequest::default();
    let error = house.open().request_project(request).await.unwrap_err();
    assert_eq!(invalid(&error), "metadata.name: Required value: name or generateName is required");
    let generated = read(json!({ "metadata": { "generateName": "ci-" } })).unwrap();
    let made = house.open().create_namespace(generated).await.unwrap();
    assert!(made.metadata.name.len() == 8 && made.metadata.name.starts_with("ci-"), "{}", made.metadata.name);
}

#[tokio::test]
async fn a_project_is_a_namespace_with_a_description() {
    let house = House::new().await;
    let request = json!({ "metadata": { "name": "test" }, "displayName": "Test project", "description": "words" });
    let project = house.open().request_project(read(request).unwrap()).await.unwrap();
    let expected = json!({
        "openshift.io/description": "words",
        "openshift.io/display-name": "Test project",
        "openshift.io/requester": "system:anonymous",
    });
    assert_eq!(json!(project.metadata.annotations), expected);
    assert_eq!(project.spec.finalizers, ["openshift.io/origin", "kubernetes"]);
    assert_eq!(house.open().namespace("test").await.unwrap(), project);
}

/// Source: recorded clusters, scenario `01-projects`, a PUT of a project with little in it.
#[tokio::test]
async fn of_a_project_only_the_description_can_be_changed() {
    let house = House::new().await;
    let request = json!({ "metadata": { "name": "raw" }, "displayName": "Raw", "description": "d" });
    let mut project = house.open().request_project(read(request).unwrap()).await.unwrap();
    let bare = json!({ "metadata": { "name": "raw", "annotations": { "openshift.io/description": "x" } } });
    let error = house.open().update_project("raw", read(bare).unwrap()).await.unwrap_err();
    assert_eq!(
        invalid(&error),
        "metadata.resourceVersion: Invalid value: \"\": must be specified for an update; metadata.uid: Invalid value: \"\": \
         field is immutable; metadata.creationTimestamp: Invalid value: null: field is immutable; \
         metadata.annotations[openshift.io/requester]: Invalid value: \"system:anonymous\": field is immutable, try \
         updating the namespace; metadata.labels[kubernetes.io/metadata.name]: Invalid value: \"raw\": field is immutable, \
         try updating the namespace"
    );
    project.metadata.annotations.insert("openshift.io/description".to_owned(), "x".to_owned());
    let updated = house.open().update_project("raw", project.clone()).await.unwrap();
    assert_eq!(updated.metadata.annotations["openshift.io/description"], "x");
    let stale = house.open().update_project("raw", project).await;
    assert!(matches!(stale, Err(Error::Conflict(Conflict::Version { .. }))));
}

#[tokio::test]
async fn a_secret_lies_encrypted_and_reads_as_it_was_written() {
    let house = House::with("team").await;
    let made = house.open().create_secret(secret("s", "hush")).await.unwrap();
    assert_eq!(made.kind, "Opaque");
    let found = house.open().secret("team", "s").await.unwrap();
    assert_eq!(found, made);
    assert_eq!(serde_json::to_value(&found).unwrap()["data"], json!({ "a": "aHVzaA==" }));
    assert!(!format!("{found:?}").contains("hush"));
    let stored = house.records.get(&keys::secret("team", "s")).await.unwrap().unwrap();
    let stored = serde_json::to_string(&stored.record).unwrap();
    assert!(!stored.contains("hush") && !stored.contains("aHVzaA"), "{stored}");
}

#[tokio::test]
async fn a_secret_follows_its_rules() {
    let house = House::with("team").await;
    let open = house.open();
    let nowhere = Secret { metadata: namespace("s").metadata, ..Secret::default() };
    let mut elsewhere = nowhere.clone();
    "nosuch".clone_into(&mut elsewhere.metadata.namespace);
    let refused = open.create_secret(elsewhere).await;
    assert!(matches!(refused, Err(Error::NotFound { resource: "namespaces", .. })));

    open.create_secret(secret("s", "one")).await.unwrap();
    let mut other_type = secret("s", "one");
    "example.com/other".clone_into(&mut other_type.kind);
    let error = open.update_secret("team", "s", other_type).await.unwrap_err();
    assert_eq!(invalid(&error), "type: Invalid value: \"example.com/other\": field is immutable");

    let frozen = Secret { immutable: Some(true), ..secret("s", "two") };
    let revision = open.update_secret("team", "s", frozen.clone()).await.unwrap().metadata.resource_version;
    let same = open.update_secret("team", "s", frozen).await.unwrap();
    assert_eq!(same.metadata.resource_version, revision, "what changes nothing is no new version");
    let error = open.update_secret("team", "s", secret("s", "three")).await.unwrap_err();
    let set = "Forbidden: field is immutable when `immutable` is set";
    assert_eq!(invalid(&error), format!("immutable: {set}; data: {set}"));
}

#[tokio::test]
async fn a_secret_without_its_key_harms_nothing_else_and_is_not_lost() {
    let mut house = House::with("team").await;
    let made = house.open().create_secret(secret("old", "hush")).await.unwrap();
    let keys = house.folder.path().join("secrets");
    let first = std::mem::replace(&mut house.keyring, Keyring::own(keys.with_extension("new")).unwrap());
    house.open().create_secret(secret("young", "new")).await.unwrap();

    let error = house.open().secret("team", "old").await.unwrap_err();
    assert!(matches!(&error, Error::Key { source: KeyringError::UnknownKey { .. }, .. }), "{error:?}");
    assert!(house.open().update_secret("team", "old", secret("old", "lost")).await.is_err());
    let listed = house.open().secrets(&Wanted { namespace: Some("team"), ..Wanted::default() }).await.unwrap();
    let sizes: Vec<usize> = listed.items.iter().map(|secret| secret.data.0.len()).collect();
    assert_eq!(sizes, [0, 1]);

    house.keyring = first;
    assert_eq!(house.open().secret("team", "old").await.unwrap(), made);
}

#[tokio::test]
async fn a_limit_range_is_kept_as_it_came() {
    let house = House::with("team").await;
    let limits = json!({ "limits": [
        { "type": "openshift.io/Image", "max": { "storage": "2Ki" } },
        { "type": "openshift.io/ImageStream", "max": { "openshift.io/images": "2", "openshift.io/image-tags": "2" } },
    ] });
    let object = |spec| read::<LimitRange>(json!({ "metadata": { "name": "l", "namespace": "team" }, "spec": spec }));
    let made = house.open().create_limit_range(object(limits.clone()).unwrap()).await.unwrap();
    assert_eq!(serde_json::to_value(&made.spec).unwrap(), limits);
    assert_eq!(house.open().limit_range("team", "l").await.unwrap(), made);
    let twice = json!({ "limits": [{ "type": "a" }, { "type": "a" }, {}] });
    let error = house.open().update_limit_range("team", "l", object(twice).unwrap()).await.unwrap_err();
    let expected = "spec.limits[1].type: Duplicate value: \"a\"; spec.limits[2].type: Required value";
    assert_eq!(invalid(&error), expected);
    assert!(object(json!({ "limits": [{ "type": "a", "max": { "storage": "much" } }] })).is_err());
    house.open().delete_limit_range("team", "l", &Precondition::default()).await.unwrap();
    assert!(house.open().limit_range("team", "l").await.is_err());
}

#[tokio::test]
async fn lists_come_in_pages() {
    let house = House::with("team").await;
    for name in ["a", "b", "c"] {
        house.open().create_secret(secret(name, name)).await.unwrap();
    }
    let page = |after| Wanted { namespace: Some("team"), after, limit: 2 };
    let first = house.open().secrets(&page(None)).await.unwrap();
    assert!(first.more && first.items.len() == 2);
    let rest = house.open().secrets(&page(Some(("team", "b")))).await.unwrap();
    assert!(!rest.more && rest.items.len() == 1);
    assert_eq!(rest.items[0].metadata.name, "c");
    let of_another = Wanted { namespace: Some("tea"), ..Wanted::default() };
    assert!(house.open().secrets(&of_another).await.unwrap().items.is_empty());
}

struct MakeStreams;

impl Decide for MakeStreams {
    type Outcome = ();
    type Error = crate::records::Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), crate::records::Error> {
        for (namespace, name) in [("a", "x"), ("a", "y"), ("b", "x"), ("my_team", "x")] {
            let id = StreamId::new(namespace, name).unwrap();
            let record = json!({
                "repository": format!("{namespace}/{name}"),
                "uid": uuid::Uuid::new_v4(),
                "created": "2026-01-01T00:00:00Z",
                "generation": 1,
            });
            transaction.put(&keys::stream(&id), &serde_json::from_value(record).unwrap())?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_start_finds_the_namespaces_of_streams() {
    let house = House::new().await;
    house.records.transact(&MakeStreams).await.unwrap();
    adopt(&house.records).await.unwrap();
    let revision = house.open().namespaces(&Wanted::default()).await.unwrap().revision;
    adopt(&house.records).await.unwrap();
    let listed = house.open().namespaces(&Wanted::default()).await.unwrap();
    let names: Vec<&str> = listed.items.iter().map(|item| item.metadata.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "default", "my_team"]);
    assert_eq!(listed.revision, revision, "the second time, nothing is written");
}

#[tokio::test]
async fn with_a_namespace_go_its_streams_and_secrets() {
    let house = House::new().await;
    house.records.transact(&MakeStreams).await.unwrap();
    adopt(&house.records).await.unwrap();
    let mut held = secret("s", "hush");
    "a".clone_into(&mut held.metadata.namespace);
    house.open().create_secret(held).await.unwrap();
    house.open().delete_namespace("a", &Precondition::default()).await.unwrap();
    assert!(house.records.keys(&keys::streams_of("a"), |scan| scan).await.unwrap().is_empty());
    assert!(house.records.keys(&keys::secrets_in(Some("a")), |scan| scan).await.unwrap().is_empty());
    let put_aside = house.records.get(&keys::deleted_stream(&StreamId::new("a", "x").unwrap())).await.unwrap();
    assert!(put_aside.is_some(), "a stream can be brought back");
    assert_eq!(house.records.keys(&keys::streams_of("b"), |scan| scan).await.unwrap().len(), 1);
}
