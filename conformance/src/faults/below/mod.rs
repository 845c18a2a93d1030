//! Faults below the server: its system calls fail, one at a time, in every operation of the API.
//!
//! Each operation is watched once. Then, for each call that it made to the disk and each error that a kernel gives there,
//! it is done again in a repository of its own, with that call failing: once, and once more with every later call of the
//! kind failing too. See [`tracer`] for how, and [`mod@judge`] for what is right.

mod call;
mod effect;
mod index;
mod judge;
mod operation;
mod plan;
mod rest;
mod rows;
mod system_call;
mod tracer;
mod trial;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use tempfile::TempDir;

use self::call::{Call, Fault};
use self::effect::Effect;
use self::judge::{Verdict, judge, trusted};
use self::operation::Operation;
use self::plan::{Injection, Plan, Scope};
use self::rows::Rows;
use self::trial::Trial;
use super::server::Server;
use crate::api::Api;
use crate::report::{Checks, Report};

/// One of so many faults is tried unless all are asked for: a fifth of the time, and all of them in as many days.
const EVERY: usize = 5;
/// How often a call that did not come is tried again: threads may take turns in another order.
const ATTEMPTS: usize = 3;
const DAY: u64 = 24 * 60 * 60;

/// What is tried.
#[derive(Debug, Default, Args)]
pub(crate) struct Selection {
    /// Try every fault of every call, not a selection that changes from day to day.
    #[arg(long)]
    all: bool,
    /// Begin the selection with this one; the day's number by default.
    #[arg(long)]
    offset: Option<usize>,
    /// Only these operations.
    #[arg(long = "operation", value_name = "NAME")]
    operations: Vec<Operation>,
}

/// Runs the part.
pub(super) async fn run(program: &Path, options: &Selection, report: &mut Report) -> Result<()> {
    let folder = TempDir::new()?;
    let mut server = Server::start(program, &folder.path().join("data"), "").await?;
    let plan = Plan::default();
    tracer::attach(server.id()?, server.data(), plan.clone())?;
    let every = if options.all { 1 } else { EVERY };
    let days = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() / DAY;
    let offset = options.offset.unwrap_or(usize::try_from(days)?) % every;
    let (api, process) = (server.api()?, server.id()?);
    let mut below = Below { api, process, plan, every, offset, number: 0, past: Vec::new() };
    let operations = if options.operations.is_empty() { &Operation::ALL } else { options.operations.as_slice() };
    for operation in operations {
        below.drive(*operation, &mut report.group("faults below")).await?;
    }
    let mut checks = report.group("faults below");
    if options.operations.is_empty() {
        index::drive(&mut below, &server, options.all, &mut checks).await?;
    }
    let name = "after a restart, all that was answered is there, and nothing is there by half";
    let passed = checks.step(name, below.restart(&mut server)).await;
    if !passed {
        server.show_log()?;
    }
    Ok(())
}

/// The run, and what it has done so far.
struct Below {
    api: Api,
    /// The server, which is restarted only at the end.
    process: u32,
    plan: Plan,
    every: usize,
    offset: usize,
    /// Number of the next trial.
    number: usize,
    past: Vec<Past>,
}

/// A trial that is over.
struct Past {
    trial: Trial,
    /// What must be there, where that is known.
    effect: Option<Effect>,
    injection: Injection,
}

impl Below {
    /// Tries the faults of one operation; a line for each kind of fault.
    async fn drive(&mut self, operation: Operation, checks: &mut Checks<'_>) -> Result<()> {
        let calls = match self.watch(operation).await {
            Ok(calls) => calls,
            Err(error) => {
                checks.failed(&format!("{operation} without a fault"), &error);
                return Ok(());
            }
        };
        for fault in Fault::ALL {
            let injections = self.choose(&calls, fault);
            if injections.is_empty() {
                continue;
            }
            let mut rows = Rows::default();
            for injection in injections {
                let tried = self.insist(operation, injection).await;
                rows.add(injection, tried);
            }
            checks.step(&format!("{operation}: {fault}"), async { rows.tell() }).await;
        }
        Ok(())
    }

