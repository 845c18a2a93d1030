//! What a running server tells its operator.

pub(crate) mod cache;
pub mod logs;
pub mod metrics;
pub(crate) mod upstreams;
