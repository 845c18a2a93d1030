//! A certificate that the operator brings, as files, and how changed ones are taken up.

use std::path::Path;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_util::sync::CancellationToken;

use super::TlsError;
use super::certificates::server_config;
use crate::config::CertificateFiles;
use crate::http::error_chain::error_chain;

/// The contents of both files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Files {
    pub(super) async fn read(paths: &CertificateFiles) -> Result<Self, TlsError> {
        Ok(Self { certificate: read(&paths.certificate).await?, key: read(&paths.key).await? })
    }

    pub(super) fn parse(&self, paths: &CertificateFiles) -> Result<ServerConfig, TlsError> {
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

/// Looks at the files again and again, and takes what is new in them, until it is told to stop.
///
/// The contents are compared, not times of change: secrets of Kubernetes are swapped by a symbolic link, and the files
/// are small. A pair that cannot be used (as while one file is new and the other still old) is reported once, and
/// connections go on with the last good one.
pub(super) async fn renew(
    paths: &CertificateFiles,
    first: &Files,
    current: &ArcSwap<ServerConfig>,
    every: Duration,
    stop: &CancellationToken,
) {
    let mut seen = Ok(first.clone());
    while stop.run_until_cancelled(tokio::time::sleep(every)).await.is_some() {
        let read = Files::read(paths).await.map_err(|error| error_chain(&error));
        if read == seen {
            continue;
        }
        match &read {
            Ok(files) => replace(paths, files, current),
            Err(text) => tracing::error!(error = text, "kept the old certificate: the new one cannot be read"),
        }
        seen = read;
    }
}

fn replace(paths: &CertificateFiles, files: &Files, current: &ArcSwap<ServerConfig>) {
    let certificate = tracing::field::display(paths.certificate.display());
    match files.parse(paths) {
        Ok(config) => {
            current.store(config.into());
            tracing::info!(tls.certificate = certificate, "took up a new certificate");
        }
        Err(error) => {
            let error = error_chain(&error);
            tracing::error!(tls.certificate = certificate, error, "kept the old certificate: the new one is unusable");
        }
    }
}
