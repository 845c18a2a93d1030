//! Part `bench`: Weir beside the registries and the file server that people use today.
//!
//! Every round starts each server afresh; in each row every server has its turn, in an order that moves from round to round, while
//! the others are halted. What is compared are ratios within a round, so that a machine which is slower now than a minute ago does
//! not matter.
//!
//! - [`servers`] starts, halts and ends the servers; [`usage`] reads what they cost.
//! - [`load`] is the client; [`work`] is what its connections do, with the content that [`material`] makes.
//! - [`rows`] are the pieces of work; [`bed`] is a server with what it holds for them.
//! - [`standing`] are those that need a large store, filled once.
//! - [`statistics`] makes medians and intervals, [`bounds`] holds them against what is demanded, [`table`] prints them.

mod bed;
mod bounds;
pub(crate) mod load;
pub(crate) mod material;
mod measure;
mod options;
mod rows;
mod servers;
pub(crate) mod standing;
pub(crate) mod statistics;
mod table;
pub(crate) mod usage;
pub(crate) mod work;

use std::fs;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use serde_json::json;

pub(crate) use options::Options;

use crate::report::{Checks, Report, say};
use crate::subject::Subject;
use bed::{Bed, Material};
use measure::Samples;
use options::Plan;
use rows::Row;
use servers::{Remains, Running, interrupted};

/// Runs the part. A demand that is not met is said and does not fail the run: that depends on the machine. Errors and wrong answers do.
pub(crate) async fn run(subject: &Subject, options: &Options, report: &mut Report) -> Result<()> {
    let interruption = tokio::spawn(interrupted());
    tokio::select! {
        biased;
        interrupted = interruption => {
            interrupted??;
            bail!("the run was interrupted")
        }
        done = measure(subject, options, report) => done,
    }
}

async fn measure(subject: &Subject, options: &Options, report: &mut Report) -> Result<()> {
    let plan = options.plan(subject)?;
    let mut checks = report.group("bench");
    for missing in &plan.missing {
        checks.leave_out("a server", missing);
    }
    let mut samples = Samples::default();
    if !plan.rows.iter().all(|row| row.is_standing()) {
        let material = Arc::new(Material::new(&plan.scale));
        let mut remains = Vec::new();
        for round in 0..plan.scale.rounds {
            match measure_round(&plan, round, &material, &mut samples, &mut checks).await {
                Ok(ended) => remains.extend(ended),
                Err(error) => checks.failed(&format!("round {}", round + 1), &error),
            }
        }
    }
    standing::measure(&plan, &mut samples, &mut checks).await;
    let samples = samples.0;
    let verdicts: Vec<_> = bounds::BOUNDS
        .iter()
        .filter(|bound| plan.rows.contains(&bound.row))
        .map(|bound| bounds::judge(bound, &samples))
        .collect();
    let names: Vec<_> = plan.contenders.iter().map(|contender| contender.name.clone()).collect();
    table::figures(&plan.rows, &names, &samples);
    table::verdicts(&verdicts);
    if let Some(path) = &options.json {
        let raw = json!({ "scale": plan.scale, "samples": samples, "verdicts": verdicts });
        fs::write(path, serde_json::to_vec(&raw)?).with_context(|| format!("failed to write {}", path.display()))?;
    }
    Ok(())
}

/// One round over fresh servers; what is left of them.
async fn measure_round(
    plan: &Plan,
    round: usize,
    material: &Arc<Material>,
    samples: &mut Samples,
    checks: &mut Checks<'_>,
) -> Result<Vec<Remains>> {
    let mut beds = Vec::new();
    for contender in &plan.contenders {
        let server = Running::start(contender, &plan.disk).await?;
        server.pause()?;
        beds.push(Bed::new(server, plan.scale, Arc::clone(material))?);
    }
    let count = beds.len();
    for (index, row) in plan.rows.iter().enumerate() {
        for turn in 0..count {
            let bed = &mut beds[(turn + round + index) % count];
            if row.applies(bed.server.contender()) {
                take_turn(*row, bed, round, samples, checks).await;
            }
        }
    }
    let mut remains = Vec::new();
    for bed in beds {
        remains.push(bed.server.stop().await?);
    }
    Ok(remains)
}

/// One server's turn in a row.
async fn take_turn(row: Row, bed: &mut Bed, round: usize, samples: &mut Samples, checks: &mut Checks<'_>) {
    let server = bed.server.name().to_owned();
    let title = format!("round {}: {} of {server}", round + 1, row.name());
    let turn = async {
        bed.server.resume()?;
        let figures = row.measure(bed).await;
        bed.server.pause()?;
        if figures.is_err() {
            say(format_args!("---- the end of the log of {server}:\n{}", bed.server.log()?));
        }
        samples.add(round, row, &server, figures?);
        Ok(())
    };
    checks.step(&title, turn).await;
}
