//! Files of the configuration that change: the server's own logins, and the authorities that it trusts.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::error::chain;
use super::wire::Wire;
use super::{Inner, Upstreams, UpstreamsError, own_credentials};
use crate::config;
use crate::oci::{Algorithm, Digest};

/// The digests of what both files hold, or why one cannot be read.
pub(super) type Contents = Result<(Digest, Digest), String>;

/// What the files hold, read by a thread that may block.
pub(super) fn contents(config: &config::Upstreams) -> Contents {
    let content = |path: Option<&Path>| {
        let Some(path) = path else { return Ok(digest(&[])) };
        std::fs::read(path).map(|content| digest(&content)).map_err(|error| unreadable(path, &error))
    };
    Ok((content(config.credentials_file.as_deref())?, content(config.ca_file.as_deref())?))
}

impl Upstreams {
    /// Looks at the files again and again, and takes what is new in them, until it is told to stop.
    ///
    /// The contents are compared, not times of change, as for the certificates of listeners. What cannot be used is reported
    /// once, and the last good files count on. Downloads that are under way go on as they began.
    pub(crate) async fn renew(self, every: Duration, stop: CancellationToken) {
        let config = &self.0.config;
        if config.ca_file.is_none() && config.credentials_file.is_none() {
            return;
        }
        let mut seen = self.0.at_start.clone();
        while stop.run_until_cancelled(tokio::time::sleep(every)).await.is_some() {
            let read = self.contents().await;
            if read == seen {
                continue;
            }
            let replaced = match &read {
                Ok(_) => self.replace().await,
                Err(error) => Err(error.clone()),
            };
            match replaced {
                Ok(()) => tracing::info!("Took up new logins or authorities for other registries"),
                Err(error) => {
                    tracing::error!(error, "Kept the old logins and authorities for other registries: {error}");
                }
            }
            seen = read;
        }
    }

    async fn contents(&self) -> Contents {
        let config = &self.0.config;
        let (logins, authorities) = (config.credentials_file.as_deref(), config.ca_file.as_deref());
        Ok((content(logins).await?, content(authorities).await?))
    }

    /// Both or none: what is read now may have changed since it was compared, and is compared again the next time.
    async fn replace(&self) -> Result<(), String> {
        let inner = Arc::clone(&self.0);
        let read = tokio::task::spawn_blocking(move || inner.read_files()).await;
        read.map_err(|ended| ended.to_string())?.map_err(|error| chain(&error))
    }
}

impl Inner {
    fn read_files(&self) -> Result<(), UpstreamsError> {
        let (own, wire) = (own_credentials(&self.config)?, Wire::new(&self.config)?);
        self.own.store(Arc::new(own));
        self.wire.store(Arc::new(wire));
        Ok(())
    }
}

async fn content(path: Option<&Path>) -> Result<Digest, String> {
    let Some(path) = path else { return Ok(digest(&[])) };
    let read = tokio::fs::read(path).await;
    read.map(|content| digest(&content)).map_err(|error| unreadable(path, &error))
}

fn digest(content: &[u8]) -> Digest {
    Algorithm::Sha256.digest(content)
}

fn unreadable(path: &Path, error: &std::io::Error) -> String {
    format!("failed to read {}: {error}", path.display())
}
