//! Requests to other registries, one at a time: who may be reached, how long it may take, and what failed.

use std::error::Error as StdError;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, header};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, Proxy, Response, Url};

use super::UpstreamError;
use super::error::chain;
use super::guard::{Guard, Refused};
use crate::config;

/// What a registry knows Weir by.
const USER_AGENT: &str = concat!("weir/", env!("CARGO_PKG_VERSION"));

/// How long a connection that nobody uses is kept for the next one.
const POOL_IDLE: Duration = Duration::from_mins(1);

/// Why the client of other registries could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    /// The certificates of authorities could not be read.
    #[error("failed to read {}", path.display())]
    File {
        /// Which file.
        path: std::path::PathBuf,
        #[source]
        source: io::Error,
    },
    /// The certificates of authorities are none.
    #[error("{} holds no certificates in PEM", path.display())]
    Certificates {
        /// Which file.
        path: std::path::PathBuf,
    },
    /// The client could not be set up.
    #[error("failed to set up the client of other registries")]
    Client(#[from] reqwest::Error),
}

/// Connections to other registries.
#[derive(Debug)]
pub(super) struct Wire {
    verified: Client,
    /// For those whose certificates prove nothing.
    unverified: Client,
    guard: Guard,
    connect: Duration,
    first_byte: Duration,
    idle: Duration,
}

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    /// A form, for whoever gives tokens.
    pub(super) form: Option<String>,
    pub(super) insecure: bool,
}

impl Wire {
    pub(super) fn new(config: &config::Upstreams) -> Result<Self, WireError> {
        let guard = Guard::new(&config.allow_addresses);
        let authorities = config.ca_file.as_deref().map_or(Ok(Vec::new()), authorities)?;
        let builder = || {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"))]);
            Client::builder()
                .user_agent(USER_AGENT)
                .default_headers(headers)
                .redirect(Policy::none())
                .connect_timeout(config.connect)
                // Many blobs may come over one connection.
                .http2_adaptive_window(true)
                .pool_idle_timeout(POOL_IDLE)
                // Whoever asks decides how often to try.
                .retry(reqwest::retry::never())
                // A proxy resolves names for itself, behind the guard: the environment does not decide on that.
                .no_proxy()
                .dns_resolver(Arc::new(guard.clone()))
        };
        let proxy = config.proxy.as_ref().map(|proxy| Proxy::all(proxy.as_str())).transpose()?;
        let builder = || match &proxy {
            Some(proxy) => builder().proxy(proxy.clone()),
            None => builder(),
        };
        Ok(Self {
            verified: verified(&builder, authorities)?,
            unverified: builder().tls_danger_accept_invalid_certs(true).build()?,
            guard,
            connect: config.connect,
            first_byte: config.first_byte,
            idle: config.idle,
        })
    }

    /// How long a body may rest without a byte.
    pub(super) fn idle(&self) -> Duration {
        self.idle
    }

    /// Sends a request and waits for the head of its answer. Redirects are answers, too.
    pub(super) async fn send(&self, exchange: Exchange) -> Result<Response, UpstreamError> {
        let Exchange { method, url, headers, form, insecure } = exchange;
        let host = url.host_str().unwrap_or_default().to_owned();
        self.guard.check(&url)?;
        let client = if insecure { &self.unverified } else { &self.verified };
        let mut request = client.request(method, url).headers(headers);
        if let Some(form) = form {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        }
        match tokio::time::timeout(self.first_byte, request.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) if error.is_timeout() => {
                Err(UpstreamError::Timeout { step: "connect", after: self.connect })
            }
            Ok(Err(error)) => Err(failed(&host, error)),
            Err(_) => Err(UpstreamError::Timeout { step: "answer", after: self.first_byte }),
        }
    }
}

/// The client that verifies. Where the system has no authorities, as in an empty container, only the configured ones are
/// trusted.
fn verified(builder: &dyn Fn() -> ClientBuilder, authorities: Vec<Certificate>) -> Result<Client, reqwest::Error> {
    match builder().tls_certs_merge(authorities.clone()).build() {
        Ok(client) => Ok(client),
        Err(error) => {
            let error = chain(&error);
            tracing::warn!(error, "No authorities of the system are trusted for other registries: {error}");
            builder().tls_certs_only(authorities).build()
        }
    }
}

fn authorities(path: &Path) -> Result<Vec<Certificate>, WireError> {
    let pem = std::fs::read(path).map_err(|source| WireError::File { path: path.to_owned(), source })?;
    match Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) | Err(_) => Err(WireError::Certificates { path: path.to_owned() }),
    }
}

/// What a failure to send, or to receive, means.
pub(super) fn failed(host: &str, error: reqwest::Error) -> UpstreamError {
    // An address may hold a signature.
    let error = error.without_url();
    if let Some(refused) = find::<Refused>(&error) {
        return refused.clone().into();
    }
    if let Some(rustls::Error::InvalidMessage(_)) = find::<rustls::Error>(&error) {
        return UpstreamError::HttpOnly { registry: host.to_owned() };
    }
    UpstreamError::Network(format!("{host}: {}", chain(&error)))
}

/// The first error of type `T` behind `error`, also within errors of input and output, which hide it.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        let hidden = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match hidden {
            Some(hidden) => Some(hidden),
            None => error.source(),
        };
    }
    None
}
