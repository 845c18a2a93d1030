//! `weir get`: objects as tables, or whole.

use clap::Args;
use serde_json::Value;

use super::api::{self, Accept, ApiError, Client, Connection, Kind, Place, Scope, Selected, selected};
use super::failure::Failure;
use super::output;
use super::print::{Output, object, table};

#[derive(Debug, Args)]
#[command(
    override_usage = "weir get [OPTIONS] TYPE[,TYPE...] [NAME...]\n       weir get [OPTIONS] TYPE/NAME...",
    after_help = "Examples:\n  weir get is\n  weir get istag app:v1 -o yaml\n  weir get is,istag -n team -o wide"
)]
pub(super) struct Arguments {
    /// What is shown: is, istag, itag, isimage, images, ns, projects, secrets, limits, and names; or pairs of both.
    #[arg(value_name = "TARGET", required = true)]
    targets: Vec<String>,
    /// How it is shown; else as a table.
    #[arg(short, long, value_enum)]
    output: Option<Output>,
    /// Only objects with these labels, as in app=web,!old.
    #[arg(short = 'l', long, value_name = "LABELS")]
    selector: Option<String>,
    /// Only objects with these fields, as in metadata.name!=app.
    #[arg(long, value_name = "FIELDS")]
    field_selector: Option<String>,
    /// Show the objects of all namespaces.
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    /// Leave out the names of the columns.
    #[arg(long)]
    no_headers: bool,
    /// Show who owns which field, too.
    #[arg(long)]
    show_managed_fields: bool,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    connection: Connection,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let selected = selected(&arguments.targets)?;
    api::block_on(async {
        let client = arguments.connection.client(&arguments.scope)?;
        let getter = Getter { arguments, client: &client, several: selected.len() > 1 };
        match arguments.output {
            None | Some(Output::Wide) => getter.tables(&selected).await,
            Some(output) => getter.objects(&selected, output).await,
        }
    })
}

struct Getter<'a> {
    arguments: &'a Arguments,
    client: &'a Client,
    /// Whether objects of several kinds are shown, so that each name needs its kind.
    several: bool,
}

impl Getter<'_> {
    async fn tables(&self, selected: &[Selected]) -> Result<(), Failure> {
        let (mut texts, mut refusals) = (Vec::new(), Vec::new());
        for Selected { kind, names } in selected {
            let mut printer = table::Printer::new(self.shown(), self.prefix(kind));
            let mut text = String::new();
            for answer in self.read(kind, names, Accept::Table).await {
                match answer {
                    Ok(table) if !table::is_empty(&table) => text.push_str(&printer.lines(&table)),
                    Ok(_) => {}
                    Err(error) => refusals.push(error.to_string()),
                }
            }
            if !text.is_empty() {
                texts.push(text);
            }
        }
        output::print(&texts.join("\n"))?;
        if texts.is_empty() && refusals.is_empty() {
            output::tell(self.nothing());
        }
        told(&refusals)
    }

    async fn objects(&self, selected: &[Selected], output: Output) -> Result<(), Failure> {
        let (mut objects, mut refusals) = (Vec::new(), Vec::new());
        for Selected { kind, names } in selected {
            for answer in self.read(kind, names, Accept::Object).await {
                match answer {
                    Ok(answer) => objects.extend(self.shown_objects(kind, names, answer)),
                    Err(error) => refusals.push(error.to_string()),
                }
            }
        }
        let alone = matches!(selected, [Selected { names, .. }] if names.len() == 1);
        let text = match objects.as_slice() {
            _ if output == Output::Name => objects.iter().map(named).collect(),
            [] if !refusals.is_empty() => String::new(),
            [object] if alone => object::render(object, output)?,
            _ => object::render(&object::list(&objects), output)?,
        };
        output::print(&text)?;
        told(&refusals)
    }

    fn shown_objects(&self, kind: &Kind, names: &[String], answer: Value) -> Vec<Value> {
        let objects = match answer {
            Value::Object(mut fields) if names.is_empty() => match fields.remove("items") {
                Some(Value::Array(items)) => items,
                _ => Vec::new(),
            },
            object => vec![object],
        };
        let managed = self.arguments.show_managed_fields;
        objects.into_iter().map(|object| object::shown(kind, object, managed)).collect()
    }

    /// Reads the objects of a kind: all of them in one answer, or each for itself.
    async fn read(&self, kind: &Kind, names: &[String], accept: Accept) -> Vec<Result<Value, ApiError>> {
        if names.is_empty() {
            let namespace = Some(self.client.namespace()).filter(|_| !self.arguments.all_namespaces);
            return vec![self.client.list(kind, namespace, &self.query(), accept).await];
        }
        let mut answers = Vec::new();
        for name in names {
            answers.push(self.client.get(kind, Place::default().named(name), accept).await);
        }
        answers
    }

    fn query(&self) -> Vec<(&str, &str)> {
        let Arguments { selector, field_selector, .. } = self.arguments;
        let labels = selector.as_deref().map(|labels| ("labelSelector", labels));
        let fields = field_selector.as_deref().map(|fields| ("fieldSelector", fields));
        labels.into_iter().chain(fields).collect()
    }

    fn shown(&self) -> table::Shown {
        let Arguments { output, all_namespaces, no_headers, .. } = self.arguments;
        table::Shown { wide: output.is_some(), namespaces: *all_namespaces, no_headers: *no_headers }
    }

    fn prefix(&self, kind: &Kind) -> String {
        if self.several { kind.qualified() } else { String::new() }
    }

    fn nothing(&self) -> String {
        if self.arguments.all_namespaces {
            "No resources found".to_owned()
        } else {
            format!("No resources found in {} namespace.", self.client.namespace())
        }
    }
}

/// Kind and name, as other commands take them.
fn named(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let kind = text("/kind").to_ascii_lowercase();
    let group = text("/apiVersion").split_once('/').map(|(group, _)| format!(".{group}")).unwrap_or_default();
    format!("{kind}{group}/{}\n", text("/metadata/name"))
}

/// What was refused, after all else has been printed.
pub(super) fn told(refusals: &[String]) -> Result<(), Failure> {
    if refusals.is_empty() { Ok(()) } else { Err(Failure::Told(refusals.join("\n"))) }
}
