//! TLS: certificates from files, and their renewal while the server runs.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_util::sync::CancellationToken;

use super::error_chain::error_chain;
use crate::config::Tls;

/// The protocols that are offered, best first.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// A certificate and its key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("failed to read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file is not in the PEM format, or has no certificate or key.
    #[error("failed to find a {what} in {}", path.display())]
    Pem {
        /// `certificate` or `private key`.
        what: &'static str,
        /// In which file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: pem::Error,
    },
    /// The two do not belong together, or their kind is not supported.
    #[error("failed to use the certificate in {} with the key in {}", certificate.display(), key.display())]
    Unusable {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What is wrong with them.
        #[source]
        source: rustls::Error,
    },
}

/// The certificate of a listener, as new as its files.
#[derive(Debug)]
pub(super) struct Certificates {
    paths: Tls,
    current: ArcSwap<ServerConfig>,
    /// The files from which `current` was made.
    first: Files,
}

/// The contents of both files.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Certificates {
    /// Reads the files; they must be usable now.
    pub(super) async fn load(paths: &Tls) -> Result<Self, TlsError> {
        let files = Files::read(paths).await?;
        let current = ArcSwap::from_pointee(files.parse(paths)?);
        Ok(Self { paths: paths.clone(), current, first: files })
    }

    /// What a new connection uses.
    pub(super) fn current(&self) -> Arc<ServerConfig> {
        self.current.load_full()
    }

    /// Looks at the files again and again, and takes what is new in them, until it is told to stop.
    ///
    /// The contents are compared, not times of change: secrets of Kubernetes are swapped by a symbolic link, and the files
    /// are small. A pair that cannot be used (as while one file is new and the other still old) is reported once, and
    /// connections go on with the last good one.
    pub(super) async fn renew(&self, every: Duration, stop: CancellationToken) {
        let mut seen = Ok(self.first.clone());
        while stop.run_until_cancelled(tokio::time::sleep(every)).await.is_some() {
            let read = Files::read(&self.paths).await.map_err(|error| error_chain(&error));
            if read == seen {
                continue;
            }
            match &read {
                Ok(files) => self.replace(files),
                Err(text) => tracing::error!(error = text, "kept the old certificate: the new one cannot be read"),
            }
            seen = read;
        }
    }

    fn replace(&self, files: &Files) {
        let certificate = tracing::field::display(self.paths.certificate.display());
        match files.parse(&self.paths) {
            Ok(config) => {
                self.current.store(Arc::new(config));
                tracing::info!(tls.certificate = certificate, "took up a new certificate");
            }
            Err(error) => {
                let error = error_chain(&error);
                tracing::error!(
                    tls.certificate = certificate,
                    error,
                    "kept the old certificate: the new one is unusable"
                );
            }
        }
    }
}

impl Files {
    async fn read(paths: &Tls) -> Result<Self, TlsError> {
        Ok(Self { certificate: read(&paths.certificate).await?, key: read(&paths.key).await? })
    }

    fn parse(&self, paths: &Tls) -> Result<ServerConfig, TlsError> {
        let pem_error = |what, path: &Path| {
            let path = path.to_owned();
            move |source| TlsError::Pem { what, path, source }
        };
        let chain = CertificateDer::pem_slice_iter(&self.certificate)
            .collect::<Result<Vec<_>, _>>()
            .and_then(|chain| if chain.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(chain) })
            .map_err(pem_error("certificate", &paths.certificate))?;
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(pem_error("private key", &paths.key))?;
        server_config(chain, key).map_err(|source| TlsError::Unusable {
            certificate: paths.certificate.clone(),
            key: paths.key.clone(),
            source,
        })
    }
}

async fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    tokio::fs::read(path).await.map_err(|source| TlsError::Read { path: path.to_owned(), source })
}

fn server_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
    Ok(config)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    /// Writes a new certificate and its key; returns the certificate.
    fn write_pair(paths: &Tls) {
        let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(&paths.certificate, pair.cert.pem()).unwrap();
        fs::write(&paths.key, pair.signing_key.serialize_pem()).unwrap();
    }

    fn paths(directory: &TempDir) -> Tls {
        Tls { certificate: directory.path().join("tls.crt"), key: directory.path().join("tls.key") }
    }

    async fn load_with(certificate: &str, key: &str) -> TlsError {
        let directory = TempDir::new().unwrap();
        let paths = paths(&directory);
        fs::write(&paths.certificate, certificate).unwrap();
        fs::write(&paths.key, key).unwrap();
        Certificates::load(&paths).await.unwrap_err()
    }

    #[tokio::test]
    async fn what_cannot_be_used_is_refused_at_the_start() {
        let one = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (certificate, key) = (one.cert.pem(), one.signing_key.serialize_pem());
        assert!(matches!(load_with("", &key).await, TlsError::Pem { what: "certificate", .. }));
        assert!(matches!(load_with(&certificate, "nonsense").await, TlsError::Pem { what: "private key", .. }));
        let mismatch = load_with(&certificate, &other.signing_key.serialize_pem()).await;
        assert!(matches!(mismatch, TlsError::Unusable { .. }));

        let directory = TempDir::new().unwrap();
        assert!(matches!(Certificates::load(&paths(&directory)).await, Err(TlsError::Read { .. })));
    }

    /// Waits, on the paused clock, until the files have been read once more: they are read on a thread of their own, which
    /// that clock does not see.
    async fn changed(certificates: &Certificates, since: &Arc<ServerConfig>) -> bool {
        for _ in 0..200 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            tokio::task::spawn_blocking(std::thread::yield_now).await.unwrap();
            if !Arc::ptr_eq(&certificates.current(), since) {
                return true;
            }
        }
        false
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_pair_is_taken_up_and_a_bad_one_is_not() {
        let directory = TempDir::new().unwrap();
        let paths = paths(&directory);
        write_pair(&paths);
        let certificates = Arc::new(Certificates::load(&paths).await.unwrap());
        let first = certificates.current();
        let stop = CancellationToken::new();
        let renewing = tokio::spawn({
            let (certificates, stop) = (Arc::clone(&certificates), stop.clone());
            async move { certificates.renew(Duration::from_secs(10), stop).await }
        });

        fs::write(&paths.key, "half a k").unwrap();
        assert!(!changed(&certificates, &first).await);
        write_pair(&paths);
        assert!(changed(&certificates, &first).await);
        let second = certificates.current();
        fs::remove_file(&paths.certificate).unwrap();
        assert!(!changed(&certificates, &second).await);

        stop.cancel();
        renewing.await.unwrap();
    }
}
