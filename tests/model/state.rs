//! What there is: repositories, their blobs, manifests and tags.

use std::collections::{BTreeMap, BTreeSet};

use super::content::{CANONICAL, REPOSITORIES, piece, stream_of};
use super::operation::{Condition, Source};
use super::server::BEGIN;
use super::tags::{Cause, Move, PullSpec, Tag};

/// The whole registry.
#[derive(Debug, Clone)]
pub(super) struct Model {
    /// Whether manifests may name what is not there.
    pub(super) sparse: bool,
    /// In microseconds since 1970.
    pub(super) now: i64,
    /// Which stream may serve which blob.
    pub(super) blobs: BTreeSet<(usize, usize)>,
    pub(super) streams: BTreeMap<usize, Stream>,
    /// The images that were ever pushed.
    pub(super) images: BTreeMap<usize, Image>,
}

/// Metadata of a manifest, which never change.
#[derive(Debug, Clone)]
pub(super) struct Image {
    pub(super) created: i64,
    /// Whether a push brought its config.
    pub(super) described: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Stream {
    /// As the request that made it spelled it.
    pub(super) repository: &'static str,
    pub(super) created: i64,
    pub(super) generation: i64,
    pub(super) spec: BTreeMap<usize, Spec>,
    pub(super) tags: BTreeMap<usize, Tag>,
    /// The manifests that can be pulled.
    pub(super) manifests: BTreeSet<usize>,
    /// Those that were deleted.
    pub(super) removed: BTreeSet<usize>,
    /// The manifests of each index that was ever here: child and index.
    pub(super) parents: BTreeSet<(usize, usize)>,
    /// How often it changed: its version moves with that.
    pub(super) changes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spec {
    pub(super) source: Source,
    pub(super) generation: i64,
}

/// Why a push is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Precondition,
    /// The digests that are missing.
    Missing(Vec<String>),
}

impl Model {
    pub(super) fn new(sparse: bool) -> Self {
        Self {
            sparse,
            now: i64::try_from(BEGIN).unwrap() * 1_000_000,
            blobs: BTreeSet::new(),
            streams: BTreeMap::new(),
            images: BTreeMap::new(),
        }
    }

    pub(super) fn link_blob(&mut self, stream: usize, blob: usize) {
        self.blobs.insert((stream, blob));
    }

    /// Pushes a manifest and moves tags. Returns what it names and the repository does not have.
    pub(super) fn push(
        &mut self,
        repository: usize,
        manifest: usize,
        tags: &[usize],
        condition: Option<Condition>,
    ) -> Result<Vec<String>, Refused> {
        let stream = stream_of(repository);
        if !tags.iter().all(|tag| self.holds(stream, *tag, condition)) {
            return Err(Refused::Precondition);
        }
        let missing = self.missing(stream, manifest);
        if !missing.is_empty() && !self.sparse {
            return Err(Refused::Missing(missing));
        }
        self.provision(stream, REPOSITORIES[repository]);
        let now = self.now;
        // Only what the repository itself may read tells of its images; a later push may complete one.
        let described = self.blobs.contains(&(stream, 0)) && piece(manifest).blobs.contains(&0);
        self.images.entry(manifest).or_insert(Image { created: now, described: false }).described |= described;
        if let Some(found) = self.streams.get_mut(&stream) {
            found.link(manifest);
            for tag in tags {
                found.push(stream, *tag, manifest, now);
            }
        }
        Ok(missing)
    }

    fn holds(&self, stream: usize, tag: usize, condition: Option<Condition>) -> bool {
        let current = self.meaning(stream, tag);
        match condition {
            None => true,
            Some(Condition::Absent) => current.is_none(),
            Some(Condition::Exists) => current.is_some(),
            Some(Condition::Means(manifest)) => current == Some(manifest),
        }
    }

    /// What a tag means.
    pub(super) fn meaning(&self, stream: usize, tag: usize) -> Option<usize> {
        self.streams.get(&stream)?.tags.get(&tag)?.image()
    }

    fn missing(&self, stream: usize, manifest: usize) -> Vec<String> {
        let piece = piece(manifest);
        let blobs = piece.blobs.iter().filter(|blob| !self.blobs.contains(&(stream, **blob)));
        let found = self.streams.get(&stream);
        let children = piece.children.iter().filter(|child| found.is_none_or(|found| !found.manifests.contains(child)));
        let blobs = blobs.map(|blob| super::content::blob(*blob).digest.clone());
        blobs.chain(children.map(|child| super::content::piece(*child).digest.clone())).collect()
    }

    /// Makes a stream where there is none.
    pub(super) fn provision(&mut self, stream: usize, repository: &'static str) {
        let created = self.now;
        self.streams.entry(stream).or_insert_with(|| Stream {
            repository,
            created,
            generation: 1,
            spec: BTreeMap::new(),
            tags: BTreeMap::new(),
            manifests: BTreeSet::new(),
            removed: BTreeSet::new(),
            parents: BTreeSet::new(),
            changes: 1,
        });
    }

