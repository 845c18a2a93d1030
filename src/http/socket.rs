//! The socket of a connection: it notes what moves, and lingers when it is closed under a client that still sends.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_rustls::server::TlsStream;

use super::drain::{DRAIN_BYTES, DRAIN_TIME};
use super::idle::Activity;
use super::sniff::Protocol;

/// How much is thrown away at once while lingering.
const SCRATCH: usize = 8 * 1024;

/// Up to this size, what lies in several places is copied together: the system takes longer to look at each of them.
const TOGETHER: usize = 4 * 1024;

/// A TCP stream that is watched.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    /// Read before it was known who reads.
    prefix: Bytes,
    activity: Arc<Activity>,
    closing: Closing,
}

/// How far a socket is with being closed.
#[derive(Debug)]
enum Closing {
    /// Not yet.
    No,
    /// Our side is closed. A socket that is closed for good with unread bytes in it resets the connection, and the reset
    /// can overtake the last answer (a 413, a 431) in a client that is busy sending; so they are read first.
    Lingering { left: u64, deadline: Pin<Box<Sleep>> },
    /// For good.
    Done,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, activity: Arc<Activity>) -> Self {
        Self { stream, prefix: Bytes::new(), activity, closing: Closing::No }
    }

    /// Has these bytes read again before those that come.
    pub(super) fn put_back(&mut self, prefix: Bytes) {
        self.prefix = prefix;
    }

    /// Goes on without lingering: HTTP/2 tells its peer in frames when it ends.
    pub(super) fn speaks(&mut self, protocol: Protocol) {
        if protocol == Protocol::Http2 {
            self.closing = Closing::Done;
        }
    }

    /// Throws away what comes until the client closes its side, or a bound is reached.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Closing::Lingering { left, deadline } = &mut self.closing else {
            return Poll::Ready(());
        };
        let mut scratch = [0; SCRATCH];
        while *left > 0 && deadline.as_mut().poll(cx).is_pending() {
            let mut scratch = ReadBuf::new(&mut scratch);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut scratch)) {
                Ok(()) if !scratch.filled().is_empty() => {
                    *left = left.saturating_sub(scratch.filled().len() as u64);
                }
                // The end, or an error, which for a connection that is over is the same.
                Ok(()) | Err(_) => break,
            }
        }
        self.closing = Closing::Done;
        Poll::Ready(())
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.prefix.is_empty() {
            let length = self.prefix.len().min(buffer.remaining());
            buffer.put_slice(&self.prefix[..length]);
            self.prefix.advance(length);
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let read = buffer.filled().len().saturating_sub(before);
        if read > 0 {
            self.activity.received(read);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.activity.sent(written);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut together = [0; TOGETHER];
        let written = match join(slices, &mut together) {
            Some(bytes) => ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?,
            None => ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, slices))?,
        };
        self.activity.sent(written);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if matches!(self.closing, Closing::No | Closing::Done) {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        }
        if matches!(self.closing, Closing::No) {
            self.closing = if self.activity.mid_request() {
                Closing::Lingering { left: DRAIN_BYTES, deadline: Box::pin(sleep_until(Instant::now() + DRAIN_TIME)) }
            } else {
                Closing::Done
            };
        }
        self.poll_linger(cx).map(Ok)
    }
}

/// The slices one behind the other, if they fit.
fn join<'a>(slices: &[IoSlice<'_>], into: &'a mut [u8]) -> Option<&'a [u8]> {
    let mut end = 0_usize;
    for slice in slices {
        let start = end;
        end = start.checked_add(slice.len())?;
        into.get_mut(start..end)?.copy_from_slice(slice);
    }
    into.get(..end)
}

/// A connection's bytes: those of the socket, or what TLS makes of them.
///
/// One type for both, so that hyper is compiled once.
#[derive(Debug)]
pub(super) enum Transport {
    /// Plain text.
    Plain(Socket),
    /// TLS. Boxed, because it is large.
    Tls(Box<TlsStream<Socket>>),
}

impl AsyncRead for Transport {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
