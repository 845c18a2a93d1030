//! What an import is to change: which tags move, which failures are told, and what the specs are then.

use std::collections::{BTreeMap, BTreeSet};

use super::commit::{Again, Commit, Outcome};
use super::fetch::Fetched;
use super::wanted::Wanted;
use super::{Found, refused};
use crate::oci::{Digest, Tag};
use crate::records::{Failing, ImportCondition, ImportState, PullSpec, Seen, SpecTag, TagHead, Transaction, keys};
use crate::streams::write::WriteError;

/// What is to be written.
#[derive(Debug, Default)]
pub(super) struct Plan<'a> {
    /// Spec tags that change.
    pub(super) specs: BTreeMap<Tag, SpecTag>,
    pub(super) moves: Vec<Planned<'a>>,
    pub(super) succeeded: BTreeSet<Tag>,
    pub(super) failed: BTreeMap<Tag, ImportCondition>,
    pub(super) states: BTreeMap<Tag, ImportState>,
}

/// An image that a tag has now, or still.
#[derive(Debug)]
pub(super) struct Planned<'a> {
    pub(super) outcome: &'a Outcome<'a>,
    pub(super) fetched: &'a Fetched,
    pub(super) reference: PullSpec,
    /// Whether there is an event to tell.
    pub(super) moves: bool,
}

/// What a tag means while an import is planned.
type Top = (PullSpec, Option<Digest>, i64);

