//! Merging as API servers do it, in their words where they were recorded.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::http::apis::patch::tests::value;
use crate::http::apis::schema::kinds::{IMAGE_STREAM as STREAM, SECRET};

fn stream(doc: &Value, patch: &Value) -> Result<Value, PatchError> {
    apply(doc, patch, STREAM.object)
}

fn tags(names: &[&str]) -> Value {
    let tags: Vec<Value> = names.iter().map(|name| json!({"name": name, "from": {"name": "x"}})).collect();
    json!({"spec": {"tags": tags}})
}

fn names(doc: &Value) -> Vec<&str> {
    let tags = doc.pointer("/spec/tags").and_then(Value::as_array).unwrap();
    tags.iter().map(|tag| tag["name"].as_str().unwrap()).collect()
}

#[test]
fn merges_items_by_key() {
    let doc = json!({"spec": {"tags": [{"name": "a", "from": {"kind": "ImageStreamTag", "name": "x"}}]}});
    let patch = json!({"spec": {"tags": [{"name": "a", "from": {"name": "y"}}, {"name": "b", "reference": true}]}});
    let merged = json!({"spec": {"tags": [
        {"name": "a", "from": {"kind": "ImageStreamTag", "name": "y"}},
        {"name": "b", "reference": true},
    ]}});
    assert_eq!(stream(&doc, &patch), Ok(merged));
}

#[test]
fn nulls_take_fields_out() {
    let doc = json!({"metadata": {"annotations": {"a": "1", "b": "2"}}, "spec": {"dockerImageRepository": "x"}});
    let patch = json!({"metadata": {"annotations": {"a": null, "c": "3", "d": null}}, "spec": null});
    assert_eq!(stream(&doc, &patch), Ok(json!({"metadata": {"annotations": {"b": "2", "c": "3"}}})));
}

#[test]
fn deletes_items() {
    let patch = json!({"spec": {"tags": [{"name": "b", "$patch": "delete"}, {"name": "nosuch", "$patch": "delete"}]}});
    assert_eq!(names(&stream(&tags(&["a", "b", "c"]), &patch).unwrap()), ["a", "c"]);
}

#[test]
fn replaces_a_list_and_an_object() {
    let patch = json!({"spec": {"tags": [{"$patch": "replace"}, {"name": "z"}]}});
    assert_eq!(stream(&tags(&["a", "b"]), &patch), Ok(json!({"spec": {"tags": [{"name": "z"}]}})));
    let doc = json!({"spec": {"lookupPolicy": {"local": true}, "dockerImageRepository": "x"}});
    let patch = json!({"spec": {"$patch": "replace", "dockerImageRepository": "y"}});
    assert_eq!(stream(&doc, &patch), Ok(json!({"spec": {"dockerImageRepository": "y"}})));
    let patch = json!({"spec": {"$patch": "delete"}});
    assert_eq!(stream(&doc, &patch), Ok(json!({"spec": {}})));
}

#[test]
fn retains_keys() {
    let doc = json!({"spec": {"lookupPolicy": {"local": true}, "dockerImageRepository": "x"}});
    let patch = json!({"spec": {"$retainKeys": ["dockerImageRepository"], "dockerImageRepository": "y"}});
    assert_eq!(stream(&doc, &patch), Ok(json!({"spec": {"dockerImageRepository": "y"}})));
    let patch = json!({"spec": {"$retainKeys": ["lookupPolicy"], "dockerImageRepository": "y"}});
    let error = stream(&doc, &patch).unwrap_err();
    assert_eq!((error.code(), error.to_string().as_str()), (400, "invalid patch format of retainKeys"));
}

#[test]
fn merges_sets_of_scalars() {
    let doc = json!({"metadata": {"finalizers": ["a", "b", "c"]}});
    let patch = json!({"metadata": {"finalizers": ["b", "d"]}});
    let merged = stream(&doc, &patch).unwrap();
    assert_eq!(merged["metadata"]["finalizers"], json!(["a", "b", "d", "c"]));
    let patch = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["b", "x"]}});
    assert_eq!(stream(&doc, &patch).unwrap()["metadata"]["finalizers"], json!(["a", "c"]));
    let patch =
        json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["b"], "$setElementOrder/finalizers": ["c", "a"]}});
    assert_eq!(stream(&doc, &patch).unwrap()["metadata"]["finalizers"], json!(["c", "a"]));
}

