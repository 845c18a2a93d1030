//! What became of an import, in words.

use serde_json::Value;

use crate::cli::describe;
use crate::cli::text::printable;
use crate::streams::object::Time;

/// What is printed: the result, the stream, and each image.
pub(super) fn words(answer: &Value, dry_run: bool, now: Time) -> String {
    let failed = if refusals(answer).is_empty() { "" } else { " with errors" };
    let dry = if dry_run { " (dry run)" } else { "" };
    let mut words = format!("imagestream.image.openshift.io/{} imported{failed}{dry}\n\n", name(answer));
    if let Some(stream) = answer.pointer("/status/import").filter(|stream| !stream.is_null()) {
        words.push_str(&describe::stream(stream, now));
        words.push('\n');
    }
    let (single, listed) = (items(answer, "/status/images"), items(answer, "/status/repository/images"));
    let single = single.iter().enumerate().map(|(index, image)| (tag(answer, index, image), image));
    for (tag, image) in single.chain(listed.iter().map(|image| (text(image, "/tag"), image))) {
        if let Some(inner) = image.get("image").filter(|inner| !inner.is_null()) {
            words.push_str(&describe::image(inner, Some(&format!("{}:{tag}", name(answer))), now));
            words.push('\n');
        }
    }
    let more: Vec<&str> = items(answer, "/status/repository/additionalTags").iter().filter_map(Value::as_str).collect();
    if !more.is_empty() {
        let (count, list) = (more.len(), more.join(", "));
        let info =
            format!("\ninfo: The remote repository contained {count} additional tags which were not imported: {list}");
        words.push_str(&printable(&info).replace(char::REPLACEMENT_CHARACTER, "\n"));
    }
    words.push('\n');
    words
}

/// What failed, one a line; nothing where all was imported.
pub(super) fn refusals(answer: &Value) -> Vec<String> {
    let failed = |image: &Value| text(image, "/status/status") == "Failure";
    let told = |what: &str, tag: &str, image: &Value| {
        printable(&format!("error: {what} {tag} failed: {}", text(image, "/status/message")))
    };
    let single = items(answer, "/status/images").iter().enumerate().filter(|(_, image)| failed(image));
    let single = single.map(|(index, image)| told("tag", tag(answer, index, image), image));
    let listed = items(answer, "/status/repository/images").iter().filter(|image| failed(image));
    let listed = listed.map(|image| told("repository tag", text(image, "/tag"), image));
    let mut refusals: Vec<String> = single.chain(listed).collect();
    if !refusals.is_empty() || text(answer, "/status/repository/status/status") == "Failure" {
        refusals.push("error: imported completed with errors".to_owned());
    }
    refusals
}

/// The tag of an image that was to be imported. Where the answer does not say it, the request does.
fn tag<'v>(answer: &'v Value, index: usize, image: &'v Value) -> &'v str {
    let told = text(image, "/tag");
    if told.is_empty() { text(answer, &format!("/spec/images/{index}/to/name")) } else { told }
}

fn name(answer: &Value) -> &str {
    text(answer, "/metadata/name")
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn items<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
