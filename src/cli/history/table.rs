//! A history as a table for people.

use jiff::Timestamp;

use super::client::History;
use super::event::Event;

type Row = [String; COLUMNS];

const COLUMNS: usize = 7;
const HEADERS: [&str; COLUMNS] = ["WHEN", "AGE", "EVENT", "DIGEST", "CAUSE", "ACTOR", "SOURCE"];

/// Renders the events one a line, newest first, and says when there are more.
pub(super) fn render(history: &History, now: Timestamp) -> String {
    let mut rows = vec![HEADERS.map(str::to_owned)];
    rows.extend(history.events.iter().map(|event| row(&Event(event), now)));
    let widths = widths(&rows);
    let mut text: String = rows.iter().map(|row| line(row, &widths)).collect();
    if history.has_more {
        text.push_str("There are older events: -n NUMBER shows more.\n");
    }
    text
}

fn row(event: &Event<'_>, now: Timestamp) -> Row {
    [event.when(), event.age(now), event.kind(), event.digest(), event.cause(), event.actor(), event.source()]
}

/// The width of each column; 0 for one that says nothing in any row.
fn widths(rows: &[Row]) -> Vec<usize> {
    let column = |index: usize| rows.iter().filter_map(move |row| row.get(index));
    let says_nothing = |index| column(index).skip(1).all(|cell| cell == "-");
    let width = |index| column(index).map(|cell| cell.chars().count()).max().unwrap_or_default();
    (0..COLUMNS).map(|index| if says_nothing(index) { 0 } else { width(index) }).collect()
}

fn line(row: &Row, widths: &[usize]) -> String {
    let cells = row.iter().zip(widths).filter(|(_, width)| **width > 0);
    let padded: Vec<String> = cells.map(|(cell, width)| format!("{cell:<width$}")).collect();
    format!("{}\n", padded.join("  ").trim_end())
}
