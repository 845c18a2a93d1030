//! The content of all sequences.

use std::sync::LazyLock;

use serde_json::json;

use crate::harness::{Blob, Manifest};

/// The repositories, as requests spell them. The last two are one.
pub(super) const REPOSITORIES: [&str; 4] = ["team/app", "team/sub/app", "app", "default/app"];

/// Namespace and name of the image streams.
pub(super) const STREAMS: [(&str, &str); 3] = [("team", "app"), ("team", "sub..app"), ("default", "app")];

/// How the stream API calls their repositories.
pub(super) const CANONICAL: [&str; 3] = ["team/app", "team/sub/app", "app"];

pub(super) const TAGS: [&str; 4] = ["latest", "v1", "v2", "z"];

/// The stream of a repository.
pub(super) fn stream_of(repository: usize) -> usize {
    repository.min(2)
}

pub(super) static CONTENT: LazyLock<Content> = LazyLock::new(Content::make);

pub(super) struct Content {
    pub(super) blobs: Vec<Blob>,
    pub(super) manifests: Vec<Piece>,
}

/// A manifest, and what it names.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) manifest: Manifest,
    pub(super) digest: String,
    /// Config and layers.
    pub(super) blobs: Vec<usize>,
    pub(super) layers: usize,
    /// The manifests of an index.
    pub(super) children: Vec<usize>,
    pub(super) subject: Option<usize>,
    /// Its kind, as the list of referrers tells it.
    pub(super) artifact_type: Option<&'static str>,
}

impl Piece {
    fn new(manifest: Manifest, blobs: &[usize], children: &[usize]) -> Self {
        let digest = manifest.digest();
        let (blobs, children) = (blobs.to_vec(), children.to_vec());
        let layers = blobs.len().saturating_sub(1);
        Self { manifest, digest, blobs, layers, children, subject: None, artifact_type: None }
    }

    /// An artifact, whose one layer is its config again.
    fn about(self, subject: usize, artifact_type: &'static str) -> Self {
        Self { layers: 1, subject: Some(subject), artifact_type: Some(artifact_type), ..self }
    }
}

/// The blob that artifacts have for a config and a layer.
const EMPTY: usize = 3;

pub(super) const KINDS: [&str; 2] = ["application/spdx+json", "application/vnd.example.signature"];

impl Content {
    fn make() -> Self {
        let [small, large] = [Blob::random(1, 300), Blob::random(2, 2_000)];
        let config = Blob::config(&[&small, &large]);
        let first = Manifest::image(&config, &[&small]);
        let second = Manifest::docker_image(&config, &[&small, &large]);
        let third = Manifest::image(&config, &[&large]);
        let index = Manifest::index(&[&first, &third]);
        let nested = Manifest::index(&[&index, &second]);
        let [spdx, signature] = KINDS;
        let mut manifests = vec![
            Piece::new(first.clone(), &[0, 1], &[]),
            Piece::new(second, &[0, 1, 2], &[]),
            Piece::new(third, &[0, 2], &[]),
            Piece::new(index.clone(), &[], &[0, 2]),
            Piece::new(nested, &[], &[3, 1]),
            Piece::new(Manifest::artifact(spdx, &first.descriptor()), &[EMPTY], &[]).about(0, spdx),
            Piece::new(Manifest::artifact(signature, &first.descriptor()), &[EMPTY], &[]).about(0, signature),
            Piece::new(Manifest::artifact(spdx, &index.descriptor()), &[EMPTY], &[]).about(3, spdx),
        ];
        manifests.extend((0..UNIQUE).map(|note| {
            let image = first.edited(|json| json["annotations"] = json!({ "note": note.to_string() }));
            Piece::new(image, &[0, 1], &[])
        }));
        Self { blobs: vec![config, small, large, Blob::of("{}")], manifests }
    }
}

pub(super) fn blob(number: usize) -> &'static Blob {
    &CONTENT.blobs[number]
}

pub(super) fn piece(number: usize) -> &'static Piece {
    &CONTENT.manifests[number]
}

pub(super) const BLOBS: usize = 4;
/// The manifests that one client pushes again and again.
pub(super) const MANIFESTS: usize = 8;
/// Those after them, of which each is pushed once: what is found of it tells who pushed it.
pub(super) const UNIQUE: usize = 144;