#[test]
fn replaces_atomic_lists() {
    let doc = json!({"status": {"tags": [{"tag": "a", "items": [{"image": "1"}, {"image": "2"}]}]}});
    let patch = json!({"status": {"tags": [{"tag": "a", "items": [{"image": "3"}]}]}});
    assert_eq!(stream(&doc, &patch), Ok(patch));
}

/// As `oc apply` sends it.
#[test]
fn sets_the_order_of_items() {
    let order = |names: &[&str]| names.iter().map(|name| json!({"name": name})).collect::<Vec<_>>();
    let patch = json!({"spec": {
        "$setElementOrder/tags": order(&["newtag", "2.7"]),
        "tags": [{"name": "newtag"}, {"name": "2.7", "annotations": {"p": "q"}}],
    }});
    let merged = stream(&tags(&["2.7", "latest"]), &patch).unwrap();
    assert_eq!(names(&merged), ["newtag", "2.7", "latest"]);
    let patch = json!({"spec": {"$setElementOrder/tags": order(&["c", "a"])}});
    assert_eq!(names(&stream(&tags(&["a", "b", "c"]), &patch).unwrap()), ["b", "c", "a"]);
    let patch = json!({"spec": {
        "$setElementOrder/tags": order(&["2.7"]),
        "tags": [{"name": "latest", "$patch": "delete"}],
    }});
    assert_eq!(names(&stream(&tags(&["2.7", "latest"]), &patch).unwrap()), ["2.7"]);
}

#[test]
fn an_order_that_the_items_lack_is_refused() {
    let patch = json!({"spec": {
        "$setElementOrder/tags": [{"name": "a"}, {"name": "b"}],
        "tags": [{"name": "b"}, {"name": "a"}],
    }});
    let error = stream(&tags(&["a"]), &patch).unwrap_err();
    let words = "The order in patch list:\n[map[name:b] map[name:a]]\n doesn't match $setElementOrder list:\n\
                 [map[name:a] map[name:b]]\n";
    assert_eq!((error.code(), error.to_string().as_str()), (500, words));
}

#[test]
fn data_of_secrets_is_merged() {
    let doc = json!({"data": {"a": "MQ=="}, "type": "Opaque"});
    let patch = json!({"data": {"b": "Mg==", "a": null}});
    assert_eq!(apply(&doc, &patch, SECRET.object), Ok(json!({"data": {"b": "Mg=="}, "type": "Opaque"})));
}

#[test]
fn unknown_fields_pass() {
    let patch = json!({"spec": {"nosuch": {"x": 1}}});
    let merged = stream(&tags(&["a"]), &patch).unwrap();
    assert_eq!(merged["spec"]["nosuch"], json!({"x": 1}));
}

/// Recorded from an API server.
#[test]
fn errors_are_in_the_words_of_api_servers() {
    let error = stream(&tags(&["a"]), &json!({"spec": {"tags": "x"}})).unwrap_err();
    assert_eq!(error.code(), 422);
    let words = "Invalid value: \"map[spec:map[tags:x]]\": cannot restore slice from string";
    assert_eq!(error.to_string(), words);
    let error = stream(&tags(&["a"]), &json!({"spec": {"tags": [{"from": {}}]}})).unwrap_err();
    let words = "map: map[from:map[]] does not contain declared merge key: name";
    assert_eq!((error.code(), error.to_string().as_str()), (500, words));
}

