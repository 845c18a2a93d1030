//! Calls over HTTP, and what their clients learn of them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};

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
    /// The calls that are under way, in the order in which they began.
    under_way: Mutex<BTreeMap<u64, UnderWay>>,
    number: AtomicU64,
}

/// A call that has not ended.
#[derive(Debug)]
struct UnderWay {
    began: Instant,
    method: Method,
    url: Url,
}

impl fmt::Display for UnderWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({:.1?})", self.method, self.url, self.began.elapsed())
    }
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

    /// The calls that are under way, the oldest first, with how long they have been.
    pub(crate) fn tell_under_way(&self) -> String {
        self.under_way().values().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    /// Notes a call until it ends.
    fn begin(&self, call: UnderWay) -> u64 {
        let number = self.number.fetch_add(1, Ordering::SeqCst);
        self.under_way().insert(number, call);
        number
    }

    /// A panic elsewhere leaves it whole.
    fn under_way(&self) -> MutexGuard<'_, BTreeMap<u64, UnderWay>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
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
        let end = match self.whole(request).await {
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

    async fn whole(&self, request: RequestBuilder) -> reqwest::Result<Reply> {
        let (client, request) = request.build_split();
        let request = request?;
        let (method, url) = (request.method().clone(), request.url().clone());
        let number = self.signals.begin(UnderWay { began: Instant::now(), method, url });
        let reply = read(client.execute(request)).await;
        self.signals.under_way().remove(&number);
        reply
    }
}

async fn read(answer: impl Future<Output = reqwest::Result<Response>>) -> reqwest::Result<Reply> {
    let answer = answer.await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    Ok(Reply { status, headers, body: answer.bytes().await? })
}
