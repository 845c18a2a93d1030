//! What a change of the store makes of a state.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use weir_storage::{ChangedKey, Revision};

use super::{StreamState, TagState};
use crate::oci::{StreamId, Tag};
use crate::records::{Error, LogEntry, Records, TagHead, keys};
use crate::streams::history;

/// The keys of one stream that a commit changed, sorted.
#[derive(Debug)]
pub(crate) struct StreamChange<'a> {
    pub(crate) id: &'a StreamId,
    pub(crate) revision: Revision,
    pub(crate) keys: Vec<&'a ChangedKey>,
}

impl StreamState {
    /// The state after a change, where `state` is the one right before it, with at most `items` of each tag.
    pub(crate) async fn changed(
        state: Option<Self>,
        change: &StreamChange<'_>,
        records: &Records,
        items: usize,
    ) -> Result<Option<Self>, Error> {
        let Some(mut state) = Self::described(state, change, records).await? else { return Ok(None) };
        let mut log: BTreeMap<Tag, Vec<(u64, LogEntry)>> = BTreeMap::new();
        let mut heads: Vec<(Tag, Option<TagHead>)> = Vec::new();
        for changed in &change.keys {
            match keys::family(&changed.key) {
                b"touch" => state.touched = change.revision,
                b"spec" => {
                    let Ok(tag) = keys::part(&changed.key, 2).parse() else { continue };
                    match after(records, changed).await? {
                        Some(spec) => _ = state.specs.insert(tag, spec),
                        None => _ = state.specs.remove(&tag),
                    }
                }
                b"condition" => {
                    let Ok(tag) = keys::part(&changed.key, 2).parse() else { continue };
                    match after(records, changed).await? {
                        Some(condition) => _ = state.conditions.insert(tag, condition),
                        None => _ = state.conditions.remove(&tag),
                    }
                }
                b"head" => {
                    let Ok(tag) = keys::part(&changed.key, 2).parse() else { continue };
                    heads.push((tag, after(records, changed).await?));
                }
                b"log" => {
                    let Ok(tag) = keys::part(&changed.key, 2).parse() else { continue };
                    let entry = after(records, changed).await?;
                    let sequence = keys::sequence(&changed.key);
                    log.entry(tag).or_default().extend(entry.map(|entry| (sequence, entry)));
                }
                _ => {}
            }
        }
        for (tag, head) in heads {
            let entries = log.remove(&tag).unwrap_or_default();
            state.tag_changed(records, tag, head, &entries, items).await?;
        }
        Ok(Some(state))
    }

    /// What a change may touch of this state, which is the one right before it: all of it where the stream itself
    /// changes, or else only those of its tags that do.
    pub(crate) fn part(&self, change: &StreamChange<'_>) -> Self {
        if change.keys.iter().any(|changed| keys::family(&changed.key) == b"stream") {
            return self.clone();
        }
        let mut part = Self { touched: self.touched, ..Self::new(self.id.clone(), self.record.clone()) };
        let tags =
            change.keys.iter().filter(|changed| matches!(keys::family(&changed.key), b"head" | b"spec" | b"condition"));
        for tag in tags.filter_map(|changed| keys::part(&changed.key, 2).parse::<Tag>().ok()) {
            if let Some(spec) = self.specs.get(&tag) {
                part.specs.insert(tag.clone(), spec.clone());
            }
            if let Some(condition) = self.conditions.get(&tag) {
                part.conditions.insert(tag.clone(), condition.clone());
            }
            if let Some(found) = self.tags.get(&tag) {
                part.tags.insert(tag, found.clone());
            }
        }
        part
    }

    /// The state with the stream's own record after a change; `None` where there is no stream then.
    async fn described(
        state: Option<Self>,
        change: &StreamChange<'_>,
        records: &Records,
    ) -> Result<Option<Self>, Error> {
        let Some(changed) = change.keys.iter().find(|changed| keys::family(&changed.key) == b"stream") else {
            return Ok(state);
        };
        let Some(record) = after(records, changed).await? else { return Ok(None) };
        Ok(Some(match state {
            Some(state) => Self { record, ..state },
            None => Self::new(change.id.clone(), record),
        }))
    }

    /// The tag after a change, with items that follow from those before it where they can.
    async fn tag_changed(
        &mut self,
        records: &Records,
        tag: Tag,
        head: Option<TagHead>,
        entries: &[(u64, LogEntry)],
        items: usize,
    ) -> Result<(), Error> {
        let before = self.tags.remove(&tag);
        let Some(head) = head else { return Ok(()) };
        let known = match before {
            Some(before) if before.head.since == head.since => Some(before.items),
            // Its first entry is among these.
            _ if entries.iter().any(|(sequence, _)| *sequence == head.since) => Some(Vec::new()),
            _ => None,
        };
        let mut entries = entries.iter().filter(|(sequence, _)| *sequence >= head.since);
        let followed = known.and_then(|mut known| {
            let followed = entries.all(|(_, entry)| history::newer(&mut known, entry));
            known.truncate(items);
            followed.then_some(known)
        });
        let items = match followed {
            Some(items) => items,
            // Nothing in a log changes: up to the head, it reads as it did then.
            None => history::items(records, &self.id, &tag, &head, items).await?,
        };
        self.tags.insert(tag, TagState { head, items });
        Ok(())
    }
}

async fn after<R: DeserializeOwned>(records: &Records, changed: &ChangedKey) -> Result<Option<R>, Error> {
    match &changed.after {
        Some(value) => records.decode(&changed.key, value).await.map(Some),
        None => Ok(None),
    }
}
