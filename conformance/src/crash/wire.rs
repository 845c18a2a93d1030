//! Calls over HTTP, and what their clients learn of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, StatusCode};

use crate::api::Api;

/// What the run tells its clients, and what it counts of them.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    /// Between which two crashes this is.
    pub(crate) shift: u64,
    /// Clients end after the call that they are at.
    stop: AtomicBool,
    /// The machine is about to lose its power: what is answered from now on may not count.
    frozen: AtomicBool,
    /// The server was killed, or is about to be: small uploads may be gone.
    killed: AtomicBool,
    answered: AtomicU64,
    lost: AtomicU64,
}

impl Signals {
    pub(crate) fn new(shift: u64) -> Self {
        Self { shift, ..Self::default() }
    }

    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    pub(crate) fn stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    pub(crate) fn kill(&self) {
        self.killed.store(true, Ordering::SeqCst);
    }

    pub(crate) fn killed(&self) -> bool {
        self.killed.load(Ordering::SeqCst)
    }

    pub(crate) fn freeze(&self) {
        self.frozen.store(true, Ordering::SeqCst);
    }

    /// How many calls were answered, and how many answers were lost.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.answered.load(Ordering::SeqCst), self.lost.load(Ordering::SeqCst))
    }
}

/// A client's end of the connection.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    pub(crate) api: Api,
    pub(crate) signals: Arc<Signals>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        Some(self.headers.get(name)?.to_str().ok()?.to_owned())
    }
}

/// A call and its end.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) began: Instant,
    pub(crate) end: End,
}

#[derive(Debug)]
pub(crate) enum End {
    Answered {
        at: Instant,
        reply: Reply,
    },
    /// Nobody listened: it had no effect.
    Refused,
    /// It broke off; its effect is not known.
    Lost,
}

impl Wire {
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.api.request(method, path)
    }

    /// Makes a call. An answer counts only where it was here before the freeze.
    pub(crate) async fn call(&self, request: RequestBuilder) -> Exchange {
        let began = Instant::now();
        let end = match whole(request).await {
            Ok(reply) => {
                let at = Instant::now();
                let counts = !self.signals.frozen.load(Ordering::SeqCst);
                if counts { End::Answered { at, reply } } else { End::Lost }
            }
            Err(error) if error.is_connect() => End::Refused,
            Err(_) => End::Lost,
        };
        match end {
            End::Answered { .. } => self.signals.answered.fetch_add(1, Ordering::SeqCst),
            End::Lost => self.signals.lost.fetch_add(1, Ordering::SeqCst),
            End::Refused => 0,
        };
        Exchange { began, end }
    }
}

async fn whole(request: RequestBuilder) -> reqwest::Result<Reply> {
    let answer = request.send().await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    Ok(Reply { status, headers, body: answer.bytes().await? })
}
