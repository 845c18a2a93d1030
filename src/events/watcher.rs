//! One watch: a position in what happened, what it selects, and how it prints.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use serde_json::Value;
use tokio::sync::watch::Receiver;
use tokio::time::{Instant, sleep_until};
use weir_storage::Revision;

use super::channel::Channel;
use super::hub::Shared;
use super::object::{self, Event, EventKind, Object};
use super::options::{Representation, Selection, Start, Watch};
use super::projection::Extent;
use super::replay::{Replay, Replayed, oldest};
use super::ring::Interest;
use crate::records::Error;
use crate::streams::object::{Status, Typed};

/// So many events are read at once, or a few more where they are of one commit.
const BATCH: usize = 256;

/// Events that come together are sent in pieces of about this size, in bytes: what one write takes.
const PIECE: usize = 64 * 1024;

/// How often a watcher is told how far it has come, as kube-apiserver does it.
const BOOKMARK_EVERY: Duration = Duration::from_mins(1);

/// A watch.
pub(super) struct Watcher {
    shared: Arc<Shared>,
    channel: Arc<Channel>,
    interest: Interest,
    news: Receiver<()>,
    watch: Watch,
    phase: Phase,
    /// Everything up to here was told.
    position: Revision,
    /// The commit that it resumes from: what the client has seen of it may be a part.
    resumed: Option<Revision>,
    /// Whether it has read the ring: from then on it is its own fault when it is too slow for it.
    joined: bool,
    ends: Instant,
    bookmark: Instant,
    lines: Lines,
    /// What was printed and not yet sent.
    pieces: VecDeque<Bytes>,
}

enum Phase {
    /// Nothing was told yet.
    Begin,
    /// What is there is told.
    Listing { objects: std::vec::IntoIter<Object>, marked: bool },
    /// What happened before the ring begins is told.
    Replaying(Box<Replay>),
    /// What happens is told.
    Live,
    /// The last was told.
    Over,
}

/// Why a watch ends before its time.
enum End {
    /// What it asks for is no longer here.
    Expired { oldest: Revision },
    /// What is stored cannot be read.
    Failed(Error),
    /// The same, and the projector's log says why.
    Broken,
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// What wakes a watcher.
enum Wake {
    News,
    Bookmark,
    Over,
}

impl Watcher {
    pub(super) fn new(shared: Arc<Shared>, channel: Arc<Channel>, watch: Watch) -> Self {
        let now = Instant::now();
        let Selection { namespace, name, .. } = watch.selection.clone();
        let interest = Interest { namespace, name };
        Self {
            news: channel.listen(&interest),
            interest,
            ends: now + watch.options.lasts,
            bookmark: now + BOOKMARK_EVERY,
            lines: Lines { representation: watch.representation.clone(), begun: false },
            phase: Phase::Begin,
            joined: false,
            // "Now" is when it is asked, not when the answer is first read.
            position: shared.source.records.metadata().revision(),
            resumed: None,
            pieces: VecDeque::new(),
            shared,
            channel,
            watch,
        }
    }

