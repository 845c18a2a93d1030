//! Content to push.

use bytes::Bytes;
use serde_json::{Value, json};
use weir_storage::Algorithm;

/// Media types, as clients send them.
pub(crate) mod media_type {
    pub(crate) const OCI_IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
    pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
    pub(crate) const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    pub(crate) const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
    pub(crate) const OCI_EMPTY: &str = "application/vnd.oci.empty.v1+json";
    pub(crate) const DOCKER_IMAGE: &str = "application/vnd.docker.distribution.manifest.v2+json";
    pub(crate) const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    pub(crate) const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
    pub(crate) const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
}

/// The sha256 digest of `bytes`.
pub(crate) fn sha256(bytes: impl AsRef<[u8]>) -> String {
    Algorithm::Sha256.digest(bytes.as_ref()).to_string()
}

/// The sha512 digest of `bytes`.
pub(crate) fn sha512(bytes: impl AsRef<[u8]>) -> String {
    Algorithm::Sha512.digest(bytes.as_ref()).to_string()
}

/// A blob and its sha256 digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Blob {
    pub(crate) bytes: Bytes,
    pub(crate) digest: String,
}

impl Blob {
    pub(crate) fn of(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self { digest: sha256(&bytes), bytes }
    }

    /// Bytes without a pattern, the same for the same `seed`.
    pub(crate) fn random(seed: u64, size: usize) -> Self {
        let mut state = seed;
        let words = std::iter::repeat_with(|| split_mix(&mut state).to_le_bytes());
        Self::of(words.flatten().take(size).collect::<Vec<u8>>())
    }

    /// The config of an image that holds `layers`, as docker and buildah write it.
    pub(crate) fn config(layers: &[&Blob]) -> Self {
        let layers: Vec<&str> = layers.iter().map(|layer| layer.digest.as_str()).collect();
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "config": { "Cmd": ["/bin/true"] },
            "rootfs": { "type": "layers", "diff_ids": layers },
        });
        Self::of(config.to_string())
    }

    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// What a manifest says of it.
    pub(crate) fn descriptor(&self, media_type: &str) -> Value {
        json!({ "mediaType": media_type, "digest": self.digest, "size": self.size() })
    }
}

/// Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// A manifest and what it is pushed as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) bytes: Bytes,
    pub(crate) media_type: String,
}

impl Manifest {
    /// A manifest whose body is `json`, pushed as the type that it says it has.
    pub(crate) fn of(json: &Value) -> Self {
        let media_type = json["mediaType"].as_str().expect("a manifest of a test says what it is").to_owned();
        Self { bytes: json.to_string().into(), media_type }
    }

    /// An OCI image.
    pub(crate) fn image(config: &Blob, layers: &[&Blob]) -> Self {
        use media_type::{OCI_CONFIG, OCI_IMAGE, OCI_LAYER};
        Self::image_of([OCI_IMAGE, OCI_CONFIG, OCI_LAYER], config, layers)
    }

    /// An image as docker pushes it.
    pub(crate) fn docker_image(config: &Blob, layers: &[&Blob]) -> Self {
        use media_type::{DOCKER_CONFIG, DOCKER_IMAGE, DOCKER_LAYER};
        Self::image_of([DOCKER_IMAGE, DOCKER_CONFIG, DOCKER_LAYER], config, layers)
    }

    fn image_of(types: [&str; 3], config: &Blob, layers: &[&Blob]) -> Self {
        let [image, config_type, layer_type] = types;
        let layers: Vec<Value> = layers.iter().map(|layer| layer.descriptor(layer_type)).collect();
        let config = config.descriptor(config_type);
        Self::of(&json!({ "schemaVersion": 2, "mediaType": image, "config": config, "layers": layers }))
    }

    /// An OCI index.
    pub(crate) fn index(children: &[&Manifest]) -> Self {
        Self::list_of(media_type::OCI_INDEX, children)
    }

    /// A manifest list as docker pushes it.
    pub(crate) fn docker_list(children: &[&Manifest]) -> Self {
        Self::list_of(media_type::DOCKER_LIST, children)
    }

    fn list_of(media_type: &str, children: &[&Manifest]) -> Self {
        let platforms = ["amd64", "arm64", "s390x", "ppc64le"].iter().cycle();
        let children: Vec<Value> = children
            .iter()
            .zip(platforms)
            .map(|(child, architecture)| {
                let mut descriptor = child.descriptor();
                descriptor["platform"] = json!({ "os": "linux", "architecture": architecture });
                descriptor
            })
            .collect();
        Self::of(&json!({ "schemaVersion": 2, "mediaType": media_type, "manifests": children }))
    }

    /// An artifact about `subject`, as oras and cosign push it: an image with the empty config and no layers of its own.
    pub(crate) fn artifact(kind: &str, subject: &Value) -> Self {
        let empty = Blob::of("{}").descriptor(media_type::OCI_EMPTY);
        Self::of(&json!({
            "schemaVersion": 2,
            "mediaType": media_type::OCI_IMAGE,
            "artifactType": kind,
            "config": empty,
            "layers": [empty],
            "subject": subject,
        }))
    }

    /// This manifest with another body.
    pub(crate) fn edited(&self, edit: impl FnOnce(&mut Value)) -> Self {
        let mut json = self.json();
        edit(&mut json);
        Self { bytes: json.to_string().into(), media_type: self.media_type.clone() }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    pub(crate) fn digest(&self) -> String {
        sha256(&self.bytes)
    }

    /// What another manifest says of it.
    pub(crate) fn descriptor(&self) -> Value {
        json!({ "mediaType": self.media_type, "digest": self.digest(), "size": self.bytes.len() })
    }
}
