//! Answers of a server that are no history, in words.

use reqwest::{Response, StatusCode, Url};
use serde::Deserialize;

use super::target::Target;
use crate::cli::failure::Failure;

/// What the distribution API says instead of an answer.
#[derive(Debug, Default, Deserialize)]
struct Errors {
    errors: Vec<OciError>,
}

#[derive(Debug, Deserialize)]
struct OciError {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// Reads why the server did not answer with a history.
pub(super) async fn read(answer: Response, target: &Target, server: &Url) -> Failure {
    let status = answer.status();
    let body = answer.bytes().await.unwrap_or_default();
    // Whatever stands between us and the registry may answer too, in its own form: then the status says it.
    let Errors { errors } = serde_json::from_slice(&body).unwrap_or_default();
    explain(status, &errors, target, server)
}

fn explain(status: StatusCode, errors: &[OciError], target: &Target, server: &Url) -> Failure {
    let known = !errors.is_empty() && errors.iter().all(|error| error.code.ends_with("_UNKNOWN"));
    if status == StatusCode::NOT_FOUND && known {
        return no_history(target, server, Some(&sentences(errors)));
    }
    let not_offered = if status == StatusCode::NOT_FOUND { ": it offers no tag history" } else { "" };
    let told = if errors.is_empty() { String::new() } else { format!(": {}", sentences(errors)) };
    Failure::Answer(format!("{server} answered {status}{not_offered}{told}"))
}

/// The tag has never meant anything.
pub(super) fn no_history(target: &Target, server: &Url, why: Option<&str>) -> Failure {
    let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
    Failure::Answer(format!("{target} has no history on {server}{why}"))
}

fn sentences(errors: &[OciError]) -> String {
    let sentence = |OciError { code, message }: &OciError| {
        let text = if message.is_empty() { code.clone() } else { format!("{code}: {message}") };
        crate::cli::text::printable(&text)
    };
    errors.iter().map(sentence).collect::<Vec<_>>().join("; ")
}
