//! What is wrong with an object, field by field, in the words of Kubernetes.
//!
//! Source: `field.Error` of Kubernetes' apimachinery, as its API servers print it.

use std::fmt;

use serde_json::Value;

/// Where a field is: `spec.tags[latest].from.name`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Path(String);

impl Path {
    /// A field of the object itself.
    pub(crate) fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// A field of this one; the root has none above it.
    #[must_use]
    pub(crate) fn child(&self, name: &str) -> Self {
        if self.0.is_empty() { Self::new(name) } else { Self(format!("{}.{name}", self.0)) }
    }

    /// An entry of this map.
    #[must_use]
    pub(crate) fn key(&self, key: &str) -> Self {
        Self(format!("{}[{key}]", self.0))
    }

    /// An element of this list.
    #[must_use]
    pub(crate) fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    fn error(&self, kind: FieldErrorKind, value: Value, detail: impl Into<String>) -> FieldError {
        FieldError { field: self.0.clone(), kind, value, detail: detail.into() }
    }

    /// The field must be given; `detail` may be empty.
    pub(crate) fn required(&self, detail: impl Into<String>) -> FieldError {
        self.error(FieldErrorKind::Required, Value::Null, detail)
    }

    /// The value breaks the rule that `detail` tells.
    pub(crate) fn invalid(&self, value: impl Into<Value>, detail: impl Into<String>) -> FieldError {
        self.error(FieldErrorKind::Invalid, value.into(), detail)
    }

    /// The field may not be set, or not so.
    pub(crate) fn forbidden(&self, detail: impl Into<String>) -> FieldError {
        self.error(FieldErrorKind::Forbidden, Value::Null, detail)
    }

    /// The value names something that does not exist.
    pub(crate) fn not_found(&self, value: impl Into<Value>) -> FieldError {
        self.error(FieldErrorKind::NotFound, value.into(), "")
    }

    /// The value occurs twice where it may once.
    pub(crate) fn duplicate(&self, value: impl Into<Value>) -> FieldError {
        self.error(FieldErrorKind::Duplicate, value.into(), "")
    }

    /// The value is none of those that there are.
    pub(crate) fn not_supported(&self, value: impl Into<Value>, supported: &[&str]) -> FieldError {
        let list: Vec<String> = supported.iter().map(|value| quoted(value)).collect();
        self.error(FieldErrorKind::NotSupported, value.into(), format!("supported values: {}", list.join(", ")))
    }

    /// The value has more than `limit` bytes.
    pub(crate) fn too_long(&self, limit: usize) -> FieldError {
        self.error(FieldErrorKind::TooLong, Value::Null, format!("may not be more than {limit} bytes"))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which kind of rule a field breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldErrorKind {
    /// It names something that does not exist.
    NotFound,
    /// It must be given.
    Required,
    /// It occurs twice.
    Duplicate,
    /// It breaks a rule.
    Invalid,
    /// It is none of the values that there are.
    NotSupported,
    /// It may not be set.
    Forbidden,
    /// It is too long.
    TooLong,
}

impl FieldErrorKind {
    /// For programs: the `reason` of a cause.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::NotFound => "FieldValueNotFound",
            Self::Required => "FieldValueRequired",
            Self::Duplicate => "FieldValueDuplicate",
            Self::Invalid => "FieldValueInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
        }
    }

    /// For people: how the message begins.
    fn text(self) -> &'static str {
        match self {
            Self::NotFound => "Not found",
            Self::Required => "Required value",
            Self::Duplicate => "Duplicate value",
            Self::Invalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
        }
    }

    /// Whether the message shows the value.
    fn shows_value(self) -> bool {
        match self {
            Self::NotFound | Self::Duplicate | Self::Invalid | Self::NotSupported => true,
            Self::Required | Self::Forbidden | Self::TooLong => false,
        }
    }
}

/// One thing that is wrong with an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldError {
    /// Where.
    pub(crate) field: String,
    pub(crate) kind: FieldErrorKind,
    /// What was given, where the kind shows it.
    pub(crate) value: Value,
    /// The rule; may be empty.
    pub(crate) detail: String,
}

impl FieldError {
    /// The error without the field: the `message` of a cause.
    pub(crate) fn body(&self) -> String {
        let mut body = self.kind.text().to_owned();
        if self.kind.shows_value() {
            body.push_str(": ");
            body.push_str(&self.value.to_string());
        }
        if !self.detail.is_empty() {
            body.push_str(": ");
            body.push_str(&self.detail);
        }
        body
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.body())
    }
}

/// Several errors as one text: alone, or in brackets.
pub(crate) fn list(errors: &[FieldError]) -> String {
    match errors {
        [one] => one.to_string(),
        _ => format!("[{}]", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: recorded clusters, scenarios `08-errors` and `10-images-signatures`.
    #[test]
    fn prints_as_recorded() {
        let tag = Path::new("spec").child("tags").key("t");
        let from = tag.child("from");
        for (error, text) in [
            (from.child("name").required(""), "spec.tags[t].from.name: Required value"),
            (
                from.child("kind").required("valid values are 'DockerImage'"),
                "spec.tags[t].from.kind: Required value: valid values are 'DockerImage'",
            ),
            (
                tag.child("importPolicy").child("scheduled").invalid(true, "only so"),
                "spec.tags[t].importPolicy.scheduled: Invalid value: true: only so",
            ),
            (from.child("name").not_found("nosuch:x"), "spec.tags[t].from.name: Not found: \"nosuch:x\""),
            (
                Path::new("metadata").child("resourceVersion").invalid(0, "must be specified for an update"),
                "metadata.resourceVersion: Invalid value: 0: must be specified for an update",
            ),
            (
                Path::new("propagationPolicy").not_supported("Nonsense", &["Foreground", "nil"]),
                "propagationPolicy: Unsupported value: \"Nonsense\": supported values: \"Foreground\", \"nil\"",
            ),
            (Path::new("fieldManager").too_long(128), "fieldManager: Too long: may not be more than 128 bytes"),
            (Path::new("metadata").child("labels").forbidden("no"), "metadata.labels: Forbidden: no"),
            (Path::new("a").index(0).duplicate("x"), "a[0]: Duplicate value: \"x\""),
        ] {
            assert_eq!(error.to_string(), text);
        }
    }

    #[test]
    fn lists_one_bare_and_more_in_brackets() {
        let path = Path::new("a");
        assert_eq!(list(&[path.required("")]), "a: Required value");
        assert_eq!(list(&[path.required(""), path.forbidden("b")]), "[a: Required value, a: Forbidden: b]");
        assert_eq!(path.required("").kind.reason(), "FieldValueRequired");
    }
}
