//! Tags and streams that are taken back.

use weir_storage::Digest;

use super::referrers::{described, source};
use super::world::{Content, World, digest, external_spec, from_tag, own, stream, upstream};
use crate::oci::{StreamId, Tag};
use crate::records::{LogKind, Moment, keys};
use crate::streams::history::entries;
use crate::streams::import::referrers::KeepReferrers;
use crate::streams::view::View;
use crate::streams::write::{Precondition, RollbackRefusal, RolledBack, Target, WriteError};

fn tag(name: &str) -> Tag {
    name.parse().unwrap()
}

/// The stream `ns/app` whose tag `t` meant three images, one after the other.
async fn app() -> (World, StreamId, [Content; 3]) {
    let (world, s, contents) = (World::new(), stream("ns/app"), ["one", "two", "three"].map(Content::image));
    for content in &contents {
        world.push(&s, "t", content).await;
        world.tick();
    }
    (world, s, contents)
}

async fn back(world: &World, s: &StreamId, to: Target) -> Result<RolledBack, RollbackRefusal> {
    match world.editor().roll_back(s, &tag("t"), &to).await {
        Ok(done) => Ok(done.outcome),
        Err(WriteError::Rollback(refusal)) => Err(refusal),
        Err(error) => panic!("{error}"),
    }
}

/// Whether a stream serves an image, its blobs included.
async fn serves(world: &World, s: &StreamId, content: &Content) -> bool {
    let mut here = world.records.exists(&keys::manifest(s, &content.digest)).await.unwrap();
    for blob in &content.blobs {
        here &= world.records.exists(&keys::blob(blob, s)).await.unwrap();
    }
    here
}

async fn images(world: &World, s: &StreamId, tag: &str) -> Vec<String> {
    world.items(s, tag).await.into_iter().map(|item| item.1).collect()
}

fn names(contents: &[&Content]) -> Vec<String> {
    contents.iter().map(|content| content.digest.to_string()).collect()
}

fn done(image: &Digest, changed: bool) -> RolledBack {
    RolledBack { image: Some(image.clone()), changed, stream_restored: false }
}

#[tokio::test]
async fn by_steps() {
    let (world, s, [one, two, three]) = app().await;
    world.set_tag(&s, "follower", Some(from_tag("t"))).await.unwrap();
    assert_eq!(back(&world, &s, Target::Steps(1)).await, Ok(done(&two.digest, true)));
    assert_eq!(images(&world, &s, "t").await, names(&[&two, &three, &two, &one]), "a new event on top");
    assert_eq!(images(&world, &s, "follower").await[0], two.digest.to_string());
    let log = entries(&world.records, &s, &tag("t"), 0, u64::MAX, 1).await.unwrap();
    assert_eq!((log[0].1.cause.name(), log[0].1.cause.source()), ("rollback", Some("1 revision back")));
    assert_eq!(back(&world, &s, Target::Steps(1)).await, Ok(done(&three.digest, true)), "and back again");
    assert_eq!(back(&world, &s, Target::Steps(9)).await, Err(RollbackRefusal::TooFar { wanted: 9, available: 4 }));
    assert_eq!(back(&world, &s, Target::Steps(0)).await, Err(RollbackRefusal::TooFar { wanted: 0, available: 4 }));
    let none = world.editor().roll_back(&s, &tag("nosuch"), &Target::Steps(1)).await;
    assert!(matches!(none, Err(WriteError::Rollback(RollbackRefusal::NoHistory { .. }))));
}

#[tokio::test]
async fn by_image() {
    let (world, s, [one, _, three]) = app().await;
    assert_eq!(back(&world, &s, Target::Image(one.digest.to_string())).await, Ok(done(&one.digest, true)));
    assert_eq!(
        back(&world, &s, Target::Image(one.digest.to_string())).await,
        Ok(done(&one.digest, false)),
        "idempotent"
    );
    let short = three.digest.hex()[..12].to_owned();
    assert_eq!(back(&world, &s, Target::Image(short)).await, Ok(done(&three.digest, true)));
    let ambiguous = back(&world, &s, Target::Image("sha256:".to_owned())).await;
    assert!(matches!(ambiguous, Err(RollbackRefusal::Ambiguous { images, .. }) if images.len() == 3));
    let unknown = back(&world, &s, Target::Image("nosuch".to_owned())).await;
    assert_eq!(unknown, Err(RollbackRefusal::UnknownImage("nosuch".to_owned())));
}

#[tokio::test]
async fn by_time() {
    let (world, s, [one, two, _]) = app().await;
    let at = |seconds: i64| Target::Time(Moment::parse(&format!("1970-01-01T00:16:{seconds:02}.5Z")).unwrap());
    assert_eq!(
        back(&world, &s, at(39)).await,
        Err(RollbackRefusal::NothingThen(Moment::parse("1970-01-01T00:16:39.5Z").unwrap()))
    );
    assert_eq!(back(&world, &s, at(40)).await, Ok(done(&one.digest, true)));
    assert_eq!(back(&world, &s, at(41)).await, Ok(done(&two.digest, true)));
    world.tick();
    world.delete_tag(&s, "t").await;
    world.tick();
    let now = Target::Time(world.records.now());
    assert!(matches!(back(&world, &s, now).await, Err(RollbackRefusal::NothingThen(_))), "it was deleted then");
}

