//! What fuzz targets call: each function takes any bytes, and fails where an invariant does not hold.
//!
//! They check more than the absence of panics: what is parsed prints and parses again, limits hold, and where a plain
//! second implementation is cheap it must agree. The targets of `conformance/fuzz` are thin wrappers, and the ordinary tests
//! run every file of its corpora through the same functions on a stable compiler.
//!
//! - [`route`], [`query`], [`range`]: what stands in the head of a request.
//! - [`name`], [`reference`], [`tag`], [`digest`]: what the path of a request names.
//! - [`manifest`], [`index`], [`image_config`]: documents that clients push, and the images made of them.
//! - [`protobuf`]: request bodies of typed clients.
//! - [`config`]: the operator's file.
//! - [`record`], [`journal`], [`session`]: what lies on the disk.
//! - [`upload`], [`image_stream`]: sequences of requests to a whole server without its sockets.

#![expect(
    clippy::missing_panics_doc,
    reason = "each panics where an invariant does not hold, and there is no more to say"
)]

mod config;
mod document;
mod documents;
mod image_config;
mod image_stream;
mod names;
mod protobuf;
mod query;
mod range;
mod record;
mod record_keys;
mod route;
mod server;
mod take;
mod upload;
mod upload_model;

pub use config::config;
pub use documents::{index, manifest};
pub use image_config::image_config;
pub use image_stream::image_stream;
pub use names::{digest, name, reference, tag};
pub use protobuf::protobuf;
pub use query::query;
pub use range::range;
pub use record::record;
pub use route::route;
pub use upload::upload;
pub use weir_storage::fuzzing::{journal, session};

/// A function that a fuzz target calls.
pub type Target = fn(&[u8]);

/// All targets, by the names of their programs and corpora.
pub const TARGETS: [(&str, Target); 17] = [
    ("config", config),
    ("digest", digest),
    ("image_config", image_config),
    ("image_stream", image_stream),
    ("index", index),
    ("journal", journal),
    ("manifest", manifest),
    ("name", name),
    ("protobuf", protobuf),
    ("query", query),
    ("range", range),
    ("record", record),
    ("reference", reference),
    ("route", route),
    ("session", session),
    ("tag", tag),
    ("upload", upload),
];
