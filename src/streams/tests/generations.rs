//! Generations of a stream and its spec tags, step by step as a cluster had them.

use std::collections::BTreeMap;

use super::world::{World, from, from_tag, pointer, stream, upstream};
use crate::records::{ReferencePolicy, SourceKind, SpecTag, keys};
use crate::streams::spec::change::{ChangeSpec, NewTags};

struct Steps {
    world: World,
}

impl Steps {
    /// Sets `x` beside the tags that are given with it, and returns the generations of the stream and of `x`.
    async fn x(&self, x: SpecTag, others: &[(&str, SpecTag)]) -> (i64, i64) {
        let mut tags = vec![("x", x), ("latest", from_tag("x"))];
        tags.extend(others.iter().cloned());
        self.world.set_spec(&stream("algo/a"), &tags).await.unwrap();
        let (generation, tags) = self.world.generations(&stream("algo/a")).await;
        assert_eq!(tags["latest"], 1, "the tag that follows was never changed itself");
        (generation, tags["x"])
    }
}

/// Source: a recorded cluster, scenario `11-tag-algorithm`, requests 2 and 13 to 23, without imports between.
#[tokio::test]
async fn as_recorded() {
    let steps = Steps { world: World::new() };
    let three = upstream("upstream.test:5000/library/ruby:3.0");
    assert_eq!(steps.x(upstream("upstream.test:5000/library/ruby:2.7"), &[]).await, (1, 1), "create");
    assert_eq!(steps.x(three.clone(), &[]).await, (2, 2), "from.name");
    let local = SpecTag { reference_policy: ReferencePolicy::Local, ..three.clone() };
    assert_eq!(steps.x(local, &[]).await, (3, 2), "referencePolicy");
    let mut scheduled = three.clone();
    scheduled.import_policy.scheduled = true;
    assert_eq!(steps.x(scheduled, &[]).await, (4, 2), "scheduled");
    let mut preserving = three.clone();
    preserving.import_policy.mode = Some("PreserveOriginal".to_owned());
    assert_eq!(steps.x(preserving.clone(), &[]).await, (5, 5), "importMode");
    let asked = SpecTag { generation: Some(0), ..preserving.clone() };
    assert_eq!(steps.x(asked, &[]).await, (6, 6), "generation 0 asks for an import");
    let forged = SpecTag { generation: Some(42), ..preserving };
    assert_eq!(steps.x(forged, &[]).await, (6, 6), "any other generation is ignored");
    let annotated = SpecTag { annotations: BTreeMap::from([("a".to_owned(), "b".to_owned())]), ..three };
    let new = SpecTag { generation: Some(7), ..upstream("x/y:z") };
    assert_eq!(steps.x(annotated, &[("new", new)]).await, (7, 7), "annotations, import mode, and a new tag");
    assert_eq!(steps.world.generations(&stream("algo/a")).await.1["new"], 7);
    let nonsense = from(SourceKind::ImageStreamTag, "upstream.test:5000/library/ruby:3.0");
    assert_eq!(steps.x(nonsense.clone(), &[]).await, (8, 7), "only from.kind, with any name");
    assert_eq!(steps.x(nonsense, &[]).await, (8, 7), "nothing");
    steps.world.set_spec(&stream("algo/a"), &[]).await.unwrap();
    assert_eq!(steps.world.generations(&stream("algo/a")).await, (9, BTreeMap::new()), "all tags away");
}

/// A client that sends generations when it makes a stream is not heard.
#[tokio::test]
async fn a_new_stream_begins_at_one() {
    let (world, s) = (World::new(), stream("ns/s"));
    let tags = [Some(0), None, Some(9)].map(|generation| SpecTag { generation, ..pointer("p.test/a/b:1") });
    let [a, b, c] = tags;
    let outcome = world.set_spec(&s, &[("a", a), ("b", b), ("c", c)]).await.unwrap();
    assert!(outcome.created && outcome.changed);
    let ones = ["a", "b", "c"].map(|tag| (tag.to_owned(), 1));
    assert_eq!(world.generations(&s).await, (1, ones.into()));
}

/// Source: `imagestreamtag/rest_test.go`, `TestDeleteImageStreamTag`, "happy path": a spec tag that has no generation
/// gets that of the stream with the next write.
#[tokio::test]
async fn a_spec_tag_without_generation_gets_one() {
    struct Forget<'a>(&'a crate::oci::StreamId);
    impl crate::records::Decide for Forget<'_> {
        type Outcome = ();
        type Error = crate::records::Error;
        async fn decide(&self, transaction: &mut crate::records::Transaction<'_>) -> Result<(), Self::Error> {
            transaction.put(&keys::spec(self.0, &"t".parse().unwrap()), &upstream("u.test/a/b:1"))
        }
    }
    let (world, s) = (World::new(), stream("ns/s"));
    world.create(&s).await;
    world.records.transact(&Forget(&s)).await.unwrap();
    let tags = [("new", upstream("u.test/a/b:2")), ("t", upstream("u.test/a/b:1"))];
    world.set_spec(&s, &tags).await.unwrap();
    assert_eq!(world.generations(&s).await, (2, ["new", "t"].map(|tag| (tag.to_owned(), 2)).into()));
}

/// What the spec says beside its tags counts as a change of it.
#[tokio::test]
async fn lookup_counts_as_a_change() {
    let (world, s) = (World::new(), stream("ns/s"));
    world.set_spec(&s, &[("t", upstream("u.test/a/b:1"))]).await.unwrap();
    let actor = crate::records::Actor::anonymous();
    let change = async |lookup_local| {
        let tags = [("t".parse().unwrap(), upstream("u.test/a/b:1"))].into();
        let tags = NewTags::All(tags);
        let change =
            ChangeSpec { stream: &s, tags, lookup_local, source_repository: None, create: None, actor: &actor };
        world.records.transact(&change).await.unwrap().outcome
    };
    assert!(!change(Some(false)).await.changed);
    assert_eq!(change(Some(true)).await.generation, 2);
    assert!(!change(None).await.changed);
    assert!(world.stream(&s).await.spec.lookup_policy.local);
    assert_eq!(world.generations(&s).await, (2, [("t".to_owned(), 1)].into()));
}
