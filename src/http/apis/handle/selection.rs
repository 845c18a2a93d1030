//! Which objects of a collection are wanted: label and field selectors.

use serde_json::Value;

use crate::http::apis::options::ListOptions;
use crate::http::apis::refusal::Refusal;
use crate::http::apis::request::Target;
use crate::http::apis::selector::{Fields, InvalidSelector, Labels};

/// Both selectors of a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    pub(crate) labels: Labels,
    pub(crate) fields: Fields,
}

impl Selection {
    /// Parses the selectors, and refuses fields that the resource cannot be selected by.
    pub(crate) fn parse(target: &Target, options: &ListOptions) -> Result<Self, Refusal> {
        let refuse = |error: InvalidSelector| Refusal::bad_request(error.to_string());
        let labels = Labels::parse(&options.label_selector).map_err(refuse)?;
        let fields = Fields::parse(&options.field_selector).map_err(refuse)?;
        fields.check(target.resource.selectable_fields()).map_err(refuse)?;
        Ok(Self { labels, fields })
    }

    /// Whether nothing was selected.
    pub(crate) fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether an object is wanted.
    pub(crate) fn takes(&self, object: &Value) -> bool {
        let labels = object.pointer("/metadata/labels").unwrap_or(&Value::Null);
        self.labels.matches(labels) && self.fields.matches(object)
    }
}
