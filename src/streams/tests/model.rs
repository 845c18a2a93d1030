//! A plain model of one stream's tags: maps and vectors, and the rules in the order in which a cluster applies them.
//!
//! It shares no code with what it is compared to.

use std::collections::BTreeMap;

/// Where a spec tag points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// At an image that the stream has had.
    Image(usize),
    /// At another tag of the stream.
    Tag(usize),
    /// At the one tag of another stream.
    Elsewhere,
    /// At a pull spec, as a reference only.
    Pointer(usize),
}

/// A spec tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) source: Source,
    pub(super) generation: i64,
}

/// A status item. The pull spec of an image is always the stream's own; without an image it is that of a pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// In seconds.
    pub(super) created: i64,
    pub(super) reference: Result<usize, usize>,
    pub(super) generation: i64,
}

/// An item's image, or the pointer that it is.
fn same_image(a: &Item, b: &Item) -> bool {
    match (a.reference, b.reference) {
        (Ok(a), Ok(b)) => a == b,
        (Err(_), Err(_)) => true,
        _ => false,
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    pub(super) generation: i64,
    pub(super) spec: BTreeMap<usize, Wanted>,
    /// The items of each tag, newest first.
    pub(super) status: BTreeMap<usize, Vec<Item>>,
    /// The item of the other stream's tag, if it was pushed already.
    pub(super) elsewhere: Option<Item>,
}

impl Model {
    pub(super) fn push(&mut self, tag: usize, image: usize, now: i64) {
        let event = Item { created: now, reference: Ok(image), generation: self.generation };
        if self.add_event(tag, event) {
            self.update_trackers(tag);
        }
    }

    /// Sets a spec tag. Returns whether that is allowed; if not, nothing changes.
    pub(super) fn set(&mut self, tag: usize, source: &Source, renew: bool, now: i64) -> bool {
        let old = self.spec.get(&tag).cloned();
        let same_source = old.as_ref().is_some_and(|old| old.source == *source);
        if !same_source && !self.allows(tag, source) {
            return false;
        }
        if same_source && !renew {
            return true;
        }
        self.generation += 1;
        self.spec.insert(tag, Wanted { source: source.clone(), generation: self.generation });
        if same_source {
            return true;
        }
        let generation = self.generation;
        let event = match source {
            Source::Image(image) => Some(Item { created: now, reference: Ok(*image), generation }),
            Source::Pointer(pointer) => Some(Item { created: now, reference: Err(*pointer), generation }),
            Source::Elsewhere => self.elsewhere.clone().map(|item| Item { generation, ..item }),
            Source::Tag(from) => self.top(*from).map(|item| Item { generation, ..item }),
        };
        let Some(event) = event else { return true };
        if self.add_event(tag, event.clone()) {
            self.update_trackers(tag);
        }
        // The item that was read is the source's own, and has the new generation too.
        if let Source::Tag(from) = source
            && self.add_event(*from, event)
        {
            self.update_trackers(*from);
        }
        true
    }

    pub(super) fn forget(&mut self, tag: usize) {
        if self.spec.remove(&tag).is_some() {
            self.generation += 1;
        }
    }

    pub(super) fn delete(&mut self, tag: usize) {
        self.forget(tag);
        self.status.remove(&tag);
    }

    pub(super) fn top(&self, tag: usize) -> Option<Item> {
        self.status.get(&tag)?.first().cloned()
    }

    fn allows(&self, tag: usize, source: &Source) -> bool {
        match source {
            Source::Image(image) => self.status.values().flatten().any(|item| item.reference == Ok(*image)),
            Source::Elsewhere => self.elsewhere.is_some(),
            Source::Pointer(_) => true,
            Source::Tag(_) => !self.follows_itself(tag, source),
        }
    }

    fn follows_itself(&self, tag: usize, source: &Source) -> bool {
        let mut source = Some(source);
        while let Some(Source::Tag(followed)) = source {
            if *followed == tag {
                return true;
            }
            source = self.spec.get(followed).map(|wanted| &wanted.source);
        }
        false
    }

    fn update_trackers(&mut self, moved: usize) {
        let Some(event) = self.top(moved) else { return };
        let follows = |wanted: &Wanted| wanted.source == Source::Tag(moved);
        let trackers: Vec<_> = self.spec.iter().filter(|(_, wanted)| follows(wanted)).map(|(tag, _)| *tag).collect();
        for tracker in trackers {
            if self.add_event(tracker, event.clone()) {
                self.update_trackers(tracker);
            }
        }
    }

    fn add_event(&mut self, tag: usize, next: Item) -> bool {
        let items = self.status.entry(tag).or_default();
        let Some(top) = items.first_mut() else {
            items.push(next);
            return true;
        };
        if *top == (Item { created: top.created, ..next.clone() }) {
            return false;
        }
        if top.reference == next.reference || same_image(top, &next) {
            top.reference = next.reference;
            top.generation = next.generation;
        } else {
            items.insert(0, next);
        }
        true
    }
}
