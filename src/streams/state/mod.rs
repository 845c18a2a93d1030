//! All that an image stream shows, as of one revision.
//!
//! A stream is many records. [`read()`] takes those of one stream, of a namespace or of all, each family in one scan and all
//! as of one revision; [`Past`](crate::records::Past) takes them as they were. [`StreamState::changed`] carries a state
//! over a change of the store. What is made of a state, [`View`](super::view::View) knows.

mod change;
mod read;

use std::collections::BTreeMap;

use weir_storage::Revision;

use crate::oci::{StreamId, Tag};
use crate::records::{ImportCondition, Item, SpecTag, Stream, TagHead};

pub(crate) use change::StreamChange;
pub(crate) use read::{FAMILIES, States, read, read_between, read_past, read_tag};

/// How many items of a tag a stream shows where it stands alone. The whole log is read as the tag's history.
pub(crate) const ITEMS: usize = 1000;

/// How many items of a tag a stream shows in lists and watches, at most.
///
/// What one push tells its watchers must not grow with what was pushed before it. Whoever keeps revisions for a reason,
/// as pruners of clusters do, keeps three to five.
pub(crate) const LISTED_ITEMS: usize = 5;

/// How many items of a tag are read for that: one more, to know whether there are more.
pub(crate) const LISTED_READ: usize = LISTED_ITEMS + 1;

/// How many items it shows there in all: of a stream with more tags than that, the newest item of each.
const LISTED_IN_ALL: usize = 1000;

/// A stream with its tags.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StreamState {
    pub(crate) id: StreamId,
    /// The last change of anything in it.
    pub(crate) touched: Revision,
    pub(crate) record: Stream,
    pub(crate) specs: BTreeMap<Tag, SpecTag>,
    pub(crate) tags: BTreeMap<Tag, TagState>,
    /// Tags whose last import failed, be it that they mean something or not.
    pub(crate) conditions: BTreeMap<Tag, ImportCondition>,
}

/// A tag that means something.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TagState {
    pub(crate) head: TagHead,
    /// The newest first, as many as were asked for.
    pub(crate) items: Vec<Item>,
}

impl StreamState {
    fn new(id: StreamId, record: Stream) -> Self {
        let (specs, tags, conditions) = Default::default();
        Self { id, touched: Revision::ZERO, record, specs, tags, conditions }
    }

    /// How many items of each tag are shown in lists and watches.
    pub(crate) fn listed_items(&self) -> usize {
        LISTED_IN_ALL.checked_div(self.tags.len()).unwrap_or(LISTED_ITEMS).clamp(1, LISTED_ITEMS)
    }

    /// About how much memory it takes, counted in items.
    pub(crate) fn weight(&self) -> usize {
        let items: usize = self.tags.values().map(|tag| 1 + tag.items.len()).sum();
        1 + self.specs.len() + self.conditions.len() + items
    }
}