    /// The next piece of the answer; `None` at its end.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(piece) = self.pieces.pop_front() {
                return Some(piece);
            }
            if matches!(self.phase, Phase::Over) {
                return None;
            }
            if self.shared.stop.is_cancelled() || Instant::now() >= self.ends {
                self.finish();
                continue;
            }
            // One who reads fast enough is never made to wait by what is in memory.
            tokio::task::consume_budget().await;
            if let Err(end) = self.step().await {
                self.fail(end);
            }
        }
    }

    async fn step(&mut self) -> Result<(), End> {
        match &mut self.phase {
            Phase::Begin => self.begin().await,
            Phase::Listing { objects, marked } => {
                let marked = *marked;
                let page: Vec<Object> = objects.by_ref().take(BATCH).collect();
                if page.is_empty() {
                    self.phase = Phase::Live;
                    return if marked { self.mark(true) } else { Ok(()) };
                }
                let selection = &self.watch.selection;
                let told = page.iter().filter(|object| selection.selects(&object.traits));
                let told = told.zip(1..).map(|(object, place)| (Revision(place), EventKind::Added, object));
                self.pieces = self.lines.pieces(told)?;
                Ok(())
            }
            Phase::Replaying(replay) => match replay.next(&self.shared, &self.channel).await? {
                Replayed::Events(events) => {
                    self.position = self.position.max(replay.position);
                    self.tell(events.iter())
                }
                Replayed::Done => {
                    self.phase = Phase::Live;
                    Ok(())
                }
                Replayed::Gone => Err(End::Expired { oldest: self.channel.floor() }),
            },
            Phase::Live => self.live().await,
            Phase::Over => Ok(()),
        }
    }

    async fn begin(&mut self) -> Result<(), End> {
        let after = match self.watch.options.start {
            Start::Now => self.position,
            Start::After(after) => {
                self.resumed = Some(after);
                after
            }
            Start::Initial { marked } => {
                let selection = &self.watch.selection;
                let extent = Extent { namespace: selection.namespace.as_deref(), name: selection.name.as_deref() };
                let projection = self.watch.resource.projection(&self.shared.source, Revision::ZERO);
                let (objects, revision) = projection.list(extent).await?;
                self.position = revision;
                self.phase = Phase::Listing { objects: objects.into_iter(), marked };
                return Ok(());
            }
        };
        self.position = after;
        // What the ring no longer has is found out when it is read.
        self.phase = Phase::Live;
        Ok(())
    }

    /// Up to here it has read: the commit that it resumes from is read again.
    fn read(&self) -> Revision {
        match self.resumed {
            Some(resumed) => Revision(resumed.0.saturating_sub(1)),
            None => self.position,
        }
    }

    /// Goes on with what the ring has no longer.
    async fn replay(&mut self) -> Result<(), End> {
        match Replay::begin(&self.shared, self.watch.resource, self.read()).await {
            Some(replay) => self.phase = Phase::Replaying(Box::new(replay)),
            None => return Err(End::Expired { oldest: oldest(&self.shared) }),
        }
        Ok(())
    }

    async fn live(&mut self) -> Result<(), End> {
        self.news.mark_unchanged();
        if self.channel.is_broken() {
            return Err(End::Broken);
        }
        let batch = match self.channel.read(&self.interest, self.read(), BATCH) {
            Ok(batch) => batch,
            Err(_) if !self.joined => return self.replay().await,
            Err(gone) => return Err(End::Expired { oldest: gone.floor }),
        };
        self.joined = true;
        self.position = self.position.max(batch.upto);
        if !batch.events.is_empty() {
            return self.tell(batch.events.iter().map(|event| &**event));
        }
        // Nothing of that commit concerns it. One that is still to come is waited for.
        self.resumed = self.resumed.filter(|resumed| *resumed > batch.upto);
        match self.wait().await {
            Wake::News => Ok(()),
            Wake::Bookmark => self.mark(false),
            Wake::Over => {
                self.finish();
                Ok(())
            }
        }
    }

    async fn wait(&mut self) -> Wake {
        tokio::select! {
            biased;
            () = self.shared.stop.cancelled() => Wake::Over,
            // The channel, which sends the news, is held by this watcher too.
            _ = self.news.changed() => Wake::News,
            () = sleep_until(self.ends) => Wake::Over,
            () = sleep_until(self.bookmark), if self.watch.options.bookmarks => Wake::Bookmark,
        }
    }

    fn tell<'e>(&mut self, events: impl Iterator<Item = &'e Event>) -> Result<(), End> {
        let selection = &self.watch.selection;
        let told = events.filter_map(|event| {
            let (kind, object) = event.happening.seen_by(|traits| selection.selects(traits))?;
            Some((event.revision, kind, object))
        });
        let mut told: Vec<Told<'_>> = told.collect();
        if let Some(resumed) = self.resumed.take()
            && told.iter().take_while(|(commit, ..)| *commit == resumed).count() == 1
        {
            // Who has its revision has seen it.
            told.remove(0);
        }
        self.pieces = self.lines.pieces(told.into_iter())?;
        Ok(())
    }

    /// Tells how far it has come.
    fn mark(&mut self, initial_end: bool) -> Result<(), End> {
        self.bookmark = Instant::now() + BOOKMARK_EVERY;
        if self.watch.options.bookmarks {
            // One whom nothing concerned was not woken, and has come further than it knows. A list is as old as it is.
            if !initial_end
                && let Ok(batch) = self.channel.read(&self.interest, self.position, 1)
                && batch.events.is_empty()
            {
                self.position = batch.upto;
            }
            let object = self.watch.resource.bookmark(self.position, initial_end);
            self.pieces.push_back(self.lines.bookmark(&object)?);
        }
        Ok(())
    }

    /// Ends in good order.
    fn finish(&mut self) {
        let told = matches!(self.phase, Phase::Live);
        self.phase = Phase::Over;
        if told && let Err(end) = self.mark(false) {
            self.fail(end);
        }
    }

    /// Ends with the reason for it.
    fn fail(&mut self, end: End) {
        self.phase = Phase::Over;
        let status = match end {
            End::Expired { oldest } => {
                let message = format!("too old resource version: {} ({oldest})", self.position);
                Status::failure(410, "Expired", message)
            }
            End::Broken => failed(),
            End::Failed(error) => {
                tracing::error!(%error, watch = ?self.watch, "Ended a watch: {error}");
                failed()
            }
        };
        match object::line(EventKind::Error, &Typed::new(status)) {
            Ok(line) => self.pieces.push_back(line),
            Err(error) => tracing::error!(%error, "Failed to print why a watch ended: {error}"),
        }
    }
}

