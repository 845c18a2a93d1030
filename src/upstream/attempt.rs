//! One attempt to ask one place: in the protocol that it speaks, with the proof that it asks for, to where it redirects.

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use reqwest::Response;

use super::answer::{self, Refused};
use super::challenge::Challenge;
use super::endpoint::{Ask, Endpoint};
use super::gate::Lane;
use super::host::Asked;
use super::tokens::Purpose;
use super::wire::Exchange;
use super::{Inner, UpstreamError};

impl Endpoint {
    /// An answer of success.
    pub(super) async fn answered(&self, inner: &Inner, ask: &Ask) -> Result<Response, UpstreamError> {
        let asked = Asked { path: format!("{}/{}", self.repository, ask.path), login: self.login.clone() };
        let mut exchange = Exchange {
            method: ask.method.clone(),
            url: self.host.url(&asked.path)?,
            headers: ask.headers.clone(),
            form: None,
            insecure: self.host.insecure,
        };
        if ask.lane == Lane::Blobs
            && let Some(response) = self.at_last_place(inner, &exchange, &asked).await
        {
            return Ok(response);
        }
        let response = self.proven(inner, &mut exchange).await?;
        // By what this request was sent to: another one may have found out meanwhile that the registry speaks something else.
        let elsewhere = exchange.url.origin() != response.url().origin();
        if response.status().is_success() {
            self.host.note_known();
            if let Some(left) = answer::quota(response.headers()) {
                inner.metrics.upstreams.quota(&self.host.name, left);
            }
            if ask.lane == Lane::Blobs && elsewhere {
                self.host.note_place(asked, response.url());
            }
            return Ok(response);
        }
        let status = response.status().as_u16();
        let Refused { error, by_registry } = answer::refusal(response, self.login.is_some()).await;
        match error {
            // Whoever it redirected to does not say what the registry has, nor who may read it.
            UpstreamError::NotFound | UpstreamError::Unauthorized { .. } | UpstreamError::Forbidden { .. }
                if elsewhere =>
            {
                Err(UpstreamError::Status { status, retry_after: None, detail: "it redirected there".to_owned() })
            }
            UpstreamError::NotFound if !by_registry => Err(self.missing(inner).await),
            other => Err(other),
        }
    }

    /// Asks where the registry redirected to when it was asked lately, which saves the way by the registry. Whatever is wrong
    /// there is forgotten together with the place.
    async fn at_last_place(&self, inner: &Inner, exchange: &Exchange, asked: &Asked) -> Option<Response> {
        let mut there = exchange.clone();
        there.url = self.host.place(asked)?;
        let response = inner.wire().follow(there).await.ok().filter(|response| response.status().is_success());
        if response.is_none() {
            self.host.forget_place(asked);
        }
        response
    }

    /// What it means that something is not found by somebody who may be no registry.
    async fn missing(&self, inner: &Inner) -> UpstreamError {
        if self.host.is_known() {
            return UpstreamError::NotFound;
        }
        let not_a_registry = UpstreamError::NotARegistry { registry: self.host.name.clone() };
        let Ok(url) = self.host.url("") else { return not_a_registry };
        let headers = HeaderMap::new();
        let exchange = Exchange { method: Method::GET, url, headers, form: None, insecure: self.host.insecure };
        match inner.wire().follow(exchange).await.map(|response| response.status()) {
            Ok(StatusCode::OK | StatusCode::UNAUTHORIZED) => {
                self.host.note_known();
                UpstreamError::NotFound
            }
            Ok(_) => not_a_registry,
            Err(error) => error,
        }
    }

    /// Sends a request with whatever proof the registry is expected to ask for, and once more with what it does ask for.
    /// `exchange` is as it was sent then.
    async fn proven(&self, inner: &Inner, exchange: &mut Exchange) -> Result<Response, UpstreamError> {
        let mut sent = None;
        if let Some(challenge) = self.host.expected(&self.repository) {
            sent = self.proof(inner, &challenge, None).await?;
        }
        exchange.headers.extend(sent.clone().map(|proof| (header::AUTHORIZATION, proof)));
        let response = self.reached(inner, exchange).await?;
        if response.status() != StatusCode::UNAUTHORIZED || response.url().origin() != exchange.url.origin() {
            return Ok(response);
        }
        let Some(challenge) = Challenge::of(response.headers(), response.url()) else { return Ok(response) };
        self.host.note_known();
        self.host.learn(&self.repository, &challenge);
        match self.proof(inner, &challenge, sent.as_ref()).await? {
            // The same once more would be refused once more.
            proof if proof == sent => Ok(response),
            None => Ok(response),
            Some(proof) => {
                exchange.headers.insert(header::AUTHORIZATION, proof);
                inner.wire().follow(exchange.clone()).await
            }
        }
    }

    /// What to send where `challenge` is asked: nothing where there is no login.
    async fn proof(
        &self,
        inner: &Inner,
        challenge: &Challenge,
        refused: Option<&HeaderValue>,
    ) -> Result<Option<HeaderValue>, UpstreamError> {
        match challenge {
            Challenge::Basic => Ok(self.login.as_ref().map(|login| login.basic())),
            Challenge::Bearer(bearer) => {
                let purpose = Purpose::new(bearer, &self.repository, self.login.as_ref(), self.host.insecure);
                inner.tokens.proof(&inner.wire(), &purpose, refused).await.map(Some)
            }
        }
    }

    /// Sends a request; where plain HTTP will do, also in that.
    async fn reached(&self, inner: &Inner, exchange: &mut Exchange) -> Result<Response, UpstreamError> {
        let answered = inner.wire().follow(exchange.clone()).await;
        let plain = exchange.url.scheme() == "http";
        let other = match &answered {
            Err(UpstreamError::HttpOnly { .. } | UpstreamError::Network(_)) if self.host.insecure && !plain => "http",
            // It speaks TLS by now.
            Ok(response) if plain && refuses_plain(response) => "https",
            _ => return answered,
        };
        let mut otherwise = exchange.clone();
        // The port stays: where none is named, it becomes that of the other protocol.
        if otherwise.url.set_scheme(other).is_err() {
            return answered;
        }
        // Then it is no server of TLS that refuses plain HTTP.
        let only_plain = matches!(answered, Err(UpstreamError::HttpOnly { .. }));
        match inner.wire().follow(otherwise.clone()).await {
            Ok(response) if other == "https" || only_plain || !refuses_plain(&response) => {
                self.host.speaks_plain(other == "http");
                *exchange = otherwise;
                Ok(response)
            }
            // What is known to be plain HTTP fails for what happens there. Where neither is known, having waited in vain says more
            // than a connection that was closed at once.
            Err(error) if only_plain => Err(error),
            Err(error @ UpstreamError::Timeout { .. }) if answered.is_err() => Err(error),
            Ok(_) | Err(_) => answered,
        }
    }
}

/// Whether an answer is what servers of TLS say to plain HTTP.
fn refuses_plain(response: &Response) -> bool {
    response.status() == StatusCode::BAD_REQUEST
}
