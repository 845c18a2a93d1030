//! Tags that follow other tags of their stream.
//!
//! Source: `UpdateTrackingTags` of openshift-apiserver, with one departure: chains are followed to their end in the
//! same commit, on every kind of write. A loop ends where it began, for a tag is moved once in a commit.

use std::collections::BTreeSet;

use super::history::{self, Move};
use crate::oci::{StreamId, Tag};
use crate::records::{Cause, Error, TagHead, Transaction, keys};

/// Moves every tag that follows `moved` to what `head` now means, and so on from each tag that this changes.
pub(crate) async fn follow(
    transaction: &mut Transaction<'_>,
    stream: &StreamId,
    moved: &Tag,
    head: &TagHead,
    cause: &Move,
) -> Result<(), Error> {
    let mut seen = BTreeSet::from([moved.clone()]);
    let mut pending = vec![(moved.clone(), head.clone())];
    while let Some((followed, head)) = pending.pop() {
        for follower in followers(transaction, stream, &followed).await? {
            if !seen.insert(follower.clone()) {
                continue;
            }
            let copy = Move {
                created: Some(head.top.created),
                reference: head.top.reference.clone(),
                image: head.top.image.clone(),
                generation: head.top.generation,
                manifest: head.manifest.clone(),
                cause: Cause::Tracking { tag: followed.clone() },
                actor: cause.actor.clone(),
            };
            if let Some(head) = history::advance(transaction, stream, &follower, &copy).await? {
                pending.push((follower, head));
            }
        }
    }
    Ok(())
}

async fn followers(transaction: &mut Transaction<'_>, stream: &StreamId, followed: &Tag) -> Result<Vec<Tag>, Error> {
    let keys = transaction.keys(&keys::trackers_of(stream, followed)).await?;
    Ok(keys.iter().filter_map(|key| keys::part(key, 3).parse().ok()).collect())
}
