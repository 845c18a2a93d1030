//! An answer, and what tests say about it.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

/// An answer that was read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    /// The request, for messages.
    pub(crate) what: String,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    /// Asserts the status.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        let body = String::from_utf8_lossy(&self.body[..self.body.len().min(600)]);
        assert_eq!(self.status.as_u16(), status, "{}: {:?} {body}", self.what, self.headers);
        self
    }

    /// Asserts a header's value.
    #[track_caller]
    pub(crate) fn has(self, name: &str, value: impl AsRef<str>) -> Self {
        assert_eq!(self.optional(name), Some(value.as_ref()), "{name} of {}", self.what);
        self
    }

    /// Asserts that a header is absent.
    #[track_caller]
    pub(crate) fn has_no(self, name: &str) -> Self {
        assert_eq!(self.optional(name), None, "{name} of {}", self.what);
        self
    }

    /// Asserts the body.
    #[track_caller]
    pub(crate) fn holds(self, body: impl AsRef<[u8]>) -> Self {
        assert!(self.body == body.as_ref(), "{} has another body, of {} bytes", self.what, self.body.len());
        self
    }

    /// A header that has to be there.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.optional(name).unwrap_or_else(|| self.lacks(name))
    }

    /// All values of a header, lists taken apart.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let values = self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).map(str::trim).collect()
    }

    #[track_caller]
    pub(crate) fn location(&self) -> String {
        self.header("location").to_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| self.is_no_json(&error))
    }

    /// Asserts a refusal with `code`, in the form that the distribution-spec gives errors. Returns the first of them.
    #[track_caller]
    pub(crate) fn is_oci_error(&self, status: u16, code: &str) -> Value {
        let reply = self.clone().is(status).has("content-type", "application/json");
        let body = reply.json();
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        assert!(!errors.is_empty(), "{}: no errors in {body}", reply.what);
        for error in &errors {
            assert_eq!(error["code"], code, "{}: {body}", reply.what);
            let code = error["code"].as_str().unwrap_or_default();
            assert!(code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'), "{code} is no code");
            let message = error["message"].as_str().unwrap_or_default();
            assert!(!message.is_empty(), "{}: a client is not told what is wrong: {body}", reply.what);
        }
        errors[0].clone()
    }

    /// This answer without the headers that differ from one request to the next.
    pub(crate) fn without_its_own(mut self) -> Self {
        for own in ["date", "x-request-id"] {
            self.headers.remove(own);
        }
        self
    }

    fn optional(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    #[track_caller]
    #[expect(clippy::panic, reason = "fails the test")]
    fn lacks(&self, name: &str) -> &str {
        panic!("{} has no {name}: {:?}", self.what, self.headers)
    }

    #[track_caller]
    #[expect(clippy::panic, reason = "fails the test")]
    fn is_no_json(&self, error: &serde_json::Error) -> Value {
        panic!("{}: {error} in {}", self.what, String::from_utf8_lossy(&self.body))
    }
}
