//! `weir kubeconfig`: what `oc` and kubectl need to know about a server.
//!
//! Merging it with others is theirs: `KUBECONFIG=a:b kubectl config view --flatten`.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use clap::Args;
use reqwest::Url;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;
use weir_storage::{DataDirectory, durable_file};

use super::api::server_url;
use super::failure::Failure;
use super::healthcheck;
use super::output;
use super::settings::{self, ConfigFile};
use crate::config::{Config, Flags, Listener, Tls};
use crate::http::apis::yaml;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The server as its clients call it; without it, the first TLS listener that the configuration names.
    #[arg(long, value_name = "URL", value_parser = server_url)]
    server: Option<Url>,
    /// Embed the certificates in this PEM file instead of those in the data directory.
    #[arg(long, value_name = "FILE")]
    certificate_authority: Option<PathBuf>,
    /// Send this token. An open server takes any, but `oc` asks for a login without one.
    #[arg(long, value_name = "TOKEN", default_value = "anonymous")]
    token: String,
    /// Call cluster, user and context so.
    #[arg(long, value_name = "NAME", default_value = "weir")]
    name: String,
    /// Write to this file, which must not be there yet, instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the file that is there.
    #[arg(long, requires = "output")]
    force: bool,
    /// The data directory of the server.
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigFile,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { server, certificate_authority, token, name, output, force, data, config } = arguments;
    let config = settings::load(config, Flags { data, ..Flags::default() })?;
    let own = DataDirectory::tls_of(&config.storage.data).join("ca.crt");
    let server = match server {
        Some(server) => server,
        None => listening(&config, own.is_file())?,
    };
    let authority = match certificate_authority {
        Some(file) => Some(certificates(&file)?.with_context(|| format!("there is no file {}", file.display()))?),
        None if server.scheme() == "https" && !brings_certificates(&config) => own_authority(&own)?,
        None => None,
    };
    let text = Kubeconfig { server, authority, token, name }.to_yaml();
    match output {
        None => output::print(&text),
        Some(file) => write(&file, &text, force),
    }
}

/// Where the server listens, for a client on this machine. Where no listener is said to have TLS but an authority of the
/// server's own is there, it was started with `--tls`.
fn listening(config: &Config, self_signed: bool) -> Result<Url, Failure> {
    let listeners = &config.listeners;
    let chosen = listeners.iter().find(|listener| listener.tls.is_some()).or(listeners.first());
    let Listener { address, tls, .. } = chosen.context("the configuration has no listener")?;
    if address.port() == 0 {
        return Err(Failure::Answer("the system chooses the port of the listener: say --server URL".to_owned()));
    }
    let scheme = if tls.is_some() || self_signed { "https" } else { "http" };
    let url = format!("{scheme}://{}", healthcheck::reachable(*address));
    Ok(Url::parse(&url).with_context(|| format!("failed to form the address {url}"))?)
}

/// Whether the operator brings every certificate: then clients trust it as they trust others.
fn brings_certificates(config: &Config) -> bool {
    let mut certificates = config.listeners.iter().filter_map(|listener| listener.tls.as_ref()).peekable();
    certificates.peek().is_some() && certificates.all(|tls| matches!(tls, Tls::Files(_)))
}

fn own_authority(file: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match certificates(file)? {
        Some(pem) => Ok(Some(pem)),
        None => Err(Failure::Answer(format!(
            "there is no certificate authority at {}: start the server with --tls self-signed first, or say which \
             clients are to trust with --certificate-authority FILE",
            file.display()
        ))),
    }
}

/// The PEM text of a file that holds certificates; `None` where there is no such file.
fn certificates(file: &Path) -> Result<Option<Vec<u8>>, anyhow::Error> {
    let Some(pem) = durable_file::read(file)? else { return Ok(None) };
    match CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>() {
        Ok(found) if found.is_empty() => Err(anyhow!("{} holds no certificate", file.display())),
        Ok(_) => Ok(Some(pem)),
        Err(error) => Err(anyhow!(error).context(format!("failed to read certificates from {}", file.display()))),
    }
}

