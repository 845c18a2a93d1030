//! The suite of version 1.1.1.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use super::Endpoint;
use super::junit::{Case, Status, cases};
use crate::target::unique;
use crate::tool::Tool;

/// The specs that cannot run with these settings: two set-ups for registries that cannot be pushed to, and of two pairs
/// the half that runs only where a mount, or a mount that names no source, is answered 202.
const LEFT_OUT: [&str; 4] = [
    "OCI Distribution Conformance Tests Pull Setup Get tag name from environment",
    "OCI Distribution Conformance Tests Content Discovery Setup Populate registry with test tags (no push)",
    "OCI Distribution Conformance Tests Push Cross-Repository Blob Mount Cross-mounting of nonexistent blob should yield \
     session id",
    "OCI Distribution Conformance Tests Push Cross-Repository Blob Mount Cross-mounting without from, \
     and automatic content discovery disabled should return a 202",
];
/// Specs of the suite.
const SPECS: usize = 79;

/// Runs it. Nothing may fail, and nothing may be skipped but what cannot run.
pub(super) async fn run(suite: &Path, endpoint: &Endpoint<'_>) -> Result<String> {
    let work = TempDir::new()?;
    let name = unique()?;
    let scheme = if endpoint.tls.is_some() { "https" } else { "http" };
    let mut tool = Tool::at(suite.to_owned(), work.path())
        .environment("OCI_ROOT_URL", format!("{scheme}://{}", endpoint.host))
        .environment("OCI_NAMESPACE", format!("conformance/{name}-1"))
        .environment("OCI_CROSSMOUNT_NAMESPACE", format!("conformance/{name}-2"))
        .environment("OCI_AUTOMATIC_CROSSMOUNT", "1")
        .environment("OCI_HIDE_SKIPPED_WORKFLOWS", "0")
        .environment("OCI_REPORT_DIR", work.path());
    for workflow in ["OCI_TEST_PULL", "OCI_TEST_PUSH", "OCI_TEST_CONTENT_DISCOVERY", "OCI_TEST_CONTENT_MANAGEMENT"] {
        tool = tool.environment(workflow, "1");
    }
    if let Some(tls) = endpoint.tls {
        tool = tool.environment("SSL_CERT_FILE", &tls.authority);
    }
    let ended = tool.run_in(work.path(), &[] as &[&str]).await;
    let text = std::fs::read_to_string(work.path().join("junit.xml")).with_context(|| match &ended {
        Ok(printed) => format!("the suite left no report; it printed {printed}"),
        Err(error) => format!("the suite left no report: {error:#}"),
    })?;
    let passed = judge(&cases(&text)?)?;
    ended.context("every spec passed, yet the suite failed")?;
    Ok(format!("{passed} of {SPECS} specs ran and passed"))
}

/// The number of specs that passed, if that is all that can.
fn judge(cases: &[Case]) -> Result<usize> {
    let bad: Vec<_> = cases
        .iter()
        .filter(|case| match case.status {
            Status::Passed => false,
            Status::Skipped => !LEFT_OUT.contains(&case.name.as_str()),
            Status::Failed => true,
        })
        .map(|case| format!("{:?}: {}", case.status, case.name))
        .collect();
    ensure!(bad.is_empty(), "{} specs did not pass\n{}", bad.len(), bad.join("\n"));
    ensure!(cases.len() == SPECS, "{} specs are reported, not {SPECS}", cases.len());
    let passed = cases.iter().filter(|case| case.status == Status::Passed).count();
    ensure!(passed == SPECS - LEFT_OUT.len(), "{passed} specs passed");
    Ok(passed)
}
