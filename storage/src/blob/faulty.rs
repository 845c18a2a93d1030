//! A blob store that fails when it is told to, for tests of what callers make of failures.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::sync::watch;

use super::cache::ContentCache;
use super::{BlobReader, BlobStore, ByteStream, Upload, UploadReader};
use crate::{Algorithm, Digest, Error, Result, UploadId};

/// What can be made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlobOperation {
    /// [`BlobStore::size`].
    Size,
    /// [`BlobStore::open`].
    Open,
    /// [`BlobStore::put`] and [`BlobStore::put_cached`].
    Put,
    /// [`BlobStore::keep`].
    Keep,
    /// [`BlobStore::begin`].
    Begin,
    /// [`BlobStore::resume`].
    Resume,
    /// [`BlobStore::sweep_uploads`].
    Sweep,
    /// [`BlobStore::delete`].
    Delete,
    /// [`BlobStore::ready`].
    Ready,
    /// [`BlobReader::read`].
    Read,
    /// One chunk of a [`BlobReader::stream`] or [`UploadReader::stream`]; a failure ends the stream.
    Chunk,
    /// [`Upload::append`].
    Append,
    /// [`Upload::follow`].
    Follow,
    /// [`Upload::flush`].
    Flush,
    /// [`Upload::digest`].
    Digest,
    /// [`Upload::save`].
    Save,
    /// [`Upload::roll_back`].
    RollBack,
    /// [`Upload::commit`] and [`Upload::commit_cached`]; the session goes on as of its last save, unless it is followed.
    Commit,
    /// [`Upload::cancel`]; the session goes on as of its last save.
    Cancel,
}

/// Which operations fail, counted from when the fault is set; the first is number 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlobFault {
    /// The n-th operation of whatever kind.
    Nth(u64),
    /// The n-th operation of one kind.
    NthOf(BlobOperation, u64),
    /// Each operation of one kind.
    Every(BlobOperation),
}

impl BlobFault {
    /// Whether the fault strikes, given how many operations of any kind, and of this one, there were with it.
    fn strikes(self, operation: BlobOperation, any: u64, of_kind: u64) -> bool {
        match self {
            Self::Nth(n) => any == n,
            Self::NthOf(kind, n) => kind == operation && of_kind == n,
            Self::Every(kind) => kind == operation,
        }
    }
}

/// A [`BlobStore`] that hands everything to another one, except where a fault strikes: the operation then fails and
/// the other store never hears of it.
#[derive(Debug)]
pub struct FaultyBlobs {
    inner: Arc<dyn BlobStore>,
    plan: Arc<Plan>,
}

impl FaultyBlobs {
    /// A store without faults yet.
    pub fn new(inner: Arc<dyn BlobStore>) -> Self {
        Self { inner, plan: Arc::default() }
    }

    /// Sets a fault, beside those that are set already. `error` makes the error each time that it strikes.
    pub fn fail(&self, fault: BlobFault, error: impl Fn() -> Error + Send + Sync + 'static) {
        self.plan.faults().push(Set { fault, any: 0, of_kind: 0, error: Box::new(error) });
    }

    /// Takes all faults back.
    pub fn heal(&self) {
        self.plan.faults().clear();
    }
}

/// The faults that are set, shared with readers and uploads.
#[derive(Debug, Default)]
struct Plan(Mutex<Vec<Set>>);

struct Set {
    fault: BlobFault,
    any: u64,
    of_kind: u64,
    error: Box<dyn Fn() -> Error + Send + Sync>,
}

impl fmt::Debug for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(f)
    }
}

impl Plan {
    fn faults(&self) -> MutexGuard<'_, Vec<Set>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an operation, which fails where a fault strikes.
    fn pass(&self, operation: BlobOperation) -> Result<()> {
        let mut answer = Ok(());
        for set in self.faults().iter_mut() {
            set.any = set.any.saturating_add(1);
            if matches!(set.fault, BlobFault::NthOf(kind, _) if kind == operation) {
                set.of_kind = set.of_kind.saturating_add(1);
            }
            if answer.is_ok() && set.fault.strikes(operation, set.any, set.of_kind) {
                answer = Err((set.error)());
            }
        }
        answer
    }

    fn wrap(self: &Arc<Self>, inner: Box<dyn Upload>) -> Box<dyn Upload> {
        Box::new(FaultyUpload { inner, plan: Arc::clone(self), followed: false })
    }

    /// After an error there is nothing more, as in any other stream of content.
    fn wrap_stream(self: &Arc<Self>, chunks: ByteStream) -> ByteStream {
        let plan = Arc::clone(self);
        Box::pin(chunks.scan(false, move |failed, chunk| {
            let chunk = chunk.and_then(|bytes| plan.pass(BlobOperation::Chunk).map(|()| bytes));
            let ended = std::mem::replace(failed, chunk.is_err());
            std::future::ready(Some(chunk).filter(|_| !ended))
        }))
    }
}

#[async_trait]
impl BlobStore for FaultyBlobs {
    async fn size(&self, digest: &Digest) -> Result<Option<u64>> {
        self.plan.pass(BlobOperation::Size)?;
        self.inner.size(digest).await
    }

