//! The config of an image, and the metadata made of it.

use std::time::SystemTime;

use serde_json::{Value, json};
use weir_storage::Algorithm;

use crate::oci::{Manifest, MediaType};
use crate::records::Moment;
use crate::streams::image;
use crate::streams::object::{DockerImage, Image, read};

/// The bytes of a config, which are anything.
pub fn image_config(data: &[u8]) {
    let digest = Algorithm::Sha256.digest(data);
    let manifest = manifest_of(&json!({ "mediaType": MediaType::OCI_CONFIG, "digest": digest, "size": data.len() }));
    let derived = DockerImage::from_config(data, &digest, data.len() as u64);
    if let Ok(derived) = &derived {
        assert_eq!((derived.id.as_str(), derived.size), (digest.as_str(), data.len().try_into().unwrap_or(i64::MAX)));
        assert_agrees(derived, data);
    }
    let pushed = Moment::from_system(SystemTime::UNIX_EPOCH);
    let stored = image::made(&digest, &manifest, Some(data), pushed).expect("no config makes a push fail").object;
    let image: Image = read(stored.clone()).expect("an image reads back");
    let expected = derived.unwrap_or_default();
    assert_eq!(image.docker_image_metadata.as_ref(), Some(&expected), "a config that is none tells nothing");
    assert_eq!(serde_json::to_value(image).ok(), Some(stored), "an image prints as it was read");
}

fn manifest_of(config: &Value) -> Manifest {
    let document = json!({ "schemaVersion": 2, "mediaType": MediaType::OCI_MANIFEST, "config": config, "layers": [] });
    Manifest::parse(document.to_string().as_bytes(), None).expect("this is a manifest")
}

/// Compares with the config's tree what clients look at.
fn assert_agrees(derived: &DockerImage, data: &[u8]) {
    let Ok(tree) = serde_json::from_slice::<Value>(data) else { return };
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    assert_eq!(derived.architecture, text(&tree, "architecture"));
    assert_eq!(derived.author, text(&tree, "author"));
    let config = tree.get("config").filter(|config| !config.is_null());
    assert_eq!(derived.config.is_some(), config.is_some());
    if let (Some(found), Some(config)) = (&derived.config, config) {
        assert_eq!(found.user, text(config, "User"));
        let count = |name: &str| config.get(name).and_then(Value::as_array).map_or(0, Vec::len);
        assert_eq!((found.env.len(), found.cmd.len()), (count("Env"), count("Cmd")));
    }
}
