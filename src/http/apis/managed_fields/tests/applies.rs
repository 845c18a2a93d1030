//! Server-side apply.

use super::*;

fn applied(live: Option<&Value>, spec: Value, by: &str, force: bool) -> Result<Value, ApplyError> {
    let mut wanted = stream(spec);
    wanted["metadata"] = json!({"name": "s"});
    apply(live, &wanted, &STREAM, &manager(by, Operation::Apply, 5), force)
}

fn made(object: Value) -> Value {
    let mut object = object;
    object["metadata"]["uid"] = json!("u");
    object
}

fn tag(name: &str, from: &str) -> Value {
    json!({"name": name, "from": {"kind": "DockerImage", "name": from}})
}

#[test]
fn what_is_no_longer_applied_goes() {
    let first = made(applied(None, json!({"tags": [tag("a", "x"), tag("b", "y")]}), "kubectl", false).unwrap());
    let second = applied(Some(&first), json!({"tags": [tag("b", "y")]}), "kubectl", false).unwrap();
    assert_eq!(second["spec"]["tags"], json!([tag("b", "y")]));
    let third = applied(Some(&second), json!({}), "kubectl", false).unwrap();
    assert_eq!(third["spec"], json!({}));
    // Who applies an empty struct owns it as such.
    assert_eq!(owners(&third), [own("kubectl", json!({"f:spec": {}}))]);
}

#[test]
fn what_others_own_stays() {
    let first = made(applied(None, json!({"tags": [tag("a", "x"), tag("b", "y")]}), "one", false).unwrap());
    let second = applied(Some(&first), json!({"tags": [tag("a", "x")]}), "two", false).unwrap();
    let third = applied(Some(&second), json!({"tags": [tag("b", "y")]}), "one", false).unwrap();
    assert_eq!(third["spec"]["tags"], json!([tag("a", "x"), tag("b", "y")]));
    let two = json!({"f:spec": {"f:tags": {"k:{\"name\":\"a\"}": {".": {}, "f:from": {}, "f:name": {}}}}});
    assert_eq!(owners(&third)[1], own("two", two));
}

#[test]
fn what_an_update_added_to_an_applied_item_goes_with_it() {
    let first = made(applied(None, json!({"tags": [tag("a", "x")]}), "one", false).unwrap());
    let mut changed = first.clone();
    changed["spec"]["tags"][0]["annotations"] = json!({"k": "v"});
    let changed = updated(Some(&first), &changed, &updater("two"));
    let third = applied(Some(&changed), json!({"tags": []}), "one", false).unwrap();
    assert_eq!(third["spec"], json!({}));
    assert_eq!(owners(&third), []);
}

