//! Connections over HTTP: whose certificates are trusted, and which proxies are asked.

use std::path::Path;

use anyhow::{Context, anyhow};
use reqwest::{Certificate, ClientBuilder, Url};

/// Begins a client for one server, which trusts `certificates` beside those of the system.
pub(in crate::cli) fn client(server: &Url, certificates: Vec<Certificate>) -> ClientBuilder {
    let mut builder = reqwest::Client::builder();
    if server.scheme() == "http" {
        // The system's certificates are not needed, and a container may have none.
        builder = builder.tls_certs_only([]);
    } else if !certificates.is_empty() {
        builder = builder.tls_certs_merge(certificates);
    }
    if is_this_machine(server) {
        builder = builder.no_proxy();
    }
    builder
}

/// Reads the certificates in a PEM file.
pub(super) fn certificates(file: &Path) -> Result<Vec<Certificate>, anyhow::Error> {
    let pem = std::fs::read(file).with_context(|| format!("failed to read {}", file.display()))?;
    certificates_in(&pem).with_context(|| format!("failed to read certificates from {}", file.display()))
}

/// Reads certificates in PEM.
pub(super) fn certificates_in(pem: &[u8]) -> Result<Vec<Certificate>, anyhow::Error> {
    let certificates = Certificate::from_pem_bundle(pem)?;
    if certificates.is_empty() { Err(anyhow!("there is no certificate in it")) } else { Ok(certificates) }
}

/// Whether what is sent to the server leaves this machine, and a proxy that the environment names could not reach it.
pub(super) fn is_this_machine(server: &Url) -> bool {
    let host = server.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_needs_no_proxy() {
        let local = |text: &str| is_this_machine(&Url::parse(text).unwrap());
        assert!(local("http://127.0.0.1:5000") && local("http://[::1]:5000") && local("https://localhost"));
        assert!(!local("http://192.0.2.1") && !local("https://registry.example"));
    }

    #[test]
    fn a_file_without_a_certificate_is_no_authority() {
        let told = format!("{:#}", certificates_in(b"nothing").unwrap_err());
        assert_eq!(told, "there is no certificate in it");
    }
}
