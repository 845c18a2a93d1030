//! What the status of an answer means.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, StatusCode, header};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::Response;
use serde::Deserialize;

use super::UpstreamError;

/// What registries send with each answer, or should.
const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");

/// How many requests are left, and in which time.
const QUOTA: HeaderName = HeaderName::from_static("ratelimit-remaining");

/// Bytes of a refusal that are read.
const REFUSAL: usize = 16 * 1024;

/// Characters of a refusal that are told on.
const DETAIL: usize = 300;

/// A wait of more seconds than this is none, but a moment.
const EPOCH: u64 = 1_000_000_000;

/// The longest wait that is believed.
pub(super) const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// The error form of registries.
#[derive(Debug, Deserialize)]
struct Refusals {
    errors: Vec<Refusal>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Refusal {
    code: String,
    message: String,
    detail: serde_json::Value,
}

/// The form in which those who give tokens refuse.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TokenRefusal {
    details: String,
    message: String,
    error_description: String,
}

/// An answer that is no success.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) error: UpstreamError,
    /// Whether it has a form that only registries use: what else answers at an address does not say what is not there.
    pub(super) by_registry: bool,
}

/// Says what an answer means that is no success.
pub(super) async fn refusal(response: Response, with_login: bool) -> Refused {
    let (status, retry_after) = (response.status(), retry_after(response.headers()));
    let versioned = response.headers().contains_key(API_VERSION);
    let content = beginning(response).await;
    let detail = said(&content);
    let by_registry = versioned || serde_json::from_slice::<Refusals>(&content).is_ok();
    let error = match status {
        StatusCode::NOT_FOUND => UpstreamError::NotFound,
        StatusCode::UNAUTHORIZED => UpstreamError::Unauthorized { with_login, detail },
        StatusCode::FORBIDDEN => UpstreamError::Forbidden { with_login, detail },
        StatusCode::TOO_MANY_REQUESTS => UpstreamError::TooManyRequests { retry_after },
        status => UpstreamError::Status { status: status.as_u16(), retry_after, detail },
    };
    Refused { error, by_registry }
}

/// The beginning of a body. What breaks off is as good as what is there.
async fn beginning(mut response: Response) -> Vec<u8> {
    let mut content = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = REFUSAL.saturating_sub(content.len());
        content.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if content.len() >= REFUSAL {
            break;
        }
    }
    content
}

/// The message in a body of one of the known forms; nothing else is told on.
fn said(content: &[u8]) -> String {
    let message = match serde_json::from_slice::<Refusals>(content) {
        Ok(Refusals { errors }) => errors.into_iter().next().map(Refusal::text).unwrap_or_default(),
        Err(_) => serde_json::from_slice::<TokenRefusal>(content).unwrap_or_default().text(),
    };
    message.chars().filter(|character| !character.is_control()).take(DETAIL).collect()
}

impl Refusal {
    fn text(self) -> String {
        let detail = self.detail.as_str().map(|detail| format!(" ({detail})")).unwrap_or_default();
        let message = if self.message.is_empty() { self.code } else { self.message };
        format!("{message}{detail}")
    }
}

impl TokenRefusal {
    fn text(self) -> String {
        let texts = [self.details, self.error_description, self.message];
        texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
    }
}

/// How many manifests are left before the registry refuses, as Docker's says: `97;w=21600`.
pub(super) fn quota(headers: &HeaderMap) -> Option<i64> {
    let written = headers.get(QUOTA)?.to_str().ok()?;
    written.split(';').next().and_then(|left| left.trim().parse().ok())
}

/// Seconds since 1970.
fn now() -> u64 {
    u64::try_from(Timestamp::now().as_second()).unwrap_or(0)
}

/// How long to wait, in seconds or until a date, as `Retry-After` says.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let written = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match written.parse::<u64>() {
        // Docker's registry writes the seconds since 1970.
        Ok(moment) if moment > EPOCH => Duration::from_secs(moment.saturating_sub(now())),
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until: SystemTime = rfc2822::parse(written).map(|date| date.timestamp()).map(SystemTime::from).ok()?;
            until.duration_since(SystemTime::from(Timestamp::now())).unwrap_or_default()
        }
    };
    Some(wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(value: &str) -> Option<Duration> {
        retry_after(&HeaderMap::from_iter([(header::RETRY_AFTER, value.parse().unwrap())]))
    }

    #[test]
    fn waits_are_seconds_or_dates() {
        assert_eq!(wait("119"), Some(Duration::from_secs(119)));
        assert_eq!(wait("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("Mon, 21 Oct 2199 07:28:00 GMT"), Some(LONGEST_WAIT));
        assert_eq!(wait("999999999"), Some(LONGEST_WAIT));
        assert_eq!(wait("1600000000"), Some(Duration::ZERO));
        assert_eq!(wait("99999999999"), Some(LONGEST_WAIT));
        assert_eq!(wait("soon"), None);
        assert_eq!(wait("-1"), None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }

    #[test]
    fn a_quota_is_a_number() {
        let of = |value: &'static str| quota(&HeaderMap::from_iter([(QUOTA, value.parse().unwrap())]));
        assert_eq!(of("97;w=21600"), Some(97));
        assert_eq!(of("0"), Some(0));
        assert_eq!(of("many"), None);
        assert_eq!(quota(&HeaderMap::new()), None);
    }

    #[test]
    fn only_messages_of_known_forms_are_told_on() {
        let oci = br#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":[]}]}"#;
        assert_eq!(said(oci), "authentication required");
        assert_eq!(said(br#"{"errors":[{"code":"DENIED","detail":"why"}]}"#), "DENIED (why)");
        assert_eq!(said(br#"{"details":"incorrect username or password"}"#), "incorrect username or password");
        assert_eq!(said(b"<html>secret</html>"), "");
        assert_eq!(said(br#"{"errors":[{"message":"a\nb"}]}"#), "ab");
    }
}
