//! Keys of records: they sort as their parts do, none is the beginning of another, and they read back.

use bytes::Bytes;
use weir_storage::metadata::MAX_KEY;
use weir_storage::{Algorithm, Digest};

use super::take::Take;
use crate::oci::{RepositoryName, StreamId, Tag};
use crate::records::keys;

/// Two sequence numbers, and lines that may be repositories and tags; the bytes themselves are taken for a key too.
pub(super) fn check(data: &[u8]) {
    for index in 0..6 {
        let _ = (keys::part(data, index), keys::sequence(data));
    }
    let mut take = Take(data);
    let [one, other] = [take.u64(), take.u64()];
    let Some(text) = take.text() else { return };
    let lines: Vec<&str> = text.lines().take(8).collect();
    let streams: Vec<StreamId> =
        lines.iter().filter_map(|line| line.parse::<RepositoryName>().ok()).map(|name| StreamId::from(&name)).collect();
    let tags: Vec<Tag> = lines.iter().filter_map(|line| line.parse().ok()).collect();
    let digest = Algorithm::Sha512.digest(data);
    let mut found: Vec<Bytes> = Vec::new();
    for id in &streams {
        found.extend(of_stream(id, &digest));
        for tag in &tags {
            found.extend(of_tag(id, tag, &digest, [one, other]));
        }
    }
    assert_apart(&mut found);
}

fn of_stream(id: &StreamId, digest: &Digest) -> Vec<Bytes> {
    let made = [
        keys::stream(id).bytes().clone(),
        keys::touch(id).bytes().clone(),
        keys::catalog(&id.repository()).bytes().clone(),
        keys::manifest(id, digest).bytes().clone(),
        keys::removed(id, digest).bytes().clone(),
        keys::parent(id, digest, digest).bytes().clone(),
        keys::referrer(id, digest, digest).bytes().clone(),
    ];
    assert!(made.iter().all(|key| key.len() <= MAX_KEY), "the longest names have keys");
    let [stream, .., manifest, _, _, referrer] = &made;
    assert_eq!((keys::part(stream, 0), keys::part(stream, 1)), (id.namespace(), id.name()));
    assert_eq!((keys::part(manifest, 2), keys::part(referrer, 3)), (digest.as_str(), digest.as_str()));
    let blob = keys::blob(digest, id).bytes().clone();
    assert!(blob.starts_with(keys::blob_anywhere(digest).bytes()));
    made.into_iter().chain([blob, keys::unlinked(digest, id).bytes().clone()]).collect()
}

fn of_tag(id: &StreamId, tag: &Tag, digest: &Digest, [one, other]: [u64; 2]) -> Vec<Bytes> {
    let logs = [one, other].map(|sequence| keys::log(id, tag, sequence).bytes().clone());
    let [first, second] = &logs;
    assert_eq!([keys::sequence(first), keys::sequence(second)], [one, other]);
    assert_eq!(first.cmp(second), one.cmp(&other), "entries sort by their places");
    assert!(logs.iter().all(|key| key.starts_with(keys::log_of(id, tag).bytes())));
    let tagged = keys::tagged(id, digest, tag, one).bytes().clone();
    assert!(tagged.starts_with(keys::tagged_with(id, digest).bytes()));
    assert_eq!((keys::part(&tagged, 3), keys::part(&tagged, 4).parse()), (tag.as_str(), Ok(one)));
    let head = keys::head(id, tag).bytes().clone();
    assert!(head.starts_with(keys::heads_of(id).bytes()));
    assert_eq!(keys::part(&head, 2), tag.as_str());
    let tracker = keys::tracker(id, tag, tag).bytes().clone();
    assert!(tracker.starts_with(keys::trackers_of(id, tag).bytes()));
    let made: Vec<Bytes> =
        logs.into_iter().chain([tagged, head, tracker, keys::spec(id, tag).bytes().clone()]).collect();
    assert!(made.iter().all(|key| key.len() <= MAX_KEY), "the longest names have keys");
    made
}

/// No key is another's beginning.
fn assert_apart(found: &mut Vec<Bytes>) {
    found.sort();
    found.dedup();
    for pair in found.windows(2) {
        let [one, next] = pair else { continue };
        assert!(!next.starts_with(one), "{} begins {}", one.escape_ascii(), next.escape_ascii());
    }
}