    /// Makes a stream as the stream API does.
    pub(super) fn create(&mut self, stream: usize) {
        self.provision(stream, CANONICAL[stream]);
    }

    /// Deletes a tag, spec and all. Returns whether there was anything.
    pub(super) fn delete_tag(&mut self, stream: usize, tag: usize) -> bool {
        let now = self.now;
        self.streams.get_mut(&stream).is_some_and(|stream| stream.delete_tag(tag, &Cause::TagDelete, now))
    }

    /// Deletes a manifest and the tags that mean it. Returns whether it was there.
    pub(super) fn delete_manifest(&mut self, stream: usize, manifest: usize) -> bool {
        let now = self.now;
        let Some(stream) = self.streams.get_mut(&stream) else { return false };
        if !stream.manifests.remove(&manifest) {
            return false;
        }
        let meaning: Vec<usize> =
            stream.tags.iter().filter(|(_, tag)| tag.image() == Some(manifest)).map(|(number, _)| *number).collect();
        for tag in meaning {
            stream.delete_tag(tag, &Cause::ManifestDelete, now);
        }
        stream.removed.insert(manifest);
        stream.changes += 1;
        true
    }

    /// The repositories that have manifests, in order.
    pub(super) fn catalog(&self) -> Vec<&'static str> {
        let with = self.streams.values().filter(|stream| !stream.manifests.is_empty());
        let mut names: Vec<&str> = with.map(|stream| stream.repository).collect();
        names.sort_unstable();
        names
    }
}

impl Stream {
    /// Makes a manifest one that can be pulled here.
    pub(super) fn link(&mut self, manifest: usize) {
        if self.manifests.insert(manifest) {
            self.removed.remove(&manifest);
            self.parents.extend(piece(manifest).children.iter().map(|child| (*child, manifest)));
        }
    }

    fn push(&mut self, own: usize, tag: usize, manifest: usize, now: i64) {
        let to = Move {
            created: None,
            reference: PullSpec::Own { stream: own, manifest },
            image: Some(manifest),
            generation: self.generation,
            cause: Cause::Push,
        };
        self.advance(own, tag, &to, now);
    }

    /// Moves a tag, and all that follow it.
    pub(super) fn advance(&mut self, own: usize, tag: usize, to: &Move, now: i64) {
        if !self.tags.entry(tag).or_default().advance(to, now) {
            return;
        }
        self.changes += 1;
        let mut pending = vec![tag];
        while let Some(moved) = pending.pop() {
            let Some(top) = self.tags.get(&moved).and_then(Tag::top).cloned() else { continue };
            for follower in self.followers(own, moved) {
                let copy = Move {
                    created: Some(top.created),
                    reference: top.reference.clone(),
                    image: top.image,
                    generation: top.generation,
                    cause: Cause::Tracking(moved),
                };
                if self.tags.entry(follower).or_default().advance(&copy, now) {
                    pending.push(follower);
                }
            }
        }
    }

    fn followers(&self, own: usize, followed: usize) -> Vec<usize> {
        let follows =
            |spec: &Spec| matches!(spec.source, Source::Tag { stream, tag, .. } if stream == own && tag == followed);
        self.spec.iter().filter(|(_, spec)| follows(spec)).map(|(tag, _)| *tag).collect()
    }

    fn delete_tag(&mut self, tag: usize, cause: &Cause, now: i64) -> bool {
        let wanted = self.spec.remove(&tag).is_some();
        if wanted {
            self.generation += 1;
        }
        let meant = self.tags.get_mut(&tag).is_some_and(|tag| tag.delete(cause.clone(), now));
        if wanted || meant {
            self.changes += 1;
        }
        wanted || meant
    }

    /// The manifests that refer to another, in the order of their digests.
    pub(super) fn referrers(&self, subject: usize) -> Vec<usize> {
        let mut referrers: Vec<usize> =
            self.manifests.iter().copied().filter(|manifest| piece(*manifest).subject == Some(subject)).collect();
        referrers.sort_by_key(|manifest| &piece(*manifest).digest);
        referrers
    }

    /// The tags that can be listed, in order: those that mean something, with what it is.
    pub(super) fn heads(&self) -> Vec<(usize, Option<usize>)> {
        let heads = self.tags.iter().filter(|(_, tag)| !tag.items.is_empty());
        heads.map(|(number, tag)| (*number, tag.image())).collect()
    }

    /// Whether an image is that of a status item.
    pub(super) fn has_item(&self, manifest: usize) -> bool {
        self.tags.values().flat_map(|tag| &tag.items).any(|item| item.image == Some(manifest))
    }

    /// Whether an image is one of a status item, or stands under one that is.
    pub(super) fn in_status(&self, manifest: usize) -> bool {
        let above = self.parents.iter().filter(|(child, _)| *child == manifest);
        self.has_item(manifest) || above.clone().any(|(_, index)| self.in_status(*index))
    }
}
