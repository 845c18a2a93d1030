//! What an image's config says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_storage::Digest;

use super::{NameSet, Time, omit, read};

/// Why a config blob tells nothing of an image.
#[derive(Debug, thiserror::Error)]
pub enum InvalidConfig {
    /// There is nothing in it.
    #[error("the config is empty")]
    Empty,
    /// It is not JSON of the expected shape.
    #[error("the config is not that of an image: {0}")]
    Malformed(#[from] serde_json::Error),
}

/// `DockerImage` of version 1.0: an image's config, in another spelling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DockerImage {
    #[serde(rename = "kind", skip_deserializing)]
    kind: &'static str,
    #[serde(rename = "apiVersion", skip_deserializing)]
    api_version: &'static str,
    /// The digest of the config; of an index, its own.
    pub id: String,
    /// The image that this one was built on.
    #[serde(skip_serializing_if = "omit")]
    pub parent: String,
    /// What its author says of it.
    #[serde(skip_serializing_if = "omit")]
    pub comment: String,
    /// When it was built; null where the config does not say.
    pub created: Option<Time>,
    /// The container that it was made from.
    #[serde(skip_serializing_if = "omit")]
    pub container: String,
    /// The configuration of that container.
    pub container_config: DockerConfig,
    /// The version of the program that built it.
    #[serde(skip_serializing_if = "omit")]
    pub docker_version: String,
    /// Who built it.
    #[serde(skip_serializing_if = "omit")]
    pub author: String,
    /// How it runs.
    #[serde(skip_serializing_if = "omit")]
    pub config: Option<DockerConfig>,
    /// The processor that it is for.
    #[serde(skip_serializing_if = "omit")]
    pub architecture: String,
    /// Config and layers together, in bytes, each layer once.
    #[serde(skip_serializing_if = "omit")]
    pub size: i64,
}

/// How an image runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(clippy::struct_excessive_bools, reason = "the fields are those of the API")]
#[expect(missing_docs, reason = "the fields are those of a container's configuration, and named there")]
pub struct DockerConfig {
    #[serde(skip_serializing_if = "omit")]
    pub hostname: String,
    #[serde(skip_serializing_if = "omit")]
    pub domainname: String,
    #[serde(skip_serializing_if = "omit")]
    pub user: String,
    #[serde(skip_serializing_if = "omit")]
    pub memory: i64,
    #[serde(skip_serializing_if = "omit")]
    pub memory_swap: i64,
    #[serde(skip_serializing_if = "omit")]
    pub cpu_shares: i64,
    #[serde(skip_serializing_if = "omit")]
    pub cpuset: String,
    #[serde(skip_serializing_if = "omit")]
    pub attach_stdin: bool,
    #[serde(skip_serializing_if = "omit")]
    pub attach_stdout: bool,
    #[serde(skip_serializing_if = "omit")]
    pub attach_stderr: bool,
    #[serde(skip_serializing_if = "omit")]
    pub port_specs: Vec<String>,
    #[serde(skip_serializing_if = "omit")]
    pub exposed_ports: NameSet,
    #[serde(skip_serializing_if = "omit")]
    pub tty: bool,
    #[serde(skip_serializing_if = "omit")]
    pub open_stdin: bool,
    #[serde(skip_serializing_if = "omit")]
    pub stdin_once: bool,
    #[serde(skip_serializing_if = "omit")]
    pub env: Vec<String>,
    #[serde(skip_serializing_if = "omit")]
    pub cmd: Vec<String>,
    #[serde(skip_serializing_if = "omit")]
    pub dns: Vec<String>,
    #[serde(skip_serializing_if = "omit")]
    pub image: String,
    #[serde(skip_serializing_if = "omit")]
    pub volumes: NameSet,
    #[serde(skip_serializing_if = "omit")]
    pub volumes_from: String,
    #[serde(skip_serializing_if = "omit")]
    pub working_dir: String,
    #[serde(skip_serializing_if = "omit")]
    pub entrypoint: Vec<String>,
    #[serde(skip_serializing_if = "omit")]
    pub network_disabled: bool,
    #[serde(skip_serializing_if = "omit")]
    pub security_opts: Vec<String>,
    #[serde(skip_serializing_if = "omit")]
    pub on_build: Vec<String>,
    #[serde(skip_serializing_if = "omit")]
    pub labels: BTreeMap<String, String>,
}

impl Default for DockerImage {
    /// An image of which nothing is known.
    fn default() -> Self {
        Self {
            kind: Self::KIND,
            api_version: "image.openshift.io/1.0",
            id: String::new(),
            parent: String::new(),
            comment: String::new(),
            created: None,
            container: String::new(),
            container_config: DockerConfig::default(),
            docker_version: String::new(),
            author: String::new(),
            config: None,
            architecture: String::new(),
            size: 0,
        }
    }
}

/// The config as it stands in its blob, as far as it is shown.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ConfigBlob {
    parent: String,
    comment: String,
    created: Option<Time>,
    container: String,
    container_config: DockerConfig,
    docker_version: String,
    author: String,
    config: Option<DockerConfig>,
    architecture: String,
}

impl DockerImage {
    /// What such an object calls itself.
    pub const KIND: &str = "DockerImage";

    /// What `config` says, the blob of `digest`, of an image whose config and layers have `size` bytes together.
    ///
    /// Artifacts bring configs of any kind. JSON objects without the known fields are read as an image of which little
    /// is known; anything else is an error, at which a push must not fail.
    pub fn from_config(config: &[u8], digest: &Digest, size: u64) -> Result<Self, InvalidConfig> {
        if config.is_empty() {
            return Err(InvalidConfig::Empty);
        }
        let blob: ConfigBlob = read(serde_json::from_slice(config)?)?;
        Ok(Self {
            id: digest.to_string(),
            parent: blob.parent,
            comment: blob.comment,
            created: blob.created.filter(|created| !created.is_zero()),
            container: blob.container,
            container_config: blob.container_config,
            docker_version: blob.docker_version,
            author: blob.author,
            config: blob.config,
            architecture: blob.architecture,
            size: i64::try_from(size).unwrap_or(i64::MAX),
            ..Self::default()
        })
    }

    /// What is said of the index `digest`: that it is there, since `created`.
    pub fn for_index(digest: &Digest, created: Time) -> Self {
        Self { id: digest.to_string(), created: Some(created), ..Self::default() }
    }
}
