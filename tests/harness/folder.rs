//! Where the data of tests lie.

use std::fs;

use tempfile::TempDir;

/// What all tests that run at once need, many times over.
const ENOUGH_KIB: u64 = 1024 * 1024;

/// A folder that is removed with its contents: in memory where there is enough of it, since the hundreds of folders of
/// each new blob store take longer on a disk than most tests. Who sets `TMPDIR` decides.
pub(super) fn temporary() -> TempDir {
    let in_memory = std::env::var_os("TMPDIR").is_none() && memory_is_large();
    let folder = if in_memory { tempfile::tempdir_in("/dev/shm") } else { tempfile::tempdir() };
    folder.unwrap()
}

/// Whether `/dev/shm` is there and holds enough. Containers have a small one by default, with its size among its options;
/// a mount without one may take half of the memory.
fn memory_is_large() -> bool {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let mount = mounts.lines().find_map(|line| line.strip_prefix("tmpfs /dev/shm tmpfs "));
    mount.is_some_and(|options| {
        let size = options.split([',', ' ']).find_map(|option| option.strip_prefix("size="));
        let kib = |size: &str| size.strip_suffix('k')?.parse::<u64>().ok();
        size.is_none_or(|size| kib(size).is_some_and(|kib| kib >= ENOUGH_KIB))
    })
}
