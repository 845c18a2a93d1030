//! Fills from a source that does as it is told.

mod failures;
mod measured;
mod reading;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use tempfile::TempDir;
use tokio::sync::watch;
use weir_storage::blob::contract::fresh;
use weir_storage::blob::faulty::FaultyBlobs;
use weir_storage::blob::filesystem::FilesystemBlobs;
use weir_storage::{BlobReader, BlobStore, SystemClock};

use super::{Fetched, FillError, FillSource, Fills, Following, Settings, Wanted};
use crate::oci::{Algorithm, Source};
use crate::telemetry::metrics::Metrics;
use crate::upstream::{FetchedBlob, UpstreamError};

/// Content that is streamed.
const LARGE: usize = 3_000_000;

/// What the source sends at once.
const CHUNK: usize = 10_000;

/// What a source does when it is opened.
#[derive(Debug, Clone)]
enum Act {
    /// Sends all.
    Send,
    /// Breaks off at a byte.
    Break(u64),
    /// Ends at a byte, as if that were the end.
    End(u64),
    /// Sends one byte that is wrong.
    Spoil(usize),
    /// States another size, or none.
    State(Option<u64>),
    /// Fails.
    Fail(UpstreamError),
}

/// A source with a script: one act for each time that it is opened, and then it sends all.
#[derive(Debug)]
struct Scripted {
    origin: Source,
    content: Bytes,
    script: Mutex<VecDeque<Act>>,
    /// Where it was opened.
    opened: Mutex<Vec<u64>>,
    /// Up to where it sends for the time being.
    gate: watch::Sender<u64>,
    /// What it is a mirror of.
    mirrored: Option<Arc<Scripted>>,
}

impl Scripted {
    fn new(content: &Bytes, script: impl IntoIterator<Item = Act>) -> Arc<Self> {
        Self::of("upstream.example/team/app", content, script)
    }

    fn of(origin: &str, content: &Bytes, script: impl IntoIterator<Item = Act>) -> Arc<Self> {
        Arc::new(Self {
            origin: Source::of(&origin.parse().unwrap(), false),
            content: content.clone(),
            script: Mutex::new(script.into_iter().collect()),
            opened: Mutex::default(),
            gate: watch::Sender::new(u64::MAX),
            mirrored: None,
        })
    }

    /// The same with another one behind it, of which it is a mirror.
    fn before(self: Arc<Self>, mirrored: &Arc<Self>) -> Arc<Self> {
        let mut source = Arc::into_inner(self).unwrap();
        source.mirrored = Some(Arc::clone(mirrored));
        Arc::new(source)
    }

    /// A source that sends nothing before it is let.
    fn held(content: &Bytes, script: impl IntoIterator<Item = Act>) -> Arc<Self> {
        let source = Self::new(content, script);
        source.up_to(0);
        source
    }

    fn up_to(&self, byte: usize) {
        self.gate.send_replace(byte as u64);
    }

    fn opened(&self) -> Vec<u64> {
        self.opened.lock().unwrap().clone()
    }
}

#[async_trait]
impl FillSource for Scripted {
    fn origin(&self) -> &Source {
        &self.origin
    }

    async fn open(&self, from: u64) -> Result<FetchedBlob, UpstreamError> {
        self.opened.lock().unwrap().push(from);
        let act = self.script.lock().unwrap().pop_front().unwrap_or(Act::Send);
        let mut content = self.content.to_vec();
        let mut size = Some(content.len() as u64);
        let mut last = None;
        match act {
            Act::Send => {}
            Act::Break(at) => {
                content.truncate(usize::try_from(at).unwrap());
                last = Some(Err(broken()));
            }
            Act::End(at) => content.truncate(usize::try_from(at).unwrap()),
            Act::Spoil(at) => content[at] ^= 1,
            Act::State(stated) => size = stated,
            Act::Fail(error) => return Err(error),
        }
        let rest = content.split_off(usize::try_from(from).unwrap().min(content.len()));
        let chunks: Vec<_> = rest.chunks(CHUNK).map(Bytes::copy_from_slice).collect();
        let gate = self.gate.subscribe();
        let mut at = from;
        let passing = stream::iter(chunks).then(move |chunk| {
            let mut gate = gate.clone();
            at += chunk.len() as u64;
            async move {
                gate.wait_for(|open| *open >= at).await.unwrap();
                Ok(chunk)
            }
        });
        Ok(FetchedBlob { size, body: passing.chain(stream::iter(last)).boxed() })
    }

    fn without_mirrors(&self) -> Option<Arc<dyn FillSource>> {
        let mirrored: Arc<dyn FillSource> = self.mirrored.clone()?;
        Some(mirrored)
    }
}

fn broken() -> UpstreamError {
    UpstreamError::Network("the connection broke".to_owned())
}

/// Fills into a store that fails when it is told to.
struct Site {
    fills: Fills,
    blobs: Arc<FaultyBlobs>,
    metrics: Arc<Metrics>,
    folder: TempDir,
}

impl Site {
    fn new() -> Self {
        Self::with_grace(Duration::from_hours(1))
    }

    fn with_grace(grace: Duration) -> Self {
        let folder = TempDir::new().unwrap();
        let (content, uploads) = (folder.path().join("blobs"), folder.path().join("uploads"));
        let blobs = FilesystemBlobs::open(content, uploads, 0, Arc::new(SystemClock)).unwrap();
        let blobs = Arc::new(FaultyBlobs::new(Arc::new(blobs)));
        let settings = Settings { grace, attempts: 3, pause: Duration::from_millis(1) };
        let metrics = Arc::new(Metrics::new());
        Self { fills: Fills::new(blobs.clone(), settings, Arc::clone(&metrics)), blobs, metrics, folder }
    }

    async fn follow(&self, source: &Arc<Scripted>) -> Result<Fetched, FillError> {
        let source: Arc<Scripted> = Arc::clone(source);
        self.fills.follow(&wanted(&source.content), source).await
    }

    async fn following(&self, source: &Arc<Scripted>) -> Following {
        match self.follow(source).await.unwrap() {
            Fetched::Arriving(following) => following,
            Fetched::Here(_) => panic!("it is here"),
        }
    }

    /// Waits until no fill is under way.
    async fn settle(&self) {
        while self.fills.running() > 0 {
            tokio::task::yield_now().await;
        }
    }

    async fn stored(&self, content: &Bytes) -> bool {
        self.blobs.size(&wanted(content).digest).await.unwrap() == Some(content.len() as u64)
    }

    /// What lies among the uploads.
    fn leftovers(&self) -> usize {
        files(&self.folder.path().join("uploads"))
    }
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

fn wanted(content: &Bytes) -> Wanted {
    Wanted { digest: Algorithm::Sha256.digest(content), size: content.len() as u64 }
}

/// All of it, or what came before it broke off.
async fn read(following: &Following) -> (Vec<u8>, Option<String>) {
    collect(following.stream(0..following.size())).await
}

async fn collect(mut chunks: weir_storage::ByteStream) -> (Vec<u8>, Option<String>) {
    let mut content = Vec::new();
    while let Some(chunk) = chunks.next().await {
        match chunk {
            Ok(chunk) => content.extend_from_slice(&chunk),
            Err(error) => return (content, Some(error.to_string())),
        }
    }
    (content, None)
}

async fn read_here(reader: Box<dyn BlobReader>) -> Bytes {
    reader.read(0..reader.size()).await.unwrap()
}
