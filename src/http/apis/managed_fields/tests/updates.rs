//! Writes that are no applies.

use super::*;
use crate::http::apis::schema::kinds::SECRET;

#[test]
fn who_changes_a_field_takes_it() {
    let made = updated(None, &stream(json!({"dockerImageRepository": "x", "tags": [{"name": "a"}]})), &updater("one"));
    let mut changed = made.clone();
    changed["spec"]["dockerImageRepository"] = json!("y");
    let changed = updated(Some(&made), &changed, &updater("two"));
    assert_eq!(
        owners(&changed),
        [
            own("one", json!({"f:spec": {"f:tags": {".": {}, "k:{\"name\":\"a\"}": {".": {}, "f:name": {}}}}})),
            own("two", json!({"f:spec": {"f:dockerImageRepository": {}}})),
        ]
    );
}

#[test]
fn what_is_gone_has_no_owner() {
    let made = updated(None, &stream(json!({"dockerImageRepository": "x", "tags": [{"name": "a"}]})), &updater("one"));
    let changed = updated(Some(&made), &stream(json!({"dockerImageRepository": "x"})), &updater("two"));
    assert_eq!(owners(&changed), [own("one", json!({"f:spec": {"f:dockerImageRepository": {}}}))]);
    let emptied = updated(Some(&changed), &stream(json!({})), &updater("two"));
    assert_eq!(owners(&emptied), []);
    assert_eq!(emptied["metadata"].get("managedFields"), None);
}

#[test]
fn nobody_owns_what_names_an_object() {
    let made = updated(None, &stream(json!({"lookupPolicy": {"local": false}})), &updater("one"));
    assert_eq!(owners(&made), []);
}

#[test]
fn an_object_without_owners_stays_one() {
    let made = updated(None, &stream(json!({"lookupPolicy": {"local": false}})), &updater("one"));
    let changed = updated(Some(&made), &stream(json!({"dockerImageRepository": "x"})), &updater("two"));
    assert_eq!(owners(&changed), []);
}

#[test]
fn clients_that_send_no_owners_keep_them_and_those_that_send_empty_ones_reset_them() {
    let made = updated(None, &stream(json!({"dockerImageRepository": "x"})), &updater("one"));
    let kept = updated(Some(&made), &stream(json!({"dockerImageRepository": "x"})), &updater("two"));
    assert_eq!(owners(&kept), owners(&made));
    for reset in [json!([]), json!([{}])] {
        let mut new = made.clone();
        new["metadata"]["managedFields"] = reset.clone();
        assert_eq!(owners(&updated(Some(&made), &new, &updater("two"))), []);
        // Through a subresource nobody resets anything.
        let status = Manager { subresource: Some("status".to_owned()), ..updater("two") };
        let mut new = made.clone();
        new["metadata"]["managedFields"] = reset;
        assert_eq!(owners(&updated(Some(&made), &new, &status)), owners(&made));
    }
    let mut broken = made.clone();
    broken["metadata"]["managedFields"] = json!([{"manager": "x", "operation": "Nothing"}]);
    assert_eq!(owners(&updated(Some(&made), &broken, &updater("two"))), owners(&made));
}

#[test]
fn a_subresource_has_owners_of_its_own() {
    let made = updated(None, &stream(json!({"dockerImageRepository": "x"})), &updater("one"));
    let mut new = made.clone();
    new["status"] = json!({"dockerImageRepository": "r", "tags": [{"tag": "a", "items": [{"image": "i"}]}]});
    let status = Manager { subresource: Some("status".to_owned()), ..updater("one") };
    let list = updated(Some(&made), &new, &status)["metadata"]["managedFields"].clone();
    assert_eq!(list[0].get("subresource"), None);
    assert_eq!(list[1]["subresource"], "status");
    assert_eq!(
        list[1]["fieldsV1"],
        json!({"f:status": {
            ".": {}, "f:dockerImageRepository": {},
            "f:tags": {".": {}, "k:{\"tag\":\"a\"}": {".": {}, "f:items": {}, "f:tag": {}}},
        }})
    );
}

#[test]
fn sets_and_maps_are_owned_by_value_and_name() {
    let secret = json!({
        "kind": "Secret", "apiVersion": "v1", "data": {"a": "MQ=="}, "type": "Opaque",
        "metadata": {"name": "s", "finalizers": ["x/y"], "ownerReferences": [{"name": "n", "uid": "u"}]},
    });
    let mut made = secret.clone();
    update(None, &mut made, &SECRET, &Manager { api_version: "v1".to_owned(), ..updater("one") });
    let fields = json!({
        "f:data": {".": {}, "f:a": {}},
        "f:metadata": {
            "f:finalizers": {".": {}, "v:\"x/y\"": {}},
            "f:ownerReferences": {".": {}, "k:{\"uid\":\"u\"}": {}},
        },
        "f:type": {},
    });
    assert_eq!(owners(&made), [own("one", fields)]);
}

#[test]
fn owners_are_sorted_and_timed() {
    let mut object = updated(None, &stream(json!({"tags": [{"name": "a"}]})), &manager("z", Operation::Update, 1));
    for (name, second) in [("b", 3), ("a", 3), ("c", 2)] {
        let mut new = object.clone();
        new["metadata"]["annotations"][name] = json!("1");
        object = updated(Some(&object), &new, &manager(name, Operation::Update, second));
    }
    let names: Vec<String> = owners(&object).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["z", "c", "a", "b"]);
    assert_eq!(object["metadata"]["managedFields"][0]["time"], "1970-01-01T00:00:01Z");
    let again = updated(Some(&object), &object, &manager("z", Operation::Update, 9));
    assert_eq!(again, object, "a write that changes nothing changes no time");
}

#[test]
fn the_oldest_updaters_are_gathered() {
    let mut object = updated(None, &stream(json!({"tags": [{"name": "a"}]})), &manager("m00", Operation::Update, 0));
    for second in 1..30 {
        let name = format!("m{second:02}");
        let mut new = object.clone();
        new["metadata"]["labels"][&name] = json!("x");
        object = updated(Some(&object), &new, &manager(&name, Operation::Update, second));
    }
    let owners = owners(&object);
    let names: Vec<&str> = owners.iter().map(|(name, _)| name.as_str()).collect();
    let mut expected = vec!["ancient-changes".to_owned()];
    expected.extend((21..30).map(|second| format!("m{second:02}")));
    assert_eq!(names, expected);
    let labels = owners[0].1["f:metadata"]["f:labels"].as_object().unwrap();
    assert_eq!((labels.len(), &owners[0].1["f:spec"]["f:tags"]["."]), (21, &json!({})), "{labels:?}");
}

#[test]
fn items_that_appear_twice_are_owned_as_a_whole() {
    let twice = stream(json!({"tags": [{"name": "a", "reference": true}, {"name": "a"}]}));
    let made = updated(None, &twice, &updater("one"));
    assert_eq!(owners(&made), [own("one", json!({"f:spec": {"f:tags": {".": {}, "k:{\"name\":\"a\"}": {}}}}))]);
    let once = updated(Some(&made), &stream(json!({"tags": [{"name": "a"}]})), &updater("two"));
    let fields = json!({"f:spec": {"f:tags": {"k:{\"name\":\"a\"}": {".": {}, "f:name": {}}}}});
    assert_eq!(owners(&once), [own("one", json!({"f:spec": {"f:tags": {}}})), own("two", fields)]);
}
