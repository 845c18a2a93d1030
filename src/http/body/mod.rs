//! Bodies: what a handler reads and what it answers with.
//!
//! [`RequestBody`] comes from a connection or, in a test, from memory. [`Body`] is empty, whole in memory, or a stream.

mod request;
mod response;

pub use request::{DataStream, ReadError, RequestBody, RequestBodyError};
pub use response::{Body, LengthError};

/// An error of any kind, as hyper and tower pass them.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
