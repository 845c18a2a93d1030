//! How keys are spelled. The table in the [module docs](super) says what lies where.

use std::marker::PhantomData;

use bytes::Bytes;
use weir_storage::Digest;

use super::{
    BlobLink, DeletedStream, ImageRecord, ImportCondition, ImportState, Kept, LimitRangeContent, LogEntry,
    ManifestLink, NamespaceContent, Referrer, SecretContent, SpecTag, Stream, TagHead,
};
use crate::oci::{RepositoryName, StreamId, Tag};

/// Between the parts of a key, and after the last.
const END: u8 = 0;

/// A key, and the type of the record that lies there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key<R> {
    bytes: Bytes,
    record: PhantomData<fn() -> R>,
}

/// What the keys of several records of one type begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prefix<R> {
    bytes: Bytes,
    record: PhantomData<fn() -> R>,
}

impl<R> Key<R> {
    fn new(family: &str, parts: &[&str]) -> Self {
        Self { bytes: join(family, parts), record: PhantomData }
    }

    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

impl<R> Prefix<R> {
    fn new(family: &str, parts: &[&str]) -> Self {
        Self { bytes: join(family, parts), record: PhantomData }
    }

    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

fn join(family: &str, parts: &[&str]) -> Bytes {
    let length = family.len() + 1 + parts.iter().map(|part| part.len() + 1).sum::<usize>();
    let mut key = Vec::with_capacity(length);
    for part in std::iter::once(&family).chain(parts) {
        key.extend_from_slice(part.as_bytes());
        key.push(END);
    }
    key.into()
}

/// The text parts of a key after its family; parts that are not UTF-8 end the list.
pub(crate) fn parts(key: &[u8]) -> impl Iterator<Item = &str> {
    key.split(|byte| *byte == END).skip(1).map_while(|part| std::str::from_utf8(part).ok())
}

/// The family of a key.
pub(crate) fn family(key: &[u8]) -> &[u8] {
    key.split(|byte| *byte == END).next().unwrap_or_default()
}

/// The part at `index` after the family, empty where there is none.
pub(crate) fn part(key: &[u8], index: usize) -> &str {
    parts(key).nth(index).unwrap_or_default()
}

pub(crate) fn stream(id: &StreamId) -> Key<Stream> {
    Key::new("stream", &[id.namespace(), id.name()])
}

pub(crate) fn streams_of(namespace: &str) -> Prefix<Stream> {
    Prefix::new("stream", &[namespace])
}

pub(crate) fn streams_all() -> Prefix<Stream> {
    Prefix::new("stream", &[])
}

/// The stream that was deleted last under a name.
pub(crate) fn deleted_stream(id: &StreamId) -> Key<DeletedStream> {
    Key::new("deleted", &[id.namespace(), id.name()])
}

pub(crate) fn touch(id: &StreamId) -> Key<()> {
    Key::new("touch", &[id.namespace(), id.name()])
}

pub(crate) fn touches_in(namespace: Option<&str>) -> Prefix<()> {
    Prefix::new("touch", &namespace.into_iter().collect::<Vec<_>>())
}

pub(crate) fn catalog(repository: &RepositoryName) -> Key<StreamId> {
    Key::new("catalog", &[repository.as_str()])
}

pub(crate) fn catalog_all() -> Prefix<StreamId> {
    Prefix::new("catalog", &[])
}

pub(crate) fn spec(id: &StreamId, tag: &Tag) -> Key<SpecTag> {
    Key::new("spec", &[id.namespace(), id.name(), tag.as_str()])
}

pub(crate) fn specs_of(id: &StreamId) -> Prefix<SpecTag> {
    Prefix::new("spec", &[id.namespace(), id.name()])
}

/// The spec tags of a namespace, or of all, by stream and tag.
pub(crate) fn specs_in(namespace: Option<&str>) -> Prefix<SpecTag> {
    Prefix::new("spec", namespace.as_slice())
}

pub(crate) fn tracker(id: &StreamId, followed: &Tag, tracker: &Tag) -> Key<()> {
    Key::new("tracker", &[id.namespace(), id.name(), followed.as_str(), tracker.as_str()])
}

pub(crate) fn trackers_of(id: &StreamId, followed: &Tag) -> Prefix<()> {
    Prefix::new("tracker", &[id.namespace(), id.name(), followed.as_str()])
}

pub(crate) fn head(id: &StreamId, tag: &Tag) -> Key<TagHead> {
    Key::new("head", &[id.namespace(), id.name(), tag.as_str()])
}

pub(crate) fn heads_of(id: &StreamId) -> Prefix<TagHead> {
    Prefix::new("head", &[id.namespace(), id.name()])
}

/// The heads of a namespace's tags, or of all, by stream and tag.
pub(crate) fn heads_in(namespace: Option<&str>) -> Prefix<TagHead> {
    Prefix::new("head", namespace.as_slice())
}

/// Why the last import of a tag failed.
pub(crate) fn condition(id: &StreamId, tag: &Tag) -> Key<ImportCondition> {
    Key::new("condition", &[id.namespace(), id.name(), tag.as_str()])
}

pub(crate) fn conditions_of(id: &StreamId) -> Prefix<ImportCondition> {
    Prefix::new("condition", &[id.namespace(), id.name()])
}

/// The failed imports of a namespace's tags, or of all, by stream and tag.
pub(crate) fn conditions_in(namespace: Option<&str>) -> Prefix<ImportCondition> {
    Prefix::new("condition", namespace.as_slice())
}

/// What imports remember of a tag.
pub(crate) fn import_state(id: &StreamId, tag: &Tag) -> Key<ImportState> {
    Key::new("import", &[id.namespace(), id.name(), tag.as_str()])
}

pub(crate) fn import_states_all() -> Prefix<ImportState> {
    Prefix::new("import", &[])
}

/// The place of one entry in a tag's log. Sequence numbers begin at 1 and are printed with twenty digits, so that they
/// sort as text.
pub(crate) fn log(id: &StreamId, tag: &Tag, sequence: u64) -> Key<LogEntry> {
    Key::new("log", &[id.namespace(), id.name(), tag.as_str(), &format!("{sequence:020}")])
}

pub(crate) fn log_of(id: &StreamId, tag: &Tag) -> Prefix<LogEntry> {
    Prefix::new("log", &[id.namespace(), id.name(), tag.as_str()])
}

/// The sequence number in a key that [`log`] made.
pub(crate) fn sequence(key: &[u8]) -> u64 {
    part(key, 3).parse().unwrap_or_default()
}

pub(crate) fn tagged(id: &StreamId, image: &Digest, tag: &Tag, sequence: u64) -> Key<()> {
    let sequence = format!("{sequence:020}");
    Key::new("tagged", &[id.namespace(), id.name(), image.as_str(), tag.as_str(), &sequence])
}

pub(crate) fn tagged_with(id: &StreamId, image: &Digest) -> Prefix<()> {
    Prefix::new("tagged", &[id.namespace(), id.name(), image.as_str()])
}

/// The log entries that tagged an image whose digest begins with `start`, such as `sha256:ab12`.
pub(crate) fn tagged_beginning(id: &StreamId, start: &str) -> Prefix<()> {
    beginning(&Prefix::new("tagged", &[id.namespace(), id.name()]), start)
}

pub(crate) fn manifest(id: &StreamId, digest: &Digest) -> Key<ManifestLink> {
    Key::new("manifest", &[id.namespace(), id.name(), digest.as_str()])
}

pub(crate) fn manifests_of(id: &StreamId) -> Prefix<ManifestLink> {
    Prefix::new("manifest", &[id.namespace(), id.name()])
}

/// The manifests whose digest begins with `start`, such as `sha256:ab12`: those that are linked, and those that were.
pub(crate) fn manifests_beginning(id: &StreamId, start: &str) -> [Prefix<ManifestLink>; 2] {
    ["manifest", "removed"].map(|family| beginning(&Prefix::new(family, &[id.namespace(), id.name()]), start))
}

pub(crate) fn removed(id: &StreamId, digest: &Digest) -> Key<ManifestLink> {
    Key::new("removed", &[id.namespace(), id.name(), digest.as_str()])
}

pub(crate) fn parent(id: &StreamId, child: &Digest, index: &Digest) -> Key<()> {
    Key::new("parent", &[id.namespace(), id.name(), child.as_str(), index.as_str()])
}

pub(crate) fn parents_of(id: &StreamId, child: &Digest) -> Prefix<()> {
    Prefix::new("parent", &[id.namespace(), id.name(), child.as_str()])
}

pub(crate) fn referrer(id: &StreamId, subject: &Digest, digest: &Digest) -> Key<Referrer> {
    Key::new("referrer", &[id.namespace(), id.name(), subject.as_str(), digest.as_str()])
}

pub(crate) fn referrers_of(id: &StreamId, subject: &Digest) -> Prefix<Referrer> {
    Prefix::new("referrer", &[id.namespace(), id.name(), subject.as_str()])
}

pub(crate) fn blob(digest: &Digest, id: &StreamId) -> Key<BlobLink> {
    Key::new("blob", &[digest.as_str(), id.namespace(), id.name()])
}

pub(crate) fn blob_anywhere(digest: &Digest) -> Prefix<BlobLink> {
    Prefix::new("blob", &[digest.as_str()])
}

/// The link that a delete took away.
pub(crate) fn unlinked(digest: &Digest, id: &StreamId) -> Key<BlobLink> {
    Key::new("unlinked", &[digest.as_str(), id.namespace(), id.name()])
}

pub(crate) fn removed_of(id: &StreamId) -> Prefix<ManifestLink> {
    Prefix::new("removed", &[id.namespace(), id.name()])
}

/// The image of a manifest.
pub(crate) fn image(digest: &Digest) -> Key<ImageRecord> {
    image_named(digest.as_str())
}

/// An image by its name, which is a digest where it is that of a manifest.
pub(crate) fn image_named(name: &str) -> Key<ImageRecord> {
    Key::new("image", &[name])
}

pub(crate) fn images_all() -> Prefix<ImageRecord> {
    Prefix::new("image", &[])
}

/// The image object that a delete took away.
pub(crate) fn removed_image(name: &str) -> Key<ImageRecord> {
    Key::new("removed-image", &[name])
}

pub(crate) fn namespace(name: &str) -> Key<Kept<NamespaceContent>> {
    Key::new("namespace", &[name])
}

pub(crate) fn namespaces_all() -> Prefix<Kept<NamespaceContent>> {
    Prefix::new("namespace", &[])
}

pub(crate) fn secret(namespace: &str, name: &str) -> Key<Kept<SecretContent>> {
    Key::new("secret", &[namespace, name])
}

/// The secrets of a namespace, or of all.
pub(crate) fn secrets_in(namespace: Option<&str>) -> Prefix<Kept<SecretContent>> {
    Prefix::new("secret", namespace.as_slice())
}

pub(crate) fn limit_range(namespace: &str, name: &str) -> Key<Kept<LimitRangeContent>> {
    Key::new("limitrange", &[namespace, name])
}

/// The limit ranges of a namespace, or of all.
pub(crate) fn limit_ranges_in(namespace: Option<&str>) -> Prefix<Kept<LimitRangeContent>> {
    Prefix::new("limitrange", namespace.as_slice())
}

/// A place after all keys with a prefix, and before all others. No part of a key has a byte like its last.
pub(crate) fn after_all<R>(prefix: &Prefix<R>) -> Bytes {
    let mut bytes = prefix.bytes.to_vec();
    bytes.push(u8::MAX);
    bytes.into()
}

/// A prefix whose next part begins with `start`.
fn beginning<R>(prefix: &Prefix<R>, start: &str) -> Prefix<R> {
    let mut bytes = prefix.bytes.to_vec();
    bytes.extend_from_slice(start.as_bytes());
    Prefix { bytes: bytes.into(), record: PhantomData }
}

/// The key under a prefix whose next part is `name`, which may be any text.
pub(crate) fn below<R>(prefix: &Prefix<R>, name: &str) -> Bytes {
    let mut key = prefix.bytes.to_vec();
    key.extend_from_slice(name.as_bytes());
    key.push(END);
    key.into()
}
