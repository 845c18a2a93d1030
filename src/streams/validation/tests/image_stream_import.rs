//! `TestValidateImageStreamImport`. Its rows of names are those of streams.

use serde_json::{Value, json};

use super::{DIGEST, texts};
use crate::streams::object::read;
use crate::streams::validation::import;

fn named(name: &str, namespace: &str) -> Vec<String> {
    let spec = json!({"repository": {"from": {"kind": "DockerImage", "name": "redis"}}});
    let object = json!({"metadata": {"name": name, "namespace": namespace}, "spec": spec});
    texts(&import::check(&read(object).unwrap()))
}

fn of_import(spec: &Value) -> Vec<String> {
    let object = json!({"metadata": {"name": "foo", "namespace": "ns"}, "spec": spec});
    texts(&import::check(&read(object).unwrap()))
}

fn of_repository(name: &str) -> Vec<String> {
    of_import(&json!({"repository": {"from": {"kind": "DockerImage", "name": name}}}))
}

fn image(kind: &str, name: &str) -> Value {
    json!({"from": {"kind": kind, "name": name}, "importPolicy": {"scheduled": true}})
}

fn invalid_name(name: &str, rule: &str) -> [String; 1] {
    [format!("metadata.name: Invalid value: \"{name}\": {rule}")]
}

fn invalid_repository(name: &str, rule: &str) -> [String; 1] {
    [format!("spec.repository.from.name: Invalid value: \"{name}\": {rule}")]
}

#[test]
fn missing_name() {
    assert_eq!(named("", "foo"), ["metadata.name: Required value: name or generateName is required"]);
}

#[test]
fn no_slash_in_name() {
    assert_eq!(named("foo/bar", "foo"), invalid_name("foo/bar", "may not contain '/'"));
}

#[test]
fn no_percent_in_name() {
    assert_eq!(named("foo%%bar", "foo"), invalid_name("foo%%bar", "may not contain '%'"));
}

#[test]
fn other_invalid_name() {
    assert_eq!(named("foo bar", "foo"), invalid_name("foo bar", "must match \"[a-z0-9]+(?:[._-][a-z0-9]+)*\""));
}

#[test]
fn missing_namespace() {
    assert_eq!(named("foo", ""), ["metadata.namespace: Required value"]);
}

#[test]
fn invalid_namespace() {
    let told = named("foo", "!$");
    assert!(told[0].starts_with("metadata.namespace: Invalid value: \"!$\": "), "{told:?}");
    assert_eq!(told.len(), 1);
}

#[test]
fn invalid_docker_image_repository() {
    assert_eq!(of_repository("a-|///bbb"), invalid_repository("a-|///bbb", "invalid reference format"));
    let none = "spec.repository.from.name: Required value: container image references require a name";
    assert_eq!(of_repository(""), [none]);
}

#[test]
fn invalid_docker_image_repository_with_tag() {
    let rule = "you must specify an image repository, not a tag or ID";
    assert_eq!(of_repository("a/b:tag"), invalid_repository("a/b:tag", rule));
}

#[test]
fn invalid_docker_image_repository_with_id() {
    let odd = "a/b@sha256:something";
    assert_eq!(of_repository(odd), invalid_repository(odd, "invalid reference format"));
    let by_digest = format!("a/b@{DIGEST}");
    let rule = "you must specify an image repository, not a tag or ID";
    assert_eq!(of_repository(&by_digest), invalid_repository(&by_digest, rule));
}

#[test]
fn only_docker_image_tags_can_be_scheduled() {
    let images = [
        image("DockerImage", "abc"),
        image("DockerImage", "abc@badid"),
        image("ImageStreamTag", "other:latest"),
        image("ImageStreamImage", "other@latest"),
    ];
    let wanted = [
        "spec.images[1].from.name: Invalid value: \"abc@badid\": invalid reference format",
        "spec.images[2].from.kind: Invalid value: \"ImageStreamTag\": only DockerImage is supported",
        "spec.images[3].from.kind: Invalid value: \"ImageStreamImage\": only DockerImage is supported",
    ];
    assert_eq!(of_import(&json!({"images": images})), wanted);
}

#[test]
fn valid() {
    assert_eq!(named("foo", "namespace"), [""; 0]);
    assert_eq!(of_import(&json!({"images": [image("DockerImage", "*")]})), [""; 0], "a search of old clients");
}

#[test]
fn valid_scheduled_docker_image_sha_digest_ref() {
    assert_eq!(of_import(&json!({"images": [image("DockerImage", &format!("abc@{DIGEST}"))]})), [""; 0]);
}

#[test]
fn shortest_name_components() {
    assert_eq!(named("g", "f"), [""; 0]);
}

#[test]
fn all_possible_characters_used() {
    let (name, namespace) =
        ("abcdefghijklmnopqrstuvwxyz-1234567890.dot_underscore-dash", "abcdefghijklmnopqrstuvwxyz-1234567890");
    assert_eq!(named(name, namespace), [""; 0]);
}

#[test]
fn max_name_and_namespace_length_met() {
    assert_eq!(named(&"b".repeat(191), &"a".repeat(63)), [""; 0]);
}

#[test]
fn max_name_and_namespace_length_exceeded() {
    let name = format!("x{}", "b".repeat(191));
    let rule = "'namespace/name' cannot be longer than 255 characters";
    assert_eq!(named(&name, &"a".repeat(63)), invalid_name(&name, rule));
}

const MODE: &str = "invalid import mode, valid modes are '', 'Legacy', 'PreserveOriginal'";

#[test]
fn invalid_image_import_mode() {
    let odd = json!({"from": {"kind": "DockerImage", "name": "abc"}, "importPolicy": {"importMode": "Invalid"}});
    let wanted = format!("spec.images[0].importPolicy.importMode: Invalid value: \"Invalid\": {MODE}");
    assert_eq!(of_import(&json!({"images": [odd]})), [wanted]);
}

#[test]
fn invalid_repository_import_mode() {
    let odd = json!({"from": {"kind": "DockerImage", "name": "abc"}, "importPolicy": {"importMode": "Invalid"}});
    let wanted = format!("spec.repository.importPolicy.importMode: Invalid value: \"Invalid\": {MODE}");
    assert_eq!(of_import(&json!({"repository": odd})), [wanted]);
}

#[test]
fn a_target_has_a_name_and_something_is_imported() {
    let untagged = json!({"images": [{"from": {"kind": "DockerImage", "name": "abc"}, "to": {}}]});
    let wanted = "spec.images[0].to.name: Invalid value: \"\": the name of the target tag must be specified";
    assert_eq!(of_import(&untagged), [wanted]);
    assert!(of_import(&json!({}))[0].ends_with("you must specify at least one image or a repository import"));
}
