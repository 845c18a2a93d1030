//! Referrers that another registry lists.

use std::collections::BTreeMap;

use weir_storage::Digest;

use super::world::{Content, World, stream};
use crate::oci::{Descriptor, Manifest, Source, StreamId};
use crate::records::{Decide, Error, ManifestLink, Transaction, keys};
use crate::streams::import::Fetched;
use crate::streams::import::mirrored::KeepManifest;
use crate::streams::import::referrers::KeepReferrers;
use crate::streams::links;
use crate::streams::write::Precondition;

/// What another registry says of an artifact.
pub(super) fn described(content: &Content) -> Descriptor {
    Descriptor {
        media_type: content.media_type.to_string(),
        artifact_type: None,
        digest: content.digest.clone(),
        size: content.manifest.len() as u64,
        urls: Vec::new(),
        annotations: BTreeMap::new(),
        platform: None,
    }
}

/// The repository that lists it.
pub(super) fn source() -> Source {
    Source { registry: "u.test".to_owned(), repository: "a/b".to_owned(), insecure: false }
}

struct Site {
    world: World,
    stream: StreamId,
    image: Content,
    artifact: Content,
}

impl Site {
    async fn new(artifact: Content) -> Self {
        let site = Self { world: World::new(), stream: stream("ns/app"), image: Content::image("one"), artifact };
        site.world.push(&site.stream, "t", &site.image).await;
        site
    }

    async fn list(&self, mirrored: bool) {
        let (found, source) = ([described(&self.artifact)], source());
        let (stream, subject) = (&self.stream, &self.image.digest);
        self.world
            .records
            .transact(&KeepReferrers { stream, source: &source, subject, found: &found, mirrored })
            .await
            .unwrap();
    }

    async fn fetch(&self) {
        let Content { digest, manifest: content, media_type, .. } = self.artifact.clone();
        let manifest = Manifest::parse(&content, Some(&media_type)).unwrap();
        let fetched =
            Fetched { upstream: digest.clone(), digest, manifest, content, config: None, children: Vec::new() };
        let (stream, repository, source) = (&self.stream, &self.stream.repository(), &source());
        let keep = KeepManifest { stream, repository, source, fetched: &fetched, tag: None, only_linked: true };
        self.world.records.transact(&keep).await.unwrap();
    }

    async fn link(&self) -> ManifestLink {
        self.world.records.get(&keys::manifest(&self.stream, &self.artifact.digest)).await.unwrap().unwrap().record
    }

    async fn is_linked(&self) -> bool {
        self.world.records.exists(&keys::manifest(&self.stream, &self.artifact.digest)).await.unwrap()
    }

    async fn delete(&self, digest: &Digest) {
        self.world.records.transact(&Delete(&self.stream, digest)).await.unwrap();
    }
}

struct Delete<'a>(&'a StreamId, &'a Digest);

impl Decide for Delete<'_> {
    type Outcome = ();
    type Error = Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), Error> {
        let link = transaction.get(&keys::manifest(self.0, self.1)).await?.unwrap();
        links::put_aside(transaction, self.0, self.1, &link)
    }
}

#[tokio::test]
async fn what_somebody_deleted_is_not_listed_again() {
    let site = Site::new(Content::image("signature")).await;
    site.list(false).await;
    assert!(site.is_linked().await);
    site.delete(&site.artifact.digest).await;
    site.list(false).await;
    assert!(!site.is_linked().await);
    site.fetch().await;
    assert!(!site.is_linked().await, "it was deleted while it was fetched");
    site.list(true).await;
    assert!(site.is_linked().await, "behind a prefix its registry has the word");
}

/// Registries may take long to answer.
#[tokio::test]
async fn what_was_deleted_while_a_registry_was_asked_does_not_come_back() {
    let site = Site::new(Content::image("signature")).await;
    site.delete(&site.image.digest).await;
    site.list(false).await;
    assert!(!site.is_linked().await);
    site.world.editor().delete_stream(&site.stream, &Precondition::default()).await.unwrap();
    site.list(false).await;
    site.fetch().await;
    assert!(!site.is_linked().await);
    assert!(!site.world.records.exists(&keys::stream(&site.stream)).await.unwrap());
}

/// A stream of the same name is another one.
#[tokio::test]
async fn what_went_with_a_stream_is_listed_in_the_next() {
    let site = Site::new(Content::image("signature")).await;
    site.world.push(&site.stream, "signature", &site.artifact).await;
    site.world.editor().delete_stream(&site.stream, &Precondition::default()).await.unwrap();
    site.world.push(&site.stream, "t", &site.image).await;
    assert!(!site.is_linked().await);
    site.list(false).await;
    assert!(site.is_linked().await);
}

/// Lists know nothing of what an index holds, and may be wrong of the rest.
#[tokio::test]
async fn what_is_fetched_corrects_the_list() {
    let child = Content::image("child");
    let site = Site::new(Content::index(&[&child])).await;
    site.list(false).await;
    let (records, s, image, index) = (&site.world.records, &site.stream, &site.image.digest, &site.artifact.digest);
    let listed = site.link().await;
    assert_eq!((listed.listed, listed.subject.as_ref(), listed.children.len()), (true, Some(image), 0));
    site.fetch().await;
    let link = site.link().await;
    assert_eq!((link.listed, link.subject, link.children), (false, None, vec![child.digest.clone()]));
    assert!(records.exists(&keys::parent(s, &child.digest, index)).await.unwrap());
    assert!(!records.exists(&keys::referrer(s, image, index)).await.unwrap(), "it names no subject");
    let revision = records.metadata().revision();
    site.fetch().await;
    assert_eq!(records.metadata().revision(), revision, "there is nothing to correct any more");
}
