//! What a running server tells its operator.

pub mod logs;
pub mod metrics;
pub(crate) mod upstreams;
