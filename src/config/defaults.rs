//! What holds where nothing is said. All defaults stand here, so that they can be read in one go.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::{Config, Limits, Listener, Log, LogFormat, MetadataBackend, Names, Registry, Secrets, Storage, TagHistory};

const KIB: usize = 1024;
const MIB: u64 = 1024 * 1024;

impl Default for Config {
    fn default() -> Self {
        Self {
            listeners: vec![Listener { address: SocketAddr::from((Ipv4Addr::LOCALHOST, 5000)), tls: None }],
            insecure: false,
            storage: Storage::default(),
            names: Names::default(),
            registry: Registry::default(),
            secrets: Secrets::default(),
            limits: Limits::default(),
            log: Log::default(),
        }
    }
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            data: PathBuf::from("./weir-data"),
            metadata: MetadataBackend::Sled,
            cache: 64 * MIB,
            // Enough for the journal to write on, and for an operator to see what happened.
            reserve: 64 * MIB,
        }
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            // The specification asks registries to accept at least this much.
            manifest_limit: 4 * MIB,
            // Clients push the index of a multi-platform image after copying only some of its platforms.
            sparse_images: true,
            sparse_indexes: true,
            upload_expiry: Duration::from_hours(24),
            tag_history: TagHistory::Draft,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            requests: 1024,
            first_byte: Duration::from_secs(10),
            idle: Duration::from_mins(1),
            header_bytes: 64 * KIB,
            // What Kubernetes waits before it kills a container.
            grace: Duration::from_secs(30),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: LogFormat::Text, access: true }
    }
}
