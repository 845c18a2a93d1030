//! Tables of a server, in the columns of kubectl.

use serde_json::Value;

use crate::cli::text::printable;

/// As wide is a column at least, with the blanks behind it.
const NARROWEST: usize = 6;
/// As many blanks are between columns.
const GAP: usize = 3;

/// What of a table is shown.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::cli) struct Shown {
    /// Columns that only a wide table has.
    pub(in crate::cli) wide: bool,
    /// The namespace of each object, in front.
    pub(in crate::cli) namespaces: bool,
    /// No line with the names of the columns.
    pub(in crate::cli) no_headers: bool,
}

/// Lines with aligned cells, which may come bit by bit: columns never become narrower.
#[derive(Debug, Default)]
pub(in crate::cli) struct Printer {
    shown: Shown,
    /// Stands before each name, when objects of several kinds are shown.
    prefix: String,
    /// Which columns of the server are shown.
    columns: Vec<usize>,
    widths: Vec<usize>,
    began: bool,
}

impl Printer {
    /// Prints what is `shown`, with `prefix` before each name.
    pub(in crate::cli) fn new(shown: Shown, prefix: String) -> Self {
        Self { shown, prefix, ..Self::default() }
    }

    /// The lines of a table. Only the first one says what the columns are.
    pub(in crate::cli) fn lines(&mut self, table: &Value) -> String {
        let mut lines = self.header(table);
        let rows = table.get("rows").and_then(Value::as_array);
        lines.extend(rows.into_iter().flatten().map(|row| self.row(row)));
        for line in &lines {
            self.widen(line);
        }
        lines.iter().map(|line| self.aligned(line)).collect()
    }

    fn header(&mut self, table: &Value) -> Vec<Vec<String>> {
        let Some(columns) = table.get("columnDefinitions").and_then(Value::as_array).filter(|_| !self.began) else {
            return Vec::new();
        };
        self.began = true;
        let priority = |column: &Value| column.get("priority").and_then(Value::as_i64).unwrap_or_default();
        let visible = columns.iter().enumerate().filter(|(_, column)| self.shown.wide || priority(column) == 0);
        let name = |column: &Value| column.get("name").and_then(Value::as_str).unwrap_or_default().to_uppercase();
        let (indices, mut names): (Vec<_>, Vec<_>) = visible.map(|(index, column)| (index, name(column))).unzip();
        self.columns = indices;
        if self.shown.namespaces {
            names.insert(0, "NAMESPACE".to_owned());
        }
        if self.shown.no_headers { Vec::new() } else { vec![names] }
    }

    fn row(&self, row: &Value) -> Vec<String> {
        let cells = row.get("cells").and_then(Value::as_array);
        let cell = |index: &usize| cell(cells.and_then(|cells| cells.get(*index)));
        let mut line: Vec<String> = self.columns.iter().map(cell).collect();
        if let Some(name) = line.first_mut().filter(|_| !self.prefix.is_empty()) {
            *name = format!("{}/{name}", self.prefix);
        }
        if self.shown.namespaces {
            let namespace = row.pointer("/object/metadata/namespace").and_then(Value::as_str).unwrap_or_default();
            line.insert(0, printable(namespace));
        }
        line
    }

    fn widen(&mut self, line: &[String]) {
        // The last cell ends the line: nothing is aligned behind it.
        for (index, cell) in line.iter().enumerate().take(line.len().saturating_sub(1)) {
            let width = (cell.chars().count() + GAP).max(NARROWEST);
            match self.widths.get_mut(index) {
                Some(known) => *known = width.max(*known),
                None => self.widths.push(width),
            }
        }
    }

    fn aligned(&self, line: &[String]) -> String {
        let padded = line.iter().enumerate().map(|(index, cell)| {
            let width = if index + 1 == line.len() { 0 } else { self.widths.get(index).copied().unwrap_or_default() };
            format!("{cell:<width$}")
        });
        padded.collect::<String>() + "\n"
    }
}

/// Whether a table has no rows.
pub(in crate::cli) fn is_empty(table: &Value) -> bool {
    table.get("rows").and_then(Value::as_array).is_none_or(Vec::is_empty)
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        // What follows the first line is for whoever reads the whole object.
        Some(Value::String(text)) => match text.split_once('\n') {
            Some((first, _)) => printable(first) + "...",
            None => printable(text),
        },
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table() -> Value {
        json!({
            "columnDefinitions": [
                {"name": "Name", "priority": 0}, {"name": "Image Repository", "priority": 0},
                {"name": "Tags", "priority": 0}, {"name": "Updated"}, {"name": "Image Name", "priority": 1}
            ],
            "rows": [
                {"cells": ["a", "registry/watching/a", "v1", "19 seconds ago", "sha256:1"], "object": {"metadata": {"namespace": "n"}}},
                {"cells": ["b", "registry/watching/b", "", null, 3], "object": null}
            ]
        })
    }

    fn shown(shown: Shown, prefix: &str) -> String {
        Printer::new(shown, prefix.to_owned()).lines(&table())
    }

    #[test]
    fn columns_are_those_of_kubectl() {
        let expected = "NAME   IMAGE REPOSITORY      TAGS   UPDATED\n\
                        a      registry/watching/a   v1     19 seconds ago\n\
                        b      registry/watching/b          \n";
        assert_eq!(shown(Shown::default(), ""), expected);
        let wide = shown(Shown { wide: true, ..Shown::default() }, "");
        assert!(wide.ends_with("b      registry/watching/b                           3\n"), "{wide}");
        let all = shown(Shown { namespaces: true, no_headers: true, ..Shown::default() }, "");
        assert!(all.starts_with("n     a     registry/watching/a   v1   ") || all.starts_with("n     a     "), "{all}");
        let prefixed = shown(Shown::default(), "imagestream.image.openshift.io");
        assert!(prefixed.contains("\nimagestream.image.openshift.io/a   registry"), "{prefixed}");
    }

    #[test]
    fn lines_that_come_later_are_aligned_with_those_before() {
        let mut printer = Printer::new(Shown::default(), String::new());
        printer.lines(&table());
        let later = json!({"columnDefinitions": null, "rows": [{"cells": ["c", "short", "v1,v2", "now"]}]});
        assert_eq!(printer.lines(&later), "c      short                 v1,v2   now\n");
    }

    #[test]
    fn terminals_obey_nobody_else() {
        assert_eq!(cell(Some(&json!("a\u{1b}[2J\nb"))), "a\u{fffd}[2J...");
    }
}
