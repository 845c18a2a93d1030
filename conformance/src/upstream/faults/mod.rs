//! Group `faults`: something goes wrong on the way from a real registry, and clients get what the table says.
//!
//! - [`fault`]: what may go wrong. [`table`]: what comes of it.
//! - [`proxy`] stands before the registry, [`exchange`] is what it reads and writes, [`material`] what is behind it.
//! - [`trial`]: one row, from before the fault to after it.

mod exchange;
mod fault;
mod material;
mod proxy;
mod table;
mod trial;

use std::path::Path;

use anyhow::Result;
use futures_util::{StreamExt as _, stream};

use crate::report::Checks;
use material::Material;
use table::ROWS;

/// Rows at a time: they wait for most of it.
const AT_ONCE: usize = 4;

/// Goes through all rows.
pub(super) async fn run(program: &Path, checks: &mut Checks<'_>) -> Result<()> {
    let material = Material::new().await?;
    let trials = ROWS.iter().map(|row| async { (row.name, trial::run(program, &material, row).await) });
    let mut trials = stream::iter(trials).buffered(AT_ONCE);
    while let Some((name, gone)) = trials.next().await {
        checks.step(name, std::future::ready(gone)).await;
    }
    Ok(())
}
