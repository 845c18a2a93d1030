//! The APIs of Weir, over a real listener: one file for each endpoint and verb.
//!
//! Every test has a server of its own, with a data directory of its own, in this process. Nothing outlives a test.

mod apis;
mod cli;
mod faults;
#[cfg(feature = "fuzzing")]
mod fuzz_corpora;
mod harness;
mod harness_more;
mod model;
mod pull_through;
mod regressions;
mod server;
mod v2;