/// A deleted tag comes back with what was wanted of it and with all that it has shown.
#[tokio::test]
async fn a_deleted_tag() {
    let (world, s, [one, two, three]) = app().await;
    world.set_tag(&s, "t", Some(upstream("u.test/a/b:1"))).await.unwrap();
    let before = world.stream(&s).await;
    world.delete_tag(&s, "t").await;
    let shown = world.rehearsal().roll_back(&s, &tag("t"), &Target::Steps(1)).await.unwrap();
    assert!(shown.outcome.changed && world.items(&s, "t").await.is_empty(), "a dry run writes nothing");
    assert_eq!(back(&world, &s, Target::Steps(1)).await, Ok(done(&three.digest, true)));
    let after = world.stream(&s).await;
    assert_eq!((&after.status, &after.spec), (&before.status, &before.spec));
    assert_eq!(after.metadata.generation, before.metadata.generation + 2, "the spec went, and came");
    world.delete_tag(&s, "t").await;
    assert_eq!(back(&world, &s, Target::Steps(3)).await, Ok(done(&one.digest, true)));
    assert_eq!(images(&world, &s, "t").await, names(&[&one, &three, &two, &one]));
    assert_eq!(world.items(&s, "t").await[0], own(&s, &one.digest, after.metadata.generation + 2));
    world.push(&s, "t", &two).await;
    assert_eq!(images(&world, &s, "t").await.len(), 5, "and it goes on");
}

/// The links of manifest, children and blobs come back in the same commit, and the place in the catalogue.
#[tokio::test]
async fn with_its_content() {
    let (world, s, children) = (World::new(), stream("ns/app"), ["one", "two"].map(Content::image));
    for child in &children {
        world.push(&s, "child", child).await;
    }
    let index = Content::index(&[&children[0], &children[1]]);
    world.push(&s, "t", &index).await;
    world.editor().delete_stream(&s, &Precondition::default()).await.unwrap();
    let revision = world.records.metadata().revision();
    let restored = back(&world, &s, Target::Steps(1)).await.unwrap();
    assert!(restored.stream_restored && restored.changed);
    assert_eq!(world.records.metadata().revision(), revision.next(), "one commit");
    for content in children.iter().chain([&index]) {
        assert!(serves(&world, &s, content).await);
    }
    assert!(world.records.exists(&keys::catalog(&s.repository())).await.unwrap());
    assert_eq!(world.stream(&s).await.status.tags.len(), 1, "the other tag stays deleted");
}

#[tokio::test]
async fn bytes_that_are_gone() {
    let (world, s, [one, two, _]) = app().await;
    world.records.blobs().delete(&one.digest).await.unwrap();
    world.records.blobs().delete(&two.blobs[1]).await.unwrap();
    world.delete_tag(&s, "t").await;
    assert_eq!(back(&world, &s, Target::Steps(3)).await, Err(RollbackRefusal::ContentGone(one.digest.clone())));
    assert_eq!(back(&world, &s, Target::Steps(2)).await, Err(RollbackRefusal::ContentGone(two.blobs[1].clone())));
    assert_eq!(images(&world, &s, "t").await, [""; 0], "what is refused changes nothing");
}

/// A tag that never had an image here goes back to what it pointed at.
#[tokio::test]
async fn images_of_elsewhere() {
    let (world, s) = (World::new(), stream("ns/app"));
    for image in ["a", "b"] {
        world.event(&s, "t", external_spec(&format!("e.test/a/b:{image}")), Some(&digest(image))).await;
    }
    assert_eq!(back(&world, &s, Target::Steps(1)).await, Ok(done(&digest("a"), true)));
    assert_eq!(world.items(&s, "t").await[0].0, "e.test/a/b:a");
}

