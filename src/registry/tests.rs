//! What pushes and listings cost, in reads of the store, however much there is; and what images are made from.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;
use tempfile::TempDir;
use weir_storage::SystemClock;
use weir_storage::blob::filesystem::FilesystemBlobs;
use weir_storage::metadata::faulty::{FaultyMetadata, Operation};
use weir_storage::metadata::memory::MemoryStore;

use super::history::HistoryQuery;
use super::put::PushManifest;
use super::{Registry, Settings};
use crate::config;
use crate::namespaces::Keyring;
use crate::oci::{Algorithm, Digest, MediaType, Reference, RepositoryName, StreamId, Tag};
use crate::records::{Actor, Moment, Records};
use crate::streams::HostNames;
use crate::streams::object::Image;
use crate::streams::view::View;
use crate::telemetry::metrics::Metrics;
use crate::upstream::Upstreams;

/// How many entries a page has here.
const PAGE: usize = 10;

/// A registry whose reads are counted.
struct Counted {
    registry: Registry,
    store: Arc<FaultyMetadata>,
    _folder: TempDir,
}

impl Counted {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let store = Arc::new(FaultyMetadata::new(Arc::new(MemoryStore::new())));
        let clock = Arc::new(SystemClock);
        let (blobs, uploads) = (folder.path().join("blobs"), folder.path().join("uploads"));
        let blobs = FilesystemBlobs::open(blobs, uploads, 0, clock.clone()).unwrap();
        let records = Records::new(store.clone(), Arc::new(blobs), clock);
        let settings = Settings { manifest_limit: 4096, sparse_images: true, sparse_indexes: true };
        let upstreams = Upstreams::new(&config::Upstreams::default(), 4096, Arc::new(Metrics::new())).unwrap();
        let keyring = Arc::new(Keyring::own(folder.path().join("keys")).unwrap());
        Self { registry: Registry::new(records, settings, upstreams, keyring), store, _folder: folder }
    }

    /// Sets tags of a repository to an index that differs by its `note`.
    async fn push(&self, repository: &str, tags: &[Tag], note: usize) {
        let content = format!(r#"{{"schemaVersion":2,"manifests":[],"annotations":{{"note":"{note}"}}}}"#);
        let repository: RepositoryName = repository.parse().unwrap();
        let (first, rest) = tags.split_first().unwrap();
        let push = PushManifest {
            repository: &repository,
            reference: &Reference::Tag(first.clone()),
            tags: rest,
            stated: None,
            content_type: Some(&MediaType::OCI_INDEX.parse().unwrap()),
            content: Bytes::from(content),
            preconditions: &[],
            actor: &Actor::anonymous(),
        };
        self.registry.push_manifest(&push).await.unwrap();
    }

    /// Pushes an image with this config, which may be somewhere or nowhere.
    async fn push_image(&self, repository: &str, config: &Digest, size: usize) -> Image {
        let repository: RepositoryName = repository.parse().unwrap();
        let content = json!({
            "schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST, "layers": [],
            "config": {"mediaType": MediaType::OCI_CONFIG, "digest": config, "size": size},
        });
        let push = PushManifest {
            repository: &repository,
            reference: &Reference::Tag(tag(0)),
            tags: &[],
            stated: None,
            content_type: None,
            content: Bytes::from(content.to_string()),
            preconditions: &[],
            actor: &Actor::anonymous(),
        };
        let digest = self.registry.push_manifest(&push).await.unwrap().digest;
        let names = HostNames { internal: "registry:5000".to_owned(), public: None };
        let view = View { records: &self.registry.records, names: &names };
        view.image(digest.as_str()).await.unwrap()
    }

    /// Gets and scans that `work` makes.
    async fn reads(&self, work: impl Future) -> [u64; 2] {
        let count = || [Operation::Get, Operation::Scan].map(|operation| self.store.count(operation));
        let before = count();
        work.await;
        let after = count();
        [after[0] - before[0], after[1] - before[1]]
    }
}

fn tag(number: usize) -> Tag {
    format!("v{number:04}").parse().unwrap()
}

fn app() -> StreamId {
    StreamId::new("team", "app").unwrap()
}

/// A tag that moved `moves` times.
async fn moved(moves: usize) -> Counted {
    let counted = Counted::new();
    for number in 0..moves {
        counted.push("team/app", &[tag(0)], number % 2).await;
    }
    counted
}

/// The reads of a page of history.
async fn history_page(moves: usize, query: HistoryQuery) -> [u64; 2] {
    let counted = moved(moves).await;
    counted.reads(async { counted.registry.tag_history(&app(), &tag(0), &query, PAGE).await.unwrap() }).await
}

