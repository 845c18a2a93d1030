//! The effective configuration as a file that says all of it.

use std::path::Path;
use std::time::Duration;

use super::listener::SELF_SIGNED;
use super::{
    ByteSize, Cache, CertificateFiles, Config, HumanDuration, Import, Limits, Listener, Log, Mirror, MirrorPrefix,
    Names, Registry, Secrets, Storage, Tls, Upstreams,
};

impl Config {
    /// The configuration as TOML. Read back, it gives the same configuration.
    pub fn to_toml(&self) -> String {
        let Self { listeners, insecure, storage, names, registry, secrets, upstreams, cache, mirrored, limits, log } =
            self;
        let mut text = Toml(String::new());
        text.entry("insecure", &insecure.to_string());
        for listener in listeners {
            text.listener(listener);
        }
        text.storage(storage);
        text.names(names);
        text.registry(registry);
        text.secrets(secrets);
        text.upstreams(upstreams);
        text.cache(cache);
        for mirror in mirrored {
            text.mirrored(mirror);
        }
        text.limits(limits);
        text.log(log);
        text.0
    }
}

/// TOML that grows. Each section names all fields of its struct, so that a new field cannot be left out.
struct Toml(String);

impl Toml {
    fn section(&mut self, header: &str) {
        self.0.push('\n');
        self.0.push_str(header);
        self.0.push('\n');
    }

    fn entry(&mut self, key: &str, value: &str) {
        self.0.push_str(key);
        self.0.push_str(" = ");
        self.0.push_str(value);
        self.0.push('\n');
    }

    fn text(&mut self, key: &str, value: &str) {
        self.entry(key, &quoted(value));
    }

    fn path(&mut self, key: &str, value: &Path) {
        // Paths come from TOML, from variables that are text, or from a flag that must be UTF-8: nothing is lost.
        self.text(key, &value.to_string_lossy());
    }

    fn list<T: ToString>(&mut self, key: &str, items: &[T]) {
        let items: Vec<String> = items.iter().map(|item| quoted(&item.to_string())).collect();
        self.entry(key, &format!("[{}]", items.join(", ")));
    }

    fn duration(&mut self, key: &str, duration: Duration) {
        self.text(key, &HumanDuration(duration).to_string());
    }

    fn size(&mut self, key: &str, bytes: u64) {
        self.text(key, &ByteSize(bytes).to_string());
    }

    fn listener(&mut self, Listener { address, tls, mirror }: &Listener) {
        self.section("[[listener]]");
        self.text("address", &address.to_string());
        match tls {
            None => {}
            Some(Tls::SelfSigned) => self.text("tls", SELF_SIGNED),
            Some(Tls::Files(CertificateFiles { certificate, key })) => {
                self.path("tls.certificate", certificate);
                self.path("tls.key", key);
            }
        }
        if let Some(mirror) = mirror {
            self.text("mirror", mirror);
        }
    }

    fn storage(&mut self, Storage { data, metadata, cache, reserve }: &Storage) {
        self.section("[storage]");
        self.path("data", data);
        self.text("metadata", metadata.as_str());
        self.size("cache", *cache);
        self.size("reserve", *reserve);
    }

    fn names(&mut self, Names { internal, public }: &Names) {
        self.section("[names]");
        for (key, name) in [("internal", internal), ("public", public)] {
            if let Some(name) = name {
                self.text(key, name);
            }
        }
    }

    fn registry(&mut self, registry: &Registry) {
        let Registry { manifest_limit, sparse_images, sparse_indexes, upload_expiry, tag_history } = registry;
        self.section("[registry]");
        self.size("manifest_limit", *manifest_limit);
        self.entry("sparse_images", &sparse_images.to_string());
        self.entry("sparse_indexes", &sparse_indexes.to_string());
        self.text("upload_expiry", &HumanDuration(*upload_expiry).to_string());
        self.text("tag_history", tag_history.as_str());
    }

    fn secrets(&mut self, Secrets { key_file }: &Secrets) {
        self.section("[secrets]");
        if let Some(key_file) = key_file {
            self.path("key_file", key_file);
        }
    }

