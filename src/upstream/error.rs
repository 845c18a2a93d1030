//! What can go wrong with another registry.

use std::fmt::Write as _;
use std::time::Duration;

/// Why another registry gave nothing. No text here holds a secret: neither a login nor the query of a signed address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UpstreamError {
    /// It says that there is no such repository, manifest or blob.
    #[error("it is unknown there")]
    NotFound,
    /// It does not know who asks, or refuses the login.
    #[error("the registry asks for a login{}", told(.detail))]
    Unauthorized {
        /// Whether there was a login to send.
        with_login: bool,
        /// What the registry, or whoever gives its tokens, said; empty for nothing.
        detail: String,
    },
    /// It knows who asks, and says no.
    #[error("the registry denies access{}", told(.detail))]
    Forbidden {
        /// Whether there was a login to send.
        with_login: bool,
        /// What the registry said; empty for nothing.
        detail: String,
    },
    /// It was asked too often.
    #[error("the registry was asked too often{}", again(.retry_after))]
    TooManyRequests {
        /// When it may be asked again, if it said.
        retry_after: Option<Duration>,
    },
    /// The operator blocked the registry.
    #[error("the registry {registry} is blocked")]
    Blocked {
        /// The name of the registry.
        registry: String,
    },
    /// The operator did not allow the registry, or the address that its name, or a redirect, leads to.
    #[error("{what} is not allowed")]
    NotAllowed {
        /// A registry, an address, or what else was refused.
        what: String,
    },
    /// What answers is no registry.
    #[error("{registry} does not answer as a registry does")]
    NotARegistry {
        /// The name of the registry.
        registry: String,
    },
    /// It speaks plain HTTP where TLS was asked for.
    #[error("{registry} speaks HTTP only")]
    HttpOnly {
        /// The name of the registry.
        registry: String,
    },
    /// It failed in a way that has a status only.
    #[error("the registry answered with status {status}{}", told(.detail))]
    Status {
        /// The status.
        status: u16,
        /// When it may be asked again, if it said.
        retry_after: Option<Duration>,
        /// What the registry said; empty for nothing.
        detail: String,
    },
    /// It took too long.
    #[error("the registry took longer than {} to {step}", seconds(.after))]
    Timeout {
        /// What it should have done.
        step: &'static str,
        /// The time it had.
        after: Duration,
    },
    /// It could not be reached, or the connection broke.
    #[error("{0}")]
    Network(String),
    /// What it sent is not what was asked for.
    #[error("content integrity error: {0}")]
    Integrity(String),
    /// What it sent is more than is taken.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// What is taken.
        limit: u64,
    },
    /// The operator said that it is to be left alone.
    #[error("{registry} is offline by configuration")]
    Offline {
        /// The name of the registry.
        registry: String,
    },
    /// It failed so often of late that it is left alone for a while.
    #[error("the registry failed too often, and is left alone for {}", seconds(.retry_after))]
    Open {
        /// When it is tried again.
        retry_after: Duration,
    },
}

impl UpstreamError {
    /// When to try again, if the registry, or its record, says so.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyRequests { retry_after } | Self::Status { retry_after, .. } => *retry_after,
            Self::Open { retry_after } => Some(*retry_after),
            Self::NotFound
            | Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::Blocked { .. }
            | Self::NotAllowed { .. }
            | Self::NotARegistry { .. }
            | Self::HttpOnly { .. }
            | Self::Timeout { .. }
            | Self::Network(_)
            | Self::Integrity(_)
            | Self::Offline { .. }
            | Self::TooLarge { .. } => None,
        }
    }

    /// The word for it in metrics.
    pub(crate) fn outcome(&self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::Unauthorized { .. } | Self::Forbidden { .. } => "denied",
            Self::TooManyRequests { .. } => "limited",
            Self::Blocked { .. } | Self::NotAllowed { .. } => "not-allowed",
            Self::Open { .. } => "left-alone",
            Self::Offline { .. } => "offline",
            Self::Timeout { .. } => "timeout",
            Self::Integrity(_) | Self::TooLarge { .. } => "wrong",
            Self::NotARegistry { .. } | Self::HttpOnly { .. } | Self::Status { .. } | Self::Network(_) => "failed",
        }
    }

    /// Whether it may pass by itself, so that the same may be asked again.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::TooManyRequests { .. } | Self::Timeout { .. } | Self::Network(_) | Self::Open { .. } => true,
            // 408 and 425 ask to be tried again; of the rest, what begins with 5 is the server's own trouble.
            Self::Status { status, .. } => matches!(status, 408 | 425 | 500 | 502..=504 | 520..=530),
            Self::NotFound
            | Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::Blocked { .. }
            | Self::NotAllowed { .. }
            | Self::NotARegistry { .. }
            | Self::HttpOnly { .. }
            | Self::Integrity(_)
            | Self::Offline { .. }
            | Self::TooLarge { .. } => false,
        }
    }
}

fn told(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

fn again<'a>(after: impl Into<Option<&'a Duration>>) -> String {
    after.into().map(|after| format!(", and may be asked again in {}", seconds(after))).unwrap_or_default()
}

fn seconds(duration: &Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

/// An error with its causes, each once.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.contains(&said) {
            // Writing to a string cannot fail.
            let _ = write!(text, ": {said}");
        }
        next = cause.source();
    }
    text
}
