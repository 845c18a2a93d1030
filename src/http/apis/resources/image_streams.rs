//! `imagestreams` and `imagestreams/status`.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::Value;

use super::error::{undeleted, unseen, unwritten};
use super::typed::{check_new, editor, namespace, print, read, stream_id, stream_key, streams_after, view};
use crate::http::apis::refusal::Refusal;
use crate::http::apis::storage::{Chunk, Context, Deleted, Item, Preconditions, Storage, Written};
use crate::oci::StreamId;
use crate::records::{Prefix, ReferencePolicy, keys};
use crate::streams::object::{ImageStream, TagReference};
use crate::streams::view::Listing;

/// Image streams, whole.
#[derive(Debug)]
pub(super) struct ImageStreams;

/// What happened to image streams: the part that prune tools and controllers write.
#[derive(Debug)]
pub(super) struct Status;

async fn shown(cx: &Context<'_>) -> Result<Value, Refusal> {
    print(&view(cx).stream(&stream_id(cx)?).await.map_err(|error| unseen(cx, error))?)
}

/// A stream as it is shown when nothing was said of a field.
fn defaulted(object: Value) -> Result<Value, Refusal> {
    let mut stream: ImageStream = read(object)?;
    // Of two tags of one name the last counts, and they are kept by name.
    let tags: BTreeMap<String, TagReference> =
        stream.spec.tags.into_iter().map(|tag| (tag.name.clone(), tag)).collect();
    stream.spec.tags = tags.into_values().collect();
    for tag in &mut stream.spec.tags {
        if tag.import_policy.import_mode.is_empty() {
            "Legacy".clone_into(&mut tag.import_policy.import_mode);
        }
        if tag.reference_policy.kind.is_empty() {
            ReferencePolicy::default().name().clone_into(&mut tag.reference_policy.kind);
        }
    }
    print(&stream)
}

#[async_trait]
impl Storage for ImageStreams {
    async fn get(&self, cx: Context<'_>) -> Result<Value, Refusal> {
        shown(&cx).await
    }

    async fn list(&self, cx: Context<'_>, after: &str, limit: usize) -> Result<Chunk, Refusal> {
        let part = streams_after(after, limit)?;
        let listing = view(&cx).streams_part(namespace(&cx), part).await.map_err(|error| unseen(&cx, error))?;
        chunk(&listing, |stream| {
            StreamId::new(&stream.metadata.namespace, &stream.metadata.name)
                .map(|id| stream_key(&id))
                .unwrap_or_default()
        })
    }

    async fn count(&self, cx: Context<'_>) -> Result<Option<u64>, Refusal> {
        let prefix = namespace(&cx).map_or_else(keys::streams_all, keys::streams_of);
        counted(&cx, &prefix).await.map(Some)
    }

    async fn create(&self, cx: Context<'_>, object: Value) -> Result<Written, Refusal> {
        check_new(&object)?;
        let stream = editor(&cx).create_stream(read(object)?).await.map_err(|error| unwritten(&cx, error))?;
        Ok(Written::Object { object: print(&stream)?, created: true })
    }

    async fn update(&self, cx: Context<'_>, object: Value) -> Result<Written, Refusal> {
        let id = stream_id(&cx)?;
        let stream = editor(&cx).update_stream(&id, read(object)?).await.map_err(|error| unwritten(&cx, error))?;
        Ok(Written::Object { object: print(&stream)?, created: false })
    }

    async fn delete(&self, cx: Context<'_>, only: &Preconditions) -> Result<Deleted, Refusal> {
        let id = stream_id(&cx)?;
        let deleted = editor(&cx).delete_stream(&id, &only.into()).await;
        deleted.map(|uid| Deleted::Uid(uid.to_string())).map_err(|error| undeleted(&cx, "ImageStream", error))
    }

    fn defaulted(&self, object: Value) -> Result<Value, Refusal> {
        defaulted(object)
    }

    fn keeps_managers(&self) -> bool {
        true
    }
}

#[async_trait]
impl Storage for Status {
    async fn get(&self, cx: Context<'_>) -> Result<Value, Refusal> {
        shown(&cx).await
    }

    async fn update(&self, cx: Context<'_>, object: Value) -> Result<Written, Refusal> {
        let id = stream_id(&cx)?;
        let written = editor(&cx).update_stream_status(&id, read(object)?).await;
        let stream = written.map_err(|error| unwritten(&cx, error))?;
        Ok(Written::Object { object: print(&stream)?, created: false })
    }

    fn defaulted(&self, object: Value) -> Result<Value, Refusal> {
        defaulted(object)
    }

    fn keeps_managers(&self) -> bool {
        true
    }
}

/// How many records have a prefix.
pub(super) async fn counted<R>(cx: &Context<'_>, prefix: &Prefix<R>) -> Result<u64, Refusal> {
    Ok(cx.app.records.keys(prefix, |scan| scan).await?.len() as u64)
}

/// A page of typed objects, with the key of each.
pub(super) fn chunk<T: serde::Serialize, A>(
    listing: &Listing<T, A>,
    key: impl Fn(&T) -> String,
) -> Result<Chunk, Refusal> {
    let more = listing.next.is_some();
    let items = listing.items.iter().map(|object| Ok(Item { key: key(object), object: print(object)? }));
    Ok(Chunk { items: items.collect::<Result<_, Refusal>>()?, more, revision: listing.revision })
}
