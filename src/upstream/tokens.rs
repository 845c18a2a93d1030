//! Tokens, remembered while they are good.
//!
//! One is asked for at a time for the same purpose: whoever needs it meanwhile waits for the answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use quick_cache::sync::Cache;
use reqwest::{Response, Url};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::UpstreamError;
use super::answer;
use super::blob::read_whole;
use super::challenge::Bearer;
use super::credentials::Login;
use super::wire::{Exchange, Wire};

/// Purposes that are remembered.
const MOST: usize = 4096;

/// The largest answer with a token, in bytes.
const LARGEST: u64 = 256 * 1024;

/// How long a token is good where nothing is said, as the token specification has it.
const UNSAID: u64 = 60;

/// A token is not used in the last part of its life, so that it does not end on the way.
const MARGIN: Duration = Duration::from_secs(30);

/// What this client calls itself to those who give tokens.
const CLIENT: &str = "weir";

/// All tokens.
#[derive(Debug)]
pub(super) struct Tokens(Cache<Purpose, Arc<Mutex<Option<Token>>>>);

/// What a token is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Purpose {
    pub(super) realm: Url,
    pub(super) service: String,
    pub(super) scope: String,
    pub(super) login: Option<Arc<Login>>,
    pub(super) insecure: bool,
}

/// A token, and until when it is used.
#[derive(Clone)]
pub(super) struct Token {
    value: HeaderValue,
    fresh_until: Instant,
}

impl fmt::Debug for Token {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("fresh_until", &self.fresh_until).finish_non_exhaustive()
    }
}

/// The answer of whoever gives tokens.
#[derive(Deserialize)]
struct Given {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

impl Purpose {
    /// What `repository` needs where `bearer` was asked for. The scope that was asked for counts, if it was for the same
    /// repository.
    pub(super) fn new(bearer: &Bearer, repository: &str, login: Option<&Arc<Login>>, insecure: bool) -> Self {
        let own = || format!("repository:{repository}:pull");
        let Bearer { realm, service, scope } = bearer.clone();
        Self { realm, service, scope: scope.unwrap_or_else(own), login: login.cloned(), insecure }
    }
}

impl Tokens {
    pub(super) fn new() -> Self {
        Self(Cache::new(MOST))
    }

    /// The value of `Authorization` with a token that is good, asked for where there is none. `refused` is the one that was
    /// just refused: the same is not given again.
    pub(super) async fn proof(
        &self,
        wire: &Wire,
        purpose: &Purpose,
        refused: Option<&HeaderValue>,
    ) -> Result<HeaderValue, UpstreamError> {
        let Ok(place) = self.0.get_or_insert_with(purpose, || Ok::<_, std::convert::Infallible>(Arc::default()));
        let mut place = place.lock().await;
        if let Some(token) = place.as_ref().filter(|it| it.fresh_until > Instant::now() && Some(&it.value) != refused) {
            return Ok(token.value.clone());
        }
        let token = wire.token(purpose).await?;
        Ok(place.insert(token).value.clone())
    }
}

impl Wire {
    /// Asks for a token.
    async fn token(&self, purpose: &Purpose) -> Result<Token, UpstreamError> {
        if purpose.realm.scheme() != "https" && !purpose.insecure {
            return Err(UpstreamError::NotAllowed {
                what: format!("asking for tokens without TLS at {}", purpose.host()),
            });
        }
        let asked = Instant::now();
        let response = match &purpose.login {
            Some(login) if login.identity_token.is_some() => self.send(purpose.post()).await?,
            login => {
                let response = self.follow(purpose.get()).await?;
                let refuses = matches!(response.status(), StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED);
                // Some give tokens to forms only.
                if refuses && login.is_some() { self.send(purpose.post()).await? } else { response }
            }
        };
        self.given(response, purpose, asked).await
    }

    async fn given(&self, response: Response, purpose: &Purpose, asked: Instant) -> Result<Token, UpstreamError> {
        if !response.status().is_success() {
            return Err(refusal(response, purpose.login.is_some()).await);
        }
        let nonsense = || UpstreamError::Network(format!("{} sent no token", purpose.host()));
        let content = read_whole(response, None, LARGEST, self.idle()).await?;
        let given: Given = serde_json::from_slice(&content).map_err(|_| nonsense())?;
        let token = given.token.or(given.access_token).filter(|token| !token.is_empty()).ok_or_else(nonsense)?;
        let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| nonsense())?;
        value.set_sensitive(true);
        let life = Duration::from_secs(given.expires_in.unwrap_or(UNSAID).min(answer::LONGEST_WAIT.as_secs()));
        Ok(Token { value, fresh_until: asked + life.saturating_sub(MARGIN.min(life / 4)) })
    }
}

/// What a refusal of tokens means. That there is no such address says nothing of what was to be read.
async fn refusal(response: Response, with_login: bool) -> UpstreamError {
    let status = response.status().as_u16();
    match answer::refusal(response, with_login).await.error {
        UpstreamError::NotFound => {
            UpstreamError::Status { status, retry_after: None, detail: "it gives no tokens".to_owned() }
        }
        other => other,
    }
}

impl Purpose {
    fn host(&self) -> &str {
        self.realm.host_str().unwrap_or_default()
    }

    fn get(&self) -> Exchange {
        let mut url = self.realm.clone();
        let mut query = url.query_pairs_mut();
        if !self.service.is_empty() {
            query.append_pair("service", &self.service);
        }
        query.append_pair("scope", &self.scope);
        if let Some(login) = &self.login {
            query.append_pair("account", &login.username);
        }
        drop(query);
        let headers = self.login.iter().map(|login| (header::AUTHORIZATION, login.basic())).collect();
        Exchange { method: Method::GET, url, headers, form: None, insecure: self.insecure }
    }

    fn post(&self) -> Exchange {
        // A query, without the address: forms are written like one.
        let mut written = self.realm.clone();
        written.set_query(None);
        let mut form = written.query_pairs_mut();
        form.append_pair("client_id", CLIENT).append_pair("scope", &self.scope);
        if !self.service.is_empty() {
            form.append_pair("service", &self.service);
        }
        match self.login.as_deref() {
            Some(Login { identity_token: Some(token), .. }) => {
                form.append_pair("grant_type", "refresh_token").append_pair("refresh_token", token);
            }
            Some(Login { username, password, .. }) => {
                form.append_pair("grant_type", "password").append_pair("username", username);
                form.append_pair("password", password);
            }
            None => {}
        }
        drop(form);
        let form = written.query().map(str::to_owned);
        Exchange {
            method: Method::POST,
            url: self.realm.clone(),
            headers: HeaderMap::new(),
            form,
            insecure: self.insecure,
        }
    }
}
