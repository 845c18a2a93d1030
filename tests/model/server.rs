//! The server under test, and its restarts.

use std::path::Path;
use std::sync::Arc;

use weir::config::MetadataBackend;
use weir_storage::ManualClock;

use crate::harness::Weir;

/// Where metadata lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Backend {
    Memory,
    Sled,
}

/// How the server calls itself, wherever it listens.
pub(super) const HOST: &str = "weir.test:5000";

/// When sequences begin, in seconds since 1970.
pub(super) const BEGIN: u64 = 1_800_000_000;

/// A server whose clock moves when the test says so.
pub(super) fn start(backend: Backend, sparse: bool, clock: &Arc<ManualClock>) -> Weir {
    Weir::at(clock.clone(), |config| {
        config.storage.metadata = match backend {
            Backend::Memory => MetadataBackend::Memory,
            Backend::Sled => MetadataBackend::Sled,
        };
        // Many servers start in a test; each needs little.
        config.storage.cache = 1 << 20;
        config.storage.reserve = 0;
        config.names.internal = Some(HOST.to_owned());
        config.registry.sparse_images = sparse;
        config.registry.sparse_indexes = sparse;
    })
}

/// Goes on with the files as they lie there while the server still has them open, as a crash of the process leaves them.
/// The server that ran until then ends with files that nobody looks at any more.
pub(super) fn crash(weir: &mut Weir, crashes: usize) {
    let data = weir.data().to_owned();
    let left = data.with_file_name(format!("crash-{crashes}"));
    copy(&data, &left);
    weir.restart_with(|config| config.storage.data = left);
    std::fs::remove_dir_all(data).unwrap();
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, target) = entry.map(|entry| (entry.path(), to.join(entry.file_name()))).unwrap();
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}
