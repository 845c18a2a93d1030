//! The index of the metadata store fails, which no answer waits for: pushes go on, and it comes back from the journal.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::time::{Instant, sleep};

use super::Below;
use super::call::{Call, Fault, Kind};
use super::effect::Effect;
use super::operation::Operation;
use super::plan::{Injection, Scope};
use crate::faults::server::Server;
use crate::report::Checks;

/// sled writes once a second; so long its calls are waited for.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long an index may take to come back. It is small here.
const RECOVERY: Duration = Duration::from_secs(8);
/// Pushes while the index fails.
const PUSHES: usize = 4;

/// Drives it.
pub(super) async fn drive(below: &mut Below, server: &Server, all: bool, checks: &mut Checks<'_>) -> Result<()> {
    let calls = watch(below).await?;
    let faults = if all { &Fault::ALL[..] } else { &Fault::ALL[..1] };
    for fault in faults {
        for at in calls.iter().filter(|call| fault.applies(call.kind)) {
            for lasting in [false, true] {
                let injection = Injection { at: *at, fault: *fault, lasting };
                checks.step(&injection.to_string(), strike(below, server, injection)).await;
            }
        }
    }
    Ok(())
}

/// The first call of each kind that changes the index.
async fn watch(below: &mut Below) -> Result<BTreeSet<Call>> {
    let mut pushed = 0;
    below.plan.begin(Scope::Index, None);
    let deadline = Instant::now() + PATIENCE / 4;
    while Instant::now() < deadline {
        push(below).await?;
        pushed += 1;
        sleep(Duration::from_millis(50)).await;
    }
    let seen = below.plan.end()?;
    let calls: BTreeSet<_> =
        seen.into_iter().map(|seen| seen.call).filter(|call| call.nth == 1 && call.kind.changes()).collect();
    ensure!(calls.iter().any(|call| call.kind == Kind::Write), "after {pushed} pushes the index is not written");
    Ok(calls)
}

async fn strike(below: &mut Below, server: &Server, injection: Injection) -> Result<String> {
    let before = server.log()?.len();
    below.plan.begin(Scope::Index, Some(injection));
    let deadline = Instant::now() + PATIENCE;
    let (mut done, mut refused) = (0, 0);
    // A server that brings its index back may ask for patience. It may not say that something was done which was not.
    while !below.plan.progress().1 || done + refused < PUSHES {
        ensure!(Instant::now() < deadline || below.plan.progress().1, "the call did not come");
        match push(below).await {
            Ok(()) => done += 1,
            Err(_) if below.plan.progress().1 => refused += 1,
            Err(error) => return Err(error).context("before the fault"),
        }
        sleep(Duration::from_millis(20)).await;
    }
    // With one fault that passed by there is no reason to refuse for long.
    ensure!(injection.lasting || push(below).await.is_ok() || push(below).await.is_ok(), "pushes are refused for good");
    below.plan.heal();
    let healed = Instant::now();
    while let Err(error) = push(below).await {
        if healed.elapsed() > RECOVERY {
            bail!("{RECOVERY:?} after the fault went: {error:#}");
        }
        sleep(Duration::from_millis(50)).await;
    }
    let took = healed.elapsed();
    below.plan.end()?;
    for past in below.past.iter().rev().take(PUSHES + 1) {
        let found = past.trial.effect(&below.api).await?;
        ensure!(past.effect.is_none_or(|effect| effect == found), "{}: {found:?}", past.trial.repository);
    }
    let log = server.log()?;
    let noticed = log[before..].contains("the metadata index failed");
    let noticed = if noticed { "noticed" } else { "without consequence" };
    Ok(format!("{noticed}, {done} pushes taken and {refused} refused, all taken {took:.0?} after the fault went"))
}

/// A push that is looked at again after the restart.
async fn push(below: &mut Below) -> Result<()> {
    let trial = below.begin(Operation::PushNewTag).await?;
    let answer = trial.act(&below.api).await?;
    let done = answer.status == trial.operation.done();
    let told = trial.accept(&answer);
    let at = Call { kind: Kind::Write, place: super::call::Place::Index, nth: 1 };
    let injection = Injection { at, fault: Fault::Device, lasting: false };
    below.past.push(super::Past { trial, effect: done.then_some(Effect::Whole), injection });
    told
}
