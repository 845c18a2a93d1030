//! Being written.
pub struct DataDirectory;
