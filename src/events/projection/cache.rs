//! The states of streams that changed lately.

use std::collections::{BTreeMap, HashMap};

use weir_storage::{Change, ChangedKey, Revision};

use super::Source;
use crate::oci::StreamId;
use crate::records::{Error, Past, keys};
use crate::streams::state::{self, StreamChange, StreamState};

/// So many items of states are kept: of small streams some ten thousands, of one with 10,000 tags just that one. An item
/// takes about 300 bytes.
const KEPT: usize = 128 * 1024;

/// States as of the last change that was projected.
///
/// They lie in two generations: when the younger one is full it becomes the older one, which is forgotten. What is used
/// moves to the younger one. That keeps what is used within a bound without any order of use.
#[derive(Debug)]
pub(super) struct States {
    /// How many items of a tag they hold.
    items: usize,
    young: HashMap<StreamId, Option<StreamState>>,
    young_weight: usize,
    old: HashMap<StreamId, Option<StreamState>>,
    past: Past,
}

/// A stream before and after a change.
#[derive(Debug)]
pub(super) struct Step<'a> {
    /// As much of it as the change may touch.
    pub(super) before: Option<StreamState>,
    pub(super) after: Option<StreamState>,
    pub(super) change: StreamChange<'a>,
}

/// What is remembered of a stream; `None` in it where the stream does not exist.
struct Remembered(Option<StreamState>);

impl States {
    /// None yet; changes after `after` are projected. `families` are those that are looked back on, the state's among
    /// them.
    pub(super) fn after(after: Revision, items: usize, families: &'static [&'static str]) -> Self {
        Self { items, young: HashMap::new(), young_weight: 0, old: HashMap::new(), past: Past::after(after, families) }
    }

    pub(super) fn past(&mut self) -> &mut Past {
        &mut self.past
    }

    pub(super) fn past_bytes(&self) -> usize {
        self.past.bytes()
    }

    /// Takes a stream over a change. Its state is kept again once [`keep`](Self::keep) is told so.
    pub(super) async fn step<'a>(&mut self, source: &Source, change: StreamChange<'a>) -> Result<Step<'a>, Error> {
        let state = if let Some(Remembered(state)) = self.take(change.id) {
            state
        } else {
            let at = Revision(change.revision.0.saturating_sub(1));
            state::read_past(&source.records, &mut self.past, change.id, at, self.items).await?
        };
        let before = state.as_ref().map(|state| state.part(&change));
        let after = StreamState::changed(state, &change, &source.records, self.items).await?;
        Ok(Step { before, after, change })
    }

    fn take(&mut self, id: &StreamId) -> Option<Remembered> {
        if let Some(state) = self.young.remove(id) {
            self.young_weight = self.young_weight.saturating_sub(weight(state.as_ref()));
            return Some(Remembered(state));
        }
        self.old.remove(id).map(Remembered)
    }

    /// Keeps the state after a step.
    pub(super) fn keep(&mut self, id: StreamId, state: Option<StreamState>) {
        self.young_weight += weight(state.as_ref());
        self.young.insert(id, state);
        if self.young_weight > KEPT / 2 {
            self.old = std::mem::take(&mut self.young);
            self.young_weight = 0;
        }
    }
}

fn weight(state: Option<&StreamState>) -> usize {
    state.map_or(1, StreamState::weight)
}

/// The keys of a change that make up streams, by stream.
pub(super) fn by_stream(change: &Change) -> BTreeMap<StreamId, Vec<&ChangedKey>> {
    let mut streams: BTreeMap<StreamId, Vec<&ChangedKey>> = BTreeMap::new();
    for changed in &change.keys {
        let family = keys::family(&changed.key);
        if !matches!(family, b"stream" | b"touch" | b"spec" | b"head" | b"log" | b"condition") {
            continue;
        }
        if let Ok(id) = StreamId::new(keys::part(&changed.key, 0), keys::part(&changed.key, 1)) {
            streams.entry(id).or_default().push(changed);
        }
    }
    for keys in streams.values_mut() {
        keys.sort_by(|one, other| one.key.cmp(&other.key));
    }
    streams
}
