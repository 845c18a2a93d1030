//! `patch`: a change of what is there, made again where another writer was faster.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::{Exchange, managers, metadata, typed, write};
use crate::http::Body;
use crate::http::apis::managed_fields::{self, ApplyError, Operation};
use crate::http::apis::options::{FieldValidation, WriteOptions};
use crate::http::apis::patch::{self, PatchError};
use crate::http::apis::refusal::{Named, Refusal};
use crate::http::apis::{body, field_validation, yaml};
use crate::streams::field_error::Path;
use crate::streams::object::{Status, StatusCause, StatusDetails};

/// How often a patch is applied to a newer object before its client is told of the conflict, as kube-apiserver does.
const ATTEMPTS: usize = 5;

/// A patch that was read.
enum Patch {
    Json(Value),
    Merge(Value),
    Strategic(Value),
    /// Server-side apply.
    Apply(Value),
}

/// `PATCH` of an object.
pub(super) async fn patch(exchange: &Exchange<'_>, content: Bytes) -> Result<Response<Body>, Refusal> {
    let options = WriteOptions::parse(&exchange.query, "PatchOptions")?;
    let patch = read(exchange, &content)?;
    if let Patch::Apply(applied) = &patch {
        check_apply(&options, applied)?;
    }
    for attempt in 1.. {
        match once(exchange, &options, &patch).await {
            Err(Failure::Raced(refusal)) if attempt == ATTEMPTS => return Err(refusal),
            Err(Failure::Raced(_)) => {}
            Err(Failure::Refused(refusal)) => return Err(refusal),
            Ok(response) => return Ok(response),
        }
    }
    Err(Refusal::modified(Named::of(exchange.target)))
}

