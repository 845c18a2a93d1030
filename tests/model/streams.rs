//! What is wanted of a stream's tags, and what a change of that does.

use super::content::{STREAMS, TAGS, piece};
use super::operation::Source;
use super::state::{Model, Spec};
use super::tags::{Cause, Item, Move, PullSpec};

/// What a spec tag is to mean, apart from why.
struct Meaning {
    created: Option<i64>,
    reference: PullSpec,
    image: Option<usize>,
}

impl Meaning {
    fn of(item: &Item) -> Self {
        Self { created: Some(item.created), reference: item.reference.clone(), image: item.image }
    }
}

/// The name of a source, as a spec spells it.
pub(super) fn name(source: Source) -> String {
    match source {
        Source::Tag { stream, tag, .. } => format!("{}:{}", STREAMS[stream].1, TAGS[tag]),
        Source::Image { stream, manifest } => format!("{}@{}", STREAMS[stream].1, piece(manifest).digest),
        Source::Pointer(number) => format!("pointer.test/x/y:{number}"),
        Source::Upstream(number) => format!("upstream.test/x/y:{number}"),
    }
}

impl Model {
    /// Makes a stream with one spec tag. Nothing changes where that cannot be had.
    pub(super) fn create_with(&mut self, stream: usize, tag: usize, source: Source) -> bool {
        let before = self.clone();
        self.create(stream);
        let found = self.streams.get_mut(&stream).unwrap();
        found.spec.insert(tag, Spec { source, generation: 1 });
        let taken = self.resolve(stream, tag, source);
        if !taken {
            *self = before;
        }
        taken
    }

    /// Sets a spec tag of a stream that exists. Nothing changes where that cannot be had.
    pub(super) fn set(&mut self, stream: usize, tag: usize, source: Source, renew: bool) -> bool {
        let before = self.clone();
        let found = self.streams.get_mut(&stream).unwrap();
        let same = found.spec.get(&tag).is_some_and(|old| old.source == source);
        if same && !renew {
            return true;
        }
        found.generation += 1;
        found.changes += 1;
        found.spec.insert(tag, Spec { source, generation: found.generation });
        if same {
            return true;
        }
        let taken = self.resolve(stream, tag, source);
        if !taken {
            *self = before;
        }
        taken
    }

    /// Takes a spec tag away. What the tag means stays.
    pub(super) fn forget(&mut self, stream: usize, tag: usize) {
        let found = self.streams.get_mut(&stream).unwrap();
        if found.spec.remove(&tag).is_some() {
            found.generation += 1;
            found.changes += 1;
        }
    }

    /// Moves a tag to what its new source means. Returns whether the source can be had.
    fn resolve(&mut self, own: usize, tag: usize, source: Source) -> bool {
        match source {
            Source::Upstream(_) => true,
            Source::Pointer(_) => {
                let reference = PullSpec::External(name(source));
                self.move_to(own, tag, source, Meaning { created: None, reference, image: None });
                true
            }
            Source::Tag { stream, tag: followed, .. } if stream == own => {
                if self.follows(own, followed, tag) {
                    return false;
                }
                if let Some(item) = self.top(own, followed) {
                    self.move_to(own, tag, source, Meaning::of(&item));
                    // The item that was read is the source's own, and gets the new generation too.
                    self.move_to(own, followed, source, Meaning::of(&item));
                }
                true
            }
            Source::Tag { stream, tag: copied, reference } => {
                if let Some(item) = self.top(stream, copied) {
                    self.adopt(own, tag, source, stream, reference, Meaning::of(&item));
                }
                self.streams.contains_key(&stream)
            }
            Source::Image { stream, manifest } => {
                let Some(meaning) = self.image(stream, manifest) else { return false };
                self.adopt(own, tag, source, stream, false, meaning);
                true
            }
        }
    }

    fn top(&self, stream: usize, tag: usize) -> Option<Item> {
        self.streams.get(&stream)?.tags.get(&tag)?.top().cloned()
    }

    /// Whether a tag is another, or follows it in the end.
    fn follows(&self, own: usize, tag: usize, other: usize) -> bool {
        let spec = self.streams.get(&own).and_then(|stream| stream.spec.get(&tag)).map(|spec| spec.source);
        tag == other
            || matches!(spec, Some(Source::Tag { stream, tag, .. }) if stream == own && self.follows(own, tag, other))
    }

    /// What an image of a stream means: what one of its items says, or, below an index, that it is the stream's own.
    fn image(&self, stream: usize, manifest: usize) -> Option<Meaning> {
        let found = self.streams.get(&stream)?;
        let is_it = |item: &&Item| item.image == Some(manifest);
        let mut tops = found.tags.values().filter_map(|tag| tag.top().filter(is_it));
        let oldest = found.tags.values().find_map(|tag| tag.items.iter().rev().find(is_it));
        if let Some(item) = tops.next_back().or(oldest) {
            return Some(Meaning { created: None, ..Meaning::of(item) });
        }
        let known = found.manifests.contains(&manifest) || found.removed.contains(&manifest);
        (known && found.in_status(manifest)).then(|| {
            let reference = PullSpec::Own { stream, manifest };
            Meaning { created: None, reference, image: Some(manifest) }
        })
    }

    /// Moves a tag to an image of a stream, and links it.
    fn adopt(&mut self, own: usize, tag: usize, source: Source, from: usize, keep: bool, meaning: Meaning) {
        if let Some(image) = meaning.image {
            self.link_image(from, own, image);
        }
        let reference = match meaning.reference {
            PullSpec::Own { stream, manifest } if stream == from && !keep => PullSpec::Own { stream: own, manifest },
            other => other,
        };
        self.move_to(own, tag, source, Meaning { reference, ..meaning });
    }

    fn move_to(&mut self, own: usize, tag: usize, source: Source, meaning: Meaning) {
        let now = self.now;
        let stream = self.streams.get_mut(&own).unwrap();
        let to = Move {
            created: meaning.created,
            reference: meaning.reference,
            image: meaning.image,
            generation: stream.generation,
            cause: Cause::Tag(name(source)),
        };
        stream.advance(own, tag, &to, now);
    }
}
