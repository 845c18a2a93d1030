//! `weir watch`: prints changes as they come. A connection that breaks is taken up where it broke.

mod seen;
#[cfg(test)]
mod tests;

use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use self::seen::{Change, Seen};
use super::api::{self, Accept, ApiError, Client, Connection, Event, Kind, Scope, selected};
use super::failure::Failure;
use super::output;
use super::print::{object, table};

/// The server ends a watch after so many seconds, and it is begun anew: a connection that died unseen is found out.
const LENGTH: &str = "300";
/// As long is `MODIFIED`, the longest word for what happened: all lines are aligned behind it.
const LONGEST_EVENT: usize = 8;
/// How long it takes to try again after the first failure; each further one doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// How long it takes at most.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
#[command(
    override_usage = "weir watch [OPTIONS] TYPE [NAME]\n       weir watch [OPTIONS] TYPE/NAME",
    after_help = "Examples:\n  weir watch istag\n  weir watch is app -n team\n  weir watch istag -o json | jq .object.metadata.name"
)]
pub(super) struct Arguments {
    /// What is watched: is, istag, itag or images; and the name of one of them.
    #[arg(value_name = "TARGET", required = true, num_args = 1..=2)]
    target: Vec<String>,
    /// How changes are shown; else as a table.
    #[arg(short, long, value_enum)]
    output: Option<Line>,
    /// Leave out what is there already.
    #[arg(long)]
    watch_only: bool,
    /// Only objects with these labels, as in app=web,!old.
    #[arg(short = 'l', long, value_name = "LABELS")]
    selector: Option<String>,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    connection: Connection,
}

/// How one change is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Line {
    /// In a table with all columns.
    Wide,
    /// The event in JSON, one a line.
    Json,
    /// Kind and name, one a line.
    Name,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (kind, name) = arguments.target()?;
    api::block_on(async {
        let client = arguments.connection.client(&arguments.scope)?;
        let mut watcher = Watcher::new(arguments, &client, kind, name);
        watcher.run().await
    })
}

impl Arguments {
    fn target(&self) -> Result<(Kind, Option<String>), Failure> {
        let one = Failure::Told("error: you may only watch a single resource or type of resource at a time".to_owned());
        let mut all = selected(&self.target)?.into_iter();
        match (all.next(), all.next()) {
            (Some(mut first), None) if first.names.len() < 2 => Ok((first.kind, first.names.pop())),
            _ => Err(one),
        }
    }
}

struct Watcher<'a> {
    arguments: &'a Arguments,
    client: &'a Client,
    kind: Kind,
    /// The field selector of the one object that is watched.
    fields: Option<String>,
    seen: Seen,
    printer: table::Printer,
    /// How long it takes to try again after the first failure.
    wait: Duration,
}

/// Why a watch goes no further.
enum Stop {
    /// Nobody reads what is printed.
    Unread,
    /// The server has ended it, or the connection broke: go on from the last revision.
    Ended,
    /// The revision is too old: read all objects anew.
    Expired,
    /// It cannot be gone on with.
    Failed(Failure),
}

impl<'a> Watcher<'a> {
    fn new(arguments: &'a Arguments, client: &'a Client, kind: Kind, name: Option<String>) -> Self {
        let shown = table::Shown { wide: arguments.output == Some(Line::Wide), ..table::Shown::default() };
        let printer = table::Printer::new(shown, String::new());
        let fields = name.map(|name| format!("metadata.name={name}"));
        Self { arguments, client, kind, fields, seen: Seen::default(), printer, wait: FIRST_WAIT }
    }

    async fn run(&mut self) -> Result<(), Failure> {
        let mut silent = self.arguments.watch_only;
        loop {
            let changes = self.read_all().await?;
            if !silent && !self.print_all(changes)? {
                return Ok(());
            }
            silent = false;
            match self.follow().await {
                Stop::Unread => return Ok(()),
                Stop::Failed(failure) => return Err(failure),
                Stop::Ended | Stop::Expired => {}
            }
        }
    }

    /// Reads all objects, and tells what is new of them.
    async fn read_all(&mut self) -> Result<Vec<Change>, Failure> {
        let list = self.client.list(&self.kind, Some(self.client.namespace()), &self.query(), self.accept()).await?;
        Ok(self.seen.relist(&list))
    }

