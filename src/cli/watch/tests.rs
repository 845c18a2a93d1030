//! A watch goes on where it broke.

use clap::Parser;
use serde_json::Value;

use super::super::api::tests::{Answer, client, refusal, server};
use super::*;

#[derive(Debug, Parser)]
struct CommandOf {
    #[command(flatten)]
    arguments: Arguments,
}

fn arguments(line: &str) -> Result<Arguments, clap::Error> {
    let line = CommandOf::try_parse_from(["watch"].into_iter().chain(line.split_whitespace()))?;
    Ok(line.arguments)
}

fn list(revision: &str, names: &[(&str, &str)]) -> Answer {
    let items: Vec<Value> =
        names.iter().map(|(name, revision)| json!({"metadata": {"name": name, "resourceVersion": revision}})).collect();
    (200, json!({"metadata": {"resourceVersion": revision}, "items": items}).to_string())
}

fn events(events: &[(&str, &str, &str)]) -> Answer {
    let line = |(kind, name, revision): &(&str, &str, &str)| {
        let object = json!({"metadata": {"name": name, "resourceVersion": revision}});
        format!("{}\n", json!({"type": kind, "object": object}))
    };
    (200, events.iter().map(line).collect())
}

/// Runs a watch until the server has given all its answers and refuses; what was asked.
async fn asked(line: &str, answers: Vec<Answer>) -> (String, Vec<String>) {
    let (url, serving) = server(answers).await;
    let arguments = arguments(line).unwrap();
    let (kind, name) = arguments.target().unwrap();
    let client = client(url);
    let mut watcher = Watcher::new(&arguments, &client, kind, name);
    watcher.wait = Duration::from_millis(1);
    let failure = watcher.run().await.unwrap_err().to_string();
    let asked = serving.await.unwrap().into_iter();
    let query = asked.map(|(line, _)| line.split_once('?').map_or(String::new(), |(_, query)| query.to_owned()));
    (failure, query.collect())
}

#[tokio::test]
async fn an_ended_watch_goes_on_from_the_last_revision() {
    let stop = refusal(403, "Forbidden", "stop");
    let answers =
        vec![list("5", &[("a", "3")]), events(&[("MODIFIED", "a", "7"), ("BOOKMARK", "", "9")]), events(&[]), stop];
    let (failure, asked) = asked("is -o name", answers).await;
    assert_eq!(failure, "Error from server (Forbidden): stop");
    let watch = |revision| format!("allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion={revision}&watch=true");
    assert_eq!(asked, ["limit=500".to_owned(), watch(5), watch(9), watch(9)]);
}

#[tokio::test]
async fn an_expired_revision_is_read_anew() {
    let stop = refusal(403, "Forbidden", "stop");
    let answers = vec![list("5", &[]), refusal(410, "Expired", "too old"), list("20", &[]), stop];
    let (_, asked) = asked("istag app:v1 -o name", answers).await;
    assert_eq!(asked[0], "fieldSelector=metadata.name%3Dapp%3Av1&limit=500");
    assert_eq!(asked[2], asked[0]);
    assert!(asked[3].contains("resourceVersion=20"), "{}", asked[3]);
}

#[tokio::test]
async fn a_server_that_fails_is_asked_again_later() {
    let stop = refusal(403, "Forbidden", "stop");
    let answers = vec![list("5", &[]), refusal(503, "ServiceUnavailable", "busy"), refusal(500, "", "oh"), stop];
    let (_, asked) = asked("is -o name", answers).await;
    assert_eq!(asked.len(), 4);
    assert_eq!(asked[1], asked[3]);
}

#[test]
fn one_thing_is_watched_at_a_time() {
    let told = |line: &str| arguments(line).unwrap().target().unwrap_err().to_string();
    assert_eq!(told("is,istag"), "error: you may only watch a single resource or type of resource at a time");
    assert_eq!(told("pods"), "error: the server doesn't have a resource type \"pods\"");
    assert!(arguments("is a b").is_err());
}

#[test]
fn all_lines_are_aligned() {
    let row = |name: &str| json!({"cells": [name, "r"], "object": {"metadata": {"name": name}}});
    let columns = json!([{"name": "Name", "priority": 0}, {"name": "Reference", "priority": 0}]);
    let change = |kind: &str, name: &str| Change { kind: kind.to_owned(), object: row(name) };
    let mut printer = table::Printer::new(table::Shown::default(), String::new());
    let first = printer.lines(&table_of(vec![change("ADDED", "app:latest"), change("ADDED", "app:v1")], Some(columns)));
    let then = printer.lines(&table_of(vec![change("MODIFIED", "app:v1")], None));
    let expected = "EVENT      NAME         REFERENCE\n\
                    ADDED      app:latest   r\n\
                    ADDED      app:v1       r\n\
                    MODIFIED   app:v1       r\n";
    assert_eq!(first + &then, expected);
}
