//! Attacks with heads and connections.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use super::wire::{Target, all_said, many, read_to_end, status};

const CONNECTIONS: usize = 200;
/// A second between two bytes.
const DRIP: Duration = Duration::from_secs(1);

/// Heads that come byte by byte and never end.
pub(super) async fn slow_heads(target: Target) -> Result<String> {
    let said = many(CONNECTIONS, move |_| async move {
        let stream = target.connect().await?;
        let (mut read, mut write) = stream.into_split();
        let began = Instant::now();
        let dripping = tokio::spawn(async move {
            while write.write_all(b"G").await.is_ok() {
                sleep(DRIP).await;
            }
        });
        let mut answer = Vec::new();
        let ended = tokio::time::timeout(target.deadline(), read.read_to_end(&mut answer)).await;
        dripping.abort();
        ensure!(ended.is_ok(), "after {:?} a head that does not end is still read", began.elapsed());
        let answer = String::from_utf8_lossy(&answer).into_owned();
        Ok(if answer.is_empty() { "cut off".to_owned() } else { status(&answer).to_owned() })
    })
    .await?;
    all_said(&said, &["cut off", "408", "400"])
}

/// Clients that close their side: before, in and after a head, and in the middle of a body.
pub(super) async fn half_closed(target: Target) -> Result<String> {
    const HEAD: &[u8] = b"GET /v2/victim/app/manifests/v1 HTTP/1.1\r\nhost: weir\r\n\r\n";
    const BODY: &[u8] = b"POST /v2/attack/half/blobs/uploads/?digest=sha256:\
          0000000000000000000000000000000000000000000000000000000000000000 HTTP/1.1\r\nhost: weir\r\n\
          content-type: application/octet-stream\r\ncontent-length: 100000\r\n\r\nhalf of a body";
    let cases: [(&str, &[u8], &[&str]); 4] = [
        ("before a head", b"", &["none"]),
        ("in a head", b"GET /v2/ HTTP/1.1\r\nhost:", &["none", "400"]),
        // A server may take that for a client that has left.
        ("after a head", HEAD, &["200", "none"]),
        ("in a body", BODY, &["none", "400"]),
    ];
    let mut told = Vec::new();
    for (name, bytes, allowed) in cases {
        let said = many(CONNECTIONS / 4, move |_| async move {
            let mut stream = target.connect().await?;
            stream.write_all(bytes).await?;
            stream.shutdown().await?;
            Ok(status(&read_to_end(&mut stream, target.deadline()).await?).to_owned())
        })
        .await?;
        told.push(format!("{name} {}", all_said(&said, allowed)?));
    }
    Ok(told.join("; "))
}

/// Heads above the limit: one long line, many lines, a long path.
pub(super) async fn huge_heads(target: Target) -> Result<String> {
    let long = "a".repeat(100 << 10);
    let mut lines = String::new();
    for number in 0..10_000 {
        write!(lines, "x-{number}: {number}\r\n")?;
    }
    let heads = [
        format!("GET /v2/ HTTP/1.1\r\nhost: weir\r\nx-long: {long}\r\n\r\n"),
        format!("GET /v2/ HTTP/1.1\r\nhost: weir\r\n{lines}\r\n"),
        format!("GET /v2/{long} HTTP/1.1\r\nhost: weir\r\n\r\n"),
        // Never ends: it must be refused while it comes.
        format!("GET /v2/ HTTP/1.1\r\nhost: weir\r\n{}", format!("x: {}\r\n", "b".repeat(1000)).repeat(1_000)),
    ];
    let said = many(CONNECTIONS, move |number| {
        let head = heads[number % heads.len()].clone();
        async move { Ok(status(&target.exchange(head.as_bytes()).await?).to_owned()) }
    })
    .await?;
    // What is written while the server closes resets the connection, and the answer may be lost with it.
    let told = all_said(&said, &["431", "414", "400", "none"])?;
    ensure!(said.iter().any(|said| said == "431"), "nobody is told 431: {told}");
    Ok(told)
}

/// A thousand connections that say nothing, some after an answer, and some that begin with TLS and stop.
pub(super) async fn idle_connections(target: Target) -> Result<String> {
    const HELLO: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    let said = many(1_000, move |number| async move {
        let (mut stream, patience) = match number % 4 {
            0 => {
                let mut stream = TcpStream::connect(target.tls).await?;
                stream.write_all(HELLO).await?;
                (stream, target.first_byte)
            }
            1 => {
                let mut stream = target.connect().await?;
                stream.write_all(b"GET /v2/ HTTP/1.1\r\nhost: weir\r\n\r\n").await?;
                (stream, target.deadline())
            }
            _ => (target.connect().await?, target.first_byte),
        };
        let answer = read_to_end(&mut stream, patience + Duration::from_secs(3)).await?;
        ensure!((number % 4 == 1) == (status(&answer) == "200"), "{number} is told {answer:?}");
        Ok("cut off".to_owned())
    })
    .await?;
    all_said(&said, &["cut off"])
}

/// Bodies that are not as long as they say, or say it twice.
pub(super) async fn wrong_lengths(target: Target) -> Result<String> {
    const POST: &str = "POST /v2/attack/length/blobs/uploads/ HTTP/1.1\r\nhost: weir\r\n";
    let cases: [(String, &[&str]); 6] = [
        (format!("{POST}content-length: -1\r\n\r\n"), &["400"]),
        (format!("{POST}content-length: 99999999999999999999999\r\n\r\n"), &["400"]),
        (format!("{POST}content-length: 3\r\ncontent-length: 4\r\n\r\nabcd"), &["400"]),
        // To be read as one or the other, never as both (RFC 9112, section 6.1).
        (format!("{POST}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"), &["400", "202"]),
        // What follows the body is read as the next request, and is none.
        (format!("{POST}content-length: 0\r\n\r\nthis is no request\r\n\r\n"), &["202"]),
        (format!("{POST}transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n"), &["400", "202", "none"]),
    ];
    let mut told = Vec::new();
    for (bytes, allowed) in cases {
        let said = many(CONNECTIONS / 4, move |_| {
            let bytes = bytes.clone();
            async move { Ok(status(&target.exchange(bytes.as_bytes()).await?).to_owned()) }
        })
        .await?;
        told.push(all_said(&said, allowed)?);
    }
    Ok(told.join("; "))
}

/// Requests without end on a few connections, whose answers nobody reads for a while.
pub(super) async fn pipelining(target: Target) -> Result<String> {
    const REQUEST: &[u8] = b"GET /v2/victim/app/manifests/v1 HTTP/1.1\r\nhost: weir\r\n\r\n";
    const BATCH: usize = 10_000;
    // Well above what the kernel keeps for both ends.
    const MOST: usize = 64 << 20;
    let said = many(8, move |_| async move {
        let mut stream = target.connect().await?;
        let batch = REQUEST.repeat(BATCH);
        let mut sent = 0;
        while let Ok(written) = tokio::time::timeout(target.idle / 2, stream.write_all(&batch)).await {
            if written.is_err() {
                break;
            }
            sent += batch.len();
            // One that takes them all has to keep the answers.
            ensure!(sent < MOST, "{} MiB of requests were taken though no answer was read", sent >> 20);
        }
        // By now the server waits for its answers to be read; the first of them are there.
        let mut answers = vec![0; 1 << 16];
        let count = stream.read(&mut answers).await?;
        Ok(status(&String::from_utf8_lossy(&answers[..count])).to_owned())
    })
    .await?;
    all_said(&said, &["200"])
}
