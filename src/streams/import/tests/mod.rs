//! What an import does to its stream, without any upstream: what one would have had is made up.
//!
//! Rows of the tests of openshift-apiserver stand in modules with the names of these.

mod create_images;
mod import_successful;
mod import_successful_with_submanifests;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};
use weir_storage::{Algorithm, Digest};

use super::Found;
use super::commit::{Again, Commit, Outcome, Tried};
use super::fetch::{FetchError, Fetched};
use super::wanted::{Terms, Wanted};
use crate::config::Config;
use crate::oci::{Manifest, MediaType, StreamId, Tag};
use crate::records::{Actor, Cause, LogKind, Moment, Origin, PullSpec, ReferencePolicy, SpecTag, keys};
use crate::streams::object::{ImageImportSpec, LocalObjectReference, ObjectReference, TagEventCondition};
use crate::streams::spec::change::SpecChanged;
use crate::streams::tests::world::{Content, World, external, own_spec, stream, upstream};
use crate::streams::write::{Conflict, Precondition, WriteError};
use crate::upstream::UpstreamError;

const IMAGE: &str = MediaType::OCI_MANIFEST;
const INDEX: &str = MediaType::OCI_INDEX;

/// An image that an upstream has: with a config of its own and a layer that all share.
pub(super) fn image(name: &str) -> Fetched {
    let config = Bytes::from(json!({ "architecture": "amd64", "comment": name }).to_string());
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "config": { "mediaType": MediaType::OCI_CONFIG, "digest": digest(&config), "size": config.len() },
        "layers": [{ "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest(b"layer"), "size": 5 }],
    });
    fetched(&manifest, Some(config), Vec::new())
}

/// A list of images, kept whole.
fn index(children: Vec<Fetched>) -> Fetched {
    let child = |child: &Fetched| json!({ "mediaType": IMAGE, "digest": child.digest, "size": child.size(), "platform": { "os": "linux", "architecture": "amd64" } });
    let manifests: Vec<Value> = children.iter().map(child).collect();
    fetched(&json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests }), None, children)
}

fn fetched(manifest: &Value, config: Option<Bytes>, children: Vec<Fetched>) -> Fetched {
    let content = Bytes::from(manifest.to_string());
    let digest = digest(&content);
    let manifest = Manifest::parse(&content, None).unwrap();
    Fetched { upstream: digest.clone(), digest, manifest, content, config, children }
}

fn digest(content: &[u8]) -> Digest {
    Algorithm::Sha256.digest(content)
}

pub(super) fn found(fetched: Fetched) -> Found {
    Found::Image(Arc::new(fetched))
}

pub(super) fn missing() -> Found {
    Found::Failed(FetchError::Upstream(UpstreamError::NotFound))
}

/// What a client asks for: an image under a tag.
pub(super) fn wanted(name: &str, tag: &str) -> Wanted {
    let import = Config::default().upstreams.import;
    let terms = Terms { import: &import, specs: &BTreeMap::new() };
    let from = ObjectReference { kind: "DockerImage".into(), name: name.into(), ..ObjectReference::default() };
    let to = Some(LocalObjectReference { name: tag.into() });
    Wanted::of_image(&ImageImportSpec { from, to, ..ImageImportSpec::default() }, &terms)
}

/// An import in the making.
struct Import<'a> {
    world: &'a World,
    id: StreamId,
    condition: Precondition,
    begun_for: Option<SpecTag>,
    again: Option<Again>,
    create: bool,
}

impl<'a> Import<'a> {
    fn of(world: &'a World, id: &StreamId) -> Self {
        let condition = Precondition::default();
        Self { world, id: id.clone(), condition, begun_for: None, again: None, create: true }
    }

