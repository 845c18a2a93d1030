//! The options of a request, from its query: parsed once, with the words that kube-apiserver has for mistakes.

use super::refusal::Refusal;
use crate::http::query::Query;
use crate::streams::field_error::{FieldError, Path};

/// How much of a field manager's name is taken, in bytes.
const LONGEST_MANAGER: usize = 128;

/// What is done about fields that the object does not have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum FieldValidation {
    /// They are dropped.
    Ignore,
    /// They are dropped, and the client is warned.
    #[default]
    Warn,
    /// The request is refused.
    Strict,
}

/// The options of a create, an update or a patch.
#[derive(Debug, Clone, Default)]
pub(crate) struct WriteOptions {
    /// Everything is done but the writing.
    pub(crate) dry_run: bool,
    /// Who the fields belong to that are set; empty where the client did not say.
    pub(crate) field_manager: String,
    pub(crate) field_validation: FieldValidation,
    /// Takes fields from their managers, in an apply.
    pub(crate) force: Option<bool>,
}

/// The options of a list or a watch.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListOptions {
    pub(crate) label_selector: String,
    pub(crate) field_selector: String,
    /// At most so many objects; 0 for all.
    pub(crate) limit: usize,
    pub(crate) continue_token: String,
    pub(crate) resource_version: String,
    pub(crate) resource_version_match: String,
}

impl WriteOptions {
    /// Parses the options of a request; `kind` names them in what is said of mistakes, such as `CreateOptions`.
    pub(crate) fn parse(query: &Query, kind: &str) -> Result<Self, Refusal> {
        let mut errors = Vec::new();
        let dry_run: Vec<&str> = query.all("dryRun").collect();
        errors.extend(dry_run_errors(&dry_run));
        let force = query.get("force").map(|value| value == "true" || value == "1" || value.is_empty());
        if force == Some(true) && kind != "PatchOptions" {
            errors.push(Path::new("force").forbidden("may not be specified for non-apply patch"));
        }
        let field_manager = query.get("fieldManager").unwrap_or_default().to_owned();
        errors.extend(manager_errors(&field_manager));
        let wanted = query.get("fieldValidation").unwrap_or_default();
        let field_validation = field_validation(wanted, &mut errors);
        if !errors.is_empty() {
            return Err(Refusal::invalid_options(kind, &errors));
        }
        Ok(Self { dry_run: !dry_run.is_empty(), field_manager, field_validation, force })
    }
}

/// What is wrong with the values of `dryRun`.
pub(crate) fn dry_run_errors(values: &[&str]) -> Option<FieldError> {
    let wrong = values.iter().any(|value| *value != "All");
    wrong.then(|| Path::new("dryRun").not_supported(values.to_vec(), &["All"]))
}

fn manager_errors(manager: &str) -> Option<FieldError> {
    if manager.len() > LONGEST_MANAGER {
        return Some(Path::new("fieldManager").too_long(LONGEST_MANAGER));
    }
    let unprintable = manager.chars().any(char::is_control);
    unprintable.then(|| Path::new("fieldManager").invalid(manager, "should only contain printable characters"))
}

fn field_validation(wanted: &str, errors: &mut Vec<FieldError>) -> FieldValidation {
    match wanted {
        "" | "Warn" => FieldValidation::Warn,
        "Ignore" => FieldValidation::Ignore,
        "Strict" => FieldValidation::Strict,
        other => {
            errors.push(Path::new("fieldValidation").not_supported(other, &["", "Ignore", "Strict", "Warn"]));
            FieldValidation::Warn
        }
    }
}

impl ListOptions {
    /// What a watch has in common with a list: what is selected. All else of it is read elsewhere.
    pub(crate) fn for_watch(query: &Query) -> Self {
        let text = |name: &str| query.get(name).unwrap_or_default().to_owned();
        Self { label_selector: text("labelSelector"), field_selector: text("fieldSelector"), ..Self::default() }
    }

    /// Parses the options of a request.
    pub(crate) fn parse(query: &Query) -> Result<Self, Refusal> {
        let text = |name: &str| query.get(name).unwrap_or_default().to_owned();
        let options = Self {
            label_selector: text("labelSelector"),
            field_selector: text("fieldSelector"),
            limit: limit(query.get("limit").unwrap_or_default())?,
            continue_token: text("continue"),
            resource_version: text("resourceVersion"),
            resource_version_match: text("resourceVersionMatch"),
        };
        options.check(query)?;
        Ok(options)
    }

    fn check(&self, query: &Query) -> Result<(), Refusal> {
        let field = Path::new("resourceVersionMatch");
        let mut errors = Vec::new();
        let watch = query.get("watch").is_some_and(truth);
        let initial = query.get("sendInitialEvents").is_some_and(truth);
        match self.resource_version_match.as_str() {
            "" => {}
            _ if watch && !initial => {
                errors.push(
                    field.forbidden("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"),
                );
            }
            _ if self.resource_version.is_empty() && !initial => {
                errors.push(field.forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided"));
            }
            "Exact" if self.resource_version == "0" => {
                errors.push(field.forbidden("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""));
            }
            "Exact" | "NotOlderThan" => {}
            other => errors.push(field.not_supported(other, &["Exact", "NotOlderThan", ""])),
        }
        if errors.is_empty() { Ok(()) } else { Err(Refusal::invalid_options("ListOptions", &errors)) }
    }
}

/// How a flag of the query is read.
pub(crate) fn truth(value: &str) -> bool {
    !matches!(value, "false" | "0")
}

fn limit(text: &str) -> Result<usize, Refusal> {
    if text.is_empty() {
        return Ok(0);
    }
    let number = text.parse::<i64>().map_err(|_| Refusal::not_a_number("ParseInt", text))?;
    // A negative limit is none, as the recorded server has it.
    Ok(usize::try_from(number).unwrap_or_default())
}