#[test]
fn wrong_types_are_refused() {
    let detail = |patch: Value| match stream(&json!({}), &patch) {
        Err(PatchError::Unreadable { detail, .. }) => detail,
        other => panic!("{other:?}"),
    };
    assert_eq!(detail(json!({"spec": "x"})), "cannot restore struct from: string");
    assert_eq!(detail(json!({"metadata": {"labels": []}})), "cannot restore map from slice");
    assert_eq!(detail(json!({"metadata": {"labels": {"a": 1}}})), "cannot convert int64 to string");
    assert_eq!(detail(json!({"spec": {"lookupPolicy": {"local": "yes"}}})), "unrecognized type: bool");
    assert_eq!(detail(json!({"metadata": {"generation": 1.5}})), "cannot convert float64 to int64");
    assert_eq!(detail(json!({"metadata": {"generation": "1"}})), "unrecognized type: int64");
    assert_eq!(stream(&json!({}), &json!([])).unwrap_err().code(), 400);
    let directive = stream(&json!({}), &json!({"spec": {"$patch": "merge"}, "$patch": "merge"})).unwrap_err();
    assert_eq!(directive.to_string(), "unknown patch type: merge in map: map[$patch:merge spec:map[$patch:merge]]");
}

/// The items of a list of tags, all with different names.
fn some_tags() -> impl Strategy<Value = Value> {
    proptest::collection::btree_map("[a-f]", "[x-z]", 0..6).prop_map(|tags| {
        let tags: Vec<Value> =
            tags.into_iter().map(|(name, from)| json!({"name": name, "from": {"name": from}})).collect();
        json!({"spec": {"tags": tags}})
    })
}

/// The patch that makes `to` of `from`, as `kubectl apply` would write it.
fn difference(from: &Value, to: &Value) -> Value {
    let list = |doc: &Value| doc["spec"]["tags"].as_array().cloned().unwrap_or_default();
    let (old, new) = (list(from), list(to));
    let gone = old.iter().filter(|tag| !new.iter().any(|other| other["name"] == tag["name"]));
    let deletions = gone.map(|tag| json!({"name": tag["name"], "$patch": "delete"}));
    let order: Vec<Value> = new.iter().map(|tag| json!({"name": tag["name"]})).collect();
    let tags: Vec<Value> = new.iter().cloned().chain(deletions).collect();
    json!({"spec": {"$setElementOrder/tags": order, "tags": tags}})
}

proptest! {
    #[test]
    fn a_difference_leads_where_it_should(from in some_tags(), to in some_tags()) {
        prop_assert_eq!(stream(&from, &difference(&from, &to)), Ok(to));
    }

    #[test]
    fn an_order_is_kept(doc in some_tags(), order in Just(["a", "b", "c", "d", "e", "f"]).prop_shuffle()) {
        let wanted: Vec<Value> = order.iter().map(|name| json!({"name": name})).collect();
        let merged = stream(&doc, &json!({"spec": {"$setElementOrder/tags": wanted}})).unwrap();
        let expected: Vec<&str> =
            order.iter().copied().filter(|name| names(&doc).contains(name)).collect();
        prop_assert_eq!(names(&merged), expected);
    }

    #[test]
    fn merging_twice_is_merging_once(doc in some_tags(), patch in some_tags()) {
        let once = stream(&doc, &patch).unwrap();
        prop_assert_eq!(stream(&once, &patch), Ok(once));
    }

    #[test]
    fn never_panics(doc in value(), patch in value()) {
        let _ = stream(&json!({"spec": {"tags": doc}, "metadata": doc}), &json!({"spec": {"tags": patch}, "metadata": patch}));
    }
}

#[test]
fn ten_times_the_items_take_about_ten_times_as_long() {
    // The fastest of some runs, for other work on the machine only ever slows them down.
    let fastest = |count| (0..3).map(|_| reversed(count)).min().unwrap();
    let (few, many) = (fastest(1_000), fastest(10_000));
    assert!(many < few * 40, "1,000 items took {few:?}, 10,000 {many:?}: a hundred times as long would be quadratic");
}

/// Turns a list of so many items round, and says how long that took.
fn reversed(count: usize) -> std::time::Duration {
    let all: Vec<String> = (0..count).map(|index| format!("tag-{index}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let order: Vec<Value> = all.iter().rev().map(|name| json!({"name": name})).collect();
    let doc = tags(&all);
    let patch = json!({"spec": {"$setElementOrder/tags": order, "tags": order}});
    let began = std::time::Instant::now();
    let merged = stream(&doc, &patch).unwrap();
    let took = began.elapsed();
    assert_eq!(names(&merged).first(), all.last());
    took
}
