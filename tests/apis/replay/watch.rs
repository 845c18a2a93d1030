//! Answers that end, and those that go on until somebody has seen enough.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::time::timeout;

use crate::harness::{Call, Streamed};

/// How long an answer, or an event that was recorded, may take.
const PATIENCE: Duration = Duration::from_secs(4);

/// How long to wait for an event that was not recorded.
const SURPLUS: Duration = Duration::from_millis(150);

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// Reads an answer to its end, or as far as it comes.
pub(super) async fn read(call: Call) -> Answer {
    let mut answer = call.open().await;
    let mut body = Vec::new();
    while let Ok(Some(Ok(piece))) = timeout(PATIENCE, answer.piece()).await {
        body.extend_from_slice(&piece);
    }
    Answer { status: answer.status, headers: std::mem::take(&mut answer.headers), body }
}

/// The events of a watch: as many as were recorded, and any that come right behind them. One that ends by itself is read
/// to its end.
pub(super) async fn events(mut watch: Streamed, recorded: usize, ends: bool) -> (Answer, Vec<Value>) {
    let mut events = Vec::new();
    loop {
        let patience = if events.len() < recorded || ends { PATIENCE } else { SURPLUS };
        let Ok(Some(line)) = timeout(patience, watch.line()).await else { break };
        events.push(serde_json::from_str(&line).unwrap_or(Value::String(line)));
    }
    let headers = std::mem::take(&mut watch.headers);
    (Answer { status: watch.status, headers, body: Vec::new() }, events)
}
