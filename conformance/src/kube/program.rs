//! A Go program on `openshift/client-go`: what controllers do.

use std::path::Path;

use anyhow::{Result, ensure};

use super::site::Site;
use crate::report::Checks;

/// What the program can be told to do, and what that is.
const DEEDS: [(&str, &str); 5] = [
    ("typed", "create, read, change and delete with the typed client"),
    ("conflict", "a stale update conflicts, and retry.RetryOnConflict gets it done"),
    ("watch", "a watch sees each change once, in order"),
    ("informer", "a shared informer lists, follows, and resyncs after its watch ended"),
    ("pages", "a pager reads a list in pieces"),
];

/// Has the program do each of them.
pub(super) async fn drive(program: &Path, site: &Site, checks: &mut Checks<'_>) -> Result<()> {
    for (deed, what) in DEEDS {
        checks.step(what, one(program, site, deed)).await;
    }
    Ok(())
}

async fn one(program: &Path, site: &Site, deed: &str) -> Result<()> {
    let said = site.client(program.to_owned()).run_loud(&[deed]).await?;
    ensure!(said.trim_end().ends_with(&format!("{deed}: done")), "it did not say that it was done: {said}");
    Ok(())
}
