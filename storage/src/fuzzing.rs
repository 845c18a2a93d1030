//! What fuzz targets call: each function takes any bytes, and fails where an invariant does not hold.

pub use crate::blob::filesystem::fuzzing::session;
pub use crate::metadata::journaled::fuzzing::journal;
