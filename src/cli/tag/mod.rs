//! `weir tag`: makes tags mean what others mean, or follow them, or takes them away.

mod body;
mod destination;
mod source;
#[cfg(test)]
mod tests;

use clap::{ArgAction, Args};
use serde_json::{Value, json};

pub(super) use self::body::{import_policy, reference_policy};
pub(super) use self::destination::Destination;
pub(super) use self::source::pull_spec;
use self::source::{Source, SourceKind};
use super::api::{self, Accept, Client, Connection, DryRun, IMAGE_STREAM, IMAGE_STREAM_TAG, Place, Scope};
use super::failure::Failure;
use super::output;

#[expect(clippy::struct_excessive_bools, reason = "each of them is a flag of the command line")]
#[derive(Debug, Default, Args)]
#[command(
    override_usage = "weir tag [OPTIONS] SOURCE TAG...\n       weir tag -d [OPTIONS] TAG...",
    after_help = "Examples:\n  weir tag app:v1 app:prod\n  weir tag --alias app:v1 app:latest\n  weir tag team/sub/app:v1 \
                  copy:v1\n  weir tag docker.io/library/ruby:3.3 ruby:3.3\n  weir tag -d app:old"
)]
pub(super) struct Arguments {
    /// Where the image comes from, and the tags that get it; with -d, the tags that are deleted.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Delete the tags.
    #[arg(short, long)]
    delete: bool,
    /// Follow the source from now on: it must be a tag of the same stream.
    #[arg(long)]
    alias: bool,
    /// Hand out the source's pull spec, and import nothing.
    #[arg(long)]
    reference: bool,
    /// Import the source again and again.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t)]
    scheduled: bool,
    /// Import the source over plain HTTP, or from a host with an unknown certificate.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t)]
    insecure: bool,
    /// Which pull spec the tag hands out: source or local.
    #[arg(long, value_name = "POLICY", default_value = "source")]
    reference_policy: String,
    /// What is imported of a manifest list: `Legacy` (the default) takes one platform, `PreserveOriginal` all.
    #[arg(long, value_name = "MODE")]
    import_mode: Option<String>,
    /// What the source is: istag, isimage or docker.
    #[arg(long, value_name = "KIND")]
    source: Option<String>,
    /// Let the server only try it.
    #[arg(long, value_enum, default_value_t)]
    dry_run: DryRun,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    connection: Connection,
}

const NOTHING: &str = "you must specify a source and at least one destination or one or more tags to delete\nSee 'weir tag -h' for help and examples";

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    api::block_on(async {
        let client = arguments.connection.client(&arguments.scope)?;
        if arguments.delete { arguments.take_away(&client).await } else { arguments.put(&client).await }
    })
}

/// A rule that was broken.
fn error(rule: impl std::fmt::Display) -> Failure {
    Failure::Told(format!("error: {rule}"))
}

impl Arguments {
    async fn take_away(&self, client: &Client) -> Result<(), Failure> {
        self.check_deletion()?;
        let options = json!({"kind": "DeleteOptions", "apiVersion": crate::streams::object::API_VERSION});
        for name in &self.names {
            let Destination { namespace, name } = Destination::tag(name, client.namespace())?;
            let place = Place::within(&namespace).named(&name);
            client.delete(IMAGE_STREAM_TAG, place, &options, self.dry_run).await?;
            output::print(&format!("Deleted tag {namespace}/{name}{}.\n", self.dry_run.suffix()))?;
        }
        Ok(())
    }

    fn check_deletion(&self) -> Result<(), Failure> {
        let rules = [
            (self.names.is_empty(), NOTHING),
            (self.alias, "--alias and --delete may not be both specified"),
            (self.source.is_some(), "cannot specify a source kind when deleting"),
            (self.scheduled || self.insecure, "cannot set flags for importing images when deleting a tag"),
            (self.import_mode.is_some(), "cannot specify an import mode when deleting"),
        ];
        broken(&rules)
    }