fn failed() -> Status {
    Status::failure(500, "InternalError", "Internal error occurred: the server's log says why")
}

/// The commit of an event, what happened in it, and to what.
type Told<'e> = (Revision, EventKind, &'e Object);

/// Prints events for one watcher.
struct Lines {
    representation: Representation,
    /// Whether an event was told.
    begun: bool,
}

impl Lines {
    /// The lines of events that are told together, each with its commit. Small ones are put together, and the events of
    /// one commit are one piece.
    fn pieces<'e>(&mut self, told: impl Iterator<Item = Told<'e>>) -> Result<VecDeque<Bytes>, Error> {
        let mut pieces = VecDeque::new();
        let mut waiting: Vec<Bytes> = Vec::new();
        let (mut bytes, mut last) = (0, None);
        for (commit, kind, object) in told {
            if bytes >= PIECE && last != Some(commit) {
                pieces.extend(joined(&mut waiting));
                bytes = 0;
            }
            let line = self.line(kind, object)?;
            bytes += line.len();
            waiting.push(line);
            last = Some(commit);
        }
        pieces.extend(joined(&mut waiting));
        Ok(pieces)
    }

    fn line(&mut self, kind: EventKind, object: &Object) -> Result<Bytes, Error> {
        let first = !std::mem::replace(&mut self.begun, true);
        match &self.representation {
            Representation::Object => Ok(object.line(kind)),
            Representation::Printed { print, alike } => {
                let line = || object::line(kind, &print(&parse(object)?, first));
                if *alike && !first { object.shared_line(kind, line) } else { line() }
            }
        }
    }

    fn bookmark(&mut self, object: &Value) -> Result<Bytes, Error> {
        let first = !std::mem::replace(&mut self.begun, true);
        match &self.representation {
            Representation::Object => object::line(EventKind::Bookmark, object),
            Representation::Printed { print, .. } => object::line(EventKind::Bookmark, &print(object, first)),
        }
    }
}

/// Lines as one piece; a single one is not copied.
fn joined(lines: &mut Vec<Bytes>) -> Option<Bytes> {
    if lines.len() <= 1 {
        return lines.pop();
    }
    let mut piece = BytesMut::with_capacity(lines.iter().map(Bytes::len).sum());
    lines.drain(..).for_each(|line| piece.extend_from_slice(&line));
    Some(piece.freeze())
}

fn parse(object: &Object) -> Result<Value, Error> {
    serde_json::from_slice(object.json()).map_err(|source| Error::Record { key: "event".into(), source })
}
