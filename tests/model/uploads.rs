//! Blobs on their way in, and their end.

use super::content::{REPOSITORIES, blob, stream_of};
use super::operation::{Operation, Upload};
use super::run::{Run, path};
use crate::harness::{Reply, sha256};

/// An upload session that is open.
#[derive(Debug, Clone)]
pub(super) struct Session {
    repository: usize,
    blob: usize,
    location: String,
    /// How many bytes it holds.
    held: usize,
}

/// Up to this size a session has no files, and is lost with the process.
const IN_MEMORY: usize = 64 << 10;

impl Session {
    /// Whether it is there after a crash.
    pub(super) fn survives_a_crash(&self) -> bool {
        self.held > IN_MEMORY
    }
}

/// Where no session ever was.
const NOWHERE: &str = "blobs/uploads/00000000-0000-4000-8000-000000000000";

impl Run {
    pub(super) async fn upload(&mut self, operation: &Operation) {
        match *operation {
            Operation::Upload { repository, blob, how } => self.whole(repository, blob, how).await,
            Operation::Begin { repository, blob } => {
                let reply = self.weir.post(path(repository, "blobs/uploads/")).await;
                self.begun(repository, blob, reply);
            }
            Operation::Append { session, bytes, out_of_order } => self.append(session, bytes, out_of_order).await,
            Operation::Status { session } => self.status(session).await,
            Operation::Finish { session } => self.finish(session).await,
            Operation::Cancel { session } => self.cancel(session).await,
            Operation::Mount { repository, from, blob } => self.mount(repository, from, blob).await,
            _ => {}
        }
    }

    fn begun(&mut self, repository: usize, blob: usize, reply: Reply) {
        let location = reply.is(202).has("range", "0-0").location();
        assert!(location.starts_with(&path(repository, "blobs/uploads/")), "{location}");
        self.sessions.push(Session { repository, blob, location, held: 0 });
    }

    /// Sends a whole blob.
    pub(super) async fn whole(&mut self, repository: usize, number: usize, how: Upload) {
        let content = blob(number);
        let digest = match how {
            Upload::Mismatch => sha256("other content"),
            Upload::Monolithic | Upload::Single => content.digest.clone(),
        };
        let location = match how {
            Upload::Monolithic => self.weir.post(path(repository, "blobs/uploads/")).await.is(202).location(),
            Upload::Single | Upload::Mismatch => path(repository, "blobs/uploads/"),
        };
        let call = match how {
            Upload::Monolithic => self.weir.put(format!("{location}?digest={digest}")),
            Upload::Single | Upload::Mismatch => self.weir.post(format!("{location}?digest={digest}")),
        };
        let reply = call.body(content.bytes.clone()).await;
        match how {
            Upload::Mismatch => drop(reply.is_oci_error(400, "DIGEST_INVALID")),
            Upload::Monolithic | Upload::Single => self.stored(repository, number, &reply),
        }
    }

    fn stored(&mut self, repository: usize, number: usize, reply: &Reply) {
        let digest = &blob(number).digest;
        let location = path(repository, &format!("blobs/{digest}"));
        reply.clone().is(201).has("location", location).has("docker-content-digest", digest);
        self.model.link_blob(stream_of(repository), number);
    }

    async fn append(&mut self, number: usize, bytes: usize, out_of_order: bool) {
        let Some(session) = self.sessions.get_mut(number) else {
            self.weir.patch(path(0, NOWHERE)).body("x").await.is_oci_error(404, "BLOB_UPLOAD_UNKNOWN");
            return;
        };
        let left = &blob(session.blob).bytes[session.held..];
        let chunk = left[..bytes.min(left.len())].to_vec();
        if chunk.is_empty() {
            return;
        }
        let first = session.held + usize::from(out_of_order);
        let range = format!("{first}-{}", first + chunk.len() - 1);
        let size = chunk.len();
        let reply = self.weir.patch(&session.location).header("content-range", range).body(chunk).await;
        let reply = if out_of_order {
            reply.is_oci_error(416, "BLOB_UPLOAD_INVALID");
            reply
        } else {
            session.held += size;
            reply.is(202)
        };
        reply.has("range", held(session.held)).has("location", &session.location);
    }

    async fn status(&mut self, number: usize) {
        match self.sessions.get(number) {
            None => drop(self.weir.get(path(1, NOWHERE)).await.is_oci_error(404, "BLOB_UPLOAD_UNKNOWN")),
            Some(session) => {
                let reply = self.weir.get(&session.location).await.is(204);
                reply.has("range", held(session.held)).has("location", &session.location);
            }
        }
    }

    async fn finish(&mut self, number: usize) {
        let Some(session) = self.take(number) else { return self.status(number).await };
        let content = blob(session.blob);
        let call = self.weir.put(format!("{}?digest={}", session.location, content.digest));
        let reply = call.body(content.bytes.slice(session.held..)).await;
        self.stored(session.repository, session.blob, &reply);
        self.weir.get(&session.location).await.is_oci_error(404, "BLOB_UPLOAD_UNKNOWN");
    }

    async fn cancel(&mut self, number: usize) {
        let Some(session) = self.take(number) else { return self.status(number).await };
        self.weir.delete(&session.location).await.is(204);
        self.weir.get(&session.location).await.is_oci_error(404, "BLOB_UPLOAD_UNKNOWN");
    }

    fn take(&mut self, number: usize) -> Option<Session> {
        (number < self.sessions.len()).then(|| self.sessions.remove(number))
    }

    async fn mount(&mut self, repository: usize, from: Option<usize>, number: usize) {
        let digest = &blob(number).digest;
        let source = from.map(|from| format!("&from={}", REPOSITORIES[from])).unwrap_or_default();
        let reply = self.weir.post(path(repository, &format!("blobs/uploads/?mount={digest}{source}"))).await;
        let possible = self
            .model
            .blobs
            .iter()
            .any(|(stream, blob)| *blob == number && from.is_none_or(|from| stream_of(from) == *stream));
        if possible { self.stored(repository, number, &reply) } else { self.begun(repository, number, reply) }
    }

    pub(super) async fn delete_blob(&mut self, repository: usize, number: usize) {
        let reply = self.weir.delete(path(repository, &format!("blobs/{}", blob(number).digest))).await;
        if self.model.blobs.remove(&(stream_of(repository), number)) {
            reply.is(202);
        } else {
            reply.is_oci_error(404, "BLOB_UNKNOWN");
        }
    }
}

/// How `Range` says that a session holds so many bytes.
fn held(bytes: usize) -> String {
    format!("0-{}", bytes.saturating_sub(1))
}