    async fn open(&self, digest: &Digest) -> Result<Box<dyn BlobReader>> {
        self.plan.pass(BlobOperation::Open)?;
        let inner = self.inner.open(digest).await?;
        Ok(Box::new(FaultyReader { inner, plan: Arc::clone(&self.plan) }))
    }

    async fn put(&self, digest: &Digest, content: Bytes) -> Result<()> {
        self.plan.pass(BlobOperation::Put)?;
        self.inner.put(digest, content).await
    }

    async fn put_cached(&self, digest: &Digest, content: Bytes) -> Result<()> {
        self.plan.pass(BlobOperation::Put)?;
        self.inner.put_cached(digest, content).await
    }

    async fn keep(&self, digest: &Digest) -> Result<Option<u64>> {
        self.plan.pass(BlobOperation::Keep)?;
        self.inner.keep(digest).await
    }

    fn cache(&self) -> Option<&dyn ContentCache> {
        self.inner.cache()
    }

    async fn begin(&self, label: &str, algorithm: Algorithm) -> Result<Box<dyn Upload>> {
        self.plan.pass(BlobOperation::Begin)?;
        Ok(self.plan.wrap(self.inner.begin(label, algorithm).await?))
    }

    async fn resume(&self, id: UploadId) -> Result<Box<dyn Upload>> {
        self.plan.pass(BlobOperation::Resume)?;
        Ok(self.plan.wrap(self.inner.resume(id).await?))
    }

    async fn sweep_uploads(&self, idle_since: SystemTime) -> Result<usize> {
        self.plan.pass(BlobOperation::Sweep)?;
        self.inner.sweep_uploads(idle_since).await
    }

    async fn delete(&self, digest: &Digest) -> Result<()> {
        self.plan.pass(BlobOperation::Delete)?;
        self.inner.delete(digest).await
    }

    async fn close(&self) -> Result<()> {
        self.inner.close().await
    }

    async fn ready(&self) -> Result<()> {
        self.plan.pass(BlobOperation::Ready)?;
        self.inner.ready().await
    }
}

struct FaultyReader {
    inner: Box<dyn BlobReader>,
    plan: Arc<Plan>,
}

#[async_trait]
impl BlobReader for FaultyReader {
    fn size(&self) -> u64 {
        self.inner.size()
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes> {
        self.plan.pass(BlobOperation::Read)?;
        self.inner.read(range).await
    }

    fn stream(&self, range: Range<u64>) -> ByteStream {
        self.plan.wrap_stream(self.inner.stream(range))
    }
}

#[derive(Debug)]
struct FaultyFollower {
    inner: Arc<dyn UploadReader>,
    plan: Arc<Plan>,
}

impl UploadReader for FaultyFollower {
    fn readable(&self) -> watch::Receiver<u64> {
        self.inner.readable()
    }

    fn stream(&self, range: Range<u64>) -> ByteStream {
        self.plan.wrap_stream(self.inner.stream(range))
    }
}

struct FaultyUpload {
    inner: Box<dyn Upload>,
    plan: Arc<Plan>,
    followed: bool,
}

impl FaultyUpload {
    async fn begin_commit(&mut self) -> Result<()> {
        match self.plan.pass(BlobOperation::Commit) {
            Err(error) => {
                if !self.followed {
                    self.inner.roll_back().await?;
                }
                Err(error)
            }
            Ok(()) => Ok(()),
        }
    }
}

#[async_trait]
impl Upload for FaultyUpload {
    fn id(&self) -> UploadId {
        self.inner.id()
    }

    fn label(&self) -> &str {
        self.inner.label()
    }

    fn offset(&self) -> u64 {
        self.inner.offset()
    }

    fn expect(&mut self, bytes: u64) {
        self.inner.expect(bytes);
    }

    async fn append(&mut self, content: Bytes) -> Result<()> {
        self.plan.pass(BlobOperation::Append)?;
        self.inner.append(content).await
    }

    async fn follow(&mut self) -> Result<Arc<dyn UploadReader>> {
        self.plan.pass(BlobOperation::Follow)?;
        let inner = self.inner.follow().await?;
        self.followed = true;
        Ok(Arc::new(FaultyFollower { inner, plan: Arc::clone(&self.plan) }))
    }

    async fn flush(&mut self) -> Result<()> {
        self.plan.pass(BlobOperation::Flush)?;
        self.inner.flush().await
    }

    async fn digest(&mut self) -> Result<Digest> {
        self.plan.pass(BlobOperation::Digest)?;
        self.inner.digest().await
    }

    async fn save(&mut self) -> Result<()> {
        self.plan.pass(BlobOperation::Save)?;
        self.inner.save().await
    }

    async fn roll_back(&mut self) -> Result<()> {
        self.plan.pass(BlobOperation::RollBack)?;
        self.inner.roll_back().await
    }

    async fn commit(mut self: Box<Self>, digest: &Digest) -> Result<u64> {
        self.begin_commit().await?;
        self.inner.commit(digest).await
    }

    async fn commit_cached(mut self: Box<Self>, digest: &Digest) -> Result<u64> {
        self.begin_commit().await?;
        self.inner.commit_cached(digest).await
    }

    async fn cancel(self: Box<Self>) -> Result<()> {
        self.plan.pass(BlobOperation::Cancel)?;
        self.inner.cancel().await
    }
}
