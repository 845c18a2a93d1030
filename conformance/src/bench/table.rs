//! What is printed at the end.

use std::collections::BTreeMap;

use super::bounds::Verdict;
use super::measure::Sample;
use super::rows::Row;
use super::statistics::Estimate;
use crate::report::say;

/// The medians of every figure, a line a server.
pub(crate) fn figures(rows: &[Row], servers: &[String], samples: &[Sample]) {
    for row in rows {
        say("");
        say(format_args!("{}", row.name()));
        for server in servers {
            let figures = medians(samples.iter().filter(|sample| sample.row == row.name() && sample.server == *server));
            if !figures.is_empty() {
                say(format_args!("  {server:<16} {}", figures.join("  ")));
            }
        }
    }
}

fn medians<'a>(samples: impl Iterator<Item = &'a Sample>) -> Vec<String> {
    let mut order = Vec::new();
    let mut by_metric: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for sample in samples {
        if !by_metric.contains_key(sample.metric) {
            order.push(sample.metric);
        }
        by_metric.entry(sample.metric).or_default().push(sample.value);
    }
    let estimate = |metric: &str| Estimate::of(by_metric.get(metric)?.clone());
    order.iter().filter_map(|metric| Some(format!("{metric} {}", number(estimate(metric)?.median)))).collect()
}

/// The demands, and what became of them.
pub(crate) fn verdicts(verdicts: &[Verdict]) {
    say("");
    say(format_args!("{:<26} {:<24} {:<22} {:>9}  {:<21} met", "row", "figure", "bound", "median", "interval"));
    for verdict in verdicts {
        let (median, interval) = verdict.estimate.map_or_else(
            || ("–".to_owned(), "–".to_owned()),
            |of| (number(of.median), format!("{} … {}", number(of.low), number(of.high))),
        );
        let met = match verdict.met {
            Some(true) => "yes",
            Some(false) => "no",
            None => "not measured",
        };
        let Verdict { row, metric, bound, .. } = verdict;
        say(format_args!("{row:<26} {metric:<24} {bound:<22} {median:>9}  {interval:<21} {met}"));
    }
}

/// Three digits that matter.
fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        size if size >= 0.1 => format!("{value:.3}"),
        _ => format!("{value:.4}"),
    }
}
