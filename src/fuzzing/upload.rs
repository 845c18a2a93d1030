//! Sequences of upload requests, against a plain model of what each is answered.

use bytes::Bytes;
use futures_util::stream;
use http::{Method, Request};
use http_body::Frame;
use http_body_util::StreamBody;
use weir_storage::Algorithm;

use super::server::{Answer, Server, files_in};
use super::take::Take;
use super::upload_model::{Chunk, Expected, Model, REPOSITORIES, Wanted};
use crate::http::RequestBody;
use crate::http::body::RequestBodyError;

/// How many requests one input may make.
const REQUESTS: usize = 24;

/// A session that there never was.
const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";

/// Each request is a few bytes: what to do, to which session of which repository, with how many bytes of content, under
/// which range and which digest.
pub fn upload(data: &[u8]) {
    Server::with(async |server| {
        let mut run = Run { server, model: Model::default(), ids: Vec::new() };
        let mut take = Take(data);
        for _ in 0..REQUESTS {
            if take.is_empty() {
                break;
            }
            run.step(&mut take).await;
        }
        run.end().await;
    });
}

struct Run<'s> {
    server: &'s Server,
    model: Model,
    /// The sessions that were begun, as the server names them.
    ids: Vec<String>,
}

impl Run<'_> {
    async fn step(&mut self, take: &mut Take<'_>) {
        let kind = take.below(8);
        let repository = take.below(REPOSITORIES.len());
        let session = take.below(4);
        match kind {
            0 => self.begin(repository, take).await,
            1 => self.whole(repository, take).await,
            2 | 3 => self.append(repository, session, take).await,
            4 => self.finish(repository, session, take).await,
            5 => self.status(repository, session).await,
            6 => self.cancel(repository, session).await,
            _ => self.mount(repository, take).await,
        }
    }

    async fn begin(&mut self, repository: usize, take: &mut Take<'_>) {
        let (query, algorithm) = match take.below(4) {
            0 => ("?digest-algorithm=sha512", Some(Algorithm::Sha512)),
            1 => ("?digest-algorithm=md5", None),
            2 => ("?digest-algorithm=sha256", Some(Algorithm::Sha256)),
            _ => ("", Some(Algorithm::Sha256)),
        };
        let answer = self.server.call(Method::POST, &begin_path(repository, query), Bytes::new()).await;
        let Some(algorithm) = algorithm else { return assert_eq!(answer.status, 400) };
        assert_eq!((answer.status, answer.header("range")), (202, Some("0-0")));
        let id = answer.header("docker-upload-uuid").expect("a session has a name").to_owned();
        assert_eq!(answer.header("location"), Some(upload_path(repository, &id).as_str()));
        self.ids.push(id);
        self.model.begin(repository, algorithm);
    }

    async fn whole(&mut self, repository: usize, take: &mut Take<'_>) {
        let chunk = Chunk::take(take, 0);
        let wanted = Wanted::take(take, &chunk.bytes);
        let path = begin_path(repository, &format!("?digest={}", wanted.text()));
        let answer = self.send(Method::POST, &path, &chunk).await;
        let expected = self.model.whole(repository, &chunk, &wanted);
        assert_answer(&answer, &expected);
        self.look(repository, &wanted).await;
    }

    async fn append(&mut self, repository: usize, session: usize, take: &mut Take<'_>) {
        let chunk = Chunk::take(take, self.model.offset(session));
        let answer = self.send(Method::PATCH, &self.path(repository, session), &chunk).await;
        let expected = self.model.append(repository, session, &chunk);
        assert_answer(&answer, &expected);
    }

    async fn finish(&mut self, repository: usize, session: usize, take: &mut Take<'_>) {
        let chunk = Chunk::take(take, self.model.offset(session));
        let wanted = Wanted::take(take, &[self.model.content(session), &chunk.bytes].concat());
        let path = match &wanted {
            Wanted::Missing => self.path(repository, session),
            wanted => format!("{}?digest={}", self.path(repository, session), wanted.text()),
        };
        let answer = self.send(Method::PUT, &path, &chunk).await;
        let expected = self.model.finish(repository, session, &chunk, &wanted);
        assert_answer(&answer, &expected);
        self.look(repository, &wanted).await;
    }

    async fn status(&mut self, repository: usize, session: usize) {
        let answer = self.server.call(Method::GET, &self.path(repository, session), Bytes::new()).await;
        assert_answer(&answer, &self.model.status(repository, session));
    }

    async fn cancel(&mut self, repository: usize, session: usize) {
        let answer = self.server.call(Method::DELETE, &self.path(repository, session), Bytes::new()).await;
        assert_answer(&answer, &self.model.cancel(repository, session));
    }

    async fn mount(&mut self, repository: usize, take: &mut Take<'_>) {
        let (from, known) = (take.below(REPOSITORIES.len()), take.below(4));
        let Some(digest) = self.model.known(known) else { return };
        let name = REPOSITORIES.get(from).copied().unwrap_or_default();
        let path = begin_path(repository, &format!("?mount={digest}&from={name}"));
        let answer = self.server.call(Method::POST, &path, Bytes::new()).await;
        if self.model.mount(repository, from, &digest) {
            assert_eq!((answer.status, answer.header("docker-content-digest")), (201, Some(digest.as_str())));
        } else {
            // A mount that is not possible begins a session.
            assert_eq!(answer.status, 202);
            self.ids.push(answer.header("docker-upload-uuid").unwrap_or_default().to_owned());
            self.model.begin(repository, Algorithm::Sha256);
        }
    }

    /// Whether the repository holds what the model says, byte by byte.
    async fn look(&self, repository: usize, wanted: &Wanted) {
        let Wanted::Digest(digest) = wanted else { return };
        let name = REPOSITORIES.get(repository).copied().unwrap_or_default();
        let answer = self.server.call(Method::GET, &format!("/v2/{name}/blobs/{digest}"), Bytes::new()).await;
        match self.model.blob(repository, digest) {
            Some(content) => assert!(answer.status == 200 && answer.body == content, "{answer:?}"),
            None => assert_eq!(answer.status, 404),
        }
    }

    async fn send(&self, method: Method, path: &str, chunk: &Chunk) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(range) = &chunk.range {
            request = request.header("content-range", range);
        }
        if chunk.announced {
            request = request.header("content-length", chunk.bytes.len());
        }
        let body = if chunk.announced && chunk.cut_at.is_none() {
            RequestBody::full(chunk.bytes.clone())
        } else {
            streamed(chunk)
        };
        self.server.send(request.body(body).expect("a path of these tests is one")).await
    }

    fn path(&self, repository: usize, session: usize) -> String {
        upload_path(repository, self.ids.get(session).map_or(UNKNOWN, String::as_str))
    }

    /// Ends what is open. Nothing is left of it.
    async fn end(mut self) {
        for (session, repository) in self.model.open() {
            self.cancel(repository, session).await;
        }
        for digest in self.model.digests() {
            self.server.records.blobs().delete(&digest).await.expect("it deletes");
        }
        assert_eq!(files_in(&self.server.uploads()), 0, "no file outlives its session");
    }
}

