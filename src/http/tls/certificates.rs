//! The certificate that a listener serves with, wherever it comes from.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_util::sync::CancellationToken;

use super::files::{self, Files};
use super::own::{self, Own};
use super::{OwnTls, TlsError};
use crate::config::{CertificateFiles, Tls};

/// The protocols that are offered, best first.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The certificate of a listener, as new as what it comes from.
#[derive(Debug)]
pub(in crate::http) struct Certificates {
    source: Source,
    current: ArcSwap<ServerConfig>,
}

/// Where a certificate comes from, and what the first one was made of.
#[derive(Debug)]
enum Source {
    Files { paths: CertificateFiles, first: Files },
    Own(Own),
}

impl Certificates {
    /// Reads or makes the certificate; it must be usable now.
    pub(in crate::http) async fn load(tls: &Tls, own: &OwnTls) -> Result<Self, TlsError> {
        match tls {
            Tls::Files(paths) => {
                let first = Files::read(paths).await?;
                let current = ArcSwap::from_pointee(first.parse(paths)?);
                Ok(Self { source: Source::Files { paths: paths.clone(), first }, current })
            }
            Tls::SelfSigned => {
                let own = Own::open(own).await?;
                let current = ArcSwap::from_pointee(own.issue()?);
                Ok(Self { source: Source::Own(own), current })
            }
        }
    }

    /// What a new connection uses.
    pub(in crate::http) fn current(&self) -> Arc<ServerConfig> {
        self.current.load_full()
    }

    /// Keeps the certificate as new as its source, looking at it again and again, until it is told to stop.
    pub(in crate::http) async fn renew(&self, every: Duration, stop: CancellationToken) {
        match &self.source {
            Source::Files { paths, first } => files::renew(paths, first, &self.current, every, &stop).await,
            Source::Own(own) => own::renew(own, &self.current, every, &stop).await,
        }
    }
}

pub(super) fn server_config(
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
    fn write_pair(paths: &CertificateFiles) {
        let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(&paths.certificate, pair.cert.pem()).unwrap();
        fs::write(&paths.key, pair.signing_key.serialize_pem()).unwrap();
    }

    fn paths(directory: &TempDir) -> CertificateFiles {
        CertificateFiles { certificate: directory.path().join("tls.crt"), key: directory.path().join("tls.key") }
    }

    async fn load(paths: &CertificateFiles) -> Result<Certificates, TlsError> {
        let own = OwnTls { folder: "/nowhere".into(), names: Vec::new(), clock: Arc::new(weir_storage::SystemClock) };
        Certificates::load(&Tls::Files(paths.clone()), &own).await
    }

    async fn load_with(certificate: &str, key: &str) -> TlsError {
        let directory = TempDir::new().unwrap();
        let paths = paths(&directory);
        fs::write(&paths.certificate, certificate).unwrap();
        fs::write(&paths.key, key).unwrap();
        load(&paths).await.unwrap_err()
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
        assert!(matches!(load(&paths(&directory)).await, Err(TlsError::Read { .. })));
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
        let certificates = Arc::new(load(&paths).await.unwrap());
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
