//! Documents that are large and always the same: made once, and told apart by a hash.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use sha2::{Digest as _, Sha512};

use super::accept;
use super::{Answer, JSON, Question};
use crate::http::apis::openapi;

/// The media type in which OpenAPI v2 comes as protobuf.
const V2_PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
/// What clients call it, though no media type may have an @, so that they do not understand it in an answer.
const V2_PROTOBUF_ASKED: &str = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

/// How long an answer to a question with the right hash may be kept: it never changes.
const FOR_GOOD: &str = "public, immutable, max-age=31536000";
/// An answer to a question without a hash may be kept, and must be asked for again.
const ASK_AGAIN: &str = "no-cache, private";

static V3: LazyLock<BTreeMap<String, Document>> = LazyLock::new(|| {
    let document =
        |(name, (group, version)): (String, (&str, &str))| (name, Document::new(&openapi::v3(group, version)));
    openapi::documents().map(document).collect()
});
static V2: LazyLock<Document> = LazyLock::new(|| Document::new(&openapi::v2()));
static V2_IN_PROTOBUF: LazyLock<Document> =
    LazyLock::new(|| Document::of_bytes(openapi::protobuf::print(&openapi::v2())));

/// A document that does not change while the server runs.
#[derive(Debug)]
pub(super) struct Document {
    content: Bytes,
    /// Quoted.
    etag: String,
}

impl Document {
    pub(super) fn new(value: &Value) -> Self {
        Self::of_bytes(value.to_string().into_bytes())
    }

    fn of_bytes(content: Vec<u8>) -> Self {
        let mut etag = String::with_capacity(130);
        etag.push('"');
        for byte in Sha512::digest(&content) {
            // Writing to a string does not fail.
            let _ = write!(etag, "{byte:02X}");
        }
        etag.push('"');
        Self { content: content.into(), etag }
    }

    /// By which it is told apart.
    fn hash(&self) -> &str {
        self.etag.trim_matches('"')
    }

    /// The document, unless the client has it.
    pub(super) fn answer(&'static self, question: &Question<'_>, content_type: &'static str) -> Answer {
        let known = question.if_none_match.is_some_and(|known| {
            known
                .split(',')
                .map(|etag| etag.trim().trim_start_matches("W/"))
                .any(|etag| etag == "*" || etag == self.etag)
        });
        let answer = if known {
            Answer::new(StatusCode::NOT_MODIFIED, content_type, Bytes::new())
        } else {
            Answer::new(StatusCode::OK, content_type, self.content.clone())
        };
        Answer { etag: Some(&self.etag), ..answer }
    }
}

/// The hashes of the documents of OpenAPI v3, by their names.
pub(super) fn hashes() -> impl Iterator<Item = (&'static str, &'static str)> {
    V3.iter().map(|(name, document)| (name.as_str(), document.hash()))
}

/// `/openapi/v3/{name}`. A hash that is out of date leads to the right one.
pub(super) fn v3(question: &Question<'_>, name: &str) -> Option<Answer> {
    let document = V3.get(name)?;
    if accept::first_of(question.accept, &[JSON]).is_none() {
        return Some(Answer::new(StatusCode::NOT_ACCEPTABLE, super::TEXT, Bytes::new()));
    }
    let hash =
        question.query.into_iter().flat_map(|query| query.split('&')).find_map(|part| part.strip_prefix("hash="));
    Some(match hash {
        None | Some("") => Answer { cache_control: Some(ASK_AGAIN), ..document.answer(question, JSON) },
        Some(hash) if hash == document.hash() => {
            Answer { cache_control: Some(FOR_GOOD), ..document.answer(question, JSON) }
        }
        Some(_) => {
            let location = format!("/openapi/v3/{name}?hash={}", document.hash());
            let answer = Answer::new(StatusCode::MOVED_PERMANENTLY, super::TEXT, Bytes::new());
            Answer { location: Some(location), ..answer }
        }
    })
}

/// `/openapi/v2`, in JSON or, as clients want that check objects by themselves, in protobuf.
pub(super) fn v2(question: &Question<'_>) -> Answer {
    match accept::first_of(question.accept, &[JSON, V2_PROTOBUF, V2_PROTOBUF_ASKED]) {
        Some(JSON) => V2.answer(question, JSON),
        Some(_) => V2_IN_PROTOBUF.answer(question, V2_PROTOBUF),
        None => Answer::new(StatusCode::NOT_ACCEPTABLE, super::TEXT, Bytes::new()),
    }
}
