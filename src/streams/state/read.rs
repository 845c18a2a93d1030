//! Reading states: one scan a family.

use std::collections::BTreeMap;

use weir_storage::{Entry, Revision};

use super::{StreamState, TagState};
use crate::oci::{StreamId, Tag};
use crate::records::{Error, Past, Records, Span, TagHead, keys};
use crate::streams::history;

/// The families of keys that a state is made of.
pub(crate) const FAMILIES: &[&str] = &["stream", "touch", "spec", "head", "condition"];

/// Which streams.
#[derive(Debug, Clone, Copy)]
pub(crate) enum States<'a> {
    /// All of them.
    All,
    /// Those of a namespace.
    Namespace(&'a str),
    /// This one.
    One(&'a StreamId),
}

impl States<'_> {
    fn spans(self) -> [Span; 5] {
        let namespace = match self {
            Self::All => None,
            Self::Namespace(namespace) => Some(namespace),
            Self::One(id) => {
                return [
                    Span::key(&keys::stream(id)),
                    Span::key(&keys::touch(id)),
                    Span::of(&keys::specs_of(id)),
                    Span::of(&keys::heads_of(id)),
                    Span::of(&keys::conditions_of(id)),
                ];
            }
        };
        [
            Span::of(&namespace.map_or_else(keys::streams_all, keys::streams_of)),
            Span::of(&keys::touches_in(namespace)),
            Span::of(&keys::specs_in(namespace)),
            Span::of(&keys::heads_in(namespace)),
            Span::of(&keys::conditions_in(namespace)),
        ]
    }
}

/// The streams from one to another, both included.
fn between(first: &StreamId, last: &StreamId) -> [Span; 5] {
    [
        Span::between(&keys::stream(first), &keys::stream(last)),
        Span::between(&keys::touch(first), &keys::touch(last)),
        Span::prefixes(&keys::specs_of(first), &keys::specs_of(last)),
        Span::prefixes(&keys::heads_of(first), &keys::heads_of(last)),
        Span::prefixes(&keys::conditions_of(first), &keys::conditions_of(last)),
    ]
}

/// The states of all streams from one to another, both included.
pub(crate) async fn read_between(
    records: &Records,
    first: &StreamId,
    last: &StreamId,
    items: usize,
) -> Result<(Vec<StreamState>, Revision), Error> {
    let snapshot = records.snapshot(between(first, last)).await?;
    Ok((collect(records, snapshot.ranges, items).await?, snapshot.revision))
}

/// The states of streams, by namespace and name, with the revision that they show. Of each tag at most `items` are read.
pub(crate) async fn read(
    records: &Records,
    which: States<'_>,
    items: usize,
) -> Result<(Vec<StreamState>, Revision), Error> {
    let snapshot = records.snapshot(which.spans()).await?;
    Ok((collect(records, snapshot.ranges, items).await?, snapshot.revision))
}

/// The state of a stream with one of its tags, of which only the top item is read; the other tags are left out.
pub(crate) async fn read_tag(records: &Records, id: &StreamId, tag: &Tag) -> Result<Option<StreamState>, Error> {
    let spans = [
        Span::key(&keys::stream(id)),
        Span::key(&keys::touch(id)),
        Span::key(&keys::spec(id, tag)),
        Span::key(&keys::head(id, tag)),
        Span::key(&keys::condition(id, tag)),
    ];
    let snapshot = records.snapshot(spans).await?;
    Ok(collect(records, snapshot.ranges, 1).await?.pop())
}

/// The state of a stream as it was.
pub(crate) async fn read_past(
    records: &Records,
    past: &mut Past,
    id: &StreamId,
    at: Revision,
    items: usize,
) -> Result<Option<StreamState>, Error> {
    let ranges = past.read(records, States::One(id).spans(), at).await?;
    Ok(collect(records, ranges, items).await?.pop())
}

async fn collect(records: &Records, ranges: [Vec<Entry>; 5], items: usize) -> Result<Vec<StreamState>, Error> {
    let [streams, touches, specs, heads, conditions] = ranges;
    let mut states = BTreeMap::new();
    for Entry { key, value, .. } in streams {
        let Ok(id) = StreamId::new(keys::part(&key, 0), keys::part(&key, 1)) else { continue };
        let record = records.decode(&key, &value).await?;
        states.insert(id.clone(), StreamState::new(id, record));
    }
    let mut states = Gathering { states, last: None };
    for touch in touches {
        if let Some(state) = states.of(&touch.key) {
            state.touched = touch.revision;
        }
    }
    for Entry { key, value, .. } in specs {
        if let (Some(state), Ok(tag)) = (states.of(&key), keys::part(&key, 2).parse()) {
            state.specs.insert(tag, records.decode(&key, &value).await?);
        }
    }
    for Entry { key, value, .. } in heads {
        let (Some(state), Ok(tag)) = (states.of(&key), keys::part(&key, 2).parse::<Tag>()) else { continue };
        let head: TagHead = records.decode(&key, &value).await?;
        let items = history::items(records, &state.id, &tag, &head, items).await?;
        state.tags.insert(tag, TagState { head, items });
    }
    for Entry { key, value, .. } in conditions {
        if let (Some(state), Ok(tag)) = (states.of(&key), keys::part(&key, 2).parse()) {
            state.conditions.insert(tag, records.decode(&key, &value).await?);
        }
    }
    Ok(states.states.into_values().collect())
}

/// States that are being put together from keys that come in their order.
struct Gathering {
    states: BTreeMap<StreamId, StreamState>,
    /// The stream of the last key: mostly that of the next, too.
    last: Option<StreamId>,
}

impl Gathering {
    /// The state that a key belongs to. A stream that is gone may have left keys behind.
    fn of(&mut self, key: &[u8]) -> Option<&mut StreamState> {
        let (namespace, name) = (keys::part(key, 0), keys::part(key, 1));
        if !self.last.as_ref().is_some_and(|last| last.namespace() == namespace && last.name() == name) {
            self.last = StreamId::new(namespace, name).ok();
        }
        self.states.get_mut(self.last.as_ref()?)
    }
}