    /// The calls that an operation makes.
    async fn watch(&mut self, operation: Operation) -> Result<BTreeSet<Call>> {
        let mut calls = BTreeSet::new();
        // The first one of its kind may find things to make that later ones do not.
        for _ in 0..2 {
            let mut trial = self.begin(operation).await?;
            self.plan.begin(Scope::Answers, None);
            let answer = trial.act(&self.api).await;
            calls = self.plan.end()?.into_iter().map(|seen| seen.call).collect();
            let answer = answer?;
            trial.accept(&answer)?;
            trial.follow(&answer);
            ensure!(trial.effect(&self.api).await? == Effect::Whole, "it has no effect");
        }
        Ok(calls)
    }

    async fn begin(&mut self, operation: Operation) -> Result<Trial> {
        let mut trial = Trial::new(operation, self.number);
        self.number += 1;
        trial.prepare(&self.api).await.context("its preparation failed")?;
        rest::await_rest(self.process).await?;
        Ok(trial)
    }

    /// The faults of one kind that are tried: all, or each so many-th.
    fn choose(&mut self, calls: &BTreeSet<Call>, fault: Fault) -> Vec<Injection> {
        let applicable = calls.iter().filter(|call| fault.applies(call.kind));
        let all = applicable.flat_map(|at| [false, true].map(|lasting| Injection { at: *at, fault, lasting }));
        let every = self.every;
        // The count goes on from kind to kind and from operation to operation, so that a few calls do not hide behind it.
        let mut chosen = Vec::new();
        for injection in all {
            if self.offset.is_multiple_of(every) {
                chosen.push(injection);
            }
            self.offset += 1;
        }
        chosen
    }

    /// Tries until the call comes.
    async fn insist(&mut self, operation: Operation, injection: Injection) -> Result<Verdict> {
        for _ in 0..ATTEMPTS {
            if let Some(verdict) = self.attempt(operation, injection).await? {
                return Ok(verdict);
            }
        }
        bail!("the call did not come again")
    }

    /// Does the operation with a fault; `None` where the fault did not strike.
    async fn attempt(&mut self, operation: Operation, injection: Injection) -> Result<Option<Verdict>> {
        let mut trial = self.begin(operation).await?;
        self.plan.begin(Scope::Answers, Some(injection));
        let answer = trial.act(&self.api).await.or_else(|error| trial.without_answer(error));
        self.plan.heal();
        // Every other client goes away, and what it left behind has to be right as it is.
        let repeats = self.number.is_multiple_of(2);
        let judged = self.look(&mut trial, answer, repeats).await;
        let seen = self.plan.end()?;
        let (answer, effect) = judged?;
        let struck: Vec<_> = seen.iter().filter(|seen| seen.struck.is_some()).cloned().collect();
        if struck.is_empty() {
            return Ok(None);
        }
        let verdict = judge(&trial, &answer, &struck)?;
        trusted(&seen)?;
        self.past.push(Past { trial, effect, injection });
        Ok(Some(verdict))
    }

    /// Looks at what is there after the fault, and has the client repeat its request.
    async fn look(
        &self,
        trial: &mut Trial,
        answer: Result<trial::Answer>,
        repeats: bool,
    ) -> Result<(trial::Answer, Option<Effect>)> {
        let answer = answer?;
        let done = answer.status == trial.operation.done();
        if done {
            trial.follow(&answer);
        }
        let effect = trial.effect(&self.api).await.context("after the fault")?;
        ensure!(!done || effect == Effect::Whole, "it is answered {} and has no effect", answer.status);
        if !repeats {
            return Ok((answer, done.then_some(Effect::Whole)));
        }
        trial.repeat(&self.api, effect).await.context("when it is done again")?;
        if trial.operation != Operation::AppendToUpload || trial.location.is_some() {
            let effect = trial.effect(&self.api).await.context("after it was done again")?;
            ensure!(effect == Effect::Whole, "done again, it has no effect");
        }
        Ok((answer, Some(Effect::Whole)))
    }

    /// Stops the server in good order, starts it again, and looks at every trial once more.
    async fn restart(&mut self, server: &mut Server) -> Result<String> {
        server.stop().await?;
        server.start_again().await?;
        for Past { trial, effect, injection } in &self.past {
            let context = || format!("{} {}, {injection}", trial.repository, trial.operation);
            let found = trial.effect(&self.api).await.with_context(context)?;
            ensure!(effect.is_none_or(|effect| effect == found), "{}: {found:?}, not {effect:?}", context());
        }
        Ok(format!("{} repositories", self.past.len()))
    }
}
