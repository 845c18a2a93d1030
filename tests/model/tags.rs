//! The tag algorithm and the log of a tag, plainly.

use super::content::TAGS;

/// Where an image can be pulled from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PullSpec {
    /// An image of a stream of this server.
    Own {
        stream: usize,
        manifest: usize,
    },
    External(String),
}

/// One item of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// In microseconds.
    pub(super) created: i64,
    pub(super) reference: PullSpec,
    pub(super) image: Option<usize>,
    pub(super) generation: i64,
}

/// One entry of a tag's log, as its history shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// In microseconds.
    pub(super) at: i64,
    /// What happened to which manifest; an entry without one is not shown.
    pub(super) shown: Option<(&'static str, usize)>,
    pub(super) generation: i64,
    pub(super) cause: Cause,
}

/// Why a tag moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cause {
    Push,
    Tag(String),
    Tracking(usize),
    TagDelete,
    ManifestDelete,
}

impl Cause {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Tag(_) => "tag",
            Self::Tracking(_) => "tracking",
            Self::TagDelete => "tag-delete",
            Self::ManifestDelete => "manifest-delete",
        }
    }

    pub(super) fn source(&self) -> Option<&str> {
        match self {
            Self::Tag(from) => Some(from),
            Self::Tracking(tag) => Some(TAGS[*tag]),
            Self::Push | Self::TagDelete | Self::ManifestDelete => None,
        }
    }
}

/// What a tag is to mean. Without a time it means that from now on.
#[derive(Debug, Clone)]
pub(super) struct Move {
    pub(super) created: Option<i64>,
    pub(super) reference: PullSpec,
    pub(super) image: Option<usize>,
    pub(super) generation: i64,
    pub(super) cause: Cause,
}

/// A tag: its items since its last deletion, newest first, and all that ever happened to it, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Tag {
    pub(super) items: Vec<Item>,
    pub(super) log: Vec<Entry>,
}

impl Tag {
    pub(super) fn top(&self) -> Option<&Item> {
        self.items.first()
    }

    pub(super) fn image(&self) -> Option<usize> {
        self.top()?.image
    }

    /// No two entries have one time, and none is before the one before it.
    fn next_time(&self, now: i64) -> i64 {
        self.log.last().map_or(now, |last| now.max(last.at + 1))
    }

    /// Puts an item on top, or changes the one there. Returns whether anything changed.
    pub(super) fn advance(&mut self, to: &Move, now: i64) -> bool {
        let at = self.next_time(now);
        let next = Item {
            created: to.created.unwrap_or(at),
            reference: to.reference.clone(),
            image: to.image,
            generation: to.generation,
        };
        let mut shown = to.image.map(|image| ("created", image));
        match self.items.first_mut() {
            Some(top) if top.image == next.image && top.reference == next.reference => {
                if top.generation == next.generation {
                    return false;
                }
                top.generation = next.generation;
                shown = None;
            }
            Some(top) if top.image == next.image => {
                *top = Item { created: top.created, ..next };
                shown = None;
            }
            Some(top) if top.reference == next.reference => *top = Item { created: top.created, ..next },
            _ => self.items.insert(0, next),
        }
        self.log.push(Entry { at, shown, generation: to.generation, cause: to.cause.clone() });
        true
    }

    /// Takes the tag away. Returns whether it was there.
    pub(super) fn delete(&mut self, cause: Cause, now: i64) -> bool {
        let Some(top) = self.top().cloned() else { return false };
        let at = self.next_time(now);
        let shown = top.image.map(|image| ("deleted", image));
        self.log.push(Entry { at, shown, generation: top.generation, cause });
        self.items.clear();
        true
    }
}
