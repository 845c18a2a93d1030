//! What a tag meant, revision by revision, and which of these a rollback means.

use std::collections::BTreeMap;

use weir_storage::Digest;

use super::{RollbackRefusal, Target};
use crate::oci::{StreamId, Tag};
use crate::records::{Error, Item, LogEntry, LogKind, Moment, Records, TaggedManifest};
use crate::streams::algorithm;
use crate::streams::history::{self, Deleted};

/// What a tag meant, from some entry of its log on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) item: Item,
    pub(super) manifest: Option<TaggedManifest>,
}

impl Meaning {
    /// Whether both are the same image from the same place.
    pub(super) fn is(&self, item: &Item) -> bool {
        self.item.image == item.image && self.item.reference == item.reference
    }
}

/// A tag's log as what the tag meant, and when.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// The oldest first; `None` while the tag was deleted.
    states: Vec<(Moment, Option<Meaning>)>,
    /// What its deletion took, where it is deleted now.
    pub(super) deleted: Option<Deleted>,
}

/// How many entries of a log are read at once.
const PAGE: usize = 1024;

impl Log {
    /// Reads a log from its end. The cost is that of the whole history of one tag.
    pub(super) async fn read(records: &Records, id: &StreamId, tag: &Tag) -> Result<Self, Error> {
        let mut entries: Vec<(u64, LogEntry)> = Vec::new();
        let mut before = u64::MAX;
        loop {
            let page = history::entries(records, id, tag, 0, before, PAGE).await?;
            let full = page.len() == PAGE;
            before = page.last().map_or(0, |(oldest, _)| *oldest);
            entries.extend(page);
            if !full {
                break;
            }
        }
        let mut log = Self::default();
        for (_, entry) in entries.into_iter().rev() {
            log.add(entry);
        }
        Ok(log)
    }

    /// Adds an entry that is newer than all so far.
    fn add(&mut self, entry: LogEntry) {
        let state = match entry.kind {
            LogKind::Event { item, manifest } | LogKind::Restoration { item, manifest } => {
                self.deleted = None;
                Some(Meaning { item, manifest })
            }
            LogKind::Amendment { amendment, manifest } => {
                let Some((_, Some(last))) = self.states.last() else { return };
                let manifest = if amendment.image.is_some() { manifest } else { last.manifest.clone() };
                Some(Meaning { item: algorithm::amended(&last.item, &amendment), manifest })
            }
            LogKind::Deletion { item, manifest, taken } => {
                self.deleted = taken.map(|taken| Deleted { item, manifest, taken: *taken });
                None
            }
            LogKind::Trim { .. } => return,
        };
        self.states.push((entry.at, state));
    }

    /// What the tag meant, the newest first, each once in a row.
    fn meanings(&self) -> Vec<&Meaning> {
        let mut meanings: Vec<&Meaning> = self.states.iter().rev().filter_map(|(_, state)| state.as_ref()).collect();
        meanings.dedup_by(|later, earlier| later.is(&earlier.item));
        meanings
    }

    /// Whether the tag is deleted now.
    fn is_deleted(&self) -> bool {
        self.states.last().is_some_and(|(_, state)| state.is_none())
    }

    /// What the tag meant at a target.
    pub(super) fn find(&self, id: &StreamId, tag: &Tag, to: &Target) -> Result<Meaning, RollbackRefusal> {
        if self.states.is_empty() {
            return Err(RollbackRefusal::NoHistory { stream: id.clone(), tag: tag.clone() });
        }
        match to {
            Target::Steps(steps) => self.steps(*steps),
            Target::Image(wanted) => self.image(wanted),
            Target::Time(time) => self.at(*time),
        }
    }

    fn steps(&self, steps: usize) -> Result<Meaning, RollbackRefusal> {
        let meanings = self.meanings();
        // What a live tag means now is no revision back.
        let now = usize::from(!self.is_deleted());
        let index = steps.saturating_add(now).checked_sub(1).filter(|_| steps > 0);
        let available = meanings.len().saturating_sub(now);
        let found = index.and_then(|index| meanings.get(index));
        found.map(|found| (*found).clone()).ok_or(RollbackRefusal::TooFar { wanted: steps, available })
    }

    fn image(&self, wanted: &str) -> Result<Meaning, RollbackRefusal> {
        let mut found: BTreeMap<&Digest, &Meaning> = BTreeMap::new();
        for meaning in self.meanings() {
            if let Some(image) = meaning.item.image.as_ref().filter(|image| algorithm::image_matches(image, wanted)) {
                found.entry(image).or_insert(meaning);
            }
        }
        if found.len() > 1 {
            let images = found.into_keys().cloned().collect();
            return Err(RollbackRefusal::Ambiguous { id: wanted.to_owned(), images });
        }
        let only = found.into_values().next();
        only.cloned().ok_or_else(|| RollbackRefusal::UnknownImage(wanted.to_owned()))
    }

    fn at(&self, time: Moment) -> Result<Meaning, RollbackRefusal> {
        let state = self.states.iter().rev().find(|(at, _)| *at <= time);
        state.and_then(|(_, state)| state.clone()).ok_or(RollbackRefusal::NothingThen(time))
    }
}