impl Commit<'_> {
    /// What an import is to change, decided on what is read and guarded.
    pub(super) async fn plan<'p>(
        &'p self,
        transaction: &mut Transaction<'_>,
        next: i64,
    ) -> Result<Plan<'p>, WriteError> {
        let mut plan = Plan::default();
        let mut tops: BTreeMap<&Tag, Option<Top>> = BTreeMap::new();
        for outcome in &self.outcomes {
            let old = match plan.specs.get(outcome.tag) {
                Some(spec) => Some(spec.clone()),
                None => transaction.get(&keys::spec(self.id, outcome.tag)).await?,
            };
            if outcome.begun_for.is_some() && outcome.begun_for != old.as_ref() {
                continue;
            }
            let top = match tops.get(outcome.tag) {
                Some(top) => top.clone(),
                None => transaction.get(&keys::head(self.id, outcome.tag)).await?.map(top),
            };
            match outcome.found {
                Found::Image(fetched) => {
                    let planned = self.found(transaction, &mut plan, (outcome, fetched), old, top).await?;
                    tops.insert(outcome.tag, Some((planned.reference.clone(), Some(fetched.digest.clone()), next)));
                    plan.moves.push(planned);
                }
                Found::Same => self.same(transaction, &mut plan, outcome, old).await?,
                Found::Failed(_) => self.failed(transaction, &mut plan, (outcome, next), old).await?,
            }
        }
        Ok(plan)
    }

    /// An image was found.
    async fn found<'p>(
        &self,
        transaction: &mut Transaction<'_>,
        plan: &mut Plan<'p>,
        (outcome, fetched): (&'p Outcome<'p>, &'p Fetched),
        old: Option<SpecTag>,
        top: Option<Top>,
    ) -> Result<Planned<'p>, WriteError> {
        let (tag, wanted) = (outcome.tag, outcome.wanted);
        let reference = self.names.read(&wanted.by_digest(&fetched.digest));
        let generation = old.as_ref().and_then(|spec| spec.generation);
        let observed = top.as_ref().map(|(.., generation)| *generation);
        let same =
            top.as_ref().is_some_and(|(at, image, _)| *at == reference && image.as_ref() == Some(&fetched.digest));
        let moves = !same || generation.is_none() || generation > observed;
        let spec = match &old {
            Some(old) if moves => SpecTag {
                from: Some(wanted.from()),
                generation: Some(0),
                import_policy: wanted.policy.clone(),
                ..old.clone()
            },
            Some(old) => SpecTag { import_policy: wanted.policy.clone(), ..old.clone() },
            None => new_spec(wanted),
        };
        if old.as_ref() != Some(&spec) {
            plan.specs.insert(tag.clone(), spec);
        }
        plan.failed.remove(tag);
        plan.succeeded.insert(tag.clone());
        self.remember(transaction, plan, outcome, fetched).await?;
        Ok(Planned { outcome, fetched, reference, moves })
    }

    /// The upstream still has what the tag means.
    async fn same(
        &self,
        transaction: &mut Transaction<'_>,
        plan: &mut Plan<'_>,
        outcome: &Outcome<'_>,
        old: Option<SpecTag>,
    ) -> Result<(), WriteError> {
        plan.succeeded.insert(outcome.tag.clone());
        if let Some(old) = old.filter(|old| old.import_policy != outcome.wanted.policy) {
            let spec = SpecTag { import_policy: outcome.wanted.policy.clone(), ..old };
            plan.specs.insert(outcome.tag.clone(), spec);
        }
        let state = transaction.get(&keys::import_state(self.id, outcome.tag)).await?;
        if let Some(state) = state.filter(|state| state.failing.is_some()) {
            plan.states.insert(outcome.tag.clone(), ImportState { failing: None, ..state });
        }
        Ok(())
    }

    /// Nothing could be had. What the tag means stays as it is; the same failure is told once.
    async fn failed(
        &self,
        transaction: &mut Transaction<'_>,
        plan: &mut Plan<'_>,
        (outcome, next): (&Outcome<'_>, i64),
        old: Option<SpecTag>,
    ) -> Result<(), WriteError> {
        let Some(status) = refused(outcome.wanted, outcome.found) else { return Ok(()) };
        let tag = outcome.tag;
        let message =
            if status.message.is_empty() { "unknown error prevented import".to_owned() } else { status.message };
        let before = transaction.get(&keys::condition(self.id, tag)).await?;
        // A spec that was changed since is answered anew, also in the same words: otherwise it would seem to wait for ever.
        let observed = |condition: &ImportCondition| {
            old.as_ref().and_then(|spec| spec.generation).is_none_or(|generation| generation <= condition.generation)
        };
        let known =
            before.filter(|before| before.reason == status.reason && before.message == message && observed(before));
        let is_known = known.is_some();
        let since = known.map_or(transaction.now(), |known| known.since);
        if !is_known {
            let condition = ImportCondition { reason: status.reason, message, generation: next, since };
            plan.failed.insert(tag.clone(), condition);
            let new = outcome.makes_spec.then(|| new_spec(outcome.wanted));
            let spec = old.map(|old| SpecTag { generation: Some(0), ..old }).or(new);
            plan.specs.extend(spec.map(|spec| (tag.clone(), spec)));
        }
        if let Some(Again { attempts, next }) = outcome.again {
            let state = transaction.get(&keys::import_state(self.id, tag)).await?.unwrap_or_default();
            let failing = Some(Failing { since, attempts, next });
            plan.states.insert(tag.clone(), ImportState { failing, ..state });
        }
        Ok(())
    }

    /// Remembers what was found, so that the next import can see whether anything is new.
    async fn remember(
        &self,
        transaction: &mut Transaction<'_>,
        plan: &mut Plan<'_>,
        outcome: &Outcome<'_>,
        fetched: &Fetched,
    ) -> Result<(), WriteError> {
        let seen = outcome.wanted.job.as_ref().map(|job| Seen {
            from: outcome.wanted.name.clone(),
            mode: job.mode().to_owned(),
            platform: job.preference.text(),
            upstream: fetched.upstream.clone(),
            image: fetched.digest.clone(),
        });
        let state = ImportState { seen, failing: None };
        if transaction.get(&keys::import_state(self.id, outcome.tag)).await?.as_ref() != Some(&state) {
            plan.states.insert(outcome.tag.clone(), state);
        }
        Ok(())
    }
}

fn top(head: TagHead) -> Top {
    (head.top.reference, head.top.image, head.top.generation)
}

/// The spec of a tag that nothing was wanted of.
fn new_spec(wanted: &Wanted) -> SpecTag {
    SpecTag {
        from: Some(wanted.from()),
        annotations: BTreeMap::new(),
        reference: false,
        generation: Some(0),
        import_policy: wanted.policy.clone(),
        reference_policy: wanted.reference_policy,
    }
}
