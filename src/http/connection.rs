//! One connection, from its first byte to its end.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::error_chain::error_chain;
use super::extension::{Peer, Scheme};
use super::idle::{Activity, PING_EVERY, TICKS, Verdict, Watchdog};
use super::service::ConnectionService;
use super::sniff::{Protocol, sniff};
use super::socket::{Socket, Transport};
use super::stack::Application;
use crate::config::Limits;

/// Uploads are fastest with a read buffer of this size: half of it costs throughput, four times as much falls out of the
/// processor's cache. hyper begins with 8 KiB and grows only while bodies fill it.
const READ_BUFFER: usize = 1 << 20;

/// Streams at a time; what Go's server and nginx allow is of the same order, and clients open far fewer.
const STREAMS: u32 = 200;

/// What a client may send on a stream before somebody reads it: as much as HTTP/1 reads at once.
const STREAM_WINDOW: u32 = 1 << 20;

/// The same for a connection: four uploads at full speed, which is more than clients run at a time by default.
const CONNECTION_WINDOW: u32 = 4 << 20;

/// Serves connections: what they all have in common.
#[derive(Debug)]
pub(super) struct Connections {
    http1: http1::Builder,
    http2: http2::Builder<Tracked>,
    first_byte: Duration,
    idle: Duration,
    grace: Duration,
    stop: CancellationToken,
}

impl Connections {
    /// Connections end in good order when `stop` is cancelled; streams of HTTP/2 are tasks of `tasks`.
    pub(super) fn new(limits: &Limits, tasks: TaskTracker, stop: CancellationToken) -> Self {
        Self {
            http1: http1_builder(limits),
            http2: http2_builder(limits, tasks),
            first_byte: limits.first_byte,
            idle: limits.idle,
            grace: limits.grace,
            stop,
        }
    }

    /// Serves a connection to its end.
    pub(super) async fn serve<A: Application>(
        &self,
        application: A,
        stream: TcpStream,
        (listener, peer): (usize, SocketAddr),
        tls: Option<Arc<ServerConfig>>,
    ) {
        let activity = Arc::<Activity>::default();
        let scheme = if tls.is_some() { Scheme::Https } else { Scheme::Http };
        let opening = tokio::time::timeout(self.first_byte, open(Socket::new(stream, Arc::clone(&activity)), tls));
        let (protocol, transport) = match self.stop.run_until_cancelled(opening).await {
            Some(Ok(Ok(opened))) => opened,
            Some(Ok(Err(error))) => {
                return tracing::debug!(client.address = %peer, %error, "a peer did not open");
            }
            Some(Err(_)) => {
                return tracing::debug!(client.address = %peer, "a peer was silent for too long");
            }
            None => return,
        };
        let watchdog = Watchdog::new(Arc::clone(&activity), protocol, self.idle);
        let service = ConnectionService { application, peer: Peer { address: peer, scheme, listener }, activity };
        let io = TokioIo::new(transport);
        let conversation = match protocol {
            Protocol::Http1 => Conversation::Http1(Box::pin(self.http1.serve_connection(io, service))),
            Protocol::Http2 => Conversation::Http2(Box::pin(self.http2.serve_connection(io, service))),
        };
        match self.drive(conversation, watchdog).await {
            End::Closed => {}
            End::Failed(error) => {
                tracing::debug!(client.address = %peer, error = error_chain(&error), "a connection failed");
            }
            End::Stalled => {
                tracing::debug!(client.address = %peer, "cut a connection on which nothing moved");
            }
            End::Stopped => {
                tracing::info!(client.address = %peer, "cut a connection that outlasted the grace period");
            }
        }
    }

    /// Drives a connection until it ends by itself, stalls, or the server has stopped for longer than the grace period.
    async fn drive<A: Application>(&self, mut conversation: Conversation<A>, mut watchdog: Watchdog) -> End {
        // Each connection has a token of its own: all waiting on one would contend for its lock at every wake.
        let stop = self.stop.child_token();
        let mut ticks = interval((self.idle / TICKS).max(Duration::from_millis(1)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.reset();
        loop {
            tokio::select! {
                biased;
                result = poll_fn(|cx| conversation.poll(cx)) => return result.map_or_else(End::Failed, |()| End::Closed),
                () = stop.cancelled() => break,
                _ = ticks.tick() => match watchdog.look() {
                    Verdict::Alive => {}
                    Verdict::Finish => conversation.finish(),
                    Verdict::Cut => return End::Stalled,
                },
            }
        }
        conversation.finish();
        tokio::select! {
            biased;
            result = poll_fn(|cx| conversation.poll(cx)) => result.map_or_else(End::Failed, |()| End::Closed),
            () = sleep(self.grace) => End::Stopped,
        }
    }
}

/// How a connection ended.
enum End {
    /// In good order.
    Closed,
    /// The peer broke the protocol, or left.
    Failed(hyper::Error),
    /// Nothing moved on it.
    Stalled,
    /// The server had stopped, and this went on.
    Stopped,
}

/// Does what comes before HTTP: the handshake of TLS, or finding out what a plain peer speaks.
async fn open(mut socket: Socket, tls: Option<Arc<ServerConfig>>) -> io::Result<(Protocol, Transport)> {
    let Some(config) = tls else {
        let (protocol, read) = sniff(&mut socket).await?;
        socket.put_back(read);
        socket.speaks(protocol);
        return Ok((protocol, Transport::Plain(socket)));
    };
    let mut stream = TlsAcceptor::from(config).accept(socket).await?;
    let (socket, session) = stream.get_mut();
    let protocol = if session.alpn_protocol() == Some(b"h2") { Protocol::Http2 } else { Protocol::Http1 };
    socket.speaks(protocol);
    Ok((protocol, Transport::Tls(Box::new(stream))))
}

fn http1_builder(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        // The watchdog gives up heads that trickle in: hyper would start a timer for each request.
        .header_read_timeout(None)
        .max_buf_size(READ_BUFFER)
        .max_header_size(limits.header_bytes);
    builder
}

fn http2_builder(limits: &Limits, tasks: TaskTracker) -> http2::Builder<Tracked> {
    let mut builder = http2::Builder::new(Tracked(tasks));
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_EVERY);
    // The limits on streams that a peer opens and resets at once stay as h2 sets them.
    builder
}

/// Runs the streams of HTTP/2 as tasks that the server waits for.
#[derive(Debug, Clone)]
struct Tracked(TaskTracker);

impl<F> hyper::rt::Executor<F> for Tracked
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, future: F) {
        self.0.spawn(future);
    }
}

type Io = TokioIo<Transport>;

/// A connection that hyper drives.
enum Conversation<A: Application> {
    Http1(Pin<Box<http1::Connection<Io, ConnectionService<A>>>>),
    Http2(Pin<Box<http2::Connection<Io, ConnectionService<A>, Tracked>>>),
}

impl<A: Application> Conversation<A> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        match self {
            Self::Http1(connection) => connection.as_mut().poll(cx),
            Self::Http2(connection) => connection.as_mut().poll(cx),
        }
    }

    /// Lets requests that have begun go on, and takes no more.
    fn finish(&mut self) {
        match self {
            Self::Http1(connection) => connection.as_mut().graceful_shutdown(),
            Self::Http2(connection) => connection.as_mut().graceful_shutdown(),
        }
    }
}
