//! What watchers must be told, by the plainest means: every commit is done again on a store of its own, and after each
//! the objects are read as anybody reads them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use weir_storage::metadata::memory::MemoryStore;
use weir_storage::{Commit, MetadataStore as _, Revision, Write};

use super::site::{Site, names, records};
use crate::events::object::Traits;
use crate::events::options::Selection;
use crate::events::projection::Watched;
use crate::oci::StreamId;
use crate::streams::object::Typed;
use crate::streams::state::LISTED_ITEMS;
use crate::streams::view::{Part, View};

/// The objects of a resource, by namespace and name.
type Objects = BTreeMap<(String, String), Value>;

/// The objects of a resource after each commit; the first entry is that before any.
pub(super) struct Model(Vec<Objects>);

impl Model {
    /// Does all commits of a site again.
    pub(super) async fn of(site: &Site, resource: Watched) -> Self {
        let changes = site.records.metadata().changes(Revision::ZERO, usize::MAX / 2).await.unwrap();
        let store = Arc::new(MemoryStore::new());
        let again = records(Arc::clone(&store) as _, site.directory());
        let names = names();
        let view = View { records: &again, names: &names };
        let mut states = vec![Objects::new()];
        for change in changes {
            let writes = change.keys.iter().map(|changed| match &changed.after {
                Some(value) => Write::Put { key: changed.key.clone(), value: value.clone() },
                None => Write::Delete { key: changed.key.clone() },
            });
            // A commit that deleted only what was not there took a revision as well.
            let nothing = Write::Delete { key: "nothing".into() };
            let writes = writes.chain(change.keys.is_empty().then_some(nothing)).collect();
            let commit = Commit { guards: Vec::new(), writes };
            assert_eq!(store.commit(commit).await.unwrap(), change.revision);
            states.push(objects(&view, resource).await);
        }
        Self(states)
    }

    /// The events that a watcher sees that begins after a revision.
    pub(super) fn events(&self, selection: &Selection, after: u64) -> Vec<Value> {
        let mut events = Vec::new();
        let after = usize::try_from(after).unwrap();
        for (revision, pair) in self.0.windows(2).enumerate().skip(after).map(|(index, pair)| (index + 1, pair)) {
            let [before, now] = pair else { continue };
            let names: std::collections::BTreeSet<_> = before.keys().chain(now.keys()).collect();
            for name in names {
                events.extend(event(before.get(name), now.get(name), selection, revision));
            }
        }
        events
    }

    /// The objects that are selected at a revision, as a watch begins with them.
    pub(super) fn initial(&self, selection: &Selection, at: u64) -> Vec<Value> {
        let objects = &self.0[usize::try_from(at).unwrap()];
        let selected = objects.values().filter(|object| selection.selects(&traits(object)));
        selected.map(|object| json!({"type": "ADDED", "object": object})).collect()
    }
}

fn event(before: Option<&Value>, now: Option<&Value>, selection: &Selection, revision: usize) -> Option<Value> {
    let same = match (before, now) {
        (Some(before), Some(now)) => with_version(before, 0) == with_version(now, 0) && !is_of(now, revision),
        (before, now) => before.is_none() && now.is_none(),
    };
    if same {
        return None;
    }
    let was = before.filter(|object| selection.selects(&traits(object)));
    let is = now.filter(|object| selection.selects(&traits(object)));
    let (kind, object) = match (was, is) {
        (None, None) => return None,
        (None, Some(is)) => ("ADDED", is),
        (Some(_), Some(is)) => ("MODIFIED", is),
        (Some(was), None) => ("DELETED", was),
    };
    Some(json!({"type": kind, "object": with_version(object, revision)}))
}

/// Whether a stream was changed by a commit. A tag shows the revision of its stream, so that tells nothing of it.
fn is_of(object: &Value, revision: usize) -> bool {
    object["kind"] != "ImageStreamTag"
        && object["kind"] != "ImageTag"
        && object["metadata"]["resourceVersion"].as_str() == Some(&revision.to_string())
}

fn with_version(object: &Value, revision: usize) -> Value {
    let mut object = object.clone();
    object["metadata"]["resourceVersion"] = revision.to_string().into();
    object
}

fn traits(object: &Value) -> Traits {
    let text = |name: &str| object["metadata"][name].as_str().unwrap_or_default().to_owned();
    Traits { namespace: text("namespace"), name: text("name"), object: object.clone() }
}

async fn objects(view: &View<'_>, resource: Watched) -> Objects {
    let streams = view.streams_part(None, Part::all()).await.unwrap().items;
    let mut objects = Vec::new();
    match resource {
        Watched::Streams => objects.extend(streams.into_iter().map(|stream| to_value(Typed::new(stream)))),
        Watched::StreamTags => {
            for stream in streams {
                let id = StreamId::new(&stream.metadata.namespace, &stream.metadata.name).unwrap();
                for events in stream.status.tags {
                    let tag = view.stream_tag(&id, &events.tag.parse().unwrap()).await.unwrap();
                    objects.push(to_value(Typed::new(tag)));
                }
            }
        }
        Watched::ImageTags => {
            for stream in streams {
                let id = StreamId::new(&stream.metadata.namespace, &stream.metadata.name).unwrap();
                let of_spec = stream.spec.tags.iter().map(|tag| &tag.name);
                let of_status = stream.status.tags.iter().map(|events| &events.tag);
                let tags: std::collections::BTreeSet<_> = of_spec.chain(of_status).collect();
                for tag in tags {
                    let mut tag = view.image_tag(&id, &tag.parse().unwrap()).await.unwrap();
                    if let Some(items) = tag.status.as_mut().and_then(|status| status.items.as_mut()) {
                        items.truncate(LISTED_ITEMS);
                    }
                    objects.push(to_value(Typed::new(tag)));
                }
            }
        }
        // What these show is compared with answers in tests over HTTP.
        Watched::Kept(_) | Watched::Quotas => {}
        Watched::Images => {
            let keys = view.records.keys(&crate::records::keys::images_all(), |scan| scan).await.unwrap();
            for key in keys {
                let name = crate::records::keys::part(&key, 0);
                objects.push(to_value(Typed::new(view.image(name).await.unwrap())));
            }
        }
    }
    let named = |object: Value| {
        let traits = traits(&object);
        ((traits.namespace, traits.name), object)
    };
    objects.into_iter().map(named).collect()
}

fn to_value(object: impl serde::Serialize) -> Value {
    serde_json::to_value(object).unwrap()
}
