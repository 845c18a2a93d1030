//! Which server is asked, and as whom.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use reqwest::{Certificate, Url};

use super::client::Client;
use super::kubeconfig::{self, Current};
use super::token::Token;
use super::transport::{self, certificates, is_this_machine};
use crate::cli::failure::Failure;

/// Where a server listens when nothing is said.
const HERE: &str = "http://127.0.0.1:5000";
/// A server that cannot be reached in this time is not there.
const CONNECT: Duration = Duration::from_secs(10);

/// The flags that say which server is asked.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Server")]
pub(in crate::cli) struct Connection {
    /// Ask this server; else that of the kubeconfig's current context, else `http://127.0.0.1:5000`.
    #[arg(long, value_name = "URL", value_parser = server_url)]
    server: Option<Url>,
    /// Send this bearer token. Other users of the machine may see it: prefer a file.
    #[arg(long, value_name = "TOKEN", conflicts_with = "token_file")]
    token: Option<Token>,
    /// Send the bearer token in this file.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Trust the certificates in this PEM file too.
    #[arg(long, value_name = "FILE", alias = "ca")]
    certificate_authority: Option<PathBuf>,
    /// Read this kubeconfig in place of those in `KUBECONFIG`, or ~/.kube/config.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
}

/// The namespace that a command works in.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Server")]
pub(in crate::cli) struct Scope {
    /// Work in this namespace; else in that of the kubeconfig's current context, else in default.
    #[arg(short, long, value_name = "NAMESPACE")]
    namespace: Option<String>,
}

impl Scope {
    /// A namespace.
    #[cfg(test)]
    pub(in crate::cli) fn of(namespace: &str) -> Self {
        Self { namespace: Some(namespace.to_owned()) }
    }
}

/// A server, and what it takes to ask it.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) url: Url,
    pub(super) certificates: Vec<Certificate>,
    pub(super) verified: bool,
    pub(super) token: Option<Token>,
    pub(super) namespace: String,
}

impl Connection {
    /// Only the server that a flag names.
    #[cfg(test)]
    pub(in crate::cli) fn to(server: Url) -> Self {
        Self { server: Some(server), ..Self::default() }
    }

    /// A client for the API of the server.
    pub(in crate::cli) fn client(&self, scope: &Scope) -> Result<Client, Failure> {
        let mut server = self.resolve()?;
        if let Some(namespace) = &scope.namespace {
            server.namespace.clone_from(namespace);
        }
        Ok(Client::new(server)?)
    }

    /// The address of the server, and what asks it whatever it is.
    pub(in crate::cli) fn http(&self) -> Result<(Url, reqwest::Client), Failure> {
        let server = self.resolve()?;
        Ok((server.url.clone(), server.http()?))
    }

    fn resolve(&self) -> Result<Server, Failure> {
        let mut server = match &self.server {
            // A context belongs together: its token is for its server, and goes to no other.
            Some(url) => Server::at(url.clone()),
            None => self.current()?.map_or_else(Server::here, Server::of_context)?,
        };
        if let Some(file) = &self.certificate_authority {
            server.certificates.extend(certificates(file)?);
        }
        if let Some(token) = self.token()? {
            server.token = Some(token);
        }
        server.check()?;
        Ok(server)
    }

    fn current(&self) -> Result<Option<Current>, Failure> {
        match &self.kubeconfig {
            Some(file) => Ok(Some(kubeconfig::read(file)?)),
            None => Ok(kubeconfig::find()?),
        }
    }

    fn token(&self) -> Result<Option<Token>, Failure> {
        match (&self.token, &self.token_file) {
            (Some(token), _) => Ok(Some(token.clone())),
            (None, Some(file)) => Ok(Some(kubeconfig::token_in(file)?)),
            (None, None) => Ok(None),
        }
    }
}

impl Server {
    fn at(url: Url) -> Self {
        Self { url, certificates: Vec::new(), verified: true, token: None, namespace: "default".to_owned() }
    }

