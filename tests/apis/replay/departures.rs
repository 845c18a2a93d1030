//! The table of departures: differences that are there on purpose, each by its name and with its reason.
//!
//! A departure covers places of requests: `08 n12,14.0,20-22 /message @warning` are the places `/message` and `@warning` in
//! scenario 08, in all requests of command 12, in the first of command 14, and in those of commands 20 to 22;
//! `n14.2-5` are requests 2 to 5 of command 14. `@status=405` says which status Weir answers with instead; `**/generation(-1)` that a
//! number, wherever it has that name, is one less.

use serde::Deserialize;

use super::difference::Difference;
use super::place;

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/apis/replay/departures.toml");

/// The whole table.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Departures {
    #[serde(default)]
    departure: Vec<Departure>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Departure {
    name: String,
    reason: String,
    covers: Vec<String>,
}

/// What one line of a departure covers in a scenario, and which parts of it were needed.
#[derive(Debug)]
pub(super) struct Cover {
    pub(super) name: String,
    line: String,
    requests: Vec<(Requests, bool)>,
    places: Vec<(String, bool)>,
}

/// Requests of a scenario: of commands from `first` to `last`, all or those from `.0` to `.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Requests {
    first: u32,
    last: u32,
    only: Option<(usize, usize)>,
}

impl Departures {
    pub(super) fn read() -> Self {
        let table = std::fs::read_to_string(TABLE).expect("the table of departures");
        let table: Self = toml::from_str(&table).expect("the table of departures");
        for departure in &table.departure {
            assert!(!departure.reason.trim().is_empty(), "{} has no reason", departure.name);
        }
        table
    }

    /// What is covered in a scenario.
    pub(super) fn of(&self, scenario: &str) -> Vec<Cover> {
        let lines = self
            .departure
            .iter()
            .flat_map(|departure| departure.covers.iter().map(move |line| (departure.name.as_str(), line.as_str())));
        let covers = lines.map(|(name, line)| Cover::parse(name, line));
        covers.filter(|(of, _)| of == scenario).map(|(_, cover)| cover).collect()
    }

    /// The scenarios that it names.
    pub(super) fn scenarios(&self) -> Vec<String> {
        let lines = self.departure.iter().flat_map(|departure| &departure.covers);
        lines.map(|line| Cover::parse("", line).0).collect()
    }
}

impl Cover {
    fn parse(name: &str, line: &str) -> (String, Self) {
        let mut words = line.split_whitespace();
        let scenario = words.next().expect("a scenario").to_owned();
        let requests = words.next().and_then(|word| word.strip_prefix('n')).expect("n and numbers of commands");
        let requests = requests.split(',').map(|part| (Requests::parse(part), false)).collect();
        let places: Vec<_> = words.map(|place| (place.to_owned(), false)).collect();
        assert!(!places.is_empty(), "{line} names no place");
        (scenario, Self { name: name.to_owned(), line: line.to_owned(), requests, places })
    }

    /// Whether it covers a difference; notes that it was needed.
    pub(super) fn covers(&mut self, n: u32, request: usize, difference: &Difference) -> bool {
        let of = self.requests.iter_mut().find(|(requests, _)| requests.contain(n, request));
        let Some((_, wanted)) = of else { return false };
        let at = self.places.iter_mut().find(|(pattern, _)| covers(pattern, difference));
        let Some((_, used)) = at else { return false };
        (*wanted, *used) = (true, true);
        true
    }

    /// What was not needed of it.
    pub(super) fn unused(&self) -> Option<String> {
        let requests = self.requests.iter().filter(|(_, used)| !used).map(|(requests, _)| requests.to_string());
        let places = self.places.iter().filter(|(_, used)| !used).map(|(place, _)| place.clone());
        let unused: Vec<String> = requests.chain(places).collect();
        (!unused.is_empty()).then(|| format!("{}: {}: not needed: {}", self.name, self.line, unused.join(", ")))
    }
}

fn covers(pattern: &str, difference: &Difference) -> bool {
    if let Some((place, value)) = pattern.split_once('=') {
        return place == difference.at && difference.actual.split(' ').next() == Some(value);
    }
    let Some((place, by)) = pattern.strip_suffix(')').and_then(|pattern| pattern.rsplit_once('(')) else {
        return place::covers(pattern, &difference.at);
    };
    let number = |text: &str| text.parse::<i64>().ok();
    let moved =
        number(&difference.actual).zip(number(&difference.recorded)).map(|(actual, recorded)| actual - recorded);
    place::covers(place, &difference.at) && moved.is_some() && moved == number(by)
}

impl Requests {
    fn parse(text: &str) -> Self {
        let number = |text: &str| text.parse::<u32>().expect("a number");
        let range = |text: &str| match text.split_once('-') {
            Some((first, last)) => (number(first), number(last)),
            None => (number(text), number(text)),
        };
        if let Some((n, only)) = text.split_once('.') {
            let (first, last) = range(only);
            return Self { first: number(n), last: number(n), only: Some((first as usize, last as usize)) };
        }
        let (first, last) = range(text);
        Self { first, last, only: None }
    }

    fn contain(self, n: u32, request: usize) -> bool {
        let within = self.only.is_none_or(|(first, last)| (first..=last).contains(&request));
        (self.first..=self.last).contains(&n) && within
    }
}

impl std::fmt::Display for Requests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "n{}", self.first)?;
        if self.last != self.first {
            write!(f, "-{}", self.last)?;
        }
        match self.only {
            Some((first, last)) if first == last => write!(f, ".{first}"),
            Some((first, last)) => write!(f, ".{first}-{last}"),
            None => Ok(()),
        }
    }
}

#[test]
fn a_number_may_be_off_by_so_much() {
    let generation = |recorded, actual| Difference::new("/spec/tags/[v1]/generation", recorded, actual);
    assert!(covers("**/generation(-1)", &generation("5", "4")));
    assert!(!covers("**/generation(-1)", &generation("5", "3")));
    assert!(!covers("**/generation(-1)", &generation("5", "(nothing)")));
    assert!(!covers("/metadata/generation(-1)", &generation("5", "4")));
}

#[test]
fn a_line_covers_its_places_of_its_requests() {
    let (scenario, mut cover) = Cover::parse("x", "08 n12,14.0,20-22,30.2-3 /message @status=405");
    assert_eq!(scenario, "08");
    let message = Difference::new("/message", "a", "b");
    for (n, request, within) in
        [(12, 3, true), (14, 0, true), (14, 1, false), (21, 0, true), (30, 3, true), (30, 4, false), (11, 0, false)]
    {
        assert_eq!(cover.covers(n, request, &message), within, "n{n}.{request}");
    }
    assert_eq!(cover.unused().unwrap(), "x: 08 n12,14.0,20-22,30.2-3 /message @status=405: not needed: @status=405");
    assert!(!cover.covers(12, 0, &Difference::new("@status", "200 x", "404 y")));
    assert!(cover.covers(12, 0, &Difference::new("@status", "200 x", "405 y")));
    assert!(!cover.covers(12, 0, &Difference::new("/code", "a", "b")));
    assert_eq!(cover.unused(), None);
}
