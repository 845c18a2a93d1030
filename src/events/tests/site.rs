//! A state to write to and to watch.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use weir_storage::blob::filesystem::FilesystemBlobs;
use weir_storage::metadata::journaled::{JournaledOptions, JournaledStore};
use weir_storage::metadata::memory::MemoryStore;
use weir_storage::{Algorithm, Clock, DataDirectory, Digest, ManualClock, MetadataStore, Revision};

use crate::events::Events;
use crate::events::options::{Options, Representation, Selection, Start, Watch};
use crate::events::projection::{Source, Watched};
use crate::events::ring::RingLimits;
use crate::namespaces::Keyring;
use crate::oci::{StreamId, Tag};
use crate::records::{
    Actor, Cause, Decide, Error, ImageRecord, ManifestLink, Origin, PullSpec, Records, SpecTag, Transaction, keys,
};
use crate::streams::history::{self, Move};
use crate::streams::{HostNames, mapping};

/// Longer than any test takes, on however busy a machine.
pub(super) const PATIENCE: Duration = Duration::from_mins(5);

/// A store, and what watches it.
pub(super) struct Site {
    pub(super) records: Records,
    pub(super) events: Events,
    directory: TempDir,
}

pub(super) fn names() -> HostNames {
    HostNames { internal: "registry:5000".to_owned(), public: None }
}

/// Records on a metadata store, with blobs that nobody reads here.
pub(super) fn records(metadata: Arc<dyn MetadataStore>, directory: &TempDir) -> Records {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(1_000));
    let data = DataDirectory::open(directory.path().join(uuid::Uuid::new_v4().to_string()).as_path()).unwrap();
    let blobs = FilesystemBlobs::open(data.blobs(), data.uploads(), 0, Arc::clone(&clock)).unwrap();
    Records::new(metadata, Arc::new(blobs), clock)
}

/// What projections read.
fn source(records: &Records, directory: &TempDir) -> Source {
    let keyring = Keyring::own(directory.path().join("keys")).unwrap();
    Source { records: records.clone(), names: Arc::new(names()), keyring: Arc::new(keyring) }
}

impl Site {
    pub(super) fn in_memory() -> Self {
        Self::with_limits(RingLimits::default())
    }

    pub(super) fn with_limits(limits: RingLimits) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let records = records(Arc::new(MemoryStore::new()), &directory);
        Self { events: Events::with_limits(source(&records, &directory), limits), records, directory }
    }

    pub(super) async fn on_disk() -> Self {
        Self::open(tempfile::tempdir().unwrap()).await
    }

    async fn open(directory: TempDir) -> Self {
        let options = JournaledOptions::new(directory.path().join("journal"), directory.path().join("index"));
        let records = records(Arc::new(JournaledStore::open(options).await.unwrap()), &directory);
        Self { events: Events::with_limits(source(&records, &directory), RingLimits::default()), records, directory }
    }

    /// Stops, and starts anew on what is on the disk.
    pub(super) async fn restarted(self) -> Self {
        self.events.stop().await;
        self.records.metadata().close().await.unwrap();
        drop(self.events);
        drop(self.records);
        Self::open(self.directory).await
    }

    pub(super) fn directory(&self) -> &TempDir {
        &self.directory
    }

    pub(super) fn revision(&self) -> Revision {
        self.records.metadata().revision()
    }

    /// Writes, and says which commit it was.
    pub(super) async fn write(&self, id: &StreamId, what: What) -> Revision {
        self.records.transact(&Write { id, what }).await.unwrap().revision
    }

    /// Gives a tag an image.
    pub(super) async fn push(&self, id: &StreamId, tag: &str, image: &str) -> Revision {
        self.write(id, What::Push { tag: tag.parse().unwrap(), image: digest(image) }).await
    }

    pub(super) fn watch(
        &self,
        resource: Watched,
        selection: Selection,
        start: Start,
    ) -> impl Stream<Item = Bytes> + Send + Unpin + use<> {
        let options = Options { start, bookmarks: true, lasts: Duration::from_hours(1) };
        self.watch_with(Watch { resource, selection, options, representation: Representation::Object })
    }

    pub(super) fn watch_with(&self, watch: Watch) -> impl Stream<Item = Bytes> + Send + Unpin + use<> {
        Box::pin(self.events.watch(watch))
    }
}

pub(super) fn stream(id: &str) -> StreamId {
    id.parse().unwrap()
}

pub(super) fn digest(of: &str) -> Digest {
    Algorithm::Sha256.digest(of.as_bytes())
}

