//! Whole repositories that could not be imported at once; [`scheduler`] plays the schedule through.

mod scheduler;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::run::{self, Ended, Repository};
use super::{Controller, Ran};
use crate::config;
use crate::namespaces::Keyring;
use crate::oci::StreamId;
use crate::records::{Actor, Decide, Error, SpecTag, Transaction, keys};
use crate::streams::import::{CHECKED, Doing, Importer};
use crate::streams::mapping;
use crate::streams::tests::world::{World, stream, upstream};
use crate::streams::write::WriteError;
use crate::telemetry::metrics::Metrics;
use crate::upstream::Upstreams;

/// A stream that is to be made from a repository.
struct FromRepository<'a>(&'a StreamId, String);

impl Decide for FromRepository<'_> {
    type Outcome = ();
    type Error = Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), Error> {
        let mut record = mapping::provision(transaction, self.0, &self.0.repository()).await?;
        record.source_repository = self.1.clone();
        transaction.put(&keys::stream(self.0), &record)
    }
}

/// What a registry answers with that is down.
const DOWN: &str = "503 -\r\nretry-after: 300\r\ncontent-length: 0\r\n\r\n";

/// What it answers with where nobody may read.
const LOCKED: &str = "401 -\r\nwww-authenticate: Basic realm=\"x\"\r\ncontent-length: 0\r\n\r\n";

/// What it answers with where a repository has no tags.
const EMPTY: &str = "200 -\r\nconnection: close\r\ncontent-length: 11\r\n\r\n{\"tags\":[]}";

/// A registry that gives the same answer to all, and a stream that is to be made from a repository there.
struct Site {
    world: World,
    id: StreamId,
    importer: Importer,
    answer: Arc<Mutex<&'static str>>,
    serving: JoinHandle<()>,
    /// The repository, with its registry.
    repository: String,
    _keys: TempDir,
}

impl Site {
    async fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let answer = Arc::new(Mutex::new(answer));
        let serving = tokio::spawn(serve(listener, Arc::clone(&answer)));
        let (world, id, repository) = (World::new(), stream("ns/app"), format!("{address}/team/app"));
        world.records.transact(&FromRepository(&id, repository.clone())).await.unwrap();
        let settings = config::Upstreams {
            allow_addresses: vec!["127.0.0.0/8".parse().unwrap()],
            insecure: vec![address.parse().unwrap()],
            retries: 0,
            ..config::Upstreams::default()
        };
        let upstreams = Upstreams::new(&settings, 4096, Arc::new(Metrics::new())).unwrap();
        let keys = TempDir::new().unwrap();
        let keyring = Arc::new(Keyring::own(keys.path().join("secrets")).unwrap());
        let importer = Importer::new(world.records.clone(), world.names.clone(), keyring, upstreams);
        Self { world, id, importer, answer, serving, repository, _keys: keys }
    }

    fn answer(&self, answer: &'static str) {
        *self.answer.lock().unwrap() = answer;
    }

    /// Whether the stream says that it was imported.
    async fn checked(&self) -> bool {
        let found = self.world.records.get(&keys::stream(&self.id)).await.unwrap().unwrap();
        found.record.annotations.contains_key(CHECKED)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, told: Arc<Mutex<&'static str>>) {
    while let Ok((mut socket, _)) = listener.accept().await {
        let answer = format!("HTTP/1.1 {}", *told.lock().unwrap());
        let mut begin = [0; 1024];
        let read = socket.read(&mut begin).await.unwrap_or_default();
        if begin[..read].starts_with(b"GET") {
            // The client may have left.
            drop(socket.write_all(answer.as_bytes()).await);
        }
    }
}

#[tokio::test]
async fn a_repository_that_cannot_be_listed_is_tried_again_with_growing_pauses() {
    let site = Site::start(DOWN).await;
    let mut pauses: Vec<Duration> = Vec::new();
    for attempts in [0, 5] {
        let ended = run::run(&site.importer, &site.id, &[None], attempts).await.unwrap();
        pauses.push(ended.failed.unwrap().wait);
        assert!(!site.checked().await, "it is still to be imported");
    }
    assert_eq!(pauses[0], Duration::from_mins(5), "as the registry asks");
    assert!(pauses[1] > Duration::from_mins(10), "{pauses:?}");
    site.answer(EMPTY);
    assert_eq!(run::run(&site.importer, &site.id, &[None], 2).await.unwrap(), Ended::default());
    assert!(site.checked().await);
}

/// A controller that has tried the repository once.
async fn having_tried(site: &Site) -> Controller {
    let mut controller = Controller::new(site.importer.clone());
    let parts = vec![None];
    let result = run::run(&site.importer, &site.id, &parts, 0).await;
    controller.ended(Ok(Ran { id: site.id.clone(), parts, result })).await;
    controller
}

#[tokio::test]
async fn another_repository_does_not_wait_for_the_first() {
    let site = Site::start(DOWN).await;
    let mut controller = having_tried(&site).await;
    let now = controller.now();
    controller.look(&site.id, &None).await.unwrap();
    assert_eq!(controller.plans.next(), Some(now.plus(Duration::from_mins(5))));
    let another = FromRepository(&site.id, format!("{}2", site.repository));
    site.world.records.transact(&another).await.unwrap();
    controller.look(&site.id, &None).await.unwrap();
    assert_eq!(controller.plans.next(), Some(now));
}

#[tokio::test]
async fn a_new_login_hurries_a_repository_that_was_refused() {
    for (answer, hurried) in [(DOWN, false), (LOCKED, true)] {
        let site = Site::start(answer).await;
        let mut controller = having_tried(&site).await;
        let now = controller.now();
        assert!(controller.plans.next() > Some(now));
        controller.hurry_refused("ns", now);
        assert_eq!(controller.plans.next() == Some(now), hurried, "{answer}");
        controller.look(&site.id, &None).await.unwrap();
        assert_eq!(controller.plans.next() == Some(now), hurried, "{answer}");
    }
}

/// The tags that a spec names are imported beside the repository, and say nothing of it.
#[tokio::test]
async fn a_tag_does_not_end_the_retries_of_a_whole_repository() {
    let site = Site::start(DOWN).await;
    let tag = "v1".parse().unwrap();
    let spec = SpecTag { generation: Some(0), ..upstream(&format!("{}:v1", site.repository)) };
    site.world.set_tag(&site.id, "v1", Some(spec)).await.unwrap();
    let ended = run::run(&site.importer, &site.id, &[None, Some(tag)], 0).await.unwrap();
    assert!(ended.failed.is_some());
    let told = site.world.stream(&site.id).await.status.tags;
    assert_eq!(told[0].conditions.len(), 1, "the tag was tried");
    assert!(!site.checked().await, "the repository is still to be imported");
}

#[tokio::test]
async fn a_stream_that_is_deleted_meanwhile_is_not_made_again() {
    let (site, gone) = (Site::start(EMPTY).await, stream("ns/gone"));
    let record = site.world.records.get(&keys::stream(&site.id)).await.unwrap().unwrap().record;
    let import = Repository::of(&record).import(&gone);
    let background = Doing { actor: &Actor::importer(), dry_run: false, background: true };
    let refused = site.importer.carry_out(&import, &background).await;
    assert!(matches!(refused, Err(WriteError::NoStream(id)) if id == gone));
    assert!(site.world.records.get(&keys::stream(&gone)).await.unwrap().is_none());
    let asked_for = Doing { background: false, ..background };
    assert!(site.importer.carry_out(&import, &asked_for).await.is_ok(), "a client gets one");
    assert!(site.world.records.get(&keys::stream(&gone)).await.unwrap().is_some());
}