#[test]
fn conflicts_are_told_in_the_words_of_api_servers() {
    let first = made(applied(None, json!({"tags": [tag("b", "x")]}), "kubectl", false).unwrap());
    let error = applied(Some(&first), json!({"tags": [tag("b", "y")]}), "other", false).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"Apply failed with 1 conflict: conflict with "kubectl": .spec.tags[name="b"].from"#
    );
    let ApplyError::Conflicts(conflicts) = error else { panic!("no conflicts") };
    let causes: Vec<(String, &str)> = conflicts.iter().map(|one| (one.message(), one.field())).collect();
    assert_eq!(causes, [(r#"conflict with "kubectl""#.to_owned(), r#".spec.tags[name="b"].from"#)]);
    let mut changed = first.clone();
    changed["spec"]["dockerImageRepository"] = json!("r");
    changed["metadata"]["labels"] = json!({"l": "v"});
    let changed = updated(Some(&first), &changed, &updater("edit"));
    let mut wanted = stream(json!({"dockerImageRepository": "q", "tags": [tag("b", "y")]}));
    wanted["metadata"] = json!({"name": "s", "labels": {"l": "w"}});
    let error = apply(Some(&changed), &wanted, &STREAM, &manager("other", Operation::Apply, 5), false).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Apply failed with 3 conflicts: conflicts with \"edit\" using image.openshift.io/v1:\n\
         - .metadata.labels.l\n\
         - .spec.dockerImageRepository\n\
         conflicts with \"kubectl\":\n\
         - .spec.tags[name=\"b\"].from"
    );
}

#[test]
fn force_takes_fields_from_their_owners() {
    let first = made(applied(None, json!({"tags": [tag("b", "x")]}), "kubectl", false).unwrap());
    let second = applied(Some(&first), json!({"tags": [tag("b", "y")]}), "other", true).unwrap();
    assert_eq!(second["spec"]["tags"], json!([tag("b", "y")]));
    let kubectl = json!({"f:spec": {"f:tags": {"k:{\"name\":\"b\"}": {".": {}, "f:name": {}}}}});
    assert_eq!(owners(&second)[0], own("kubectl", kubectl));
}

#[test]
fn what_was_there_before_has_an_owner_then() {
    let live = stream(json!({"dockerImageRepository": "x"}));
    let second = applied(Some(&live), json!({"tags": [tag("a", "x")]}), "one", false).unwrap();
    let before = json!({"f:spec": {"f:dockerImageRepository": {}}});
    assert_eq!(owners(&second)[1], own("before-first-apply", before));
    let error = applied(Some(&live), json!({"dockerImageRepository": "y"}), "one", false).unwrap_err();
    let words = "Apply failed with 1 conflict: conflict with \"before-first-apply\" using image.openshift.io/v1: \
                 .spec.dockerImageRepository";
    assert_eq!(error.to_string(), words);
}

#[test]
fn kubectl_takes_over_what_it_applied_as_a_client() {
    let note = json!({
        "kind": "ImageStream", "apiVersion": "image.openshift.io/v1",
        "metadata": {"name": "s"}, "spec": {"dockerImageRepository": "x"},
    });
    let mut live = stream(json!({"dockerImageRepository": "x"}));
    let name = "kubectl.kubernetes.io/last-applied-configuration";
    live["metadata"]["annotations"] = json!({name: note.to_string()});
    let live = updated(None, &live, &updater("kubectl-client-side-apply"));
    assert!(applied(Some(&live), json!({"dockerImageRepository": "y"}), "other", false).is_err());
    let object = applied(Some(&live), json!({"dockerImageRepository": "y"}), "kubectl", false).unwrap();
    assert_eq!(object["spec"]["dockerImageRepository"], "y");
    let noted = "{\"apiVersion\":\"image.openshift.io/v1\",\"kind\":\"ImageStream\",\"metadata\":{\"name\":\"s\"},\
                 \"spec\":{\"dockerImageRepository\":\"y\"}}\n";
    assert_eq!(object["metadata"]["annotations"][name], noted);
}

#[test]
fn the_order_that_is_applied_wins() {
    let live = stream(json!({"tags": [tag("b", "x"), tag("m", "x"), tag("a", "x")]}));
    let object = applied(Some(&live), json!({"tags": [tag("a", "x"), tag("n", "x"), tag("b", "x")]}), "one", true);
    let names: Vec<String> = object.unwrap()["spec"]["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["m", "a", "n", "b"]);
}

#[test]
fn what_cannot_be_applied_is_refused() {
    let refused = |wanted: Value| apply(None, &wanted, &STREAM, &manager("x", Operation::Apply, 1), false).unwrap_err();
    let mut wanted = stream(json!({}));
    wanted["metadata"] = json!({"name": "app", "namespace": "n", "managedFields": [{}]});
    assert_eq!(refused(wanted.clone()), ApplyError::Malformed("metadata.managedFields must be nil".to_owned()));
    wanted["metadata"]["managedFields"] = Value::Null;
    wanted["spec"] = json!({"nosuch": 1});
    let words = "failed to create typed patch object (n/app; image.openshift.io/v1, Kind=ImageStream): \
                 .spec.nosuch: field not declared in schema";
    assert_eq!(refused(wanted.clone()), ApplyError::Failed(words.to_owned()));
    wanted["spec"] = json!({"tags": [{"name": "a"}, {"name": "a"}], "lookupPolicy": {"local": "yes"}});
    let words = "failed to create typed patch object (n/app; image.openshift.io/v1, Kind=ImageStream): errors:\n  \
                 .spec.tags: duplicate entries for key [name=\"a\"]\n  \
                 .spec.lookupPolicy.local: expected boolean, got \"yes\"";
    assert_eq!(refused(wanted.clone()), ApplyError::Failed(words.to_owned()));
    wanted["spec"] = json!({"tags": [{"from": {}}]});
    assert!(refused(wanted.clone()).to_string().contains("omits all key fields [\"name\"]"));
    wanted["kind"] = json!("Image");
    let words = "invalid object type: image.openshift.io/v1, Kind=Image";
    assert_eq!(refused(wanted), ApplyError::Malformed(words.to_owned()));
}
