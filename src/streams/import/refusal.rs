//! Why an import failed, in the words of the API.
//!
//! Source: the importer of openshift-apiserver as it was recorded, with one departure: an upstream that was asked too often
//! is told as such. Texts say the same when the same fails again, so that nothing has to be written then.

use super::fetch::FetchError;
use crate::oci::Source;
use crate::streams::object::{Status, StatusCause, StatusDetails};
use crate::upstream::UpstreamError;

/// The group of what is not found.
const GROUP: &str = "image.openshift.io";

/// What could not be imported.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// As it was given.
    pub(super) name: &'a str,
    pub(super) source: Option<&'a Source>,
    /// `:tag` or `@digest`; empty for a repository.
    pub(super) reference: &'a str,
}

impl Asked<'_> {
    /// As people look for it, the registry included.
    fn full(&self) -> String {
        match self.source {
            Some(source) => format!("{source}{}", self.reference),
            None => self.name.to_owned(),
        }
    }

    fn url(&self) -> String {
        let Some(source) = self.source else { return String::new() };
        let scheme = if source.insecure { "http" } else { "https" };
        format!("{scheme}://{}", source.registry)
    }

    /// The status of what failed.
    pub(super) fn status(&self, error: &FetchError) -> Status {
        match error {
            FetchError::Name => invalid(self.name, error),
            FetchError::Limit(why) => Status::failure(403, "Forbidden", why.clone()),
            FetchError::Manifest(why) => internal(&format!("{}: {why}", self.full())),
            FetchError::Upstream(error) => self.upstream(error),
        }
    }

    fn upstream(&self, error: &UpstreamError) -> Status {
        let full = self.full();
        match error {
            UpstreamError::NotFound => not_found(&full),
            UpstreamError::Unauthorized { .. } | UpstreamError::Forbidden { .. } => {
                Status::failure(401, "Unauthorized", format!("you may not have access to the container image {full:?}"))
            }
            UpstreamError::Blocked { registry } => {
                let status = Status::failure(403, "Forbidden", format!("forbidden: registry {registry} blocked"));
                // As recorded: there are details, and nothing is in them.
                status.with_details(StatusDetails::default())
            }
            UpstreamError::NotAllowed { what } => {
                Status::failure(403, "Forbidden", format!("{full}: {what} is not allowed"))
            }
            UpstreamError::TooManyRequests { retry_after } => {
                let status =
                    Status::failure(429, "TooManyRequests", format!("{full}: the registry was asked too often"));
                let seconds = retry_after.map(|after| after.as_secs().max(1)).unwrap_or_default();
                match u32::try_from(seconds) {
                    Ok(retry_after_seconds) if retry_after_seconds > 0 => {
                        status.with_details(StatusDetails { retry_after_seconds, ..StatusDetails::default() })
                    }
                    _ => status,
                }
            }
            UpstreamError::HttpOnly { .. } => internal(&format!(
                "{full}: Get \"{}/v2/\": http: server gave HTTP response to HTTPS client",
                self.url()
            )),
            UpstreamError::NotARegistry { .. } => {
                internal(&format!("{full}: endpoint {:?} does not support v2 API", self.url()))
            }
            UpstreamError::Open { .. } => {
                internal(&format!("{full}: the registry failed too often, and is left alone for a while"))
            }
            UpstreamError::Status { .. }
            | UpstreamError::Timeout { .. }
            | UpstreamError::Network(_)
            | UpstreamError::Integrity(_)
            | UpstreamError::Offline { .. }
            | UpstreamError::TooLarge { .. } => internal(&format!("{full}: {}", stable(error))),
        }
    }
}

/// The text of an error without what differs from time to time.
fn stable(error: &UpstreamError) -> String {
    match error {
        UpstreamError::Status { status, retry_after: Some(_), detail } => {
            UpstreamError::Status { status: *status, retry_after: None, detail: detail.clone() }.to_string()
        }
        other => other.to_string(),
    }
}

fn not_found(full: &str) -> Status {
    let message = format!("dockerimage.{GROUP} {full:?} not found");
    Status::failure(404, "NotFound", message).with_details(StatusDetails {
        name: full.to_owned(),
        group: GROUP.to_owned(),
        kind: "dockerimage".to_owned(),
        ..StatusDetails::default()
    })
}

