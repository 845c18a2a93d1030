//! Imports that nobody asks for: after a change of a spec, after a failure, and by schedule.
//!
//! One task follows the change feed and plans; imports run beside it, a few at a time. What it plans follows from what is
//! stored: a restart reads all specs once, and then everything is due when it would have been due before.
//!
//! - [`due`]: when a tag is to be imported, and why. Pure.
//! - [`rhythm`]: how often scheduled tags are; [`cron`]: times as crontab says them. [`pause`]: how long what failed is left
//!   alone. [`budget`]: how often a registry is asked by schedule. All pure.
//! - [`plans`]: what is to be imported when. [`failing`]: whole repositories that could not be.
//! - [`schedules`]: what streams say of how often their tags are imported. [`run`]: one import.

mod budget;
mod cron;
mod due;
mod failing;
mod pause;
mod plans;
mod rhythm;
mod run;
mod schedules;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use weir_storage::Revision;

use self::budget::Budget;
use self::due::{Due, Known, Why};
use self::failing::FailingRepositories;
use self::plans::{Part, Plans};
use self::rhythm::{Phase, Rhythm};
use self::run::{Ended, Repository};
use self::schedules::Schedules;
use super::{CHECKED, Importer};
use crate::oci::{StreamId, Tag};
use crate::records::{Decide, Error, Moment, Transaction, keys};
use crate::streams::state;
use crate::streams::write::WriteError;

/// So many imports run at once in the background. Each has a stream of its own.
const AT_ONCE: usize = 8;

/// However little is due, the clock is looked at so often: it may be set.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// An import that takes longer is given up, and begun again later.
const LONGEST_RUN: Duration = Duration::from_hours(1);

/// How long what could not be read or written here is left alone.
const PAUSE: Duration = Duration::from_secs(30);

/// A part that was imported is left alone for so long, whatever its state then says.
const BREATH: Duration = Duration::from_secs(1);

/// So many keys are read at once when the server starts.
const PAGE: usize = 1000;

/// Plans and runs imports.
#[derive(Debug)]
pub(crate) struct Controller {
    importer: Importer,
    plans: Plans,
    budget: Budget,
    failing: FailingRepositories,
    running: JoinSet<Ran>,
    position: Revision,
    schedules: Schedules,
}

/// What came of an import in the background.
#[derive(Debug)]
struct Ran {
    id: StreamId,
    parts: Vec<Part>,
    result: Result<Ended, WriteError>,
}

impl Controller {
    pub(crate) fn new(importer: Importer) -> Self {
        let budget = Budget::new(importer.upstreams.import().scheduled_per_minute);
        let position = importer.records.metadata().revision();
        Self {
            importer,
            plans: Plans::default(),
            budget,
            failing: FailingRepositories::default(),
            running: JoinSet::new(),
            position,
            schedules: Schedules::default(),
        }
    }