    fn here() -> Result<Self, Failure> {
        Ok(Self::at(Url::parse(HERE).context("failed to read the default address")?))
    }

    fn of_context(current: Current) -> Result<Self, Failure> {
        let url = server_url(&current.server);
        let url = url.map_err(|why| Failure::Told(format!("error: the server of the kubeconfig: {why}")))?;
        let Current { certificates, verified, token, namespace, .. } = current;
        Ok(Self { url, certificates, verified, token, namespace })
    }

    /// What asks this server, as the user.
    pub(super) fn http(self) -> Result<reqwest::Client, anyhow::Error> {
        let mut headers = HeaderMap::new();
        if let Some(token) = &self.token {
            headers.insert(AUTHORIZATION, token.header()?);
        }
        let builder = transport::client(&self.url, self.certificates).connect_timeout(CONNECT).default_headers(headers);
        builder.tls_danger_accept_invalid_certs(!self.verified).build().context("failed to set up the client")
    }

    /// Who reads along must not become the user.
    fn check(&self) -> Result<(), Failure> {
        if self.token.is_some() && self.url.scheme() == "http" && !is_this_machine(&self.url) {
            let rule = "a token is not sent over plain HTTP to another machine";
            return Err(Failure::Told(format!("error: {rule}: {} must be https", self.url)));
        }
        Ok(())
    }
}

/// Reads the address of a server.
pub(in crate::cli) fn server_url(text: &str) -> Result<Url, String> {
    let example = "it reads like http://127.0.0.1:5000";
    match Url::parse(text) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") => {
            Err(format!("the scheme is neither http nor https: {example}"))
        }
        Ok(url) if url.has_host() => Ok(url),
        Ok(_) => Err(example.to_owned()),
        Err(error) => Err(format!("{error}: {example}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KUBECONFIG: &str = "\
current-context: c
clusters: [{name: k, cluster: {server: 'https://weir.test', insecure-skip-tls-verify: true}}]
users: [{name: u, user: {token: secret}}]
contexts: [{name: c, context: {cluster: k, user: u, namespace: team}}]
";

    fn token(text: &str) -> Token {
        text.parse().unwrap()
    }

    #[test]
    fn servers_are_addresses_with_a_scheme() {
        assert!(server_url("http://127.0.0.1:5000").is_ok());
        for wrong in ["127.0.0.1:5000", "localhost:5000", "ftp://x", "registry.example"] {
            assert!(server_url(wrong).unwrap_err().contains("http://127.0.0.1:5000"), "{wrong}");
        }
    }

    #[test]
    fn flags_win_over_the_kubeconfig_and_tokens_stay_with_their_server() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), KUBECONFIG).unwrap();
        let kubeconfig = Some(file.path().to_owned());
        let server = Connection { kubeconfig: kubeconfig.clone(), ..Connection::default() }.resolve().unwrap();
        assert_eq!((server.url.as_str(), server.token), ("https://weir.test/", Some(token("secret"))));
        assert_eq!((server.namespace.as_str(), server.verified), ("team", false));
        let flags = Connection { token: Some(token("other")), kubeconfig: kubeconfig.clone(), ..Connection::default() };
        assert_eq!(flags.resolve().unwrap().token, Some(token("other")));
        let elsewhere = Connection::to(server_url("https://elsewhere.test").unwrap());
        let server = Connection { kubeconfig, ..elsewhere }.resolve().unwrap();
        assert_eq!((server.token, server.namespace.as_str(), server.verified), (None, "default", true));
    }

    #[test]
    fn tokens_are_not_sent_in_the_clear() {
        let to = |url: &str| Connection { token: Some(token("t")), ..Connection::to(server_url(url).unwrap()) };
        assert!(to("http://127.0.0.1:5000").resolve().is_ok());
        assert!(to("https://registry.example").resolve().is_ok());
        let told = to("http://registry.example").resolve().unwrap_err().to_string();
        assert!(told.starts_with("error: a token is not sent over plain HTTP"), "{told}");
    }
}