/// Why one attempt came to nothing.
enum Failure {
    /// Another writer was faster.
    Raced(Refusal),
    Refused(Refusal),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

async fn once(exchange: &Exchange<'_>, options: &WriteOptions, patch: &Patch) -> Result<Response<Body>, Failure> {
    let old = match exchange.storage.get(exchange.context(options.dry_run)).await {
        Ok(old) => Some(old),
        Err(refusal) if refusal.is_not_found() && creates(exchange, patch) => {
            match exchange.storage.refuse_applied(exchange.target) {
                Some(refusal) => return Err(refusal.into()),
                None => None,
            }
        }
        Err(refusal) => return Err(refusal.into()),
    };
    let (mut new, warnings) = apply(exchange, options, patch, old.as_ref())?;
    write::check_name(exchange, &new)?;
    let Some(old) = old else {
        let written = exchange.storage.create(exchange.context(options.dry_run), new).await;
        let response = written.and_then(|written| write::answer(exchange, StatusCode::CREATED, written));
        return Ok(super::warn(response?, &warnings));
    };
    if !matches!(patch, Patch::Apply(_)) {
        managers::note(exchange, options, Some(&old), &mut new);
    }
    // A patch that names a version means that one; every other is applied to what is there.
    let named = metadata(&new, "resourceVersion") != metadata(&old, "resourceVersion");
    match exchange.storage.update(exchange.context(options.dry_run), new).await {
        Ok(written) => Ok(super::warn(write::answer(exchange, StatusCode::OK, written)?, &warnings)),
        Err(refusal) if refusal.is_conflict() && !named => Err(Failure::Raced(refusal)),
        Err(refusal) => Err(refusal.into()),
    }
}

fn creates(exchange: &Exchange<'_>, patch: &Patch) -> bool {
    matches!(patch, Patch::Apply(_)) && exchange.target.subresource.is_empty()
}

fn read(exchange: &Exchange<'_>, content: &Bytes) -> Result<Patch, Refusal> {
    let media_type = body::media_type(exchange.headers);
    let parsed = || match serde_json::from_slice::<Value>(content) {
        Ok(patch) => Ok(patch),
        Err(error) => Err(Refusal::bad_request(format!("error decoding patch: {}", go_error(content, &error)))),
    };
    match media_type {
        "application/json-patch+json" => Ok(Patch::Json(parsed()?)),
        "application/merge-patch+json" => Ok(Patch::Merge(parsed()?)),
        "application/strategic-merge-patch+json" => Ok(Patch::Strategic(parsed()?)),
        "application/apply-patch+yaml" => {
            let text = std::str::from_utf8(content).map_err(|error| Refusal::bad_request(error.to_string()))?;
            let applied =
                yaml::parse(text).map_err(|error| Refusal::bad_request(format!("error decoding YAML: {error}")))?;
            Ok(Patch::Apply(applied))
        }
        _ => Err(Refusal::unsupported_media_type("415: Unsupported Media Type")),
    }
}

/// The mistake in a patch that is no JSON, in the words that clients know.
fn go_error(content: &[u8], error: &serde_json::Error) -> String {
    let first = std::str::from_utf8(content).ok().and_then(|text| text.trim_start().chars().next());
    match first {
        Some(first) if error.column() <= 1 && !error.is_eof() => {
            format!("invalid character '{first}' looking for beginning of value")
        }
        _ => body::json_error(error),
    }
}

/// What an apply must say.
fn check_apply(options: &WriteOptions, applied: &Value) -> Result<(), Refusal> {
    if options.field_manager.is_empty() {
        let error = Path::new("fieldManager").required("is required for apply patch");
        return Err(Refusal::invalid_options("PatchOptions", &[error]));
    }
    let managed = applied.pointer("/metadata/managedFields");
    if managed.is_some_and(|managed| !managed.is_null()) {
        return Err(Refusal::bad_request("metadata.managedFields must be nil"));
    }
    Ok(())
}

/// The object after the patch, and what its client is warned of.
fn apply(
    exchange: &Exchange<'_>,
    options: &WriteOptions,
    patch: &Patch,
    old: Option<&Value>,
) -> Result<(Value, Vec<String>), Refusal> {
    let none = json!({});
    let before = old.unwrap_or(&none);
    let kind = exchange.kind();
    let new = match patch {
        Patch::Json(patch) => patch::json::apply(before, patch).map_err(refuse)?,
        Patch::Merge(patch) => patch::merge::apply(before, patch).map_err(refuse)?,
        Patch::Strategic(patch) => patch::strategic::apply(before, patch, kind.object).map_err(refuse)?,
        Patch::Apply(applied) => {
            let manager = managers::manager(exchange, options, Operation::Apply);
            let force = options.force.unwrap_or_default();
            managed_fields::apply(old, applied, kind, &manager, force).map_err(refuse_apply)?
        }
    };
    let findings = field_validation::check(&new, kind).map_err(|error| Refusal::bad_request(error.to_string()))?;
    if let Some(mistyped) = findings.mistyped {
        let shown = typed(kind.kind, &kind.api_version(), &new).to_string();
        return Err(Refusal::unprocessable(&[Path::new("patch").invalid(shown, mistyped)]));
    }
    let unknown = match options.field_validation {
        FieldValidation::Ignore => Vec::new(),
        FieldValidation::Warn | FieldValidation::Strict => findings.strict,
    };
    if options.field_validation == FieldValidation::Strict && !unknown.is_empty() {
        let problem = format!("strict decoding error: {}", unknown.join(", "));
        return Err(Refusal::unprocessable(&[Path::new("patch").invalid("", problem)]));
    }
    Ok((exchange.storage.defaulted(new)?, unknown))
}

fn refuse(error: PatchError) -> Refusal {
    match error {
        PatchError::Malformed(why) => Refusal::bad_request(why),
        PatchError::Inapplicable(why) => {
            tracing::debug!(%why, "Refused a patch that does not fit: {why}");
            Refusal::rejected()
        }
        PatchError::Unreadable { value, detail } => {
            Refusal::unprocessable(&[Path::new("patch").invalid(value, detail)])
        }
        PatchError::TooLarge(why) => Refusal::from(Status::failure(413, "RequestEntityTooLarge", why)),
        PatchError::Failed(why) => Refusal::unclassified(why),
    }
}

fn refuse_apply(error: ApplyError) -> Refusal {
    match error {
        ApplyError::Malformed(why) => Refusal::bad_request(why),
        ApplyError::Failed(why) => Refusal::unclassified(why),
        ApplyError::Conflicts(conflicts) => {
            let causes = conflicts.iter().map(|conflict| StatusCause {
                reason: "FieldManagerConflict".to_owned(),
                message: conflict.message(),
                field: conflict.field().to_owned(),
            });
            let status = Status::failure(409, "Conflict", conflicts.to_string());
            let named = StatusDetails { causes: causes.collect(), ..StatusDetails::default() };
            Refusal::from(status.with_details(named))
        }
    }
}