    /// Works until the server stops. An import that is under way then is given up: nothing of it was committed.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        // Dropping it at any point is fine: what it plans follows from what is stored.
        stop.run_until_cancelled(self.work()).await;
        self.running.shutdown().await;
    }

    async fn work(&mut self) {
        let mut news = self.importer.records.metadata().subscribe();
        self.start().await;
        loop {
            self.catch_up(&mut news).await;
            self.begin();
            let sleep = self.sleep();
            tokio::select! {
                changed = news.changed() => if changed.is_err() { return },
                Some(ran) = self.running.join_next() => self.ended(ran).await,
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }

    fn now(&self) -> Moment {
        self.importer.records.now()
    }

    /// Until something is due, if there is room for it.
    fn sleep(&self) -> Duration {
        let next = if self.running.len() < AT_ONCE { self.plans.next() } else { None };
        next.map_or(LONGEST_SLEEP, |next| self.now().until(next)).min(LONGEST_SLEEP)
    }

    /// Reads everything, until that works.
    async fn start(&mut self) {
        loop {
            self.position = self.importer.records.metadata().revision();
            match self.read_all().await {
                Ok(()) => return tracing::debug!(tags = self.plans.len(), "Planned imports"),
                Err(error) => {
                    tracing::error!(%error, "Failed to plan imports: {error}");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn read_all(&mut self) -> Result<(), Error> {
        // Before their tags, so that a schedule that is changed meanwhile is seen to be new.
        for found in self.importer.records.scan(&keys::streams_all(), |scan| scan).await?.records {
            let Some(id) = stream_of(&found.key) else { continue };
            self.schedules.note(&id, Some(&found.record));
            if !found.record.source_repository.is_empty() {
                self.look(&id, &None).await?;
            }
        }
        let mut after: Option<Bytes> = None;
        loop {
            let page = self.importer.records.scan(&keys::specs_in(None), |scan| from(scan, after.as_ref())).await?;
            for found in &page.records {
                if let (Some((id, tag)), true) = (tag_of(&found.key), found.record.from.is_some()) {
                    self.look(&id, &Some(tag)).await?;
                }
            }
            after = page.records.last().map(|found| found.key.clone());
            if !page.more {
                break;
            }
        }
        self.forget_orphans().await
    }

    /// Takes away what is remembered of tags that nothing is wanted of any more.
    async fn forget_orphans(&self) -> Result<(), Error> {
        for key in self.importer.records.keys(&keys::import_states_all(), |scan| scan).await? {
            if let Some((id, tag)) = tag_of(&key)
                && !self.importer.records.exists(&keys::spec(&id, &tag)).await?
            {
                self.importer.records.transact(&Forget { id: &id, tag: &tag }).await?;
            }
        }
        Ok(())
    }

    /// Plans anew what was changed since the last time.
    async fn catch_up(&mut self, news: &mut watch::Receiver<Revision>) {
        loop {
            let visible = *news.borrow_and_update();
            if self.position >= visible {
                return;
            }
            if let Err(error) = self.follow(visible).await {
                tracing::warn!(%error, "Failed to follow the change feed, and read everything anew: {error}");
                self.start().await;
            }
        }
    }

    async fn follow(&mut self, visible: Revision) -> Result<(), Error> {
        let mut parts: BTreeSet<(StreamId, Part)> = BTreeSet::new();
        let mut namespaces = BTreeSet::new();
        let changes = self.importer.records.changes(self.position, visible).await?;
        let Some(last) = changes.last().map(|change| change.revision) else { return Ok(()) };
        for changed in changes.iter().flat_map(|change| &change.keys) {
            match keys::family(&changed.key) {
                b"spec" | b"head" | b"condition" => {
                    parts.extend(tag_of(&changed.key).map(|(id, tag)| (id, Some(tag))));
                }
                b"stream" => {
                    let Some(id) = stream_of(&changed.key) else { continue };
                    let stream = self.importer.records.get(&keys::stream(&id)).await?.map(|found| found.record);
                    if self.schedules.note(&id, stream.as_ref()) {
                        let keys = self.importer.records.keys(&keys::specs_of(&id), |scan| scan).await?;
                        parts.extend(keys.iter().filter_map(|key| tag_of(key)).map(|(id, tag)| (id, Some(tag))));
                    }
                    parts.insert((id, None));
                }
                b"secret" => _ = namespaces.insert(keys::part(&changed.key, 0).to_owned()),
                _ => {}
            }
        }
        for (id, part) in &parts {
            self.look(id, part).await?;
        }
        let now = self.now();
        for namespace in &namespaces {
            self.hurry_refused(namespace, now);
        }
        self.position = last;
        Ok(())
    }

    /// A login may have come to a namespace.
    fn hurry_refused(&mut self, namespace: &str, now: Moment) {
        self.plans.hurry_refused(namespace, now);
        self.failing.hurry_refused(namespace, now);
    }

    /// Plans a part by what is stored of it.
    async fn look(&mut self, id: &StreamId, part: &Part) -> Result<(), Error> {
        let due = match part {
            Some(tag) => self.tag_due(id, tag).await?,
            None => self.repository_due(id).await?,
        };
        if due.is_none() && part.is_none() {
            self.failing.forget(id);
        }
        self.plans.set(id, part, due);
        Ok(())
    }

    async fn tag_due(&self, id: &StreamId, tag: &Tag) -> Result<Option<Due>, Error> {
        let records = &self.importer.records;
        if !records.exists(&keys::spec(id, tag)).await? {
            return Ok(None);
        }
        let Some(state) = state::read_tag(records, id, tag).await? else { return Ok(None) };
        let Some(spec) = state.specs.get(tag) else { return Ok(None) };
        let remembered = records.get(&keys::import_state(id, tag)).await?.map(|found| found.record);
        let usual = self.importer.upstreams.import().schedule;
        let rhythm = spec
            .import_policy
            .scheduled
            .then(|| Rhythm::of(&spec.annotations, &state.record.annotations, usual))
            .filter(|_| self.budget.allows_any());
        let known = Known {
            spec,
            head: state.tags.get(tag).map(|tag| &tag.head),
            condition: state.conditions.get(tag),
            state: remembered.as_ref(),
            rhythm: rhythm.as_ref(),
            phase: Phase::of(id, Some(tag)),
            now: self.now(),
        };
        Ok(known.due())
    }

    /// A whole repository is imported once, when nothing was imported into the stream yet; again where it could not be listed, or
    /// some of it failed in a way that may pass.
    async fn repository_due(&mut self, id: &StreamId) -> Result<Option<Due>, Error> {
        let found = self.importer.records.get(&keys::stream(id)).await?.map(|found| found.record);
        let wanted =
            found.filter(|stream| !stream.source_repository.is_empty() && !stream.annotations.contains_key(CHECKED));
        let Some(repository) = wanted.as_ref().map(Repository::of) else { return Ok(None) };
        let now = self.now();
        Ok(Some(self.failing.due(id, &repository, now)))
    }

    /// Begins what is due, as far as there is room.
    fn begin(&mut self) {
        let now = self.now();
        while self.running.len() < AT_ONCE
            && let Some((id, due)) = self.plans.begin(now)
        {
            let parts = self.within_budget(&id, due, now);
            if parts.is_empty() {
                self.plans.end(&id, []);
                continue;
            }
            let importer = self.importer.clone();
            let attempts = self.failing.attempts(&id);
            self.running.spawn(async move {
                let ran = tokio::time::timeout(LONGEST_RUN, run::run(&importer, &id, &parts, attempts)).await;
                let result = ran.unwrap_or_else(|_| {
                    let postponed = parts.iter().map(|part| (part.clone(), PAUSE)).collect();
                    Ok(Ended { postponed, failed: None })
                });
                Ran { id, parts, result }
            });
        }
    }

    /// What is due and may be asked for; the rest is put off.
    fn within_budget(&mut self, id: &StreamId, due: Vec<(Part, Due)>, now: Moment) -> Vec<Part> {
        let mut within = Vec::with_capacity(due.len());
        for (part, due) in due {
            let at = match due.why {
                Why::Scheduled => self.budget.take(&due.registry, now),
                Why::Wanted | Why::Failed { .. } => Ok(()),
            };
            match at {
                Ok(()) => within.push(part),
                Err(at) => self.plans.postpone(id, &part, at),
            }
        }
        within
    }

    /// An import ended: what it came to is stored, and says what comes next.
    async fn ended(&mut self, ran: Result<Ran, tokio::task::JoinError>) {
        let Ran { id, parts, result } = match ran {
            Ok(ran) => ran,
            Err(error) => {
                tracing::error!(%error, "An import in the background ended early, and all are planned anew: {error}");
                self.plans = Plans::default();
                self.running.shutdown().await;
                return self.start().await;
            }
        };
        self.plans.end(&id, &parts);
        let now = self.now();
        if let (true, Ok(ended)) = (parts.contains(&None), &result) {
            self.failing.count(&id, ended.failed.as_ref(), now);
        }
        for part in &parts {
            let looked = self.look(&id, part).await;
            let wait = match &result {
                Ok(ended) => ended.postponed.iter().find(|(at, _)| at == part).map_or(BREATH, |(_, after)| *after),
                Err(_) => PAUSE,
            };
            self.plans.not_before(&id, part, now.plus(wait));
            if let Err(error) = looked {
                tracing::error!(%error, repository.name = %id.repository(), "Failed to plan an import: {error}");
                let due = Due { at: now.plus(PAUSE), why: Why::Wanted, registry: String::new() };
                self.plans.set(&id, part, Some(due));
            }
        }
        if let Err(error) = result {
            tracing::error!(%error, repository.name = %id.repository(), "Failed to import into {id}: {error}");
        }
    }
}

/// Takes away what imports remember of a tag, unless something is wanted of it.
struct Forget<'a> {
    id: &'a StreamId,
    tag: &'a Tag,
}

impl Decide for Forget<'_> {
    type Outcome = ();
    type Error = Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), Error> {
        if transaction.get(&keys::spec(self.id, self.tag)).await?.is_none() {
            transaction.delete(&keys::import_state(self.id, self.tag));
        }
        Ok(())
    }
}

fn from(scan: weir_storage::Scan, after: Option<&Bytes>) -> weir_storage::Scan {
    match after {
        Some(after) => scan.after(after).limit(PAGE),
        None => scan.limit(PAGE),
    }
}

fn stream_of(key: &[u8]) -> Option<StreamId> {
    StreamId::new(keys::part(key, 0), keys::part(key, 1)).ok()
}

fn tag_of(key: &[u8]) -> Option<(StreamId, Tag)> {
    Some((stream_of(key)?, keys::part(key, 2).parse().ok()?))
}
