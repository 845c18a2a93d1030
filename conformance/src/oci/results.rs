//! `results.yaml`, which the suite of the main branch writes.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};

/// Rows by name, with their status.
pub(super) type Rows = BTreeMap<String, String>;

/// What the suite found.
#[derive(Debug, Default)]
pub(super) struct Results {
    pub(super) apis: Rows,
    pub(super) data: Rows,
}

/// Statuses that the suite knows.
const STATUSES: [&str; 6] = ["Unknown", "Disabled", "Skip", "Pass", "FAIL", "Error"];

impl Results {
    /// Reads the two tables `apis` and `data`. They are flat maps of a name to a status, which is all the YAML that is
    /// understood here; any other line in them is an error, so that nothing is passed over.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut results = Self::default();
        let mut section = "";
        for line in text.lines() {
            match (line.strip_suffix(':'), section) {
                (Some(name), _) if !line.starts_with(' ') => section = name,
                (_, "apis") => add(&mut results.apis, line)?,
                (_, "data") => add(&mut results.data, line)?,
                _ => {}
            }
        }
        ensure!(!results.apis.is_empty() && !results.data.is_empty(), "the results have no rows");
        Ok(results)
    }

    /// API rows that are no pass.
    pub(super) fn not_passed_apis(&self) -> Rows {
        not_passed(&self.apis)
    }

    /// Data rows that are no pass.
    pub(super) fn not_passed_data(&self) -> Rows {
        not_passed(&self.data)
    }
}

fn add(rows: &mut Rows, line: &str) -> Result<()> {
    let row = line.strip_prefix("  ").and_then(|row| row.rsplit_once(": "));
    let (name, status) = row.with_context(|| format!("not a row of results: {line:?}"))?;
    ensure!(STATUSES.contains(&status), "unknown status of {name}: {status}");
    if rows.insert(name.to_owned(), status.to_owned()).is_some() {
        bail!("two rows are called {name}");
    }
    Ok(())
}

fn not_passed(rows: &Rows) -> Rows {
    rows.iter().filter(|(_, status)| *status != "Pass").map(|(name, status)| (name.clone(), status.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "config:\n  tls: disabled\n  apis:\n    ping: true\n\
                        apis:\n  Ping: Pass\n  Blob post only: Skip\n\
                        data:\n  Image: Pass\n  Tag Param: FAIL\n";

    #[test]
    fn keeps_the_rows_of_both_tables_apart_from_the_settings() {
        let results = Results::parse(TEXT).unwrap();
        assert_eq!(results.apis.len(), 2);
        assert_eq!(results.not_passed_apis(), Rows::from([("Blob post only".into(), "Skip".into())]));
        assert_eq!(results.not_passed_data(), Rows::from([("Tag Param".into(), "FAIL".into())]));
    }

    #[test]
    fn refuses_what_it_does_not_understand() {
        for text in
            ["", "apis:\n  Ping: Pass\n", "apis:\n  Ping: Perhaps\ndata:\n  Image: Pass\n", "apis:\n  Ping\ndata:\n"]
        {
            Results::parse(text).unwrap_err();
        }
    }
}
