//! `weir delete`: takes objects away. What a deleted tag meant stays in its history, and a rollback brings it back.

use clap::Args;
use serde_json::json;

use super::api::{self, Connection, DryRun, Place, Scope, Selected, selected};
use super::failure::Failure;
use super::{get, output};

#[derive(Debug, Args)]
#[command(
    override_usage = "weir delete [OPTIONS] TYPE NAME...\n       weir delete [OPTIONS] TYPE/NAME...",
    after_help = "Examples:\n  weir delete istag app:v1\n  weir delete is/app is/other -n team"
)]
pub(super) struct Arguments {
    /// What is deleted: a type and names, or pairs of both.
    #[arg(value_name = "TARGET", required = true)]
    targets: Vec<String>,
    /// Do not mind what is not there.
    #[arg(long)]
    ignore_not_found: bool,
    /// Let the server only try it.
    #[arg(long, value_enum, default_value_t)]
    dry_run: DryRun,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    connection: Connection,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let selected = selected(&arguments.targets)?;
    if selected.iter().any(|selected| selected.names.is_empty()) {
        return Err(Failure::Told("error: resource(s) were provided, but no name was specified".to_owned()));
    }
    api::block_on(delete(arguments, &selected))
}

async fn delete(arguments: &Arguments, selected: &[Selected]) -> Result<(), Failure> {
    let Arguments { dry_run, ignore_not_found, .. } = *arguments;
    let client = arguments.connection.client(&arguments.scope)?;
    let options = json!({"propagationPolicy": "Background"});
    let mut refusals = Vec::new();
    for Selected { kind, names } in selected {
        for name in names {
            match client.delete(kind, Place::default().named(name), &options, dry_run).await {
                Ok(()) => {
                    let from = format!(" from {} namespace", client.namespace());
                    let from = if kind.namespaced { from.as_str() } else { "" };
                    output::print(&format!("{} {name:?} deleted{from}{}\n", kind.qualified(), dry_run.suffix()))?;
                }
                Err(error) if error.code() == Some(404) && ignore_not_found => {}
                Err(error) => refusals.push(error.to_string()),
            }
        }
    }
    get::told(&refusals)
}
