//! Tags: linearizable registers, and histories that explain them.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use futures_util::{StreamExt as _, stream};

use super::content::{Found, tag_value};
use super::{AT_ONCE, Extent, Known, Observer};
use crate::api::Api;
use crate::crash::client::Client;
use crate::crash::findings::Subject;
use crate::crash::ledger::{Belief, Sighting, TagName};
use crate::history::{self, Dated, Event};
use crate::linearizability::{Action, Call, Log, explain};

/// How many events that were known before are read again with the new ones.
const OVERLAP: usize = 8;

/// What is served of a tag now.
#[derive(Debug)]
struct Now {
    value: Option<String>,
    /// When it was asked for, and when it was answered.
    read: (Instant, Instant),
    /// The newest events, the newest first.
    newest: Vec<Dated>,
}

impl Observer {
    pub(super) async fn check_tags(&mut self, clients: &mut [Client], extent: Extent, fresh: &[Found]) -> Result<()> {
        let mut calls: BTreeMap<TagName, Vec<Call>> = BTreeMap::new();
        let mut sightings: BTreeMap<TagName, Vec<Sighting>> = BTreeMap::new();
        for client in &mut *clients {
            for (tag, call) in client.ledger.calls.drain(..) {
                calls.entry(tag).or_default().push(call);
            }
            for sighting in client.ledger.sightings.drain(..) {
                calls.entry(sighting.tag.clone()).or_default();
                sightings.entry(sighting.tag.clone()).or_default().push(sighting);
            }
        }
        if extent == Extent::Everything {
            for tag in self.tags.keys() {
                calls.entry(tag.clone()).or_default();
            }
        }
        let api = &self.api;
        let looks = calls.into_iter().map(|(tag, calls)| {
            // Each call makes one event at most.
            let count = if extent == Extent::Everything { usize::MAX } else { calls.len() + OVERLAP };
            async move { (look(api, &tag, count).await, tag, calls) }
        });
        let seen: Vec<_> = stream::iter(looks).buffer_unordered(AT_ONCE).collect().await;
        for (now, tag, calls) in seen {
            match now {
                Ok(now) => self.check_tag(&tag, calls, &now, &sightings.remove(&tag).unwrap_or_default(), fresh),
                Err(error) => self.findings.wrong(Subject::Tags, format_args!("{tag:?}: {error:#}")),
            }
        }
        self.check_meanings(clients);
        Ok(())
    }

    fn check_tag(&mut self, tag: &TagName, mut calls: Vec<Call>, now: &Now, sightings: &[Sighting], fresh: &[Found]) {
        let known = self.tags.entry(tag.clone()).or_default();
        let (began, answered) = now.read;
        calls.push(Call { began, answered: Some(answered), action: Action::Read(now.value.clone()) });
        let grown = grow(known, now);
        let explained =
            grown.as_ref().is_ok_and(|new| explain(&Log { before: known.value.clone(), events: new }, &mut calls));
        self.findings.looked(Subject::Tags);
        if !explained {
            let (before, new) = (&known.value, grown.as_deref().unwrap_or_default());
            let problem = format!("{tag:?} was {before:?}, and its events {new:?} do not explain {calls:#?}");
            self.findings.wrong(Subject::Tags, problem);
        }
        let history = grown.and_then(|new| {
            atomic(tag, &new, fresh)?;
            sightings.iter().try_for_each(|sighting| was_there(&known.history, sighting))
        });
        known.value.clone_from(&now.value);
        self.findings.note(Subject::Histories, history.with_context(|| format!("history of {tag:?}")));
    }

    /// What a tag means is a manifest that is there.
    fn check_meanings(&mut self, clients: &[Client]) {
        for (tag, known) in &self.tags {
            let Some(value) = &known.value else { continue };
            let there = |client: &Client| {
                client.ledger.find(tag.repository, value).is_some_and(|manifest| manifest.belief == Belief::Present)
            };
            if !clients.iter().any(there) {
                self.findings.wrong(Subject::Tags, format_args!("{tag:?} means {value}, which is not there"));
            }
        }
    }
}

async fn look(api: &Api, tag: &TagName, count: usize) -> Result<Now> {
    let began = Instant::now();
    let value = tag_value(api, tag.repository, &tag.tag).await?;
    let read = (began, Instant::now());
    let newest = history::newest(api, tag.repository, &tag.tag, count).await?;
    Ok(Now { value, read, newest })
}

/// Adds what is new to a known history, and returns it, oldest first. What was known must still be there, in its order.
fn grow(known: &mut Known, now: &Now) -> Result<Vec<Event>> {
    let last = known.history.last();
    let fresh = now.newest.iter().take_while(|event| Some(*event) != last).count();
    let (new, old) = now.newest.split_at(fresh);
    let expected = known.history.iter().rev();
    let gone = old.len().min(OVERLAP) < known.history.len().min(OVERLAP);
    ensure!(
        !gone && old.iter().eq(expected.take(old.len())),
        "it does not go on from what it was: {:#?} should follow {:#?}",
        now.newest,
        known.history.iter().rev().take(OVERLAP).collect::<Vec<_>>()
    );
    known.history.extend(new.iter().rev().cloned());
    Ok(new.iter().rev().map(|dated| dated.event.clone()).collect())
}

/// A push that was not answered made its manifest and moved its tag, or did neither.
fn atomic(tag: &TagName, new: &[Event], fresh: &[Found]) -> Result<()> {
    for found in fresh.iter().filter(|found| found.manifest.first_tags.contains(tag)) {
        let moved = new.contains(&Event::tagged(&found.digest));
        ensure!(
            moved == found.there,
            "a push was half done: {} is there: {}; {tag:?} came to mean it: {moved}",
            found.digest,
            found.there
        );
    }
    Ok(())
}

/// What somebody read of a history is still in it, as it was.
fn was_there(history: &[Dated], sighting: &Sighting) -> Result<()> {
    let Some(newest) = sighting.events.first() else { return Ok(()) };
    let Some(at) = history.iter().rposition(|event| event == newest) else {
        bail!("somebody saw {newest:?}, which is gone");
    };
    let there = history[..=at].iter().rev().take(sighting.events.len());
    ensure!(there.eq(&sighting.events), "somebody saw {:#?}, which is not what it is now", sighting.events);
    Ok(())
}
