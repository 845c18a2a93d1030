//! Part `oci`: both conformance suites of the OCI distribution specification.
//!
//! The suites come from no package registry, so their programs are given by path. Each runs against a fresh server for
//! every metadata store, plain and over TLS, with repositories that nobody used before: a suite that finds what an
//! aborted run left behind tests something else.

pub(crate) mod certificate;
mod current;
mod junit;
mod results;
mod v1_1_1;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use tempfile::TempDir;

use crate::report::{Checks, Report};
use crate::server::{Metadata, Tls, Weir};
use crate::subject::Subject;

/// Options of the part.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The suite of the specification's main branch, as a program.
    #[arg(long, value_name = "PATH")]
    suite: Option<PathBuf>,
    /// The suite of version 1.1.1, as a test program.
    #[arg(long = "suite-1.1", value_name = "PATH")]
    suite_1_1: Option<PathBuf>,
}

/// A server as the suites see it.
#[derive(Debug)]
struct Endpoint<'a> {
    host: &'a str,
    tls: Option<&'a Tls>,
}

/// Runs the part.
pub(crate) async fn run(subject: &Subject, options: &Options, report: &mut Report) -> Result<()> {
    let suites = Suites { current: program(options.suite.as_deref())?, v1_1_1: program(options.suite_1_1.as_deref())? };
    if let Some(host) = &subject.registry {
        suites.run(&Endpoint { host, tls: None }, &mut report.group("oci")).await;
        return Ok(());
    }
    let weir = subject.weir.as_deref().context("there is neither a Weir nor a registry to test")?;
    let directory = TempDir::new()?;
    let tls = certificate::write(directory.path())?;
    for metadata in [Metadata::Memory, Metadata::Sled] {
        for tls in [None, Some(&tls)] {
            let transport = if tls.is_some() { "tls" } else { "plain" };
            let mut checks = report.group(format!("oci {} {transport}", metadata.name()));
            suites.run_against(weir, metadata, tls, &mut checks).await?;
        }
    }
    Ok(())
}

#[derive(Debug)]
struct Suites {
    current: Option<PathBuf>,
    v1_1_1: Option<PathBuf>,
}

impl Suites {
    async fn run_against(
        &self,
        weir: &Path,
        metadata: Metadata,
        tls: Option<&Tls>,
        checks: &mut Checks<'_>,
    ) -> Result<()> {
        let mut weir = Weir::start_with(weir, metadata, tls).await?;
        let host = weir.address().to_string();
        let passed = self.run(&Endpoint { host: &host, tls }, checks).await;
        if !passed {
            weir.show_log()?;
        }
        checks.step("the server stops on SIGTERM and calls it a success", weir.stop()).await;
        Ok(())
    }

    /// Whether every suite passed.
    async fn run(&self, endpoint: &Endpoint<'_>, checks: &mut Checks<'_>) -> bool {
        let mut passed = true;
        match &self.current {
            Some(suite) => passed &= checks.step("suite of the main branch", current::run(suite, endpoint)).await,
            None => checks.leave_out("suite of the main branch", "--suite does not say where it is"),
        }
        match &self.v1_1_1 {
            Some(suite) => passed &= checks.step("suite of version 1.1.1", v1_1_1::run(suite, endpoint)).await,
            None => checks.leave_out("suite of version 1.1.1", "--suite-1.1 does not say where it is"),
        }
        passed
    }
}

/// The program's absolute path, for the suites run in directories of their own.
fn program(path: Option<&Path>) -> Result<Option<PathBuf>> {
    let Some(path) = path else { return Ok(None) };
    let path = path.canonicalize().with_context(|| format!("there is no suite at {}", path.display()))?;
    ensure!(path.is_file(), "{} is no program", path.display());
    Ok(Some(path))
}
