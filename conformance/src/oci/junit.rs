//! The `JUnit` report of a suite that Ginkgo runs.

use anyhow::{Context as _, Result, bail};
use roxmltree::Document;

/// A spec.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) status: Status,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Passed,
    Skipped,
    Failed,
}

/// What every spec's name begins with. The nodes that write the report are in it too, under other names.
const SUITE: &str = "OCI Distribution Conformance Tests ";

/// The specs of a report.
pub(super) fn cases(report: &str) -> Result<Vec<Case>> {
    let report = Document::parse(report).context("the report is not XML")?;
    let mut cases = Vec::new();
    for case in report.descendants().filter(|node| node.has_tag_name("testcase")) {
        let name = case.attribute("name").context("a spec has no name")?;
        if !name.starts_with(SUITE) {
            continue;
        }
        let status = match case.attribute("status") {
            Some("passed") => Status::Passed,
            Some("skipped") => Status::Skipped,
            Some("failed" | "panicked" | "timedout" | "interrupted" | "aborted") => Status::Failed,
            status => bail!("unknown status of {name}: {status:?}"),
        };
        cases.push(Case { name: name.to_owned(), status });
    }
    Ok(cases)
}