/// A body of unknown length that ends early, where it is to.
fn streamed(chunk: &Chunk) -> RequestBody {
    let end = chunk.cut_at.unwrap_or(chunk.bytes.len());
    let middle = end / 2;
    let pieces = [chunk.bytes.slice(..middle), chunk.bytes.slice(middle..end)];
    let mut frames: Vec<Result<Frame<Bytes>, RequestBodyError>> =
        pieces.into_iter().map(|piece| Ok(Frame::data(piece))).collect();
    if chunk.cut_at.is_some() {
        frames.push(Err(RequestBodyError::new("the client left")));
    }
    RequestBody::new(StreamBody::new(stream::iter(frames)))
}

fn begin_path(repository: usize, query: &str) -> String {
    format!("/v2/{}/blobs/uploads/{query}", REPOSITORIES.get(repository).copied().unwrap_or_default())
}

fn upload_path(repository: usize, id: &str) -> String {
    format!("/v2/{}/blobs/uploads/{id}", REPOSITORIES.get(repository).copied().unwrap_or_default())
}

fn assert_answer(answer: &Answer, expected: &Expected) {
    assert_eq!(answer.status, expected.status, "{answer:?}");
    assert_eq!(answer.header("range").map(str::to_owned), expected.range(), "{answer:?}");
    if let Some(code) = expected.code {
        let body: serde_json::Value = serde_json::from_slice(&answer.body).expect("a refusal is JSON");
        assert_eq!(body.pointer("/errors/0/code").and_then(|code| code.as_str()), Some(code), "{answer:?}");
    }
}
