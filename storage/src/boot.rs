//! Which start of the machine this is.
//!
//! What a process wrote and did not sync outlives the process, in the system's cache, but not surely the machine. So
//! whoever leaves such files behind writes down in which boot that was, and whoever finds them compares.

use std::sync::LazyLock;

/// Where Linux tells it.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// The name of this boot. Where the system does not tell, each process counts as one of another boot.
pub(crate) fn id() -> &'static str {
    static ID: LazyLock<String> = LazyLock::new(|| {
        let told = std::fs::read_to_string(BOOT_ID);
        told.map_or_else(|_| uuid::Uuid::new_v4().to_string(), |id| id.trim().to_owned())
    });
    &ID
}
