//! `/openapi/v3`: where the document of each group and version is.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::document::{self, Document};
use super::{Answer, Question, TEXT};

static INDEX: LazyLock<Document> = LazyLock::new(|| Document::new(&paths()));

/// The index. Its media type is what servers written in Go take JSON for where nobody tells them.
pub(super) fn index(question: &Question<'_>) -> Answer {
    INDEX.answer(question, TEXT)
}

fn paths() -> Value {
    let paths: Map<String, Value> = document::hashes()
        .map(|(name, hash)| {
            let url = format!("/openapi/v3/{name}?hash={hash}");
            (name.to_owned(), json!({"serverRelativeURL": url}))
        })
        .collect();
    json!({"paths": paths})
}
