//! The suite of the specification's main branch.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use super::Endpoint;
use super::results::Results;
use crate::report::rows;
use crate::target::unique;
use crate::tool::Tool;

/// Reasons that are shown of a run that fails: the first few tell most of it.
const REASONS: usize = 20;

/// Runs it. Every row of its results must be a pass: one that was skipped or switched off hides what was not tested.
pub(super) async fn run(suite: &Path, endpoint: &Endpoint<'_>) -> Result<String> {
    let work = TempDir::new()?;
    let name = unique()?;
    let mut tool = Tool::at(suite.to_owned(), work.path())
        .environment("OCI_REGISTRY", endpoint.host)
        .environment("OCI_VERSION", "dev")
        .environment("OCI_DATA_SPARSE", "true")
        .environment("OCI_REPO1", format!("conformance/{name}-1"))
        .environment("OCI_REPO2", format!("conformance/{name}-2"))
        .environment("OCI_RESULTS_DIR", work.path());
    tool = match endpoint.tls {
        Some(tls) => tool.environment("OCI_TLS", "enabled").environment("SSL_CERT_FILE", &tls.authority),
        None => tool.environment("OCI_TLS", "disabled"),
    };
    // The directory is new, so results that are there afterwards are this run's. The suite's own status says nothing more:
    // it is a success where the suite could not even read its settings.
    let ended = tool.run_in(work.path(), &[] as &[&str]).await;
    let file = work.path().join("results.yaml");
    let text = std::fs::read_to_string(&file).with_context(|| match &ended {
        Ok(printed) => format!("the suite left no results; it printed {printed}"),
        Err(error) => format!("the suite left no results: {error:#}"),
    })?;
    let results = Results::parse(&text)?;
    let (apis, data) = (results.not_passed_apis(), results.not_passed_data());
    ensure!(
        apis.is_empty() && data.is_empty(),
        "{} API and {} data rows are no pass\n{}\n{}\n{}",
        apis.len(),
        data.len(),
        rows(&apis),
        rows(&data),
        reasons(&ended)
    );
    ended.context("every row is a pass, yet the suite failed")?;
    Ok(format!("all {} API rows and {} data rows pass", results.apis.len(), results.data.len()))
}

/// The lines in which the suite says why a test failed, out of the many that it prints.
fn reasons(ended: &Result<String>) -> String {
    let printed = ended.as_ref().map_or_else(|error| format!("{error:#}"), String::clone);
    let reasons: Vec<_> = printed.lines().map(str::trim).filter(|line| line.starts_with("- ")).take(REASONS).collect();
    reasons.join("\n")
}
