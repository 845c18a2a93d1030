//! Which protocol a peer speaks that has not said so by ALPN.

use std::io;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The protocol of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// HTTP/1.0 or HTTP/1.1.
    Http1,
    /// HTTP/2, over TLS or with prior knowledge.
    Http2,
}

/// What a client of HTTP/2 sends first (RFC 9113, section 3.4).
const PREFACE: [u8; 24] = *b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Reads until it is clear what the peer speaks; returns what was read too.
///
/// It waits as long as the peer is silent, so callers set a deadline. hyper's own detection has none: a socket that
/// says nothing would be held for ever (hyperium/hyper#3962).
pub(super) async fn sniff(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<(Protocol, Bytes)> {
    let mut read = Vec::with_capacity(PREFACE.len());
    loop {
        let missing = PREFACE.len().saturating_sub(read.len());
        if stream.take(missing as u64).read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if !PREFACE.starts_with(&read) {
            return Ok((Protocol::Http1, read.into()));
        }
        if read.len() == PREFACE.len() {
            return Ok((Protocol::Http2, read.into()));
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    /// Sends pieces one by one: what was found, and everything that can still be read.
    async fn found(pieces: &[&[u8]]) -> (Protocol, Vec<u8>) {
        let (mut client, mut server) = tokio::io::duplex(64);
        let pieces: Vec<_> = pieces.iter().map(|piece| piece.to_vec()).collect();
        let sending = tokio::spawn(async move {
            for piece in pieces {
                client.write_all(&piece).await.unwrap();
                tokio::task::yield_now().await;
            }
        });
        let (protocol, read) = sniff(&mut server).await.unwrap();
        sending.await.unwrap();
        let mut all = read.to_vec();
        server.read_to_end(&mut all).await.unwrap();
        (protocol, all)
    }

    #[tokio::test]
    async fn a_request_line_is_http1() {
        let text = b"PUT / HTTP/1.1\r\n\r\n".as_slice();
        assert_eq!(found(&[text]).await, (Protocol::Http1, text.to_vec()));
        assert_eq!(found(&[b"P", b"R", b"OPFIND / HTTP/1.1\r\n\r\n"]).await.0, Protocol::Http1);
    }

    #[tokio::test]
    async fn the_preface_is_http2_in_whatever_pieces() {
        assert_eq!(found(&[&PREFACE, b"rest"]).await, (Protocol::Http2, [&PREFACE[..], b"rest"].concat()));
        assert_eq!(found(&[&PREFACE[..1], &PREFACE[1..20], &PREFACE[20..]]).await.0, Protocol::Http2);
    }

    #[tokio::test]
    async fn a_peer_that_leaves_is_an_error() {
        let (client, mut server) = tokio::io::duplex(64);
        drop(client);
        assert_eq!(sniff(&mut server).await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
