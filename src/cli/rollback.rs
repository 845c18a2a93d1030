//! `weir rollback`: makes a tag mean again what it meant before, or brings a deleted stream back.

use clap::{ArgGroup, Args};
use serde_json::{Map, Value, json};

use super::api::{self, Client, Connection, DryRun, IMAGE_STREAM, IMAGE_STREAM_TAG, Kind, Place, Scope};
use super::failure::Failure;
use super::output;
use super::print::{Output, object};
use super::tag::Destination;
use crate::streams::object::{API_VERSION, Time};

#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("to"),
    override_usage = "weir rollback [OPTIONS] STREAM:TAG\n       weir rollback [OPTIONS] STREAM --deleted",
    after_help = "Examples:\n  weir rollback app:v1\n  weir rollback app:v1 --to-revision 2\n  weir rollback app:v1 \
                  --to-time 2026-11-22T10:30:00Z\n  weir rollback app --deleted"
)]
pub(super) struct Arguments {
    /// The tag, as in app:v1 or team/sub/app:v1; with --deleted, the stream.
    #[arg(value_name = "NAME")]
    name: String,
    /// Go back so many steps of the tag's history; without any of these flags, one.
    #[arg(long, value_name = "STEPS", group = "to", value_parser = clap::value_parser!(u32).range(1..))]
    to_revision: Option<u32>,
    /// Go back to this image, which the tag has meant; the beginning of its digest is enough.
    #[arg(long, value_name = "IMAGE", group = "to")]
    to_image: Option<String>,
    /// Go back to what the tag meant at this time, as in 2026-11-22T10:30:00Z.
    #[arg(long, value_name = "TIME", group = "to")]
    to_time: Option<Time>,
    /// Bring back a stream that was deleted, with all its tags.
    #[arg(long, group = "to")]
    deleted: bool,
    /// Let the server only try it.
    #[arg(long, value_enum, default_value_t)]
    dry_run: DryRun,
    /// Show the object as it is then.
    #[arg(short, long, value_enum)]
    output: Option<Output>,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    connection: Connection,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    api::block_on(async {
        let client = arguments.connection.client(&arguments.scope)?;
        let (kind, place) = arguments.target(client.namespace())?;
        let object = arguments.ask(&client, kind, &place).await?;
        output::print(&arguments.shown(kind, &place, object)?)
    })
}

impl Arguments {
    fn target(&self, current: &str) -> Result<(&'static Kind, Destination), Failure> {
        if self.deleted {
            return Ok((IMAGE_STREAM, Destination::stream(&self.name, current)?));
        }
        Ok((IMAGE_STREAM_TAG, Destination::tag(&self.name, current)?))
    }

    async fn ask(&self, client: &Client, kind: &Kind, target: &Destination) -> Result<Value, Failure> {
        let place = Place::within(&target.namespace).named(&target.name).subresource("rollback");
        let body = json!({"kind": "ImageStreamRollback", "apiVersion": API_VERSION, "spec": self.spec()});
        Ok(client.post(kind, place, &body, self.dry_run).await?)
    }

    /// Where to go back to.
    fn spec(&self) -> Map<String, Value> {
        let steps = self.to_revision.map(|steps| ("steps", json!(steps)));
        let image = self.to_image.as_ref().map(|image| ("image", json!(image)));
        let time = self.to_time.map(|time| ("time", json!(time)));
        [steps, image, time].into_iter().flatten().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn shown(&self, kind: &Kind, target: &Destination, object: Value) -> Result<String, Failure> {
        let (qualified, name) = (kind.qualified(), &target.name);
        match self.output {
            Some(Output::Name) => Ok(format!("{qualified}/{name}\n")),
            Some(output) => object::render(&object::shown(kind, object, false), output),
            None if self.deleted => Ok(format!("{qualified}/{name} restored{}\n", self.dry_run.suffix())),
            None => {
                let image = object.pointer("/image/metadata/name").and_then(Value::as_str);
                let to = image.map(|image| format!(" to {image}")).unwrap_or_default();
                Ok(format!("{qualified}/{name} rolled back{to}{}\n", self.dry_run.suffix()))
            }
        }
    }
}