/// It holds a token, so that only its owner may read it.
fn write(file: &Path, text: &str, force: bool) -> Result<(), Failure> {
    let mut options = File::options();
    options.write(true).mode(0o600);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let mut opened = match options.open(file) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let problem = format!("{} is there already: say --force to replace it", file.display());
            return Err(Failure::Answer(problem));
        }
        other => other.with_context(|| format!("failed to write {}", file.display()))?,
    };
    Ok(opened.write_all(text.as_bytes()).with_context(|| format!("failed to write {}", file.display()))?)
}

/// What the file says.
struct Kubeconfig {
    server: Url,
    /// PEM.
    authority: Option<Vec<u8>>,
    token: String,
    name: String,
}

impl Kubeconfig {
    fn to_yaml(&self) -> String {
        let Self { server, authority, token, name } = self;
        // What goes before a path needs no slash.
        let mut cluster = json!({ "server": server.as_str().trim_end_matches('/') });
        if let Some(pem) = authority {
            cluster["certificate-authority-data"] = BASE64.encode(pem).into();
        }
        yaml::print(&json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": name, "cluster": cluster }],
            "users": [{ "name": name, "user": { "token": token } }],
            "contexts": [{ "name": name, "context": { "cluster": name, "namespace": "default", "user": name } }],
            "current-context": name,
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::config::CertificateFiles;

    fn config(listeners: Vec<(&str, Option<Tls>)>) -> Config {
        let listener = |(address, tls): (&str, _)| Listener { address: address.parse().unwrap(), tls, mirror: None };
        Config { listeners: listeners.into_iter().map(listener).collect(), ..Config::default() }
    }

    fn files() -> Tls {
        Tls::Files(CertificateFiles { certificate: "crt".into(), key: "key".into() })
    }

    #[test]
    fn the_file_reads_like_one_of_kubectl() {
        let server = Url::parse("https://127.0.0.1:5000").unwrap();
        let kubeconfig =
            Kubeconfig { server, authority: Some(b"pem".to_vec()), token: "a\"b".to_owned(), name: "weir".to_owned() };
        let expected = "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: cGVt\n    server: \
                        https://127.0.0.1:5000\n  name: weir\ncontexts:\n- context:\n    cluster: weir\n    namespace: \
                        default\n    user: weir\n  name: weir\ncurrent-context: weir\nkind: Config\nusers:\n- name: \
                        weir\n  user:\n    token: a\"b\n";
        assert_eq!(kubeconfig.to_yaml(), expected);
    }

    #[test]
    fn a_listener_with_tls_comes_first() {
        let both = config(vec![("127.0.0.1:1", None), ("0.0.0.0:2", Some(Tls::SelfSigned))]);
        assert_eq!(listening(&both, false).unwrap().as_str(), "https://127.0.0.1:2/");
        let plain = config(vec![("127.0.0.1:1", None)]);
        assert_eq!(listening(&plain, false).unwrap().as_str(), "http://127.0.0.1:1/");
        assert_eq!(listening(&plain, true).unwrap().as_str(), "https://127.0.0.1:1/");
        assert!(matches!(listening(&config(vec![("127.0.0.1:0", None)]), true), Err(Failure::Answer(_))));
    }

    #[test]
    fn certificates_of_the_operator_are_trusted_as_others_are() {
        assert!(brings_certificates(&config(vec![("127.0.0.1:1", None), ("127.0.0.1:2", Some(files()))])));
        assert!(!brings_certificates(&config(vec![
            ("127.0.0.1:1", Some(files())),
            ("127.0.0.1:2", Some(Tls::SelfSigned))
        ])));
        assert!(!brings_certificates(&config(vec![("127.0.0.1:1", None)])));
    }

    #[test]
    fn a_file_that_is_there_is_not_replaced_by_accident() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        write(&file, "one", false).unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(matches!(write(&file, "two", false), Err(Failure::Answer(_))));
        write(&file, "two", true).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "two");
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.crt");
        assert!(own_authority(&file).is_err());
        std::fs::write(&file, "").unwrap();
        assert!(own_authority(&file).is_err());
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(&file, made.cert.pem()).unwrap();
        assert_eq!(own_authority(&file).unwrap(), Some(made.cert.pem().into_bytes()));
    }
}