    async fn commit(&self, found: &[(Wanted, Found)]) -> Result<(), WriteError> {
        let tags: Vec<Tag> = found.iter().map(|(wanted, _)| wanted.to.clone().unwrap()).collect();
        let outcomes = tags.iter().zip(found).map(|(tag, (wanted, found))| Outcome {
            tag,
            wanted,
            found,
            makes_spec: true,
            begun_for: self.begun_for.as_ref(),
            again: self.again,
        });
        let actor = Actor::importer();
        let commit = Commit {
            id: &self.id,
            condition: &self.condition,
            outcomes: outcomes.collect(),
            create: self.create,
            tried: Tried::All,
            names: &self.world.names,
            actor: &actor,
        };
        self.world.records.transact(&commit).await.map(|_| ())
    }
}

async fn import(world: &World, id: &StreamId, name: &str, tag: &str, found: Found) {
    Import::of(world, id).commit(&[(wanted(name, tag), found)]).await.unwrap();
}

async fn conditions(world: &World, id: &StreamId, tag: &str) -> Vec<TagEventCondition> {
    let tags = world.stream(id).await.status.tags;
    tags.into_iter().find(|events| events.tag == tag).map(|events| events.conditions).unwrap_or_default()
}

async fn version(world: &World, id: &StreamId) -> String {
    world.stream(id).await.metadata.resource_version
}

#[tokio::test]
async fn trackers_follow_an_import() {
    let (world, id) = (World::new(), stream("ns/ruby"));
    let one = image("one");
    let specs = [("2.7", upstream("quay.io/a/ruby:2.7")), ("latest", crate::streams::tests::world::from_tag("2.7"))];
    world.set_spec(&id, &specs).await.unwrap();
    import(&world, &id, "quay.io/a/ruby:2.7", "2.7", found(one.clone())).await;
    let reference = format!("quay.io/a/ruby@{}", one.digest);
    assert_eq!(world.items(&id, "latest").await, [external(&reference, Some(&one.digest), 2)]);
    assert_eq!(world.generations(&id).await.1, BTreeMap::from([("2.7".to_owned(), 2), ("latest".to_owned(), 1)]));
}

#[tokio::test]
async fn several_tags_are_one_change() {
    let (world, id) = (World::new(), stream("ns/ruby"));
    let (one, two) = (image("one"), image("two"));
    let all = [
        (wanted("quay.io/a/ruby:1", "1"), found(one.clone())),
        (wanted("quay.io/a/ruby:2", "2"), missing()),
        // The later one of two that become the same tag counts.
        (wanted("quay.io/b/ruby:1", "1"), found(two.clone())),
    ];
    Import::of(&world, &id).commit(&all).await.unwrap();
    let images: Vec<String> = world.items(&id, "1").await.into_iter().map(|(_, image, _)| image).collect();
    assert_eq!(images, [two.digest.to_string(), one.digest.to_string()]);
    assert_eq!(world.generations(&id).await, (1, BTreeMap::from([("1".to_owned(), 1), ("2".to_owned(), 1)])));
    assert_eq!(conditions(&world, &id, "2").await.len(), 1);
}

#[tokio::test]
async fn each_event_says_where_it_came_from() {
    let (world, id) = (World::new(), stream("ns/ruby"));
    import(&world, &id, "quay.io/a/ruby:2.7", "2.7", found(image("one"))).await;
    let entry = world.records.get(&keys::log(&id, &"2.7".parse().unwrap(), 1)).await.unwrap().unwrap().record;
    assert_eq!(entry.cause, Cause::Import { from: "quay.io/a/ruby:2.7".into() });
    assert_eq!(entry.actor, Actor::importer());
    assert!(matches!(entry.kind, LogKind::Event { manifest: Some(_), .. }));
}

