//! Which tags of a stream follow which.

use std::collections::BTreeMap;

use super::followed;
use crate::oci::{StreamId, Tag};
use crate::records::SpecTag;

/// The tags of a spec that follow others of their stream, with the tag that each follows.
#[derive(Debug)]
pub(super) struct Aliases(BTreeMap<Tag, Tag>);

impl Aliases {
    pub(super) fn of(stream: &StreamId, tags: &BTreeMap<Tag, SpecTag>) -> Self {
        Self(tags.iter().filter_map(|(tag, spec)| Some((tag.clone(), followed(stream, spec)?))).collect())
    }

    /// The tags that a tag follows, one after the other. In a loop they come again, so no more are given than there are
    /// aliases.
    fn chain<'a>(&'a self, tag: &'a Tag) -> impl Iterator<Item = &'a Tag> {
        std::iter::successors(self.0.get(tag), |tag| self.0.get(tag)).take(self.0.len())
    }

    /// The way from a tag back to itself, both ends included, for each tag that is on a loop.
    pub(super) fn loops(&self) -> impl Iterator<Item = (&Tag, Vec<Tag>)> {
        self.0.keys().filter_map(|tag| {
            let back = self.chain(tag).position(|followed| followed == tag)?;
            let way = std::iter::once(tag).chain(self.chain(tag).take(back.saturating_add(1)));
            Some((tag, way.cloned().collect()))
        })
    }

    /// How many tags lie between a tag and what it comes from in the end. A tag is resolved after all that it follows.
    pub(super) fn depth(&self, tag: &Tag) -> usize {
        self.chain(tag).count()
    }
}
