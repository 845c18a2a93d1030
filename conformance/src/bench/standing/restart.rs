//! The start after a kill, with a large store.

use anyhow::{Result, ensure};

use super::{fill, start};
use crate::api::Api;
use crate::bench::measure::{Figures, count, seconds};
use crate::bench::options::Plan;
use crate::bench::servers::{Contender, Running};

/// Manifests of one repository, and events of its tag in turn.
const REPOSITORY: u64 = 100;
/// Pushes just before the kill: what of them the index has not seen is read from the journal by the start.
const LAST: u64 = 2_000;

/// Fills a store, and kills and starts its server in every round.
pub(super) async fn measure(plan: &Plan, weir: &Contender, record: &mut impl FnMut(usize, Figures)) -> Result<String> {
    let (manifests, events) = (plan.scale.manifests, plan.scale.events);
    ensure!(events >= manifests, "each manifest is an event at least once");
    let mut server = start(plan, weir).await?;
    // Every tag goes round the manifests of its repository, so that each push is an event.
    let repositories = manifests.div_ceil(REPOSITORY);
    let rate = fill::fill(&server, events, move |number| {
        let (repository, manifest) = (number % repositories, number / repositories % REPOSITORY);
        let name = format!("{repository} {manifest}");
        (format!("bench/restart-{repository}"), "latest".to_owned(), fill::manifest(&name))
    })?;
    for round in 0..plan.scale.rounds {
        fill::fill(&server, LAST, move |number| {
            let name = format!("round {round} {number}");
            ("bench/last".to_owned(), format!("t{number}"), fill::manifest(&name))
        })?;
        server.kill_and_restart().await?;
        check(&server, round).await?;
        let memory = server.memory()?;
        record(
            round,
            vec![("started_in_s", seconds(server.started_in())), ("resident_mb", count(memory.resident) / 1e6)],
        );
    }
    server.stop().await?;
    Ok(format!("{manifests} manifests and {events} events, filled at {rate:.0} a second"))
}

/// Fails unless what was pushed before the kill is there.
async fn check(server: &Running, round: usize) -> Result<()> {
    let api = Api::new(&server.address().to_string())?;
    for number in (0..LAST).step_by(97).chain([LAST - 1]) {
        let found = api.manifest("bench/last", &format!("t{number}")).await?;
        let pushed = fill::manifest(&format!("round {round} {number}"));
        ensure!(found.digest == pushed.digest, "t{number} is {}, not {}", found.digest, pushed.digest);
    }
    Ok(())
}
