//! A client that does everything that can be done to a registry, in an order that its seed decides.
//!
//! It waits for each answer before it makes the next call, so that it knows what it did. A call that breaks off leaves
//! its object [`Unknown`](Belief::Unknown): nothing more is done with it until the check has looked what became of it.

mod images;
mod tags;
mod uploads;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use reqwest::StatusCode;

use super::ledger::{Belief, Ledger, TagName};
use super::random::Random;
use super::wire::{End, Exchange, Reply, Signals, Wire};
use crate::api::Api;
use crate::linearizability::{Action, Call};

/// The repositories that everybody works in. One has a deep name, one the shortest.
pub(crate) const REPOSITORIES: [&str; 4] = ["crash/alpha", "crash/beta", "crash/far/down/gamma", "delta"];
/// The tags that everybody moves, in each of them.
pub(crate) const CONTENDED: [&str; 3] = ["latest", "stable", "edge"];
/// Tags that only one client moves, in each of them.
const OWN: usize = 3;
/// Clients that do everything.
pub(crate) const WORKERS: usize = 12;
/// Clients that only look.
pub(crate) const READERS: usize = 4;
/// How long a client waits before it knocks again where nobody listens.
const KNOCK: Duration = Duration::from_millis(3);

/// One client.
#[derive(Debug)]
pub(crate) struct Client {
    number: usize,
    role: Role,
    random: Random,
    wire: Wire,
    pub(crate) ledger: Ledger,
    /// How many things it made.
    made: u64,
}

/// What a client is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// To do everything.
    Worker,
    /// To look at tags all the time: what is seen too early is seen only by who looks just then.
    Reader,
}

/// What a call that should have changed something came to.
#[derive(Debug)]
enum Verdict {
    Done {
        at: Instant,
        reply: Reply,
    },
    /// It had no effect.
    Nothing,
    /// Nobody knows.
    Unknown,
}

impl Verdict {
    fn is_done(&self) -> bool {
        matches!(self, Self::Done { .. })
    }

    fn answered(&self) -> Option<Instant> {
        match self {
            Self::Done { at, .. } => Some(*at),
            Self::Nothing | Self::Unknown => None,
        }
    }

    /// What is to be believed of something that was `before`, and that the call was to make `after`.
    fn belief(&self, before: Belief, after: Belief) -> Belief {
        match self {
            Self::Done { .. } => after,
            Self::Nothing => before,
            Self::Unknown => Belief::Unknown,
        }
    }
}

impl Client {
    /// All the clients of a run.
    pub(crate) fn all(seed: u64, api: &Api) -> Vec<Self> {
        let role = |number| if number < WORKERS { Role::Worker } else { Role::Reader };
        (0..WORKERS + READERS).map(|number| Self::new(number, role(number), seed, api.clone())).collect()
    }

    fn new(number: usize, role: Role, seed: u64, api: Api) -> Self {
        let random = Random::new(seed, number as u64 + 1);
        let wire = Wire { api, signals: Arc::default() };
        Self { number, role, random, wire, ledger: Ledger::default(), made: 0 }
    }

    /// Works until it is told to stop.
    pub(crate) async fn work(mut self, api: Api, signals: Arc<Signals>) -> Result<Self> {
        self.wire = Wire { api, signals };
        while !self.wire.signals.stopped() {
            self.step().await?;
        }
        Ok(self)
    }

    async fn step(&mut self) -> Result<()> {
        if self.role == Role::Reader {
            return if self.random.percent(90) { self.read_tag().await } else { self.read_history().await };
        }
        match self.random.below(100) {
            0..=27 => self.push_image().await,
            28..=31 => self.push_index().await,
            32..=36 => self.push_artifact().await,
            37..=43 => self.retag().await,
            44..=48 => self.delete_tag().await,
            49..=51 => self.delete_manifest().await,
            52..=54 => self.delete_blob().await,
            55..=57 => self.push_loose_blob().await,
            58..=61 => self.begin_session().await,
            62..=66 => self.continue_session().await,
            67..=69 => self.push_shared_blob().await,
            70..=89 => self.read_tag().await,
            90..=93 => self.read_history().await,
            _ => self.read_own().await,
        }
    }

    /// A name that nothing else in the run has.
    fn fresh(&mut self, what: &str) -> String {
        self.made += 1;
        format!("{what} {} {}", self.number, self.made)
    }

    /// The first one more often than the others: what nobody looks at, nobody misses.
    fn repository(&mut self) -> &'static str {
        let last = if self.random.percent(30) { 1 } else { REPOSITORIES.len() };
        REPOSITORIES[self.random.below(last)]
    }

    /// A tag that is worth a fight, or one of this client's own.
    fn tag(&mut self, repository: &'static str) -> TagName {
        let tag = if self.random.percent(60) {
            let last = if self.random.percent(40) { 1 } else { CONTENDED.len() };
            CONTENDED[self.random.below(last)].to_owned()
        } else {
            format!("own-{}-{}", self.number, self.random.below(OWN))
        };
        TagName { repository, tag }
    }

    /// Notes a change of a tag, if it may have had an effect.
    fn note(&mut self, tag: &TagName, began: Instant, verdict: &Verdict, action: Action) {
        if !matches!(verdict, Verdict::Nothing) {
            self.ledger.note(tag, Call { began, answered: verdict.answered(), action });
        }
    }

    /// What came of a call that must be answered by this.
    async fn judge(&mut self, what: &str, exchange: Exchange, expected: StatusCode) -> Verdict {
        self.judge_any(what, exchange, &[expected]).await
    }

    async fn judge_any(&mut self, what: &str, exchange: Exchange, expected: &[StatusCode]) -> Verdict {
        match exchange.end {
            End::Answered { at, reply } if expected.contains(&reply.status) => Verdict::Done { at, reply },
            End::Answered { reply, .. } => {
                let said = String::from_utf8_lossy(&reply.body).into_owned();
                self.fault(&format!("{what} was answered {}: {said}", reply.status));
                Verdict::Unknown
            }
            End::Refused => {
                tokio::time::sleep(KNOCK).await;
                Verdict::Nothing
            }
            End::Lost => Verdict::Unknown,
        }
    }

    fn fault(&mut self, what: &str) {
        self.ledger.faults.push(format!("client {}: {what}", self.number));
    }
}
