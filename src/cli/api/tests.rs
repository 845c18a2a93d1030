//! A server that answers what each test says, and what the client makes of its answers.

use reqwest::Url;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// A status, and a body.
pub(in crate::cli) type Answer = (u16, String);

/// What was asked: `METHOD path`, and the body.
pub(in crate::cli) type Asked = (String, Value);

/// A server on a port of its own that gives each of `answers` to one request, and then tells what was asked.
pub(in crate::cli) async fn server(answers: Vec<Answer>) -> (Url, tokio::task::JoinHandle<Vec<Asked>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let serving = tokio::spawn(async move {
        let mut asked = Vec::new();
        for (status, body) in answers {
            let (mut socket, _) = listener.accept().await.unwrap();
            asked.push(request(&mut socket).await);
            let head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
            socket.write_all((head + &body).as_bytes()).await.unwrap();
        }
        asked
    });
    (url, serving)
}

async fn request(socket: &mut TcpStream) -> Asked {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |text| text.parse().unwrap());
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await.unwrap();
    let line = head.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
    (line, serde_json::from_slice(&body).unwrap_or_default())
}

/// A client for a server, in the namespace `team`.
pub(in crate::cli) fn client(server: Url) -> Client {
    Connection::to(server).client(&Scope::of("team")).unwrap()
}

/// A refusal as the API has it.
pub(in crate::cli) fn refusal(code: u16, reason: &str, message: &str) -> Answer {
    (code, json!({"kind": "Status", "code": code, "reason": reason, "message": message}).to_string())
}

#[tokio::test]
async fn pages_of_a_list_are_one() {
    let page = |name: &str, next: &str| {
        (
            200,
            json!({"metadata": {"resourceVersion": "5", "continue": next}, "items": [{"metadata": {"name": name}}]})
                .to_string(),
        )
    };
    let (url, serving) = server(vec![page("a", "x y"), page("b", "")]).await;
    let list = client(url).list(IMAGE_STREAM, Some("n"), &[("labelSelector", "a=b")], Accept::Object).await.unwrap();
    assert_eq!(list["items"].as_array().map(Vec::len), Some(2));
    let asked: Vec<String> = serving.await.unwrap().into_iter().map(|(line, _)| line).collect();
    let first = "GET /apis/image.openshift.io/v1/namespaces/n/imagestreams?labelSelector=a%3Db&limit=500";
    assert_eq!(asked, [first.to_owned(), format!("{first}&continue=x+y")]);
}

#[tokio::test]
async fn answers_that_are_none_are_said() {
    let get = async |answer: Answer| {
        let (url, _serving) = server(vec![answer]).await;
        let place = Place::default().named("app");
        client(url).get(IMAGE_STREAM, place, Accept::Object).await.unwrap_err()
    };
    let missing = get(refusal(404, "NotFound", "imagestreams.image.openshift.io \"app\" not found")).await;
    assert_eq!(missing.code(), Some(404));
    let told = "Error from server (NotFound): imagestreams.image.openshift.io \"app\" not found";
    assert_eq!(Failure::from(missing).to_string(), told);
    let told = get((200, "<html>".to_owned())).await.to_string();
    assert!(told.starts_with("error: the answer of http://127.0.0.1:"), "{told}");
    assert!(get((200, "[]".to_owned())).await.to_string().ends_with("cannot be read: it is no object"));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let (url, serving) = server(Vec::new()).await;
    serving.await.unwrap();
    let place = Place::default().named("app");
    let error = client(url.clone()).get(IMAGE_STREAM, place, Accept::Object).await.unwrap_err();
    assert_eq!(error.code(), None);
    let told = error.to_string();
    assert!(told.starts_with(&format!("Unable to connect to the server: no answer from {url}: ")), "{told}");
}

#[tokio::test]
async fn events_come_line_by_line() {
    let events = "{\"type\":\"ADDED\",\"object\":{\"a\":1}}\n\n{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,\
                  \"reason\":\"Expired\",\"message\":\"too old\"}}\n";
    let (url, serving) = server(vec![(200, events.to_owned())]).await;
    let mut watch = client(url).watch(IMAGE_STREAM, &[("resourceVersion", "7")], Accept::Object).await.unwrap();
    let event = watch.next().await.unwrap().unwrap();
    assert_eq!((event.kind.as_str(), event.object), ("ADDED", json!({"a": 1})));
    let error = watch.next().await.unwrap_err();
    assert_eq!((error.code(), error.to_string().as_str()), (Some(410), "Error from server (Expired): too old"));
    assert!(watch.next().await.unwrap().is_none());
    let asked = serving.await.unwrap();
    assert!(asked[0].0.ends_with("/namespaces/team/imagestreams?resourceVersion=7&watch=true"), "{}", asked[0].0);
}
