//! `weir describe`: an object in words, as `oc describe` has them.

mod follow;
mod image;
mod page;
mod size;
mod stream;
mod tag;
#[cfg(test)]
mod tests;

use std::time::SystemTime;

use clap::Args;
use serde_json::Value;

pub(super) use self::follow::{Unfollowed, follow};
use super::api::{self, Accept, Client, Connection, Kind, Place, Scope, selected};
use super::failure::Failure;
use super::output;
use crate::streams::object::Time;

#[derive(Debug, Args)]
#[command(
    override_usage = "weir describe [OPTIONS] TYPE [NAME...]\n       weir describe [OPTIONS] TYPE/NAME...",
    after_help = "Examples:\n  weir describe is app\n  weir describe istag/app:v1 isimage/app@77c9f58"
)]
pub(super) struct Arguments {
    /// What is described: is, istag, isimage, itag or image, and names; or pairs of both.
    #[arg(value_name = "TARGET", required = true)]
    targets: Vec<String>,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    connection: Connection,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    api::block_on(async {
        let client = arguments.connection.client(&arguments.scope)?;
        let mut texts = Vec::new();
        for selected in selected(&arguments.targets)? {
            let objects = objects(&client, &selected.kind, &selected.names).await?;
            for object in objects {
                texts.push(described(&selected.kind, &object, now())?);
            }
        }
        output::print(&texts.join("\n\n"))
    })
}

/// The present.
pub(super) fn now() -> Time {
    SystemTime::now().into()
}

async fn objects(client: &Client, kind: &Kind, names: &[String]) -> Result<Vec<Value>, Failure> {
    if names.is_empty() {
        let list = client.list(kind, Some(client.namespace()), &[], Accept::Object).await?;
        return Ok(list.get("items").and_then(Value::as_array).cloned().unwrap_or_default());
    }
    let mut objects = Vec::new();
    for name in names {
        objects.push(client.get(kind, Place::default().named(name), Accept::Object).await?);
    }
    Ok(objects)
}

fn described(kind: &Kind, object: &Value, now: Time) -> Result<String, Failure> {
    match kind.name {
        "ImageStream" => Ok(stream(object, now)),
        "Image" => Ok(image(object, None, now)),
        "ImageStreamTag" | "ImageStreamImage" | "ImageTag" => {
            match object.get("image").filter(|image| !image.is_null()) {
                Some(inner) => Ok(image(inner, Some(text(inner, "/metadata/name")), now)),
                None => Err(Failure::Told("error: the tag means no image yet".to_owned())),
            }
        }
        other => Err(Failure::Told(format!("error: no description has been implemented for {other:?}"))),
    }
}

/// An image stream in words.
pub(super) fn stream(object: &Value, now: Time) -> String {
    stream::describe(object, now)
}

/// An image in words; `called` is what people call it.
pub(super) fn image(object: &Value, called: Option<&str>, now: Time) -> String {
    image::describe(object, called, now)
}

/// The text at a place; empty where there is none.
fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The list at a place; empty where there is none.
fn items<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