    fn upstreams(&mut self, upstreams: &Upstreams) {
        let Upstreams { allow, blocked, insecure, allow_addresses, ca_file, credentials_file, .. } = upstreams;
        let Upstreams { proxy, connections, requests_per_second, connect, first_byte, idle, retries, .. } = upstreams;
        let Upstreams { failures, pause, fill_grace, import, mirrors, .. } = upstreams;
        self.section("[upstreams]");
        self.list("allow", allow);
        self.list("blocked", blocked);
        self.list("insecure", insecure);
        self.list("allow_addresses", allow_addresses);
        for (key, file) in [("ca_file", ca_file), ("credentials_file", credentials_file)] {
            if let Some(file) = file {
                self.path(key, file);
            }
        }
        if let Some(proxy) = proxy {
            self.text("proxy", proxy.as_str());
        }
        self.entry("connections", &connections.to_string());
        self.entry("requests_per_second", &requests_per_second.to_string());
        self.duration("connect", *connect);
        self.duration("first_byte", *first_byte);
        self.duration("idle", *idle);
        self.entry("retries", &retries.to_string());
        self.entry("failures", &failures.to_string());
        self.duration("pause", *pause);
        self.duration("fill_grace", *fill_grace);
        self.import(import);
        for mirror in mirrors {
            self.mirror(mirror);
        }
    }

    fn import(&mut self, Import { automatic, legacy, tags, schedule, scheduled_per_minute, prefetch }: &Import) {
        self.section("[upstreams.import]");
        self.entry("automatic", &automatic.to_string());
        self.text("legacy", legacy.as_str());
        self.entry("tags", &tags.to_string());
        self.duration("schedule", *schedule);
        self.entry("scheduled_per_minute", &scheduled_per_minute.to_string());
        self.entry("prefetch", &prefetch.to_string());
    }

    fn mirror(&mut self, Mirror { source, mirrors, pull, contact_source }: &Mirror) {
        self.section("[[upstreams.mirror]]");
        self.text("source", source.as_str());
        self.list("mirrors", mirrors);
        self.text("pull", pull.as_str());
        self.entry("contact_source", &contact_source.to_string());
    }

    fn cache(&mut self, Cache { size }: &Cache) {
        self.section("[cache]");
        if let Some(size) = size {
            self.size("size", *size);
        }
    }

    fn mirrored(&mut self, mirror: &MirrorPrefix) {
        let MirrorPrefix { prefix, registry, fresh_for, patience, unknown_for, push, offline, prefetch } = mirror;
        self.section("[[mirror]]");
        self.text("prefix", prefix);
        self.text("registry", registry.as_str());
        self.duration("fresh_for", *fresh_for);
        self.duration("patience", *patience);
        self.duration("unknown_for", *unknown_for);
        self.entry("push", &push.to_string());
        self.entry("offline", &offline.to_string());
        self.entry("prefetch", &prefetch.to_string());
    }

    fn limits(&mut self, limits: &Limits) {
        let Limits { connections, requests, first_byte, idle, header_bytes, grace } = limits;
        self.section("[limits]");
        self.entry("connections", &connections.to_string());
        self.entry("requests", &requests.to_string());
        self.text("first_byte", &HumanDuration(*first_byte).to_string());
        self.text("idle", &HumanDuration(*idle).to_string());
        self.size("header_bytes", u64::try_from(*header_bytes).unwrap_or(u64::MAX));
        self.text("grace", &HumanDuration(*grace).to_string());
    }

    fn log(&mut self, Log { filter, format, access }: &Log) {
        self.section("[log]");
        self.text("filter", filter);
        self.text("format", format.as_str());
        self.entry("access", &access.to_string());
    }
}

/// `text` as a basic string.
fn quoted(text: &str) -> String {
    let inner: String = text.chars().map(escaped).collect();
    format!("\"{inner}\"")
}

fn escaped(character: char) -> String {
    match character {
        '"' | '\\' => format!("\\{character}"),
        control if control.is_control() => format!("\\u{:04X}", u32::from(control)),
        other => other.to_string(),
    }
}