#[tokio::test]
async fn what_was_pushed_stays_so() {
    let (world, id) = (World::new(), stream("ns/app"));
    let pushed = Content::image("pushed");
    world.push(&id, "own", &pushed).await;
    let content = world.records.blobs().open(&pushed.digest).await.unwrap();
    let content = content.read(0..content.size()).await.unwrap();
    let manifest = Manifest::parse(&content, None).unwrap();
    let same = Fetched {
        upstream: pushed.digest.clone(),
        digest: pushed.digest.clone(),
        manifest,
        content,
        config: None,
        children: Vec::new(),
    };
    import(&world, &id, "quay.io/a/app", "copy", found(same)).await;
    let link = world.records.get(&keys::manifest(&id, &pushed.digest)).await.unwrap().unwrap().record;
    assert!(link.origin.is_pushed());
    for blob in &pushed.blobs {
        assert!(world.records.get(&keys::blob(blob, &id)).await.unwrap().unwrap().record.origin.is_pushed());
    }
    assert_eq!(
        world.items(&id, "own").await,
        [(world.names.external(&own_spec(&id, &pushed.digest)), pushed.digest.to_string(), 1)]
    );
}

#[tokio::test]
async fn a_stream_that_was_changed_is_refused_to_those_who_did_not_see_it() {
    let (world, id) = (World::new(), stream("ns/ruby"));
    import(&world, &id, "quay.io/a/ruby", "latest", found(image("one"))).await;
    let seen = Precondition { uid: None, version: Some("99".into()) };
    let late = Import { condition: seen.clone(), ..Import::of(&world, &id) };
    let refused = late.commit(&[(wanted("quay.io/a/ruby", "latest"), found(image("two")))]).await.unwrap_err();
    assert!(matches!(refused, WriteError::Conflict(Conflict::Version { .. })), "{refused}");
    let nowhere = Import { condition: seen, ..Import::of(&world, &stream("ns/none")) };
    let refused = nowhere.commit(&[(wanted("quay.io/a/ruby", "latest"), missing())]).await.unwrap_err();
    assert!(matches!(refused, WriteError::NoStream(_)), "{refused}");
}

#[tokio::test]
async fn an_import_in_the_background_comes_to_nothing_where_something_else_is_wanted_by_then() {
    let (world, id) = (World::new(), stream("ns/ruby"));
    world.set_spec(&id, &[("latest", upstream("quay.io/b/ruby"))]).await.unwrap();
    let begun_for = Some(SpecTag { generation: Some(1), ..upstream("quay.io/a/ruby") });
    let late = Import { begun_for, create: false, ..Import::of(&world, &id) };
    late.commit(&[(wanted("quay.io/a/ruby", "latest"), found(image("one")))]).await.unwrap();
    assert_eq!(world.items(&id, "latest").await, []);
    let gone = Import { create: false, ..Import::of(&world, &stream("ns/gone")) };
    let refused = gone.commit(&[(wanted("quay.io/a/ruby", "latest"), missing())]).await.unwrap_err();
    assert!(matches!(refused, WriteError::NoStream(_)), "{refused}");
}

#[tokio::test]
async fn failures_in_the_background_are_counted_beside_the_stream() {
    let (world, id) = (World::new(), stream("ns/ruby"));
    world.set_spec(&id, &[("latest", upstream("quay.io/a/ruby"))]).await.unwrap();
    let next = Moment::parse("2026-11-22T10:00:00Z").unwrap();
    let tag: Tag = "latest".parse().unwrap();
    for attempts in 1..=3 {
        let again = Some(Again { attempts, next });
        let import = Import { again, ..Import::of(&world, &id) };
        import.commit(&[(wanted("quay.io/a/ruby", "latest"), missing())]).await.unwrap();
        let state = world.records.get(&keys::import_state(&id, &tag)).await.unwrap().unwrap().record;
        let failing = state.failing.unwrap();
        let since = world.records.get(&keys::condition(&id, &tag)).await.unwrap().unwrap().record.since;
        assert_eq!((failing.attempts, failing.next, failing.since), (attempts, next, since));
    }
    let before = version(&world, &id).await;
    import(&world, &id, "quay.io/a/ruby", "latest", missing()).await;
    assert_eq!(version(&world, &id).await, before);
}
