//! The task of a fill: from the source to the store.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use tokio::sync::watch;
use tokio::time::Instant;
use weir_storage::{ByteStream, Error, Upload, UploadReader};

use super::fetch::Receiving;
use super::stage::{Fill, FillError, Stage};
use super::{FillSource, Shared, Wanted};
use crate::upstream::UpstreamError;

/// Content up to this size is fetched into memory: nobody would read any of it before its end, and storing it costs less
/// than a file that is synchronised.
const SMALL: u64 = 64 << 10;

/// How long bytes wait for more before they are written for the readers. The first do not wait.
const LINGER: Duration = Duration::from_millis(2);

/// Fetches content, and tells those who follow.
pub(super) async fn run(shared: Arc<Shared>, fill: Arc<Fill>, source: Arc<dyn FillSource>) {
    let mut ending = Ending { shared: &shared, fill: &fill, failed: FillError::GivenUp, outcome: None };
    let began = Instant::now();
    let ended = fetch(&shared, &fill, source).await;
    log(&fill, &ended, began.elapsed());
    match ended {
        Ok(Came::FromSource) => ending.outcome = Some("success"),
        Ok(Came::FromStore) => ending.outcome = Some("here"),
        Err(error) => ending.failed = error,
    }
}

/// Fetches content from its source. Where that has mirrors, and one of them gave what is wrong, they are left out: at once as
/// long as nobody read any of it, and else the next time.
async fn fetch(shared: &Shared, fill: &Fill, source: Arc<dyn FillSource>) -> Result<Came, FillError> {
    let digest = &fill.wanted.digest;
    let itself = source.without_mirrors();
    let first = itself.clone().filter(|_| shared.distrusted.holds(digest)).unwrap_or(source);
    let ended = Work { shared, fill, source: &*first }.fetch().await;
    match (ended, itself) {
        (Err(FillError::Upstream { error: UpstreamError::Integrity(error), .. }), Some(itself))
            if !shared.distrusted.holds(digest) =>
        {
            tracing::warn!(
                blob.digest = %digest,
                upstream.repository = %fill.from,
                "Leaves out the mirrors of {} for {digest}, after: {error}",
                fill.from
            );
            shared.distrusted.add(digest);
            if fill.is_unread() {
                return Work { shared, fill, source: &*itself }.fetch().await;
            }
            Err(fill.error(UpstreamError::Integrity(error)))
        }
        (ended, _) => ended,
    }
}

fn log(fill: &Fill, ended: &Result<Came, FillError>, took: Duration) {
    let (digest, size, from) = (&fill.wanted.digest, fill.wanted.size, &fill.from);
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    match ended {
        Ok(Came::FromStore) => {}
        Ok(Came::FromSource) => tracing::info!(
            blob.digest = %digest,
            size_bytes = size,
            duration_ms,
            upstream.repository = %from,
            "Fetched {digest}, {size} bytes, from {from} in {duration_ms} ms"
        ),
        Err(error) => tracing::warn!(
            blob.digest = %digest,
            size_bytes = size,
            duration_ms,
            upstream.repository = %from,
            %error,
            "Gave up fetching {digest} from {from}: {error}"
        ),
    }
}

/// Takes the fill out of the table, and then tells those who wait that nothing comes any more, if that is so: whoever comes
/// after that starts a new one. It does so however the task ends.
struct Ending<'a> {
    shared: &'a Shared,
    fill: &'a Fill,
    failed: FillError,
    /// The word for it in metrics, where it did not fail.
    outcome: Option<&'static str>,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.shared.remove(self.fill);
        self.shared.metrics.fills.end(self.outcome.unwrap_or_else(|| self.failed.outcome()));
        self.fill.stage.send_if_modified(|stage| {
            let over = matches!(stage, Stage::Verified(_) | Stage::Here);
            if !over {
                *stage = Stage::Failed(self.failed.clone());
            }
            !over
        });
        self.fill.over.cancel();
    }
}

/// Where content came from in the end.
enum Came {
    FromStore,
    FromSource,
}

struct Work<'a> {
    shared: &'a Shared,
    fill: &'a Fill,
    source: &'a dyn FillSource,
}

