//! `weir history` against a server that answers what each test says.

use reqwest::Url;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// An answer: its head after the version, and its body.
type Answer = (&'static str, String);

/// A server on a port of its own that gives `answers` to one request each, and then tells which paths were asked for.
async fn server(answers: Vec<Answer>) -> (Url, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let serving = tokio::spawn(async move {
        let mut asked = Vec::new();
        for (head, body) in answers {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(socket.read_u8().await.unwrap());
            }
            let answer =
                format!("HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            socket.write_all(answer.as_bytes()).await.unwrap();
            let request = String::from_utf8(request).unwrap();
            asked.push(request.split(' ').nth(1).unwrap().to_owned());
        }
        asked
    });
    (url, serving)
}

fn event(second: u8, kind: &str, cause: &str) -> Value {
    json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": format!("sha256:{}", format!("{second:02x}").repeat(32)),
        "size": 500,
        "annotations": {
            "org.opencontainers.distribution.tag.timestamp": format!("2026-01-02T03:04:{second:02}.5Z"),
            "org.opencontainers.distribution.tag.event": kind,
            "dev.weir.tag.cause": cause,
            "dev.weir.tag.actor": "anonymous",
        },
    })
}

fn page(events: &[Value]) -> String {
    json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": events}).to_string()
}

async fn history(answers: Vec<Answer>, limit: u32) -> (Result<History, Failure>, Vec<String>) {
    let (server, serving) = server(answers).await;
    let arguments = Arguments {
        target: "team/app:v1".parse().unwrap(),
        connection: Connection::to(server),
        n: NonZeroU32::new(limit).unwrap(),
        output: Format::Table,
    };
    let history = fetch(&arguments).await;
    (history, serving.await.unwrap())
}

async fn refused(head: &'static str, body: &str) -> String {
    let (history, _) = history(vec![(head, body.to_owned())], 5).await;
    let failure = history.unwrap_err();
    assert_eq!(failure.code(), 1);
    failure.to_string()
}

#[tokio::test]
async fn events_become_a_table() {
    let events = [event(40, "deleted", "delete"), event(2, "created", "push")];
    let (history, asked) = history(vec![("200 OK", page(&events))], 5).await;
    assert_eq!(asked, ["/v2/team/app/_oci/tag-history/v1?n=5"]);
    let now = "2026-01-02T05:04:41Z".parse().unwrap();
    let expected = "\
WHEN                  AGE  EVENT    DIGEST        CAUSE   ACTOR
2026-01-02T03:04:40Z  2h   deleted  282828282828  delete  anonymous
2026-01-02T03:04:02Z  2h   created  020202020202  push    anonymous
";
    assert_eq!(table::render(&history.unwrap(), now), expected);
}

#[tokio::test]
async fn pages_are_followed_until_there_are_enough() {
    let link = "200 OK\r\nlink: </v2/team/app/_oci/tag-history/v1?n=2&before=x>; rel=\"next\"";
    let first = page(&[event(9, "created", "push"), event(8, "created", "push")]);
    let second = page(&[event(7, "created", "push"), event(6, "created", "push")]);
    let (history, asked) = history(vec![(link, first), (link, second)], 3).await;
    let history = history.unwrap();
    assert_eq!(asked.last().unwrap(), "/v2/team/app/_oci/tag-history/v1?n=2&before=x");
    assert_eq!(history.events.len(), 3);
    assert!(table::render(&history, Timestamp::now()).ends_with("There are older events: -n NUMBER shows more.\n"));
    let index: Value = serde_json::from_str(&history.to_json().unwrap()).unwrap();
    assert_eq!(index["schemaVersion"], 2);
    assert_eq!(index["manifests"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn an_empty_page_ends_the_history() {
    let link = "200 OK\r\nlink: <?before=x>; rel=next";
    let answers = vec![(link, page(&[event(9, "created", "push")])), (link, page(&[]))];
    let (history, asked) = history(answers, 50).await;
    let history = history.unwrap();
    assert_eq!((history.events.len(), asked.len()), (1, 2));
    assert!(!history.has_more);
}

#[tokio::test]
async fn a_link_to_another_server_is_not_followed() {
    let link = "200 OK\r\nlink: <http://192.0.2.1/x>; rel=next";
    let told = refused(link, &page(&[event(9, "created", "push")])).await;
    assert!(told.contains("points to another place"), "{told}");
}

#[tokio::test]
async fn a_tag_without_history_is_said_plainly() {
    let told = refused("200 OK", &page(&[])).await;
    assert!(told.starts_with("team/app:v1 has no history on http://127.0.0.1:"), "{told}");
    let body = json!({"errors": [{"code": "NAME_UNKNOWN", "message": "no such repository"}]}).to_string();
    let told = refused("404 Not Found", &body).await;
    assert!(told.starts_with("team/app:v1 has no history on "), "{told}");
    assert!(told.ends_with("(NAME_UNKNOWN: no such repository)"), "{told}");
}

#[tokio::test]
async fn errors_of_the_server_are_shown() {
    let body = json!({"errors": [{"code": "TOOMANYREQUESTS", "message": "slow\u{1b}[2J down", "detail": null}]});
    let told = refused("429 Too Many Requests", &body.to_string()).await;
    assert!(told.ends_with(" answered 429 Too Many Requests: TOOMANYREQUESTS: slow\u{fffd}[2J down"), "{told}");
    let told = refused("404 Not Found", "404 page not found").await;
    assert!(told.ends_with(" answered 404 Not Found: it offers no tag history"), "{told}");
    let told = refused("200 OK", "<html>").await;
    assert!(told.starts_with("the server's answer is no OCI index: "), "{told}");
    let told = refused("200 OK", "{}").await;
    assert_eq!(told, "the server's answer is no OCI index: it has no list of manifests");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let (server, serving) = server(Vec::new()).await;
    serving.await.unwrap();
    let target = "team/app:v1".parse().unwrap();
    let failure = Client::new(&Connection::to(server.clone())).unwrap().history(&target, 1).await.unwrap_err();
    assert!(failure.to_string().starts_with(&format!("no answer from {server}: ")), "{failure}");
}
