//! Literal bytes over a socket: what no well-behaved client sends.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::Reply;

/// A connection on which nothing is sent but what the test says.
#[derive(Debug)]
pub(crate) struct RawConnection {
    socket: BufReader<TcpStream>,
    what: String,
}

impl RawConnection {
    pub(super) async fn open(address: SocketAddr) -> Self {
        Self { socket: BufReader::new(TcpStream::connect(address).await.unwrap()), what: String::new() }
    }

    /// Sends bytes as they are.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        if self.what.is_empty() {
            self.what = String::from_utf8_lossy(bytes).lines().next().unwrap_or_default().to_owned();
        }
        self.socket.write_all(bytes).await.unwrap();
    }

    /// Sends a request's head, with `Host` and the blank line added to `lines`.
    pub(crate) async fn send_head(&mut self, lines: &[&str]) {
        self.send(format!("{}\r\nHost: weir\r\n\r\n", lines.join("\r\n"))).await;
    }

    /// Ends what is sent, and goes on listening.
    pub(crate) async fn end(&mut self) {
        self.socket.shutdown().await.unwrap();
    }

    /// Reads an answer: its head, and as much body as its `Content-Length` says.
    pub(crate) async fn reply(&mut self) -> Reply {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.socket.read_u8().await.expect("the connection holds until the answer is there"));
        }
        let (status, headers) = parse(&String::from_utf8(head).unwrap());
        let length = headers.get("content-length").map_or(0, |length| length.to_str().unwrap().parse().unwrap());
        let mut body = vec![0; length];
        self.socket.read_exact(&mut body).await.unwrap();
        Reply { what: self.what.clone(), status, headers, body: Bytes::from(body) }
    }

    /// Reads until the server closes, without looking at what it says.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.socket.read_to_end(&mut rest).await.unwrap();
        rest
    }
}

fn parse(head: &str) -> (StatusCode, HeaderMap) {
    let mut lines = head.split("\r\n").filter(|line| !line.is_empty());
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(':').unwrap();
        (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value.trim()).unwrap())
    });
    (status, headers.collect())
}