impl Work<'_> {
    async fn fetch(&self) -> Result<Came, FillError> {
        // An earlier fill, or a push, may have brought it since it was looked for.
        if self.shared.blobs.size(&self.fill.wanted.digest).await?.is_some() {
            self.fill.stage.send_replace(Stage::Here);
            return Ok(Came::FromStore);
        }
        let size = self.fill.wanted.size;
        let receiving = Receiving::new(self.source, self.shared, size);
        if size <= SMALL { self.by_memory(receiving).await } else { self.by_session(receiving).await }?;
        Ok(Came::FromSource)
    }

    async fn by_memory(&self, mut receiving: Receiving<'_>) -> Result<(), FillError> {
        let digest = &self.fill.wanted.digest;
        let content = self.unless_given_up(async {
            let mut content = BytesMut::new();
            while let Some(chunk) = receiving.next().await.map_err(|error| self.fill.error(error))? {
                content.extend_from_slice(&chunk);
            }
            Ok(content.freeze())
        });
        let content = content.await?;
        self.verify(&digest.algorithm().digest(&content))?;
        self.fill.stage.send_replace(Stage::Verified(Arc::new(InMemory::new(content.clone()))));
        if self.source.stays() {
            self.shared.blobs.put(digest, content).await?;
        } else {
            self.shared.blobs.put_cached(digest, content).await?;
        }
        Ok(())
    }

    async fn by_session(&self, mut receiving: Receiving<'_>) -> Result<(), FillError> {
        let digest = &self.fill.wanted.digest;
        // The source is asked while the session is set up: the first byte waits for the slower of the two.
        let first = async { receiving.next().await.map_err(|error| self.fill.error(error)) };
        let (first, begun) = tokio::join!(self.unless_given_up(first), self.begin());
        let (mut upload, content) = begun?;
        let received = async { self.receive(&mut *upload, &content, first?, receiving).await };
        match self.unless_given_up(received).await {
            Ok(()) => {
                self.fill.stage.send_replace(Stage::Verified(content));
                if self.source.stays() { upload.commit(digest).await } else { upload.commit_cached(digest).await }?;
                Ok(())
            }
            Err(error) => {
                if let Err(error) = upload.cancel().await {
                    tracing::warn!(%error, "Failed to remove what had come of {digest}: {error}");
                }
                Err(error)
            }
        }
    }

    /// Begins the session, which nothing stops half-way: one that is not followed yet would be kept.
    async fn begin(&self) -> Result<(Box<dyn Upload>, Arc<dyn UploadReader>), FillError> {
        let Wanted { digest, size } = &self.fill.wanted;
        let mut upload = self.shared.blobs.begin(&format!("fill {digest}"), digest.algorithm()).await?;
        upload.expect(*size);
        match upload.follow().await {
            Ok(content) => Ok((upload, content)),
            Err(error) => {
                upload.cancel().await?;
                Err(error.into())
            }
        }
    }

    /// Does work that ends early when the server stops, or when nobody has followed for too long.
    async fn unless_given_up<T>(&self, work: impl Future<Output = Result<T, FillError>>) -> Result<T, FillError> {
        tokio::select! {
            done = work => done,
            () = self.shared.stop.cancelled() => Err(FillError::GivenUp),
            () = self.fill.abandoned(self.shared.settings.grace) => Err(FillError::GivenUp),
        }
    }

    /// Receives all of the content, and verifies it.
    async fn receive(
        &self,
        upload: &mut dyn Upload,
        content: &Arc<dyn UploadReader>,
        first: Option<Bytes>,
        mut receiving: Receiving<'_>,
    ) -> Result<(), FillError> {
        let mut written = Written::default();
        let mut next = first;
        while let Some(chunk) = next {
            upload.append(chunk).await?;
            if written.appended() {
                upload.flush().await?;
                written.flushed();
                self.fill.stage.send_replace(Stage::Arriving(Arc::clone(content)));
            }
            next = self.next(upload, &mut receiving, &mut written).await?;
        }
        self.verify(&upload.digest().await?)
    }

    /// The next bytes. While none come, those before are written for the readers.
    async fn next(
        &self,
        upload: &mut dyn Upload,
        receiving: &mut Receiving<'_>,
        written: &mut Written,
    ) -> Result<Option<Bytes>, FillError> {
        let next = receiving.next();
        tokio::pin!(next);
        if let Some(due) = written.due {
            tokio::select! {
                biased;
                chunk = &mut next => return chunk.map_err(|error| self.fill.error(error)),
                () = tokio::time::sleep_until(due) => {}
            }
            upload.flush().await?;
            written.flushed();
        }
        next.await.map_err(|error| self.fill.error(error))
    }

    fn verify(&self, actual: &weir_storage::Digest) -> Result<(), FillError> {
        let digest = &self.fill.wanted.digest;
        if actual == digest {
            return Ok(());
        }
        let wrong = format!("content does not match digest {digest}, it has {actual}");
        Err(self.fill.error(UpstreamError::Integrity(wrong)))
    }
}

/// What was written for the readers.
#[derive(Default)]
struct Written {
    any: bool,
    /// When what was not written is to be; `None` where all is.
    due: Option<Instant>,
}

impl Written {
    /// Bytes were appended; whether they are to be written at once, as the first are.
    fn appended(&mut self) -> bool {
        self.due.get_or_insert_with(|| Instant::now() + LINGER);
        !self.any
    }

    fn flushed(&mut self) {
        self.any = true;
        self.due = None;
    }
}

/// Small content, all of which is there.
#[derive(Debug)]
struct InMemory {
    content: Bytes,
    readable: watch::Sender<u64>,
}

impl InMemory {
    fn new(content: Bytes) -> Self {
        let readable = watch::Sender::new(content.len() as u64);
        Self { content, readable }
    }
}

impl UploadReader for InMemory {
    fn readable(&self) -> watch::Receiver<u64> {
        self.readable.subscribe()
    }

    fn stream(&self, range: Range<u64>) -> ByteStream {
        let size = self.content.len() as u64;
        let outside = Error::RangeOutside { start: range.start, end: range.end, size };
        let part = match (usize::try_from(range.start), usize::try_from(range.end)) {
            (Ok(start), Ok(end)) if start <= end && end <= self.content.len() => Ok(self.content.slice(start..end)),
            _ => Err(outside),
        };
        Box::pin(stream::once(std::future::ready(part)))
    }
}