/// A repository with tags, and the reads of a page of them and of a pull by the last.
async fn tags_page(tags: usize) -> [[u64; 2]; 2] {
    let counted = Counted::new();
    let all: Vec<Tag> = (0..tags).map(tag).collect();
    counted.push("team/app", &all, 0).await;
    let list = counted.reads(async { counted.registry.tags(&app(), Some("v0003"), PAGE).await.unwrap() }).await;
    let newest = Reference::Tag(all.last().unwrap().clone());
    let pull = counted.reads(async { counted.registry.manifest(&app(), &newest).await.unwrap() }).await;
    [list, pull]
}

/// The reads of a push to a repository with so many tags, one of which moved so often.
async fn push_to(tags: usize, moves: usize) -> [u64; 2] {
    let counted = moved(moves).await;
    let all: Vec<Tag> = (0..tags).map(tag).collect();
    counted.push("team/app", &all, 0).await;
    counted.reads(counted.push("team/app", &[tag(0)], 1)).await
}

#[tokio::test]
async fn a_push_costs_the_same_however_many_tags_and_moves_there_are() {
    assert_eq!(push_to(400, 400).await, push_to(2, 2).await);
}

/// Whoever may push somewhere need not be allowed to read what others have: a config counts only where it is linked. The
/// push that brings it completes the image, which stays the same.
#[tokio::test]
async fn an_image_is_made_from_what_its_repository_has() {
    let counted = Counted::new();
    let config = r#"{"architecture":"arm64","author":"somebody"}"#;
    let digest = Algorithm::Sha256.digest(config.as_bytes());
    counted.registry.records.blobs().put(&digest, Bytes::from_static(config.as_bytes())).await.unwrap();
    let elsewhere: StreamId = "team/other".parse().unwrap();
    counted.registry.link_blob(&elsewhere, &digest, config.len() as u64).await.unwrap();
    let poor = counted.push_image("team/app", &digest, config.len()).await;
    assert_eq!(poor.docker_image_metadata.as_ref().unwrap().author, "");
    counted.registry.link_blob(&app(), &digest, config.len() as u64).await.unwrap();
    let rich = counted.push_image("team/app", &digest, config.len()).await;
    assert_eq!(rich.docker_image_metadata.as_ref().unwrap().author, "somebody");
    assert_eq!(
        (&rich.metadata.uid, rich.metadata.creation_timestamp),
        (&poor.metadata.uid, poor.metadata.creation_timestamp)
    );
    let same = counted.push_image("team/third", &digest, config.len()).await;
    assert_eq!(same, rich, "a push without the config takes nothing away");
}

#[tokio::test]
async fn a_page_of_a_long_history_costs_what_one_of_a_short_history_does() {
    let first = history_page(PAGE * 2, HistoryQuery::default()).await;
    assert_eq!(history_page(PAGE * 60, HistoryQuery::default()).await, first);
    assert!(first.iter().sum::<u64>() <= 2, "{first:?}");
}

#[tokio::test]
async fn a_time_is_found_in_a_history_by_halves() {
    let before = HistoryQuery { before: Moment::parse("2100-01-01T00:00:00Z"), ..HistoryQuery::default() };
    let [gets, scans] = history_page(512, before).await;
    assert!(gets <= 10 && scans <= 2, "{gets} gets, {scans} scans");
}

#[tokio::test]
async fn listing_and_pulling_cost_the_same_however_many_tags_there_are() {
    let few = tags_page(PAGE * 2).await;
    assert_eq!(tags_page(PAGE * 60).await, few);
    let [list, pull] = few;
    assert_eq!(list[1], 1, "a page is one scan");
    assert_eq!(pull[1], 0, "a pull scans nothing");
}

#[tokio::test]
async fn a_page_of_the_catalog_costs_the_same_however_many_repositories_there_are() {
    let mut costs = Vec::new();
    for repositories in [PAGE * 2, PAGE * 20] {
        let counted = Counted::new();
        for number in 0..repositories {
            counted.push(&format!("team/app{number:04}"), &[tag(0)], 0).await;
        }
        costs.push(counted.reads(async { counted.registry.catalog(Some("team/app0003"), PAGE).await.unwrap() }).await);
    }
    assert_eq!(costs[0], costs[1]);
    assert_eq!(costs[0], [0, 1]);
}

/// That content may be elsewhere costs nothing where it is not.
#[tokio::test]
async fn a_pull_of_what_is_here_reads_its_link_alone() {
    let counted = Counted::new();
    let content = Bytes::from_static(b"here");
    let digest = Algorithm::Sha256.digest(&content);
    counted.registry.records.blobs().put(&digest, content.clone()).await.unwrap();
    counted.registry.link_blob(&app(), &digest, 4).await.unwrap();
    let pull = async {
        let found = counted.registry.find_blob(&app(), &digest).await.unwrap();
        let blob = counted.registry.fetch_blob(found).await.unwrap();
        assert_eq!(blob.read(0..4).await.unwrap(), content);
    };
    assert_eq!(counted.reads(pull).await, [1, 0]);
}