    /// Watches until that goes no further. What breaks in between is taken up again.
    async fn follow(&mut self) -> Stop {
        // Those that broke before an event came.
        let mut failures = 0;
        loop {
            match self.watch(&mut failures).await {
                Stop::Ended => {}
                stop => return stop,
            }
        }
    }

    /// One connection.
    async fn watch(&mut self, failures: &mut u32) -> Stop {
        let mut events = match self.connect().await {
            Ok(events) => events,
            Err(error) => return self.failed(error, failures).await,
        };
        loop {
            match events.next().await {
                Ok(Some(event)) => {
                    *failures = 0;
                    match self.take(event) {
                        Ok(true) => {}
                        Ok(false) => return Stop::Unread,
                        Err(failure) => return Stop::Failed(failure),
                    }
                }
                Ok(None) => return Stop::Ended,
                Err(error) => return self.failed(error, failures).await,
            }
        }
    }

    async fn connect(&self) -> Result<api::Events, ApiError> {
        let revision = self.seen.revision();
        let mut query = self.query();
        query.extend([("allowWatchBookmarks", "true"), ("timeoutSeconds", LENGTH)]);
        if !revision.is_empty() {
            query.push(("resourceVersion", revision));
        }
        self.client.watch(&self.kind, &query, self.accept()).await
    }

    /// What to do about a failure, after a while.
    async fn failed(&self, error: ApiError, failures: &mut u32) -> Stop {
        match error.code() {
            Some(410) => Stop::Expired,
            // The server is overloaded, or stops: that passes.
            Some(429 | 500..) | None => {
                let wait = self.wait.saturating_mul(1 << (*failures).min(8)).min(LONGEST_WAIT);
                *failures = failures.saturating_add(1);
                output::tell(format_args!("{error}\ntrying again in {} s", wait.as_secs()));
                tokio::time::sleep(wait).await;
                Stop::Ended
            }
            Some(_) => Stop::Failed(error.into()),
        }
    }

    /// Prints an event; whether anybody still reads.
    fn take(&mut self, event: Event) -> Result<bool, Failure> {
        let changes = self.seen.event(&event.kind, event.object);
        self.print_all(changes)
    }

    /// Prints changes; whether anybody still reads.
    fn print_all(&mut self, changes: Vec<Change>) -> Result<bool, Failure> {
        let text = self.shown(changes);
        if text.is_empty() { Ok(true) } else { output::print_more(&text) }
    }

    fn shown(&mut self, changes: Vec<Change>) -> String {
        match self.arguments.output {
            _ if changes.is_empty() => String::new(),
            None | Some(Line::Wide) => {
                let columns = self.seen.take_columns();
                self.printer.lines(&table_of(changes, columns))
            }
            Some(Line::Json) => changes.into_iter().map(|change| self.event(change)).collect(),
            Some(Line::Name) => {
                let name = |change: &Change| format!("{}/{}\n", self.kind.qualified(), seen::name(&change.object));
                changes.iter().map(name).collect()
            }
        }
    }

    fn event(&self, Change { kind, object }: Change) -> String {
        format!("{}\n", json!({"type": kind, "object": object::shown(&self.kind, object, false)}))
    }

    fn query(&self) -> Vec<(&str, &str)> {
        let labels = self.arguments.selector.as_deref().map(|labels| ("labelSelector", labels));
        let fields = self.fields.as_deref().map(|fields| ("fieldSelector", fields));
        labels.into_iter().chain(fields).collect()
    }

    fn accept(&self) -> Accept {
        match self.arguments.output {
            None | Some(Line::Wide) => Accept::Table,
            Some(Line::Json | Line::Name) => Accept::Object,
        }
    }
}

/// A table of the objects that changed, with what happened to each in front.
fn table_of(changes: Vec<Change>, columns: Option<Value>) -> Value {
    let rows = changes.into_iter().map(|Change { kind, object: mut row }| {
        if let Some(cells) = row.get_mut("cells").and_then(Value::as_array_mut) {
            cells.insert(0, format!("{kind:<LONGEST_EVENT$}").into());
        }
        row
    });
    let columns = columns.map(|mut columns| {
        if let Some(columns) = columns.as_array_mut() {
            columns.insert(0, json!({"name": "Event", "priority": 0}));
        }
        columns
    });
    json!({"columnDefinitions": columns, "rows": rows.collect::<Vec<_>>()})
}
