//! What is held back: too many requests, too many connections, bodies that nobody wants, and panics.

use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use super::*;

#[tokio::test]
async fn a_download_counts_until_its_body_ends() {
    let server = start(&Limits { requests: 1, ..limits() }).await;
    let mut holder = server.connect().await;
    holder.get("/hold").await;
    holder.read_until("\r\n\r\n").await;

    let mut client = server.connect().await;
    client.get("/hello").await;
    let refused = client.read_until("}]}").await;
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert!(refused.contains("retry-after: 1\r\n") && refused.contains("\"code\":\"UNAVAILABLE\""), "{refused}");

    drop(holder);
    while !{
        client.get("/hello").await;
        client.read_until("\r\n\r\n").await.starts_with("HTTP/1.1 200 ")
    } {
        tokio::time::sleep(Duration::from_millis(5)).await;
        client = server.connect().await;
    }
}

#[tokio::test]
async fn an_upload_counts_while_its_body_is_read() {
    let server = start(&Limits { requests: 1, ..limits() }).await;
    let mut uploader = server.connect().await;
    uploader.put("/count", 4).await;
    uploader.send("we").await;
    tokio::time::sleep(Duration::from_millis(50)).await;

    let mut client = server.connect().await;
    client.get("/hello").await;
    assert!(client.read_until("}]}").await.starts_with("HTTP/1.1 503 "));

    uploader.send("ir").await;
    uploader.read_until("\r\n\r\n4").await;
    client.get("/hello").await;
    client.read_until("hello").await;
}

#[tokio::test]
async fn a_connection_above_the_limit_waits_for_another_to_end() {
    let server = start(&Limits { connections: 1, ..limits() }).await;
    let mut first = server.connect().await;
    first.get("/hello").await;
    first.read_until("hello").await;
    let mut second = server.connect().await;
    second.get("/hello").await;
    assert!(second.is_quiet_for(Duration::from_millis(100)).await);
    drop(first);
    second.read_until("hello").await;
}

#[tokio::test]
async fn a_panic_is_500_and_the_connection_goes_on() {
    let server = start(&limits()).await;
    let mut client = server.connect().await;
    client.get("/panic").await;
    let answer = client.read_until("}]}").await;
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    assert!(answer.contains("\"message\":\"internal error\"") && !answer.contains("as asked"), "{answer}");
    client.get("/hello").await;
    client.read_until("hello").await;
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_is_still_sending() {
    let server = start(&limits()).await;
    let mut client = server.connect().await;
    let body = vec![0; 20 << 20];
    client.put("/refuse", body.len()).await;
    client.send(&body).await;
    assert!(client.read_until("too large").await.starts_with("HTTP/1.1 413 "));
}

#[tokio::test]
async fn a_refusal_reaches_hypers_client_too() {
    let server = start(&limits()).await;
    let stream = server.connect().await.0;
    let (mut client, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let body = Full::new(Bytes::from(vec![0; 20 << 20]));
    let response = client.send_request(Request::put("/refuse").body(body).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "too large");
}

#[tokio::test]
async fn a_connection_is_kept_when_little_was_left_of_the_body() {
    let server = start(&limits()).await;
    let mut client = server.connect().await;
    client.put("/refuse", 100_000).await;
    client.read_until("too large").await;
    client.send(vec![0; 100_000]).await;
    client.get("/hello").await;
    client.read_until("hello").await;
}

#[tokio::test]
async fn a_client_that_asks_first_is_refused_before_it_sends() {
    let server = start(&limits()).await;
    let mut client = server.connect().await;
    client.send("PUT /refuse HTTP/1.1\r\nhost: weir\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n").await;
    let answer = client.read_until("too large").await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");

    let mut client = server.connect().await;
    client.send("PUT /count HTTP/1.1\r\nhost: weir\r\ncontent-length: 4\r\nexpect: 100-continue\r\n\r\n").await;
    client.read_until("HTTP/1.1 100 Continue\r\n\r\n").await;
    client.send("weir").await;
    client.read_until("\r\n\r\n4").await;
}
