//! Following redirects, as registries send them for blobs.
//!
//! A login is meant for the host that it was given for: it does not follow to another one, nor to another port. TLS is not
//! given up on the way, except where nothing was said to be secure. Each address is checked as the first one was.

use http::{StatusCode, header};
use reqwest::{Response, Url};

use super::UpstreamError;
use super::wire::{Exchange, Wire};

/// Redirects that are followed for one request.
const MOST: usize = 5;

impl Wire {
    /// Sends a request and follows redirects to the answer.
    pub(super) async fn follow(&self, mut exchange: Exchange) -> Result<Response, UpstreamError> {
        for _ in 0..=MOST {
            let response = self.send(exchange.clone()).await?;
            let Some(next) = next(&response)? else { return Ok(response) };
            exchange = redirected(exchange, next)?;
        }
        Err(UpstreamError::Network(format!("{} redirects more than {MOST} times", host(&exchange.url))))
    }
}

/// Where an answer leads, if it is a redirect.
fn next(response: &Response) -> Result<Option<Url>, UpstreamError> {
    let redirects = matches!(
        response.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    if !redirects {
        return Ok(None);
    }
    let location = response.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
    match location.and_then(|location| response.url().join(location).ok()) {
        Some(url) => Ok(Some(url)),
        None => Err(UpstreamError::Network(format!("{} redirects to nowhere", host(response.url())))),
    }
}

fn redirected(mut exchange: Exchange, next: Url) -> Result<Exchange, UpstreamError> {
    let (from, to) = (exchange.url.scheme(), next.scheme());
    let downgraded = from == "https" && to == "http" && !exchange.insecure;
    if downgraded || !matches!(to, "http" | "https") {
        return Err(UpstreamError::NotAllowed { what: format!("a redirect from {from} to {to}") });
    }
    if exchange.form.is_some() {
        // A form holds a login.
        return Err(UpstreamError::NotAllowed { what: "a redirect of a form".to_owned() });
    }
    if exchange.url.origin() != next.origin() {
        exchange.headers.remove(header::AUTHORIZATION);
    }
    exchange.url = next;
    Ok(exchange)
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, Method};

    use super::*;

    fn lead(from: &str, to: &str, insecure: bool) -> Result<bool, UpstreamError> {
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static("Bearer x"))]);
        let exchange = Exchange { method: Method::GET, url: from.parse().unwrap(), headers, form: None, insecure };
        redirected(exchange, to.parse().unwrap()).map(|next| next.headers.contains_key(header::AUTHORIZATION))
    }

    #[test]
    fn a_login_stays_with_its_host() {
        assert_eq!(lead("https://a.test/x", "https://a.test/y", false), Ok(true));
        assert_eq!(lead("https://a.test/x", "https://a.test:444/y", false), Ok(false));
        assert_eq!(lead("https://a.test/x", "https://b.test/y", false), Ok(false));
        assert_eq!(lead("https://a.test/x", "https://c.a.test/y", false), Ok(false));
        assert_eq!(lead("https://a.test/x", "http://a.test/y", true), Ok(false));
    }

    #[test]
    fn tls_is_not_given_up() {
        assert!(matches!(lead("https://a.test", "http://a.test", false), Err(UpstreamError::NotAllowed { .. })));
        assert!(matches!(lead("https://a.test", "file:///etc/passwd", true), Err(UpstreamError::NotAllowed { .. })));
        assert_eq!(lead("http://a.test/x", "https://b.test/y", true), Ok(false));
    }
}
