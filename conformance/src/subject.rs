//! What is put to the test.

use std::path::PathBuf;

use clap::Args;

/// What is put to the test: a Weir that each part starts for itself, or a registry that runs already.
#[derive(Debug, Args)]
pub(crate) struct Subject {
    /// The Weir to start; `conformance/run` passes the release build.
    #[arg(long, value_name = "PATH")]
    pub(crate) weir: Option<PathBuf>,
    /// Test the registry at this address, over plain HTTP, instead of a Weir. What only Weir has is then left out.
    #[arg(long, value_name = "HOST:PORT", global = true)]
    pub(crate) registry: Option<String>,
}
