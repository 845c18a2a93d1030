//! What a running server tells its operator.

pub(crate) mod cache;
pub(crate) mod fills;
pub(crate) mod imports;
pub mod logs;
pub mod metrics;
pub(crate) mod mirrors;
pub(crate) mod upstreams;
