//! What is spoken: HTTP/1.1 and HTTP/2, plain and over TLS.

use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for S {}

fn request(path: &str) -> Request<Empty<Bytes>> {
    Request::get(format!("https://localhost{path}")).body(Empty::new()).unwrap()
}

async fn text(response: Response<hyper::body::Incoming>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

/// Asks twice on one connection of HTTP/1.1.
async fn ask_http1(stream: impl Stream) -> String {
    let (mut client, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let hello = client.send_request(request("/hello")).await.unwrap();
    assert_eq!(hello.headers()["content-length"], "5");
    assert_eq!(text(hello).await, "hello");
    text(client.send_request(request("/who")).await.unwrap()).await
}

/// Asks twice at a time on one connection of HTTP/2.
async fn ask_http2(stream: impl Stream) -> String {
    let (mut client, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut other = client.clone();
    let (hello, who) = tokio::join!(client.send_request(request("/hello")), other.send_request(request("/who")));
    assert_eq!(text(hello.unwrap()).await, "hello");
    text(who.unwrap()).await
}

async fn connect_tls(server: &Server, protocol: &[u8]) -> TlsStream<TcpStream> {
    let (_, roots) = server.tls.as_ref().unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_root_certificates(roots.clone()).with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TcpStream::connect(server.address).await.unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

#[tokio::test]
async fn both_versions_are_served_in_plain_text() {
    let server = start(&limits()).await;
    let stream = server.connect().await.0;
    let own = stream.local_addr().unwrap();
    assert_eq!(ask_http1(stream).await, format!("{own} by http with HTTP/1.1"));
    let stream = server.connect().await.0;
    let own = stream.local_addr().unwrap();
    assert_eq!(ask_http2(stream).await, format!("{own} by http with HTTP/2.0"));
}

#[tokio::test]
async fn both_versions_are_served_over_tls() {
    let server = start_tls(&limits()).await;
    let who = ask_http1(connect_tls(&server, b"http/1.1").await).await;
    assert!(who.ends_with("by https with HTTP/1.1"), "{who}");
    let who = ask_http2(connect_tls(&server, b"h2").await).await;
    assert!(who.ends_with("by https with HTTP/2.0"), "{who}");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = start(&limits()).await;
    let mut client = server.connect().await;
    client.send("GET /slow HTTP/1.1\r\nhost: weir\r\n\r\nGET /hello HTTP/1.1\r\nhost: weir\r\n\r\n").await;
    let answers = client.read_until("hello").await;
    assert!(answers.find("at last") < answers.find("hello"), "{answers}");
}

#[tokio::test]
async fn headers_that_are_too_large_are_431() {
    let server = start(&limits()).await;
    let padding = "a".repeat(64 * 1024);
    let mut client = server.connect().await;
    client.send(format!("GET /hello HTTP/1.1\r\nhost: weir\r\npadding: {padding}\r\n\r\n")).await;
    let answer = client.read_to_end().await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");

    let stream = server.connect().await.0;
    let (mut client, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut large = request("/hello");
    large.headers_mut().insert("padding", "a".repeat(12 * 1024).parse().unwrap());
    assert_eq!(client.send_request(large).await.unwrap().status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
}

#[tokio::test]
async fn every_request_is_counted_under_its_endpoint() {
    let server = start(&limits()).await;
    let mut client = server.connect().await;
    client.put("/count", 4).await;
    client.send("weir").await;
    client.read_until("\r\n\r\n4").await;
    client.get("/absent").await;
    client.read_until("\r\n\r\n").await;
    client.get("/hello").await;
    client.read_until("hello").await;
    let text = server.metrics.encode().unwrap();
    for line in [
        "weir_http_requests_total{endpoint=\"test\",method=\"PUT\",status=\"2xx\"} 1\n",
        "weir_http_requests_total{endpoint=\"unmatched\",method=\"GET\",status=\"4xx\"} 1\n",
        "weir_http_received_bytes_total{endpoint=\"test\"} 4\n",
        "weir_http_requests_in_flight 0\n",
    ] {
        assert!(text.contains(line), "no {line} in\n{text}");
    }
}
