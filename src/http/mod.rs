//! HTTP: listeners and their connections, the stack that every request passes, and the bodies on both sides.
//!
//! # From socket to handler
//!
//! [`listener`] accepts, under a limit of connections, and gives each connection a task. [`connection`] finds out what
//! the peer speaks (HTTP/1.1 or HTTP/2, within a deadline), drives it, and closes it when it stalls or the server stops.
//! Each request then goes through the layers of [`stack`] to the handler.
//!
//! A **handler** is any `tower::Service` from `Request<`[`RequestBody`]`>` to
//! `Response<`[`Body`]`>` that never fails: an error is a response too. It sees neither sockets nor hyper, so
//! tests call it directly. It finds [`Peer`] and [`RequestId`] among the request's extensions, and leaves an
//! [`Endpoint`] among those of its response.
//!
//! A handler may be dropped at any `await`: that is how it learns that its client has left. Work that must be finished
//! once begun is given to a task of its own.
//!
//! # What bounds memory
//!
//! A connection without a request costs some 20 KiB: its task, and a read buffer of 8 KiB. With HTTP/1 that buffer grows
//! to 1 MiB while a body streams in, and falls back after it; at most
//! [`requests`](crate::config::Limits::requests) requests are served at a time. With HTTP/2 a stream may have 1 MiB and a
//! connection 4 MiB under way that no handler has read; what belongs to refused requests is discarded at once. What a
//! client is slow to take is held up to 512 KiB and a chunk a response. So it is about `requests` × 1 MiB in, half as much
//! out, and [`connections`](crate::config::Limits::connections) × 20 KiB.

pub(crate) mod apis;
pub(crate) mod app;
pub mod body;
mod call;
pub(crate) mod dispatch;
pub mod listener;
pub(crate) mod query;
mod respond;
pub mod stack;
pub(crate) mod v2;

mod access_log;
mod catch_panic;
mod connection;
mod drain;
mod error_chain;
mod extension;
mod idle;
mod limit;
mod observe;
mod pace;
mod record;
mod refusal;
mod request_id;
mod service;
mod sniff;
mod socket;
mod tls;

#[cfg(test)]
mod tests;

pub(crate) use body::{Body, RequestBody};
pub(crate) use call::{Call, Head};
pub use extension::{Endpoint, Peer, Scheme};
pub use request_id::RequestId;
pub use tls::{OwnTls, TlsError};
