//! A certificate of the server's own making: for which names, and made anew before it ends.
//!
//! Only the authority is kept. The certificate itself and its key live in memory: whoever trusts the authority takes a new
//! one, and a key that is not on the disk cannot be copied from there.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use tokio_util::sync::CancellationToken;
use weir_storage::Clock;

use super::TlsError;
use super::authority::{Authority, VALIDITY};
use super::certificates::server_config;
use crate::http::error_chain::error_chain;

/// How long before its end a certificate is made anew: a third of its life, as is common.
const RENEW_BEFORE: Duration = Duration::from_hours(24 * 30);

/// What a server needs to make its own certificate.
#[derive(Debug, Clone)]
pub struct OwnTls {
    /// Where its authority lies, or will lie.
    pub folder: PathBuf,
    /// The host names and IP addresses that clients may call it by, beside `localhost`.
    pub names: Vec<String>,
    /// What tells how old a certificate is.
    pub clock: Arc<dyn Clock>,
}

/// An authority that is open, and what its certificates are made for.
#[derive(Debug)]
pub(super) struct Own {
    authority: Authority,
    names: Vec<String>,
    clock: Arc<dyn Clock>,
}

impl Own {
    pub(super) async fn open(settings: &OwnTls) -> Result<Self, TlsError> {
        let OwnTls { folder, names, clock } = settings.clone();
        let now = clock.now();
        let authority = tokio::task::spawn_blocking(move || Authority::open(&folder, now)).await??;
        Ok(Self { authority, names, clock })
    }

    /// Makes a certificate, and what serves with it.
    pub(super) fn issue(&self) -> Result<ServerConfig, TlsError> {
        let issued = self.authority.issue(&self.names, self.clock.now())?;
        server_config(issued.chain, issued.key).map_err(|source| self.authority.unusable(source))
    }
}

/// Makes a new certificate when the one in use nears its end, until it is told to stop.
pub(super) async fn renew(own: &Own, current: &ArcSwap<ServerConfig>, every: Duration, stop: &CancellationToken) {
    let mut due = due(own.clock.now());
    while stop.run_until_cancelled(tokio::time::sleep(every)).await.is_some() {
        let now = own.clock.now();
        if now < due {
            continue;
        }
        match own.issue() {
            Ok(config) => {
                current.store(config.into());
                tracing::info!("made a new certificate: the old one was near its end");
            }
            Err(error) => {
                tracing::error!(error = error_chain(&error), "kept the old certificate: failed to make another");
            }
        }
        // After a failure too: that is told again in due time, not every few seconds.
        due = self::due(now);
    }
}

fn due(made: SystemTime) -> SystemTime {
    made.checked_add(VALIDITY.saturating_sub(RENEW_BEFORE)).unwrap_or(made)
}

#[cfg(test)]
mod tests {
    use weir_storage::ManualClock;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_certificate_is_made_anew_before_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(1_790_000_000));
        let settings = OwnTls { folder: folder.path().into(), names: Vec::new(), clock: clock.clone() };
        let own = Arc::new(Own::open(&settings).await.unwrap());
        let current = Arc::new(ArcSwap::from_pointee(own.issue().unwrap()));
        let first = current.load_full();
        let stop = CancellationToken::new();
        let renewing = tokio::spawn({
            let (own, current, stop) = (Arc::clone(&own), Arc::clone(&current), stop.clone());
            async move { renew(&own, &current, Duration::from_secs(10), &stop).await }
        });
        tokio::time::sleep(Duration::from_mins(1)).await;
        assert!(Arc::ptr_eq(&current.load_full(), &first));
        clock.advance(VALIDITY.saturating_sub(RENEW_BEFORE));
        tokio::time::sleep(Duration::from_mins(1)).await;
        assert!(!Arc::ptr_eq(&current.load_full(), &first));
        stop.cancel();
        renewing.await.unwrap();
    }
}