/// One call brings back the stream with all that its deletion took, and only that.
#[tokio::test]
async fn a_whole_stream() {
    let (world, s, [one, two, three]) = app().await;
    let never = world.editor().undelete_stream(&s).await.unwrap_err();
    assert!(matches!(never, WriteError::Rollback(RollbackRefusal::NotDeleted(_))), "it lives");
    let never = world.editor().undelete_stream(&stream("ns/nosuch")).await.unwrap_err();
    assert!(matches!(never, WriteError::Rollback(RollbackRefusal::NeverDeleted(_))));
    world.push(&s, "gone", &one).await;
    world.set_spec(&s, &[("t", from_tag("other")), ("only", upstream("u.test/a/b:1"))]).await.unwrap();
    world.delete_tag(&s, "gone").await;
    let mut labelled = world.stream(&s).await;
    labelled.metadata.labels.insert("l".to_owned(), "v".to_owned());
    let before = world.editor().update_stream(&s, labelled).await.unwrap();
    let shown = world.view().stream_tag(&s, &tag("t")).await.unwrap();
    world.editor().delete_stream(&s, &Precondition::default()).await.unwrap();
    let rehearsed = world.rehearsal().undelete_stream(&s).await.unwrap();
    let view = View { records: &rehearsed.after, names: &world.names };
    let would_be = view.stream(&s).await.unwrap();
    assert_eq!((would_be.spec, would_be.status), (before.spec.clone(), before.status.clone()), "a dry run shows it");
    let undeleted = world.editor().undelete_stream(&s).await.unwrap().outcome;
    assert_eq!((undeleted.tags, undeleted.stream_restored), (vec![tag("t")], true));
    let mut after = world.stream(&s).await;
    after.metadata.resource_version.clone_from(&before.metadata.resource_version);
    assert_eq!(after, before);
    let mut tag_after = world.view().stream_tag(&s, &tag("t")).await.unwrap();
    tag_after.metadata.resource_version.clone_from(&shown.metadata.resource_version);
    assert_eq!(tag_after, shown);
    for content in [&one, &two, &three] {
        assert!(serves(&world, &s, content).await);
    }
    let revision = world.records.metadata().revision();
    let again = world.editor().undelete_stream(&s).await.unwrap_err();
    assert!(matches!(again, WriteError::Rollback(RollbackRefusal::NotDeleted(_))), "it is back");
    assert_eq!(world.stream(&s).await.metadata.resource_version, revision.to_string());
    world.event(&s, "other", super::world::own_spec(&s, &one.digest), Some(&one.digest)).await;
    assert_eq!(images(&world, &s, "t").await[0], one.digest.to_string(), "followers follow again");
    let log = entries(&world.records, &s, &tag("t"), 0, u64::MAX, 3).await.unwrap();
    assert!(log.iter().any(|(_, entry)| matches!(entry.kind, LogKind::Restoration { .. })));
}

/// What was pushed under the name since stays, and gets the tags that it lacks.
#[tokio::test]
async fn into_a_stream_that_was_made_since() {
    let (world, s, [_, _, three]) = app().await;
    world.push(&s, "u", &three).await;
    world.editor().delete_stream(&s, &Precondition::default()).await.unwrap();
    let new = Content::image("new");
    world.push(&s, "t", &new).await;
    let uid = world.stream(&s).await.metadata.uid;
    let undeleted = world.editor().undelete_stream(&s).await.unwrap().outcome;
    assert_eq!((undeleted.tags, undeleted.stream_restored), (vec![tag("u")], false));
    assert_eq!(images(&world, &s, "t").await, names(&[&new]));
    assert_eq!(world.stream(&s).await.metadata.uid, uid);
    assert_eq!(back(&world, &s, Target::Steps(1)).await, Ok(done(&three.digest, true)), "its log goes back further");
}

/// A blob that was deleted by itself before the stream was stays deleted; taking its tag back brings it.
#[tokio::test]
async fn blobs_that_were_deleted_before() {
    struct Unlink<'a>(&'a StreamId, &'a Digest);
    impl crate::records::Decide for Unlink<'_> {
        type Outcome = ();
        type Error = crate::records::Error;
        async fn decide(&self, transaction: &mut crate::records::Transaction<'_>) -> Result<(), Self::Error> {
            crate::streams::links::put_blob_aside(transaction, self.0, self.1, None).await.map(drop)
        }
    }
    let (world, s, [_, _, three]) = app().await;
    world.records.transact(&Unlink(&s, &three.blobs[1])).await.unwrap();
    world.editor().delete_stream(&s, &Precondition::default()).await.unwrap();
    world.editor().undelete_stream(&s).await.unwrap();
    assert!(!serves(&world, &s, &three).await);
    world.delete_tag(&s, "t").await;
    back(&world, &s, Target::Steps(1)).await.unwrap();
    assert!(serves(&world, &s, &three).await);
}

/// A signature that another registry lists, and that nobody fetched, is no reason to lose the rest.
#[tokio::test]
async fn referrers_that_were_only_listed() {
    let (world, s, [_, _, three]) = app().await;
    let (source, signature) = (source(), Content::image("signature"));
    let found = [described(&signature)];
    let listed = KeepReferrers { stream: &s, source: &source, subject: &three.digest, found: &found, mirrored: false };
    let is_listed = keys::referrer(&s, &three.digest, &signature.digest);
    world.records.transact(&listed).await.unwrap();
    assert!(world.records.exists(&is_listed).await.unwrap());
    world.editor().delete_stream(&s, &Precondition::default()).await.unwrap();
    back(&world, &s, Target::Steps(1)).await.unwrap();
    assert!(!world.records.exists(&is_listed).await.unwrap(), "it is asked for again");
    world.records.transact(&listed).await.unwrap();
    world.editor().delete_stream(&s, &Precondition::default()).await.unwrap();
    assert!(world.editor().undelete_stream(&s).await.unwrap().outcome.stream_restored);
    assert!(serves(&world, &s, &three).await);
}
