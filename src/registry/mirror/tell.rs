//! Failures of the registry behind a prefix, as the image stream tells them.

use std::time::Duration;

use super::checks::Answer;
use super::read::Pull;
use crate::oci::{Digest, Reference, Tag};
use crate::records::keys;
use crate::registry::{Registry, Result};
use crate::streams::import::mirrored::{Failure, Forgive};
use crate::upstream::UpstreamError;
use crate::upstream::fill::FillError;

/// A registry that fails in a way that may pass is told of when it has failed for so long.
const LASTING: Duration = Duration::from_mins(1);

impl Registry {
    /// Asks, keeps what is new, and notes in the stream whether the tag could be confirmed.
    ///
    /// Before anybody hears the answer: the notes of two answers never change places.
    pub(super) async fn heard(&self, pull: &Pull, known: Option<&Digest>) -> Answer {
        let answer = self.answer_of_upstream(pull, known).await;
        if let (Reference::Tag(tag), true) = (&pull.reference, known.is_some())
            && let Err(error) = self.tell(pull, tag, &answer).await
        {
            tracing::warn!(
                repository.name = %pull.name,
                reference = %tag,
                %error,
                "Failed to note whether {} could be confirmed: {error}",
                pull.reference
            );
        }
        answer
    }

    async fn tell(&self, pull: &Pull, tag: &Tag, answer: &Answer) -> Result<()> {
        let (stream, source) = (&pull.stream, pull.mirror.source(&pull.name));
        let error = match answer {
            Answer::Confirmed => {
                if self.records.exists(&keys::condition(stream, tag)).await? {
                    self.records.transact(&Forgive { stream, tag }).await?;
                }
                return Ok(());
            }
            Answer::Unknown => &UpstreamError::NotFound,
            Answer::Failed(FillError::Upstream { error, .. }) => error,
            // It is this server that failed.
            Answer::Failed(FillError::Storage(_) | FillError::GivenUp) => return Ok(()),
        };
        let failing = pull.mirror.checks.last(&pull.asked()).and_then(|last| last.failing);
        if lasts(error, failing.map(|since| since.elapsed())) {
            self.records.transact(&Failure { stream, tag, source: &source, error }).await?;
        }
        Ok(())
    }
}

/// Whether a failure is worth a note, where answers failed before for so long.
fn lasts(error: &UpstreamError, failing: Option<Duration>) -> bool {
    !error.is_transient() || failing.is_some_and(|failing| failing >= LASTING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_that_may_pass_is_told_once_it_lasts() {
        let denied = UpstreamError::Forbidden { with_login: false, detail: String::new() };
        let down = UpstreamError::Network("down".to_owned());
        assert!(lasts(&denied, None) && lasts(&UpstreamError::NotFound, None));
        for (failing, told) in [(None, false), (Some(Duration::from_secs(30)), false), (Some(LASTING), true)] {
            assert_eq!(lasts(&down, failing), told, "{failing:?}");
        }
    }
}
