//! What becomes of content as time goes by.
//!
//! - [`eviction`]: cached content gives way to other cached content, once there is more of it than an operator allows.

pub(crate) mod eviction;
