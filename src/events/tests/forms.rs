//! What stands for an object in an event.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::site::{Site, What, stream, take};
use crate::events::options::{Options, Representation, Selection, Start, Watch};
use crate::events::projection::Watched;

fn watch(representation: Representation) -> Watch {
    let options = Options { start: Start::Initial { marked: true }, bookmarks: true, lasts: Duration::from_hours(1) };
    Watch { resource: Watched::Streams, selection: Selection::default(), options, representation }
}

fn print(object: &Value, first: bool) -> Value {
    let version = &object["metadata"]["resourceVersion"];
    let columns = if first { json!([{"name": "Name"}]) } else { Value::Null };
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": version},
        "columnDefinitions": columns, "rows": [{"cells": [object["metadata"]["name"]]}],
    })
}

#[tokio::test]
async fn only_the_first_event_is_printed_as_the_first() {
    for alike in [true, false] {
        let site = Site::in_memory();
        site.push(&stream("a/one"), "v1", "1").await;
        let representation = Representation::Printed { print: Arc::new(print), alike };
        let mut watches = [site.watch_with(watch(representation.clone())), site.watch_with(watch(representation))];
        for watch in &mut watches {
            let events = [take(watch, 1).await, take(watch, 1).await].concat();
            assert_eq!(events[0]["object"]["columnDefinitions"], json!([{"name": "Name"}]));
            assert_eq!(
                (&events[1]["type"], &events[1]["object"]["columnDefinitions"]),
                (&json!("BOOKMARK"), &Value::Null)
            );
        }
        site.write(&stream("a/one"), What::Delete).await;
        for watch in &mut watches {
            let deleted = json!({
                "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": "2"},
                "columnDefinitions": null, "rows": [{"cells": ["one"]}],
            });
            assert_eq!(take(watch, 1).await, [json!({"type": "DELETED", "object": deleted})]);
        }
    }
}
