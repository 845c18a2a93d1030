//! Layers of imported images that are wanted before anybody pulls them.
//!
//! Whoever fetches them is told by a queue. What finds no room there, or was not fetched when the server stops, is fetched when it is
//! pulled, as without any of this.

use std::collections::BTreeMap;

use tokio::sync::mpsc::{self, error::TrySendError};

use super::{Found, Importer, Outcome};
use crate::oci::{Digest, StreamId};
use crate::records::{Error, keys};

/// The annotation of a spec tag, or of a stream, that says whether its layers are fetched at once.
const PREFETCH: &str = "importer.weir/prefetch";

/// So many images wait at most.
const WAITING: usize = 10_000;

/// An image that is wanted whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WantedWhole {
    pub(crate) stream: StreamId,
    pub(crate) digest: Digest,
}

/// Where whoever fetches them waits for them.
pub(crate) type Wishes = mpsc::Receiver<WantedWhole>;

impl Importer {
    /// This importer, made to tell of images that are wanted whole, and where they are told of.
    pub(crate) fn prefetching(mut self) -> (Self, Wishes) {
        let (sender, wishes) = mpsc::channel(WAITING);
        self.whole = Some(sender);
        (self, wishes)
    }

    /// Tells which of the images that were imported are wanted whole. What was imported stays so where that cannot be told.
    pub(super) async fn want_whole(&self, id: &StreamId, outcomes: &[Outcome<'_>]) {
        if let Some(whole) = &self.whole
            && let Err(error) = self.tell_wanted(whole, id, outcomes).await
        {
            tracing::error!(%error, repository.name = %id.repository(), "Failed to fetch layers of {id} at once: {error}");
        }
    }

    async fn tell_wanted(
        &self,
        whole: &mpsc::Sender<WantedWhole>,
        id: &StreamId,
        outcomes: &[Outcome<'_>],
    ) -> Result<(), Error> {
        let of_stream = self.records.get(&keys::stream(id)).await?.map(|found| found.record.annotations);
        let of_stream = of_stream.unwrap_or_default();
        for outcome in outcomes {
            let Found::Image(fetched) = outcome.found else { continue };
            let head = self.records.get(&keys::head(id, outcome.tag)).await?.map(|found| found.record);
            if head.and_then(|head| head.top.image).as_ref() != Some(&fetched.digest) {
                // Nothing came of it: something else was wanted by then.
                continue;
            }
            let spec = self.records.get(&keys::spec(id, outcome.tag)).await?.map(|found| found.record);
            let of_tag = spec.map(|spec| spec.annotations).unwrap_or_default();
            if said(&of_tag, &of_stream).unwrap_or(self.upstreams.import().prefetch) {
                tell(whole, WantedWhole { stream: id.clone(), digest: fetched.digest.clone() });
            }
        }
        Ok(())
    }
}

fn tell(whole: &mpsc::Sender<WantedWhole>, wanted: WantedWhole) {
    match whole.try_send(wanted) {
        // The server stops.
        Ok(()) | Err(TrySendError::Closed(_)) => {}
        Err(TrySendError::Full(WantedWhole { stream, digest })) => tracing::warn!(
            repository.name = %stream.repository(),
            image.digest = %digest,
            "Leaves the layers of {digest} until they are pulled: too many images wait for theirs"
        ),
    }
}

/// What annotations say, those of the tag before those of its stream.
fn said(tag: &BTreeMap<String, String>, stream: &BTreeMap<String, String>) -> Option<bool> {
    tag.get(PREFETCH).or_else(|| stream.get(PREFETCH)).and_then(|said| said.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_says_more_than_its_stream() {
        let says = |text: &str| BTreeMap::from([(PREFETCH.to_owned(), text.to_owned())]);
        let nothing = BTreeMap::new();
        assert_eq!(said(&nothing, &nothing), None);
        assert_eq!(said(&nothing, &says("true")), Some(true));
        assert_eq!(said(&says("false"), &says("true")), Some(false));
        assert_eq!(said(&says("perhaps"), &nothing), None);
    }
}
