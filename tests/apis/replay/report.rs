//! What came of a scenario, and showing it.

use std::collections::BTreeMap;

use super::departures::Cover;
use super::difference::Difference;
use super::scenario::Command;

/// The variable that says what to show.
const VARIABLE: &str = "WEIR_REPLAY";

/// How many differences a failure shows.
const SHOWN: usize = 60;

/// What came of a scenario.
#[derive(Debug)]
pub(super) struct Outcome {
    scenario: String,
    covers: Vec<Cover>,
    exchanges: usize,
    /// Exchanges without any difference, and those whose differences are all departures.
    same: usize,
    departed: usize,
    open: Vec<Open>,
}

/// A difference that no departure covers.
#[derive(Debug)]
struct Open {
    n: u32,
    request: usize,
    what: String,
    difference: Difference,
}

impl Outcome {
    pub(super) fn new(scenario: &str, covers: Vec<Cover>) -> Self {
        let scenario = scenario.to_owned();
        Self { scenario, covers, exchanges: 0, same: 0, departed: 0, open: Vec::new() }
    }

    /// Takes note of what differs in an answer.
    pub(super) fn judge(&mut self, command: &Command, request: usize, differences: Vec<Difference>) {
        self.exchanges += 1;
        let (before, any) = (self.open.len(), !differences.is_empty());
        for difference in differences {
            if self.covers.iter_mut().any(|cover| cover.covers(command.n, request, &difference)) {
                continue;
            }
            let exchange = &command.http[request];
            let what = format!("{} {}  [{}{}]", exchange.method, exchange.path, command.cmd, command.note);
            self.open.push(Open { n: command.n, request, what, difference });
        }
        match (any, self.open.len() == before) {
            (false, _) => self.same += 1,
            (true, true) => self.departed += 1,
            (true, false) => {}
        }
    }

    /// Whether there is nothing that the table of departures does not say, and nothing too much in it.
    pub(super) fn holds(&self) -> bool {
        self.open.is_empty() && self.unused().next().is_none()
    }

    fn unused(&self) -> impl Iterator<Item = String> {
        self.covers.iter().filter_map(Cover::unused)
    }

    /// What is wrong.
    pub(super) fn failure(&self) -> String {
        let open: String = self.open.iter().take(SHOWN).map(|open| open.text(&self.scenario)).collect();
        let unused: String = self.unused().flat_map(|unused| [unused, "\n".to_owned()]).collect();
        format!("{}\n{open}{unused}", self.summary())
    }

    fn summary(&self) -> String {
        let Self { scenario, exchanges, same, departed, open, .. } = self;
        let (matching, differences) = (same + departed, open.len());
        format!(
            "{scenario}: {matching} of {exchanges} exchanges match ({same} exactly, {departed} with departures); {differences} differences are open"
        )
    }
}

impl Open {
    fn text(&self, scenario: &str) -> String {
        let Self { n, request, what, difference } = self;
        let Difference { at, recorded, actual } = difference;
        format!("{scenario} n{n}.{request} {at}\n    {what}\n    recorded: {recorded}\n    weir:     {actual}\n")
    }
}

/// What is to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    Nothing,
    Summary,
    /// The differences of a scenario, or of one command of it.
    Differences(String, Option<u32>),
    All,
}

impl Wanted {
    pub(super) fn from_environment() -> Self {
        std::env::var(VARIABLE).map_or(Self::Nothing, |wanted| Self::parse(&wanted))
    }

    fn parse(wanted: &str) -> Self {
        match wanted.split_once('.') {
            _ if wanted.is_empty() => Self::Nothing,
            _ if wanted == "summary" => Self::Summary,
            _ if wanted == "all" => Self::All,
            Some((scenario, n)) => Self::Differences(scenario.to_owned(), n.parse().ok()),
            None => Self::Differences(wanted.to_owned(), None),
        }
    }

    #[expect(clippy::print_stdout, reason = "somebody asked for it")]
    pub(super) fn show(&self, outcome: &Outcome) {
        let of = |wanted: &str| wanted == outcome.scenario;
        let shown: String = match self {
            Self::Nothing => return,
            Self::Summary => String::new(),
            Self::Differences(scenario, _) if !of(scenario) => return,
            Self::Differences(_, n) => outcome.differences(*n),
            Self::All => outcome.differences(None),
        };
        println!("{shown}{}\n{}", outcome.summary(), outcome.places());
    }
}

impl Outcome {
    fn differences(&self, n: Option<u32>) -> String {
        let wanted = self.open.iter().filter(|open| n.is_none_or(|n| open.n == n));
        let open: String = wanted.map(|open| open.text(&self.scenario)).collect();
        let unused: String = self.unused().flat_map(|unused| [unused, "\n".to_owned()]).collect();
        open + &unused
    }

    /// The places that differ most often.
    fn places(&self) -> String {
        let mut places = BTreeMap::<String, usize>::new();
        for Open { difference, .. } in &self.open {
            let named = |step: &str| step.starts_with('[') || step.bytes().all(|byte| byte.is_ascii_digit());
            let steps = difference.at.split('/').map(|step| if !step.is_empty() && named(step) { "*" } else { step });
            *places.entry(steps.collect::<Vec<_>>().join("/")).or_default() += 1;
        }
        let mut places: Vec<_> = places.into_iter().collect();
        places.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let lines: Vec<String> =
            places.iter().take(12).map(|(place, count)| format!("    {count:>5} × {place}\n")).collect();
        lines.concat()
    }
}

#[test]
fn the_variable_names_a_scenario_and_perhaps_a_command() {
    assert_eq!(Wanted::parse("summary"), Wanted::Summary);
    assert_eq!(Wanted::parse("08"), Wanted::Differences("08".into(), None));
    assert_eq!(Wanted::parse("08.12"), Wanted::Differences("08".into(), Some(12)));
}
