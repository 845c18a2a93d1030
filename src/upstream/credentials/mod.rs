//! Logins, and for which repository each is.
//!
//! They come as the configuration of Docker's clients, in secrets or in a file. The rules by which a repository finds its
//! login are those of Kubernetes' credential provider, which OpenShift uses (`pkg/credentialprovider/keyring.go`, restated).

mod matching;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD as BASE64, STANDARD_NO_PAD as UNPADDED};
use http::HeaderValue;
use serde::Deserialize;

use crate::oci::Source;
use matching::{fits, key};

/// The names under which logins for Docker's registry are kept, in the order in which they count.
const DOCKER_HUB_KEYS: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];

/// Text that holds no logins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidCredentials {
    /// It is not the JSON of the form.
    #[error("it is no configuration of Docker's clients")]
    Form,
    /// A login is not what base64 makes of a name and a password.
    #[error("a login in it is no name and password in base64")]
    Login,
}

/// A name and its password, or the token that stands for them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Login {
    pub(crate) username: String,
    pub(crate) password: String,
    /// A refresh token, which counts instead of the password where there is one.
    pub(crate) identity_token: Option<String>,
}

impl fmt::Debug for Login {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("username", &self.username).finish_non_exhaustive()
    }
}

/// Logins from one or more places, in the order in which the places count.
#[derive(Debug, Clone, Default)]
pub(crate) struct Credentials(Vec<Arc<Keys>>);

/// The logins of one place by what they are for, the last in the order of bytes first.
type Keys = BTreeMap<String, Vec<Arc<Login>>>;

/// A login as Docker writes it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Written {
    auth: String,
    username: String,
    password: String,
    identitytoken: String,
}

/// `config.json`, as far as it concerns logins.
#[derive(Deserialize)]
struct ConfigJson {
    #[serde(default)]
    auths: BTreeMap<String, Written>,
}

impl Credentials {
    /// None.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// Those of a `config.json`, which secrets of the type `kubernetes.io/dockerconfigjson` hold as `.dockerconfigjson`.
    pub(crate) fn from_config_json(content: &[u8]) -> Result<Self, InvalidCredentials> {
        // The parser's words could hold some of the text.
        let config: ConfigJson = serde_json::from_slice(content).map_err(|_| InvalidCredentials::Form)?;
        Self::from_entries(config.auths)
    }

    /// Those of the older form, which secrets of the type `kubernetes.io/dockercfg` hold as `.dockercfg`.
    pub(crate) fn from_dockercfg(content: &[u8]) -> Result<Self, InvalidCredentials> {
        Self::from_entries(serde_json::from_slice(content).map_err(|_| InvalidCredentials::Form)?)
    }

    fn from_entries(entries: BTreeMap<String, Written>) -> Result<Self, InvalidCredentials> {
        let mut keys = Keys::new();
        for (place, written) in entries {
            keys.entry(key(&place)).or_default().push(Arc::new(Login::read(written)?));
        }
        Ok(Self(vec![Arc::new(keys)]))
    }

    /// These together with `others` as if they came from one place, as the secrets of a namespace do.
    pub(crate) fn and(self, others: Self) -> Self {
        let mut keys = Keys::new();
        for place in self.0.into_iter().chain(others.0) {
            for (key, logins) in place.iter() {
                keys.entry(key.clone()).or_default().extend(logins.iter().cloned());
            }
        }
        Self(vec![Arc::new(keys)])
    }

    /// These, and after them `others`.
    pub(crate) fn before(mut self, others: &Self) -> Self {
        self.0.extend(others.0.iter().cloned());
        self
    }

    /// The login for a repository: the first that fits.
    pub(crate) fn login(&self, source: &Source) -> Option<Arc<Login>> {
        self.0.iter().find_map(|keys| login(keys, source)).cloned()
    }
}

fn login<'a>(keys: &'a Keys, source: &Source) -> Option<&'a Arc<Login>> {
    let hosts: &[&str] = if source.is_docker_hub() { &DOCKER_HUB_KEYS } else { &[source.registry.as_str()] };
    hosts.iter().find_map(|host| {
        let path = format!("/{}", source.repository);
        let fitting = keys.iter().rev().find(|(key, _)| fits(key, host, &path));
        fitting.and_then(|(_, logins)| logins.first())
    })
}

impl Login {
    /// The value of `Authorization` with the name and the password.
    pub(super) fn basic(&self) -> HeaderValue {
        let encoded = BASE64.encode(format!("{}:{}", self.username, self.password));
        let mut value =
            HeaderValue::from_str(&format!("Basic {encoded}")).expect("base64 has only characters that headers take");
        value.set_sensitive(true);
        value
    }

    fn read(written: Written) -> Result<Self, InvalidCredentials> {
        let Written { auth, username, password, identitytoken } = written;
        let (username, password) = if auth.is_empty() { (username, password) } else { decoded(&auth)? };
        let identity_token = Some(identitytoken).filter(|token| !token.is_empty());
        Ok(Self { username, password, identity_token })
    }
}

fn decoded(auth: &str) -> Result<(String, String), InvalidCredentials> {
    let auth = auth.trim();
    let bytes = BASE64.decode(auth).or_else(|_| UNPADDED.decode(auth)).map_err(|_| InvalidCredentials::Login)?;
    let text = String::from_utf8(bytes).map_err(|_| InvalidCredentials::Login)?;
    let (username, password) = text.split_once(':').ok_or(InvalidCredentials::Login)?;
    // Docker pads with zeros.
    Ok((username.to_owned(), password.trim_end_matches('\0').to_owned()))
}
