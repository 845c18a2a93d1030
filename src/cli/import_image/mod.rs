//! `weir import-image`: asks the server to read tags and images from another registry.

mod plan;
mod report;
#[cfg(test)]
mod tests;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use self::plan::Plan;
use super::api::{self, Accept, Client, Connection, DryRun, IMAGE_STREAM, IMAGE_STREAM_IMPORT, Place, Scope};
use super::failure::Failure;
use super::print::{Output, object};
use super::{describe, output};
use crate::streams::object::API_VERSION;

#[expect(clippy::struct_excessive_bools, reason = "each of them is a flag of the command line")]
#[derive(Debug, Default, Args)]
#[command(
    after_help = "Examples:\n  weir import-image ruby --from=docker.io/library/ruby --confirm\n  weir import-image ruby:3.3\n  \
                  weir import-image ruby --all"
)]
pub(super) struct Arguments {
    /// The stream, with a tag where it is not latest.
    #[arg(value_name = "STREAM")]
    name: Option<String>,
    /// The image or, with --all, the repository that is read.
    #[arg(long, value_name = "PULL-SPEC")]
    from: Option<String>,
    /// Make the stream if there is none, and change where it imports from.
    #[arg(long)]
    confirm: bool,
    /// Import all tags.
    #[arg(long)]
    all: bool,
    /// Which pull spec the tag hands out: source or local.
    #[arg(long, value_name = "POLICY", default_value = "source")]
    reference_policy: String,
    /// What is imported of a manifest list: `Legacy` takes one platform, `PreserveOriginal` all.
    #[arg(long, value_name = "MODE", default_value = "Legacy")]
    import_mode: String,
    /// Only read, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Import again and again.
    #[arg(long)]
    scheduled: bool,
    /// Import over plain HTTP, or from a host with an unknown certificate.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    insecure: Option<bool>,
    /// Show the stream as it is then.
    #[arg(short, long, value_enum)]
    output: Option<Whole>,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    connection: Connection,
}

/// How a stream is shown whole.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Whole {
    /// In JSON.
    Json,
    /// In YAML.
    Yaml,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    api::block_on(async {
        let client = arguments.connection.client(&arguments.scope)?;
        let answer = import(arguments, &client).await?;
        arguments.report(&answer)
    })
}

async fn import(arguments: &Arguments, client: &Client) -> Result<Value, Failure> {
    let plan = Plan::read(arguments)?;
    let place = Place::within(client.namespace());
    let stream = match client.get(IMAGE_STREAM, place.named(&plan.stream), Accept::Object).await {
        Err(error) if error.code() == Some(404) => None,
        answer => Some(answer?),
    };
    let body = plan.request(stream.as_ref(), client.namespace())?;
    Ok(client.post(IMAGE_STREAM_IMPORT, place, &body, DryRun::None).await?)
}

/// A rule that was broken.
fn error(rule: impl std::fmt::Display) -> Failure {
    Failure::Told(format!("error: {rule}"))
}

impl Arguments {
    fn report(&self, answer: &Value) -> Result<(), Failure> {
        let refusals = report::refusals(answer);
        let mut text = String::new();
        if let Some(output) = self.output {
            let none = json!({"kind": "ImageStream", "apiVersion": API_VERSION});
            let stream = answer.pointer("/status/import").filter(|stream| !stream.is_null()).cloned().unwrap_or(none);
            let output = if matches!(output, Whole::Json) { Output::Json } else { Output::Yaml };
            text.push_str(&object::render(&stream, output)?);
        } else {
            text.push_str(&report::words(answer, self.dry_run, describe::now()));
        }
        output::print(&text)?;
        if refusals.is_empty() { Ok(()) } else { Err(Failure::Told(refusals.join("\n"))) }
    }
}
