//! What holds where nothing is said. All defaults stand here, so that they can be read in one go.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::{
    Cache, Config, Import, ImportMode, Limits, Listener, Log, LogFormat, MetadataBackend, Names, Registry, Secrets,
    Storage, TagHistory, Upstreams,
};

const KIB: usize = 1024;
const MIB: u64 = 1024 * 1024;

impl Default for Config {
    fn default() -> Self {
        Self {
            listeners: vec![Listener {
                address: SocketAddr::from((Ipv4Addr::LOCALHOST, 5000)),
                tls: None,
                mirror: None,
            }],
            insecure: false,
            storage: Storage::default(),
            names: Names::default(),
            registry: Registry::default(),
            secrets: Secrets::default(),
            upstreams: Upstreams::default(),
            cache: Cache::default(),
            mirrored: Vec::new(),
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

impl Default for Upstreams {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            blocked: Vec::new(),
            insecure: Vec::new(),
            allow_addresses: Vec::new(),
            ca_file: None,
            credentials_file: None,
            proxy: None,
            connections: 16,
            // Docker Hub and Quay bear more; one that does not says so with 429, which is obeyed.
            requests_per_second: 50,
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(30),
            idle: Duration::from_secs(30),
            retries: 3,
            failures: 5,
            pause: Duration::from_secs(30),
            fill_grace: Duration::from_mins(10),
            import: Import::default(),
            mirrors: Vec::new(),
        }
    }
}

impl Default for Import {
    fn default() -> Self {
        // What OpenShift does if nothing is said.
        Self {
            automatic: true,
            legacy: ImportMode::Legacy,
            tags: 50,
            schedule: Duration::from_mins(15),
            scheduled_per_minute: 60,
            prefetch: false,
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