/// The events in a piece of an answer.
pub(super) fn parse(piece: &Bytes) -> Vec<Value> {
    assert!(piece.ends_with(b"\n"), "events are handed on whole");
    let lines = piece.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
}

/// The next so many events of a watch, and those that came along with the last one.
pub(super) async fn take(watch: &mut (impl Stream<Item = Bytes> + Unpin), count: usize) -> Vec<Value> {
    let mut events = Vec::new();
    while events.len() < count {
        let piece = tokio::time::timeout(PATIENCE, watch.next()).await.expect("an event is missing");
        events.extend(parse(&piece.expect("the watch has ended")));
    }
    events
}

/// Type, name and revision of an event.
pub(super) fn brief(event: &Value) -> (String, String, u64) {
    let metadata = &event["object"]["metadata"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&event["type"]), text(&metadata["name"]), version(event))
}

/// The revision that an event shows.
pub(super) fn version(event: &Value) -> u64 {
    event["object"]["metadata"]["resourceVersion"].as_str().unwrap_or_default().parse().unwrap_or_default()
}

/// What a commit does to a stream.
#[derive(Debug, Clone)]
pub(super) enum What {
    /// Makes it where it does not exist, and sets its labels.
    Label(BTreeMap<String, String>),
    /// Makes it where it does not exist, and gives a tag an image.
    Push { tag: Tag, image: Digest },
    /// Sets a spec tag, or takes it away.
    Spec { tag: Tag, spec: Option<SpecTag> },
    /// Deletes a tag.
    Untag(Tag),
    /// Deletes the stream.
    Delete,
    /// Writes something that nobody watches.
    Elsewhere,
}

struct Write<'a> {
    id: &'a StreamId,
    what: What,
}

impl Decide for Write<'_> {
    type Outcome = ();
    type Error = Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), Error> {
        let id = self.id;
        match &self.what {
            What::Label(labels) => {
                let mut stream = mapping::provision(transaction, id, &id.repository()).await?;
                stream.labels.clone_from(labels);
                transaction.put(&keys::stream(id), &stream)?;
            }
            What::Push { tag, image } => push(transaction, id, tag, image).await?,
            What::Spec { tag, spec } => {
                if transaction.get(&keys::stream(id)).await?.is_none() {
                    return Ok(());
                }
                match spec {
                    Some(spec) => transaction.put(&keys::spec(id, tag), spec)?,
                    None => transaction.delete(&keys::spec(id, tag)),
                }
            }
            What::Untag(tag) => {
                if !history::remove(transaction, id, tag, &Cause::TagDelete, &Actor::anonymous()).await? {
                    return Ok(());
                }
            }
            What::Delete => {
                for key in transaction.keys(&keys::heads_of(id)).await? {
                    let tag: Tag = keys::part(&key, 2).parse().unwrap();
                    history::remove(transaction, id, &tag, &Cause::TagDelete, &Actor::anonymous()).await?;
                }
                for key in transaction.keys(&keys::specs_of(id)).await? {
                    transaction.delete(&keys::spec(id, &keys::part(&key, 2).parse().unwrap()));
                }
                transaction.delete(&keys::stream(id));
                transaction.delete(&keys::touch(id));
                return Ok(());
            }
            What::Elsewhere => {
                return transaction.put(&keys::catalog(&id.repository()), id);
            }
        }
        mapping::touch(transaction, id)
    }
}

async fn push(transaction: &mut Transaction<'_>, id: &StreamId, tag: &Tag, image: &Digest) -> Result<(), Error> {
    let stream = mapping::provision(transaction, id, &id.repository()).await?;
    let now = transaction.now();
    let media_type = "application/vnd.oci.image.manifest.v1+json".parse().unwrap();
    if transaction.get(&keys::image(image)).await?.is_none() {
        let object = json!({"metadata": {"name": image}, "dockerImageMetadata": null});
        let record = ImageRecord {
            uid: uuid::Uuid::new_v4(),
            created: now,
            stream: Some(id.clone()),
            reference: None,
            lacks_config: false,
            object,
        };
        transaction.put(&keys::image(image), &record)?;
    }
    let link = ManifestLink {
        media_type,
        size: 7,
        linked: now,
        origin: Origin::Pushed,
        subject: None,
        children: Vec::new(),
        listed: false,
        deleted_with: None,
    };
    transaction.put(&keys::manifest(id, image), &link)?;
    let to = Move {
        created: None,
        reference: PullSpec::Own { stream: id.clone(), digest: image.clone() },
        image: Some(image.clone()),
        generation: stream.generation,
        manifest: None,
        cause: Cause::Push,
        actor: Actor::anonymous(),
    };
    history::advance(transaction, id, tag, &to).await.map(drop)
}
