//! The configuration: what an operator may say, and the checked form in which everything else reads it.
//!
//! Nothing has to be said: [`Config::default`] serves `127.0.0.1:5000` from `./weir-data`. What is said comes from three
//! layers, the later over the earlier: one TOML file, environment variables, and the flags of the command line.
//!
//! The layers are merged into one tree whose nodes remember their place ([`tree`]); the sections read themselves from it
//! ([`reader`]), and every mistake of every layer is collected, so that one attempt shows all of them ([`mistake`]).
//! A [`Config`] that exists has been checked. Reading it touches the file system only to see whether TLS files are there.
//!
//! An environment variable is the key in capitals behind `WEIR__`, with two underscores between its parts:
//! `WEIR__STORAGE__DATA`, `WEIR__LISTENER__0__ADDRESS`, `WEIR__INSECURE`.

mod cache;
mod defaults;
mod document;
mod duration;
mod environment;
mod flags;
mod hint;
mod limits;
mod listener;
mod load;
mod log;
mod mirror_prefix;
mod mistake;
mod names;
mod reader;
mod registry;
mod secrets;
mod setting;
mod show;
mod size;
mod storage;
#[cfg(test)]
mod tests;
mod tree;
mod upstreams;

pub use cache::Cache;
pub use duration::{HumanDuration, InvalidDuration};
pub use environment::PREFIX as ENVIRONMENT_PREFIX;
pub use flags::Flags;
pub use limits::Limits;
pub use listener::{CertificateFiles, Listener, Tls};
pub use load::Sources;
pub use log::{Log, LogFormat};
pub use mirror_prefix::MirrorPrefix;
pub use mistake::{ConfigErrors, Mistake};
pub use names::Names;
pub use registry::{Registry, TagHistory};
pub use secrets::Secrets;
pub use size::{ByteSize, InvalidSize};
pub use storage::{MetadataBackend, Storage};
pub(crate) use upstreams::is_like;
pub use upstreams::{
    AllowedRegistry, Import, ImportMode, Mirror, Network, ProxyAddress, PullFromMirror, RegistryPrefix, Upstreams,
};

/// Everything that an operator decides about a server, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where the server listens; at least one place, none twice.
    pub listeners: Vec<Listener>,
    /// Whether listeners beyond this machine are allowed although nobody is asked who they are.
    pub insecure: bool,
    /// Where content and metadata are kept.
    pub storage: Storage,
    /// How the server calls itself in pull specs.
    pub names: Names,
    /// What the registry accepts and offers.
    pub registry: Registry,
    /// What secrets are encrypted with.
    pub secrets: Secrets,
    /// Which other registries are read, and how.
    pub upstreams: Upstreams,
    /// How much of their content is cached.
    pub cache: Cache,
    /// Prefixes of repository names under which other registries are served.
    pub mirrored: Vec<MirrorPrefix>,
    /// How much is served at once, and how long anything may take.
    pub limits: Limits,
    /// What is logged, and how.
    pub log: Log,
}