fn internal(why: &str) -> Status {
    let cause = StatusCause { message: why.to_owned(), ..StatusCause::default() };
    Status::failure(500, "InternalError", format!("Internal error occurred: {why}"))
        .with_details(StatusDetails { causes: vec![cause], ..StatusDetails::default() })
}

/// As it is recorded: without a kind and a name, of which only a space and quotes are left.
fn invalid(name: &str, error: &FetchError) -> Status {
    let why = format!("Invalid value: {name:?}: {error}");
    let cause =
        StatusCause { reason: "FieldValueInvalid".to_owned(), message: why.clone(), field: "from.name".to_owned() };
    Status::failure(422, "Invalid", format!(" \"\" is invalid: from.name: {why}"))
        .with_details(StatusDetails { causes: vec![cause], ..StatusDetails::default() })
}

/// What came of a repository whose tags could not all be imported.
pub(super) fn of_repository(failed: usize) -> Status {
    match failed {
        0 => Status::success(0),
        1 => Status::failure(0, "ImportFailed", "one of the images from this repository failed to import"),
        more => {
            let message = format!("{more} of the images from this repository failed to import");
            Status::failure(0, "ImportFailed", message)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn status(error: impl Into<FetchError>) -> Status {
        let source = Source { registry: "quay.io".into(), repository: "a/b".into(), insecure: false };
        Asked { name: "quay.io/a/b", source: Some(&source), reference: ":latest" }.status(&error.into())
    }

    #[test]
    fn failures_are_told_as_recorded() {
        let refused = UpstreamError::Unauthorized { with_login: true, detail: "no".into() };
        for (error, code, reason, message) in [
            (
                UpstreamError::NotFound,
                404,
                "NotFound",
                r#"dockerimage.image.openshift.io "quay.io/a/b:latest" not found"#,
            ),
            (refused, 401, "Unauthorized", r#"you may not have access to the container image "quay.io/a/b:latest""#),
            (
                UpstreamError::HttpOnly { registry: "quay.io".into() },
                500,
                "InternalError",
                "Internal error occurred: quay.io/a/b:latest: Get \"https://quay.io/v2/\": http: server gave HTTP \
                 response to HTTPS client",
            ),
            (
                UpstreamError::Network("connection refused".into()),
                500,
                "InternalError",
                "Internal error occurred: quay.io/a/b:latest: connection refused",
            ),
            (
                UpstreamError::Blocked { registry: "quay.io".into() },
                403,
                "Forbidden",
                "forbidden: registry quay.io blocked",
            ),
        ] {
            let status = status(error);
            assert_eq!((status.code, status.reason.as_str(), status.message.as_str()), (code, reason, message));
        }
    }

    #[test]
    fn what_cannot_be_a_name_is_told_as_recorded() {
        let status = Asked { name: "a@b", source: None, reference: "" }.status(&FetchError::Name);
        let message = r#" "" is invalid: from.name: Invalid value: "a@b": invalid name: invalid reference format"#;
        assert_eq!((status.code, status.message.as_str()), (422, message));
    }

    #[test]
    fn the_same_failure_is_told_in_the_same_words() {
        let limited =
            |seconds| status(UpstreamError::TooManyRequests { retry_after: Some(Duration::from_secs(seconds)) });
        assert_eq!(limited(3).message, limited(60).message);
        assert_eq!(limited(3).details.unwrap().retry_after_seconds, 3);
        let down = |seconds| {
            let retry_after = Some(Duration::from_secs(seconds));
            status(UpstreamError::Status { status: 503, retry_after, detail: String::new() }).message
        };
        assert_eq!(down(3), down(60));
        let open = |seconds| status(UpstreamError::Open { retry_after: Duration::from_secs(seconds) }).message;
        assert_eq!(open(3), open(60));
    }

    #[test]
    fn a_repository_counts_its_failures() {
        assert_eq!(of_repository(0).status, "Success");
        assert_eq!(of_repository(1).message, "one of the images from this repository failed to import");
        assert_eq!(of_repository(7).message, "7 of the images from this repository failed to import");
    }
}
