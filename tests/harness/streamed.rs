//! An answer whose body is still coming, as that of a watch.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::task::JoinHandle;

/// An answer whose head is there. The connection closes when it is dropped.
#[derive(Debug)]
pub(crate) struct Streamed {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Incoming,
    /// What came of a line that has no end yet.
    begun: Vec<u8>,
    driver: JoinHandle<hyper::Result<()>>,
}

impl Streamed {
    pub(super) fn new(answer: http::Response<Incoming>, driver: JoinHandle<hyper::Result<()>>) -> Self {
        let (head, body) = answer.into_parts();
        Self { status: head.status, headers: head.headers, body, begun: Vec::new(), driver }
    }

    /// The next piece of the body; `None` at its end.
    pub(crate) async fn piece(&mut self) -> Option<hyper::Result<Bytes>> {
        loop {
            match self.body.frame().await? {
                Ok(frame) => {
                    if let Ok(bytes) = frame.into_data() {
                        return Some(Ok(bytes));
                    }
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// The next line of the body; `None` where it ends or breaks off.
    pub(crate) async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.begun.iter().position(|byte| *byte == b'\n') {
                let rest = self.begun.split_off(end + 1);
                let line = std::mem::replace(&mut self.begun, rest);
                return Some(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            let piece = self.piece().await?.ok()?;
            self.begun.extend(piece);
        }
    }
}

impl Drop for Streamed {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
