//! Why a server did not do what was asked, in the words of `oc`.

use reqwest::{Response, StatusCode, Url};
use serde::Deserialize;

use crate::cli::failure::Failure;
use crate::cli::text::printable;

/// Why a request had no answer that is of use.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum ApiError {
    /// The server said no.
    #[error("{}", .0.told())]
    Refused(Box<Refusal>),
    /// No answer came, or not all of it.
    #[error("Unable to connect to the server: no answer from {server}: {error:#}")]
    Unreachable { server: Url, error: anyhow::Error },
    /// What came is no answer of this API.
    #[error("error: the answer of {server} cannot be read: {why}")]
    Unreadable { server: Url, why: String },
}

impl ApiError {
    /// The status of the answer; `None` if there was none.
    pub(in crate::cli) fn code(&self) -> Option<u16> {
        match self {
            Self::Refused(refusal) => Some(refusal.code),
            Self::Unreachable { .. } | Self::Unreadable { .. } => None,
        }
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self::Told(error.to_string())
    }
}

/// `metav1.Status`, as far as it is shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::cli) struct Refusal {
    kind: String,
    message: String,
    reason: String,
    details: Option<Details>,
    code: u16,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Details {
    name: String,
    kind: String,
    causes: Vec<Cause>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cause {
    message: String,
    field: String,
}

impl Refusal {
    /// Reads an answer that is no success.
    pub(super) async fn read(answer: Response) -> Self {
        let code = answer.status();
        // Whatever stands between us and the server may answer too, in its own form: then the status says it.
        Self::of(code, &answer.bytes().await.unwrap_or_default())
    }

    /// Reads an object that a watch sent in place of an event.
    pub(super) fn of_object(object: &serde_json::Value) -> Self {
        let refusal: Self = serde_json::from_value(object.clone()).unwrap_or_default();
        if refusal.kind == "Status" { refusal } else { Self { message: object.to_string(), ..Self::default() } }
    }

    fn of(code: StatusCode, body: &[u8]) -> Self {
        let told: Self = serde_json::from_slice(body).unwrap_or_default();
        if told.kind == "Status" {
            return Self { code: code.as_u16(), ..told };
        }
        let message = format!("the server answered {code}");
        Self { message, reason: String::new(), code: code.as_u16(), ..Self::default() }
    }

    /// What a person is told.
    fn told(&self) -> String {
        let text = match self.reason.as_str() {
            "Invalid" => self.invalid(),
            "Unauthorized" => "error: You must be logged in to the server (Unauthorized)".to_owned(),
            "" => format!("Error from server: {}", self.message),
            reason => format!("Error from server ({reason}): {}", self.message),
        };
        text.lines().map(printable).collect::<Vec<_>>().join("\n")
    }

    /// One mistake stands in the same line, several stand below it.
    fn invalid(&self) -> String {
        let none = Details::default();
        let Details { name, kind, causes } = self.details.as_ref().unwrap_or(&none);
        let what = if kind.is_empty() && name.is_empty() { "request".to_owned() } else { format!("{kind} {name:?}") };
        let mut mistakes: Vec<String> = Vec::new();
        for Cause { message, field } in causes {
            let mistake = format!("{field}: {message}");
            if !mistakes.contains(&mistake) {
                mistakes.push(mistake);
            }
        }
        match mistakes.as_slice() {
            [] => format!("The {what} is invalid: {}", self.message),
            [mistake] => format!("The {what} is invalid: {mistake}"),
            several => format!("The {what} is invalid: \n* {}", several.join("\n* ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(code: u16, body: &serde_json::Value) -> String {
        Refusal::of(StatusCode::from_u16(code).unwrap(), body.to_string().as_bytes()).told()
    }

    #[test]
    fn refusals_are_told_as_oc_tells_them() {
        let status = |reason: &str, message: &str| json!({"kind": "Status", "reason": reason, "message": message});
        let missing = "imagestreams.image.openshift.io \"x\" not found";
        assert_eq!(told(404, &status("NotFound", missing)), format!("Error from server (NotFound): {missing}"));
        assert_eq!(told(500, &status("", "oh")), "Error from server: oh");
        let unauthorized = "error: You must be logged in to the server (Unauthorized)";
        assert_eq!(told(401, &status("Unauthorized", "Unauthorized")), unauthorized);
        assert_eq!(told(502, &json!("<html>")), "Error from server: the server answered 502 Bad Gateway");
        assert_eq!(told(500, &status("", "a\u{1b}[2J")), "Error from server: a\u{fffd}[2J");
    }

    #[test]
    fn mistakes_are_listed() {
        let status = |causes: serde_json::Value| {
            let details = json!({"name": "s", "group": "image.openshift.io", "kind": "ImageStream", "causes": causes});
            json!({"kind": "Status", "reason": "Invalid", "message": "whole", "details": details})
        };
        let (one, other) = (json!({"field": "a", "message": "b"}), json!({"field": "c", "message": "d"}));
        assert_eq!(told(422, &status(json!([one, one]))), "The ImageStream \"s\" is invalid: a: b");
        assert_eq!(told(422, &status(json!([one, other]))), "The ImageStream \"s\" is invalid: \n* a: b\n* c: d");
        assert_eq!(told(422, &status(json!([]))), "The ImageStream \"s\" is invalid: whole");
    }
}
