//! `imagestreamtags/rollback` and `imagestreams/rollback`: undo. Beyond OpenShift.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;

use super::error::{named, unseen, unwritten};
use super::typed::{editor, print, read, stream_id, tag_id};
use crate::http::apis::refusal::Refusal;
use crate::http::apis::storage::{Context, Storage, Written};
use crate::records::Moment;
use crate::streams::field_error::Path;
use crate::streams::object::Typed;
use crate::streams::view::View;
use crate::streams::write::Target;

/// Takes one tag back, also one that was deleted, alone or with its stream.
#[derive(Debug)]
pub(super) struct TagRollback;

/// Brings a deleted stream back, with every tag that went with it.
#[derive(Debug)]
pub(super) struct StreamRollback;

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Rollback {
    spec: Spec,
}

/// Where to: one of these, or one step where none is named.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Spec {
    steps: Option<u32>,
    image: Option<String>,
    /// RFC 3339.
    time: Option<String>,
}

impl Spec {
    fn target(self, name: &str) -> Result<Target, Refusal> {
        match (self.steps, self.image, self.time) {
            (None, None, None) => Ok(Target::Steps(1)),
            (Some(steps), None, None) => Ok(Target::Steps(usize::try_from(steps).unwrap_or(usize::MAX))),
            (None, Some(image), None) => Ok(Target::Image(image)),
            (None, None, Some(time)) => Moment::parse(&time).map(Target::Time).ok_or_else(|| {
                let error = Path::new("spec").child("time").invalid(time, "must be a time of RFC 3339");
                Refusal::invalid(named("ImageStreamRollback", name), &[error])
            }),
            _ => {
                let error = Path::new("spec").forbidden("only one of steps, image and time may be given");
                Err(Refusal::invalid(named("ImageStreamRollback", name), &[error]))
            }
        }
    }
}

#[async_trait]
impl Storage for TagRollback {
    async fn create(&self, cx: Context<'_>, object: Value) -> Result<Written, Refusal> {
        let (id, tag) = tag_id(&cx, "ImageStreamTags")?;
        let to = read::<Rollback>(object)?.spec.target(&cx.target.name)?;
        let done = editor(&cx).roll_back(&id, &tag, &to).await.map_err(|error| unwritten(&cx, error))?;
        let view = View { records: &done.after, names: &cx.app.names };
        let tag = view.written_stream_tag(&id, &tag).await.map_err(|error| unseen(&cx, error))?;
        Ok(Written::Other(print(&Typed::new(tag))?))
    }
}

#[async_trait]
impl Storage for StreamRollback {
    async fn create(&self, cx: Context<'_>, _: Value) -> Result<Written, Refusal> {
        let id = stream_id(&cx)?;
        let done = editor(&cx).undelete_stream(&id).await.map_err(|error| unwritten(&cx, error))?;
        let view = View { records: &done.after, names: &cx.app.names };
        let stream = view.stream(&id).await.map_err(|error| unseen(&cx, error))?;
        Ok(Written::Other(print(&Typed::new(stream))?))
    }
}
