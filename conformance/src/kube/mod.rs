//! Parts `oc` and `kubectl`: clients of the image API, unmodified, against servers over TLS.
//!
//! What is typed and what must come back stands in `conformance/transcripts/`: a folder a client, a file a subject, each
//! gone through on a fresh server ([`transcript`], [`expectation`], [`session`], [`site`]), which has other registries to
//! read where the transcript says so ([`upstreams`]). What no transcript can say is a step of its own: [`engines`] pulls what was tagged and what was deleted, [`program`] runs a Go program on `openshift/client-go`.

mod engines;
mod expectation;
mod program;
mod session;
mod site;
mod transcript;
mod upstreams;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;

use self::session::Session;
use self::site::Site;
use crate::report::{Checks, Report};
use crate::subject::Subject;

/// Options of the part `oc`.
#[derive(Debug, Args)]
pub(crate) struct OcOptions {
    /// The `oc` to drive. No package registry has it.
    #[arg(long, value_name = "PATH")]
    oc: PathBuf,
    /// The transcripts to go through, by the names of their files; all of them by default.
    transcripts: Vec<String>,
}

/// Options of the part `kubectl`.
#[derive(Debug, Args)]
pub(crate) struct KubectlOptions {
    /// The `kubectl` to drive; the first one in PATH by default.
    #[arg(long, value_name = "PATH")]
    kubectl: Option<PathBuf>,
    /// The Go program of `conformance/clients/go`, built; left out by default.
    #[arg(long, value_name = "PATH")]
    go_client: Option<PathBuf>,
    /// The transcripts to go through, by the names of their files; all of them by default.
    transcripts: Vec<String>,
}

/// Runs the part `oc`.
pub(crate) async fn run_oc(subject: &Subject, options: &OcOptions, report: &mut Report) -> Result<()> {
    let weir = weir(subject)?;
    let programs = [("oc", absolute(&options.oc)?), ("weir", weir.clone())].into();
    Run { weir: &weir, programs }.transcripts("oc", &options.transcripts, report).await
}

/// Runs the part `kubectl`: kubectl, Weir's own client, a Go program, and engines that pull what they did.
pub(crate) async fn run_kubectl(subject: &Subject, options: &KubectlOptions, report: &mut Report) -> Result<()> {
    let weir = weir(subject)?;
    let kubectl = match &options.kubectl {
        Some(path) => absolute(path)?,
        None => in_path("kubectl")?,
    };
    let run = Run { weir: &weir, programs: [("kubectl", kubectl), ("weir", weir.clone())].into() };
    run.transcripts("kubectl", &options.transcripts, report).await?;
    run.transcripts("weir", &options.transcripts, report).await?;
    if options.transcripts.is_empty() {
        run.program(options.go_client.as_deref(), &mut report.group("go client")).await?;
        run.engines(&mut report.group("engines")).await?;
    }
    Ok(())
}

struct Run<'a> {
    weir: &'a Path,
    programs: BTreeMap<&'static str, PathBuf>,
}

impl Run<'_> {
    /// Goes through a client's transcripts, or those of them that are wanted, each on a fresh server.
    async fn transcripts(&self, client: &str, wanted: &[String], report: &mut Report) -> Result<()> {
        for (name, text) in read(client)? {
            if !wanted.is_empty() && !wanted.contains(&name) {
                continue;
            }
            let entries = transcript::parse(&text).with_context(|| format!("failed to read the transcript {name}"))?;
            let mut checks = report.group(format!("{client} {name}"));
            let reads = entries.iter().any(|entry| entry.line == transcript::UPSTREAMS);
            let mut site = Box::pin(Site::start_with(self.weir, reads)).await?;
            Box::pin(Session::new(&mut site, self.programs.clone()).go_through(&entries, &mut checks)).await;
            checks.step("the server stops on SIGTERM and calls it a success", site.weir.stop()).await;
        }
        Ok(())
    }

    async fn program(&self, program: Option<&Path>, checks: &mut Checks<'_>) -> Result<()> {
        let Some(program) = program else {
            checks.leave_out("all of it", "--go-client does not say where it is");
            return Ok(());
        };
        let site = Site::start(self.weir).await?;
        program::drive(&absolute(program)?, &site, checks).await
    }

    async fn engines(&self, checks: &mut Checks<'_>) -> Result<()> {
        let mut site = Site::start(self.weir).await?;
        engines::drive(&mut site, self.weir, checks).await
    }
}

/// The transcripts of a client, by name.
fn read(client: &str) -> Result<BTreeMap<String, String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts").join(client);
    let mut transcripts = BTreeMap::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("failed to read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).context("a transcript has no name")?.to_owned();
        transcripts.insert(name, std::fs::read_to_string(&path)?);
    }
    Ok(transcripts)
}

fn weir(subject: &Subject) -> Result<PathBuf> {
    absolute(subject.weir.as_deref().context("there is no Weir to test")?)
}

fn absolute(path: &Path) -> Result<PathBuf> {
    path.canonicalize().with_context(|| format!("there is no program at {}", path.display()))
}

fn in_path(name: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").context("PATH is not set")?;
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    found.with_context(|| format!("{name} is not installed (searched in PATH)"))
}
