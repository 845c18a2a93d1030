//! Stored records of every kind: their values, and their keys.

use std::fmt::Debug;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use weir_storage::metadata::MAX_VALUE;
use weir_storage::{Algorithm, Commit, Write};

use super::record_keys;
use super::server::Server;
use super::take::Take;
use crate::oci::StreamId;
use crate::records::value::{self, Encoded};
use crate::records::{BlobLink, ImageRecord, Key, LogEntry, ManifestLink, Referrer, SpecTag, Stream, TagHead, keys};

/// The first byte chooses the kind of record, the rest is its value; or the parts of keys.
pub fn record(data: &[u8]) {
    let mut take = Take(data);
    let id = StreamId::new("team", "app").expect("a valid name");
    let tag = "v1".parse().expect("a valid tag");
    let digest = Algorithm::Sha256.digest(b"");
    match take.below(11) {
        0 => check::<Stream>(&keys::stream(&id), take.0),
        1 => check::<StreamId>(&keys::catalog(&id.repository()), take.0),
        2 => check::<SpecTag>(&keys::spec(&id, &tag), take.0),
        3 => check::<TagHead>(&keys::head(&id, &tag), take.0),
        4 => check::<LogEntry>(&keys::log(&id, &tag, 1), take.0),
        5 => check::<ManifestLink>(&keys::manifest(&id, &digest), take.0),
        6 => check::<Referrer>(&keys::referrer(&id, &digest, &digest), take.0),
        7 => check::<BlobLink>(&keys::blob(&digest, &id), take.0),
        8 => check::<ImageRecord>(&keys::image(&digest), take.0),
        9 => check::<()>(&keys::touch(&id), take.0),
        _ => record_keys::check(take.0),
    }
}

fn check<R>(key: &Key<R>, bytes: &[u8])
where
    R: Serialize + DeserializeOwned + PartialEq + Debug + Send,
{
    if let Ok(record) = value::parse::<R>(key.bytes(), bytes) {
        let written = encoded(key, &record);
        assert_eq!(value::parse::<R>(key.bytes(), &written).ok().as_ref(), Some(&record), "what is written is read");
        assert_eq!(encoded(key, &record), written, "a record is written in one way");
    }
    // Through the store, as it is read: a value may say that its record lies in a blob.
    if bytes.len() <= MAX_VALUE && bytes.starts_with(b"@") {
        read_back(key, bytes);
    }
}

/// The JSON of a record, wherever it is kept.
fn encoded<R: Serialize>(key: &Key<R>, record: &R) -> Bytes {
    match value::encode(key.bytes(), record).expect("a record prints") {
        Encoded::Inline(content) => {
            assert!(content.len() <= MAX_VALUE && !content.starts_with(b"@"));
            content
        }
        Encoded::Spilled { digest, content, value } => {
            assert!(content.len() > MAX_VALUE && value.len() <= MAX_VALUE);
            assert_eq!(Algorithm::Sha256.digest(&content), digest);
            assert!(value::points_to(&value, &digest));
            content
        }
    }
}

fn read_back<R: DeserializeOwned + Debug + Send>(key: &Key<R>, bytes: &[u8]) {
    Server::with(async |server| {
        let write = Write::Put { key: key.bytes().clone(), value: Bytes::copy_from_slice(bytes) };
        let commit = Commit { guards: Vec::new(), writes: vec![write] };
        server.records.metadata().commit(commit).await.expect("memory takes it");
        let found = server.records.get(key).await;
        assert!(found.is_err(), "no blob is there to hold it: {found:?}");
    });
}
