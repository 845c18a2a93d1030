//! Attacks with bodies.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use super::wire::{Target, all_said, many, read_to_end, status};
use crate::api::Api;
use crate::content::Blob;

/// How long bodies trickle. They may go on for hours, so the attack ends by itself.
const TRICKLE: Duration = Duration::from_secs(4);

const REPOSITORY: &str = "attack/bodies";

/// Bodies that come byte by byte. They move, so they live; they must not cost the others anything.
pub(super) async fn slow_bodies(target: Target) -> Result<String> {
    let said = many(200, move |_| async move {
        let mut stream = target.connect().await?;
        stream.write_all(head(&format!("POST {}", uploads()), "content-length: 1000000").as_bytes()).await?;
        let began = Instant::now();
        while began.elapsed() < TRICKLE {
            stream.write_all(b"x").await?;
            sleep(Duration::from_millis(500)).await;
        }
        Ok("alive to the end".to_owned())
    })
    .await?;
    all_said(&said, &["alive to the end"])
}

/// Uploads that stop in the middle: sessions that rest, and requests that send no more.
pub(super) async fn unfinished(target: Target) -> Result<String> {
    let resting = many(300, move |_| async move {
        let mut stream = target.connect().await?;
        let begin = format!("POST /v2/{REPOSITORY}/blobs/uploads/");
        let answer = ask(&mut stream, head(&begin, "content-length: 0").as_bytes()).await?;
        let location = answer.lines().find_map(|line| line.strip_prefix("location: ")).context("no location")?;
        let length = 256 << 10;
        let mut patch = head(&format!("PATCH {location}"), &format!("content-length: {length}")).into_bytes();
        patch.resize(patch.len() + length, 7);
        Ok(status(&ask(&mut stream, &patch).await?).to_owned())
    })
    .await?;
    let stuck = many(100, move |_| async move {
        let mut stream = target.connect().await?;
        stream.write_all(head(&format!("POST {}", uploads()), "content-length: 100000000").as_bytes()).await?;
        stream.write_all(&vec![7; 256 << 10]).await?;
        let answer = read_to_end(&mut stream, target.deadline()).await?;
        Ok(if answer.is_empty() { "cut off".to_owned() } else { status(&answer).to_owned() })
    })
    .await?;
    let resting = all_said(&resting, &["202"])?;
    Ok(format!("chunks: {resting}; stuck requests: {}", all_said(&stuck, &["cut off", "408", "400"])?))
}

/// Clients that ask for a large blob, and do not read it.
pub(super) async fn unread_downloads(target: Target, blob: Blob) -> Result<String> {
    let length = blob.bytes.len();
    let path = format!("GET /v2/{REPOSITORY}/blobs/{}", blob.digest);
    let said = many(48, move |_| {
        let head = head(&path, "x-attack: unread");
        async move {
            let mut stream = target.connect().await?;
            stream.write_all(head.as_bytes()).await?;
            // Nothing moves any more once the buffers of both sides are full.
            sleep(target.deadline()).await;
            let mut read = 0;
            let mut buffer = vec![0; 1 << 20];
            loop {
                match stream.read(&mut buffer).await {
                    Ok(0) | Err(_) => break,
                    Ok(count) => read += count,
                }
                ensure!(read < length, "after {:?} the whole blob is still served", target.deadline());
            }
            ensure!(read > 0, "there is no answer");
            Ok("cut off".to_owned())
        }
    })
    .await?;
    all_said(&said, &["cut off"])
}

/// Chunks whose sizes are followed by more than anybody has to say about them, and trailers without end.
pub(super) async fn chunk_extensions(target: Target) -> Result<String> {
    let extension = format!("5;{}\r\nhello\r\n0\r\n\r\n", "e".repeat(8 << 20));
    let many_extensions = format!("1;{}\r\nx\r\n", "e".repeat(1000)).repeat(8_000);
    let trailers = format!("0\r\n{}\r\n", "x-trailer: some\r\n".repeat(200_000));
    let bodies = [extension, many_extensions, trailers];
    let said = many(24, move |number| {
        let bytes = head(&format!("POST {}", uploads()), "transfer-encoding: chunked") + &bodies[number % bodies.len()];
        async move { Ok(status(&target.exchange(bytes.as_bytes()).await?).to_owned()) }
    })
    .await?;
    all_said(&said, &["400", "413", "431", "none"])
}

/// Something to download.
pub(super) async fn push_large(api: &Api, size: usize) -> Result<Blob> {
    let blob = Blob::new(crate::content::LAYER, crate::content::Noise::new("unread").bytes(size));
    api.push_blob(REPOSITORY, &blob).await?;
    Ok(blob)
}

/// Sends a request, and reads the head of its answer.
async fn ask(stream: &mut TcpStream, request: &[u8]) -> Result<String> {
    stream.write_all(request).await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        ensure!(stream.read_buf(&mut answer).await? > 0, "the connection ends before an answer");
    }
    Ok(String::from_utf8(answer)?)
}

fn uploads() -> String {
    let digest = "0".repeat(64);
    format!("/v2/{REPOSITORY}/blobs/uploads/?digest=sha256:{digest}")
}

fn head(request: &str, header: &str) -> String {
    format!("{request} HTTP/1.1\r\nhost: weir\r\ncontent-type: application/octet-stream\r\n{header}\r\n\r\n")
}
