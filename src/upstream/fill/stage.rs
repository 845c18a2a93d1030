//! How far a fill is, and who follows it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use weir_storage::UploadReader;

use super::Wanted;
use crate::oci::Source;
use crate::upstream::UpstreamError;

/// Why content could not be fetched. Several may wait for the same content, and all are told.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum FillError {
    /// The other registry failed.
    #[error("failed to fetch from {from}: {error}")]
    Upstream {
        from: Source,
        #[source]
        error: UpstreamError,
    },
    /// The store failed.
    #[error(transparent)]
    Storage(Arc<weir_storage::Error>),
    /// The fill was given up: the server stops, or nobody wanted it any more.
    #[error("the fetch was given up")]
    GivenUp,
}

impl FillError {
    /// The word for it in metrics.
    pub(crate) fn outcome(&self) -> &'static str {
        match self {
            Self::Upstream { error, .. } => error.outcome(),
            Self::Storage(_) => "not-stored",
            Self::GivenUp => "given-up",
        }
    }
}

impl From<weir_storage::Error> for FillError {
    fn from(error: weir_storage::Error) -> Self {
        Self::Storage(Arc::new(error))
    }
}

/// How far a fill is. It goes through these from first to last, and may fail at any time before it is verified.
#[derive(Debug, Clone)]
pub(super) enum Stage {
    /// There is nothing to read yet.
    Asking,
    /// Bytes come in, and can be read as far as they are there.
    Arriving(Arc<dyn UploadReader>),
    /// All bytes are there, and are what they should be.
    Verified(Arc<dyn UploadReader>),
    /// The content was in the store before anything was fetched.
    Here,
    /// It ended, and nothing came of it.
    Failed(FillError),
}

/// Content to read.
pub(super) enum Ready {
    /// It arrives.
    Arriving(Arc<dyn UploadReader>),
    /// It is in the store.
    Here,
}

/// One fill.
#[derive(Debug)]
pub(super) struct Fill {
    pub(super) wanted: Wanted,
    /// Where it is fetched from.
    pub(super) from: Source,
    pub(super) stage: watch::Sender<Stage>,
    /// Told once nothing goes on any more: what came of it is stored, or not.
    pub(super) over: CancellationToken,
    /// How many follow it.
    followers: watch::Sender<usize>,
}

impl Fill {
    pub(super) fn new(wanted: Wanted, from: Source) -> Self {
        let (stage, followers) = (watch::Sender::new(Stage::Asking), watch::Sender::new(0));
        Self { wanted, from, stage, over: CancellationToken::new(), followers }
    }

    /// Waits until nobody has followed for `grace`.
    pub(super) async fn abandoned(&self, grace: Duration) {
        let mut followers = self.followers.subscribe();
        loop {
            // The sender is this fill's own, and lives.
            let _ = followers.wait_for(|count| *count == 0).await;
            if tokio::time::timeout(grace, followers.wait_for(|count| *count > 0)).await.is_err() {
                return;
            }
        }
    }

    /// Whether nobody was given anything of it.
    pub(super) fn is_unread(&self) -> bool {
        matches!(*self.stage.borrow(), Stage::Asking)
    }

    pub(super) fn error(&self, error: UpstreamError) -> FillError {
        FillError::Upstream { from: self.from.clone(), error }
    }
}

/// One who follows a fill: as long as there is one, it goes on.
#[derive(Debug)]
pub(super) struct Follower(Arc<Fill>);

impl Follower {
    pub(super) fn of(fill: &Arc<Fill>) -> Self {
        fill.followers.send_modify(|count| *count = count.saturating_add(1));
        Self(Arc::clone(fill))
    }

    pub(super) fn fill(&self) -> &Fill {
        &self.0
    }

    /// Waits until there is something to read.
    pub(super) async fn ready(&self) -> Result<Ready, FillError> {
        let mut stage = self.0.stage.subscribe();
        match stage.wait_for(|stage| !matches!(stage, Stage::Asking)).await.as_deref() {
            Ok(Stage::Arriving(content) | Stage::Verified(content)) => Ok(Ready::Arriving(Arc::clone(content))),
            Ok(Stage::Here) => Ok(Ready::Here),
            Ok(Stage::Failed(error)) => Err(error.clone()),
            Ok(Stage::Asking) | Err(_) => Err(FillError::GivenUp),
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.0.followers.send_modify(|count| *count = count.saturating_sub(1));
    }
}