    async fn put(&self, client: &Client) -> Result<(), Failure> {
        let (first, names) = self.names.split_first().ok_or_else(|| error(NOTHING))?;
        let asked = Source::read(first, self.source.as_deref())?;
        self.check_policies(&asked)?;
        if names.is_empty() {
            return Err(error("at least a destination is required"));
        }
        let read = |name: &String| Destination::new_tag(name, client.namespace());
        let destinations: Vec<Destination> = names.iter().map(read).collect::<Result<_, _>>()?;
        let source = self.resolved(client, asked).await?;
        self.check_source(&source, &destinations, client.namespace())?;
        for destination in &destinations {
            self.tag(client, &source, destination).await?;
            output::print(&self.told(&source, destination, client.namespace()))?;
        }
        Ok(())
    }

    fn check_policies(&self, source: &Source) -> Result<(), Failure> {
        let mode = self.import_mode();
        let imported = source.kind == SourceKind::Image && (self.scheduled || self.insecure);
        let policies = ["source", "local"];
        broken(&[
            (
                !policies.contains(&self.reference_policy.as_str()),
                "reference policy must be set to 'source' or 'local'",
            ),
            (!["Legacy", "PreserveOriginal"].contains(&mode), "valid ImportMode values are Legacy or PreserveOriginal"),
            (self.alias && imported, "cannot set a container image tag as an alias and also set import flags"),
            (self.alias && source.kind == SourceKind::Image, "cannot set alias across different Image Streams"),
        ])
    }

    fn check_source(&self, source: &Source, to: &[Destination], current: &str) -> Result<(), Failure> {
        let is_image = source.kind == SourceKind::Image;
        let elsewhere = to.iter().any(|to| !source.is_of(to, current));
        broken(&[
            (!is_image && (self.scheduled || self.insecure), "only container images can have importing flags set"),
            (self.alias && elsewhere, "cannot set alias across different Image Streams"),
        ])
    }

    /// Without an alias, a tag stands for the image that it means now.
    async fn resolved(&self, client: &Client, source: Source) -> Result<Source, Failure> {
        if source.kind != SourceKind::Tag || self.alias {
            return Ok(source);
        }
        let place = Place::within(source.namespace.as_deref().unwrap_or(client.namespace())).named(&source.stream);
        let stream = client.get(IMAGE_STREAM, place, Accept::Object).await?;
        source.resolved(&stream).ok_or_else(|| {
            error(format_args!("{source} is not currently pointing to an image, cannot use it as the source of a tag"))
        })
    }

    async fn tag(&self, client: &Client, source: &Source, to: &Destination) -> Result<Value, Failure> {
        let body = body::tag(self, source, to, client.namespace());
        let place = Place::within(&to.namespace);
        match client.put(IMAGE_STREAM_TAG, place.named(&to.name), &body, self.dry_run).await {
            // A server may only take new tags this way.
            Err(refusal) if matches!(refusal.code(), Some(403..=405)) => {
                Ok(client.post(IMAGE_STREAM_TAG, place, &body, self.dry_run).await?)
            }
            answer => Ok(answer?),
        }
    }

    fn import_mode(&self) -> &str {
        self.import_mode.as_deref().unwrap_or("Legacy")
    }

    fn told(&self, source: &Source, to: &Destination, current: &str) -> String {
        let Destination { namespace, name } = to;
        let elsewhere = namespace != current;
        let name = if elsewhere { format!("{namespace}/{name}") } else { name.clone() };
        let shown = source.shown(to, current);
        let what = match (self.alias, self.scheduled, elsewhere) {
            (true, ..) => format!("set up to track {shown}"),
            (_, true, false) => format!("set to import {shown} periodically"),
            (_, true, true) => format!("set to {shown} periodically"),
            _ => format!("set to {shown}"),
        };
        format!("Tag {name} {what}{}.\n", self.dry_run.suffix())
    }
}

/// The first rule that is broken.
fn broken(rules: &[(bool, &str)]) -> Result<(), Failure> {
    rules.iter().find(|(broken, _)| *broken).map_or(Ok(()), |(_, rule)| Err(error(rule)))
}
