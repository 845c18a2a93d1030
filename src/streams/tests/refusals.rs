//! Changes of a spec that are not made.

use super::world::{World, digest, from_image, from_tag, own_spec, pointer, stream, upstream};
use crate::oci::Tag;
use crate::records::{Actor, SpecSource, SpecTag};
use crate::streams::spec::change::{ChangeSpec, NewTags};
use crate::streams::spec::refusal::{Reason, Refusal, SpecError};

/// The stream `ns/app` with two images, whose tag `z` follows `x`.
async fn app() -> World {
    let (world, s) = (World::new(), stream("ns/app"));
    for image in ["ab", "ac"] {
        world.event(&s, "x", own_spec(&s, &digest(image)), Some(&digest(image))).await;
    }
    world.set_spec(&s, &[("z", from_tag("x"))]).await.unwrap();
    world
}

/// Writes one spec tag that is refused; checks that nothing changed.
async fn refused(tag: &str, spec: SpecTag) -> Refusal {
    let (world, s) = (app().await, stream("ns/app"));
    let before = world.stream(&s).await;
    let mut refusals = match world.set_tag(&s, tag, Some(spec)).await {
        Err(SpecError::Refused(refusals)) => refusals,
        other => panic!("{other:?}"),
    };
    assert_eq!(world.stream(&s).await, before);
    refusals.remove(0)
}

fn tags(names: &[&str]) -> Vec<Tag> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

/// Source: a recorded cluster, scenario `08-errors`, requests 70, 78 and 88; and names that no tag or id can have.
#[tokio::test]
async fn names_of_the_wrong_form() {
    for name in ["app:b:c", "a:b:c", "app:", ":", "", "app:.x"] {
        let refusal = refused("t", from_tag(name)).await;
        assert_eq!((refusal.reason, refusal.value.as_str()), (Reason::Form, name));
    }
    for name in ["app@badid@x", "app@", "@ab", "@@", ""] {
        assert_eq!(refused("t", from_image(name)).await.reason, Reason::Form, "{name:?}");
    }
    assert_eq!(refused("t", upstream("")).await.reason, Reason::Form);
    assert_eq!(refused("t", pointer("")).await.reason, Reason::Form);
}

/// Source: a recorded cluster, scenario `08-errors`, requests 79 and 93.
#[tokio::test]
async fn streams_that_do_not_exist() {
    for spec in [from_tag("nosuch:x"), from_image("nosuch@ab"), from_tag("NoSuch:x"), from_tag("app@sha256:x")] {
        assert_eq!(refused("t", spec).await.reason, Reason::StreamNotFound);
    }
    let elsewhere = SpecSource { namespace: Some("nosuch".to_owned()), ..from_tag("app:x").from.unwrap() };
    let refusal = refused("t", SpecTag { from: Some(elsewhere), ..from_tag("") }).await;
    assert_eq!(refusal.field_error().to_string(), "spec.tags[t].from.name: Not found: \"app:x\"");
    assert_eq!(refusal.reason.to_string(), "not found");
}

/// Source: a recorded cluster, scenario `08-errors`, requests 81 and 82.
#[tokio::test]
async fn images_that_do_not_exist_and_ids_of_several() {
    let refusal = refused("t", from_image("app@deadbeef")).await;
    assert_eq!(
        refusal.reason.to_string(),
        "error generating tag event: imagestreamimage.image.openshift.io \"deadbeef\" not found"
    );
    let refusal = refused("t", from_image("app@s")).await;
    let text = format!(
        "error generating tag event: Operation cannot be fulfilled on imagestreamimage.image.openshift.io \"s\": \
         multiple images match the prefix \"s\": {}, {}",
        digest("ab"),
        digest("ac")
    );
    assert_eq!(refusal.reason.to_string(), text);
}

/// A departure: a tag that would follow itself is refused, on every way to write it.
#[tokio::test]
async fn loops() {
    let refusal = refused("t", from_tag("t")).await;
    assert_eq!(refusal.reason, Reason::Loop { tags: tags(&["t", "t"]) });
    assert_eq!(refusal.reason.to_string(), "the tag would follow itself: t → t");
    assert_eq!(refused("t", from_tag("app:t")).await.reason, Reason::Loop { tags: tags(&["t", "t"]) });
    assert_eq!(refused("x", from_tag("z")).await.reason, Reason::Loop { tags: tags(&["x", "z", "x"]) });
}

/// All tags of a loop are named, and none that only leads there.
#[tokio::test]
async fn longer_loops() {
    let (world, s) = (app().await, stream("ns/app"));
    let spec = [("a", from_tag("b")), ("b", from_tag("c")), ("c", from_tag("a")), ("d", from_tag("a"))];
    let Err(SpecError::Refused(refusals)) = world.set_spec(&s, &spec).await else { panic!("a loop was taken") };
    let named: Vec<_> = refusals.iter().map(|refusal| refusal.tag.to_string()).collect();
    assert_eq!(named, ["a", "b", "c"]);
    assert_eq!(refusals[1].reason, Reason::Loop { tags: tags(&["b", "c", "a", "b"]) });
}

/// Changing only the kind of a source resolves nothing, but makes a tag that follows: loops are refused there too.
#[tokio::test]
async fn a_loop_by_kind_alone() {
    let (world, s) = (app().await, stream("ns/app"));
    world.set_tag(&s, "x", Some(upstream("z"))).await.unwrap();
    let refused = world.set_tag(&s, "x", Some(from_tag("z"))).await;
    assert!(matches!(refused, Err(SpecError::Refused(_))), "{refused:?}");
}

/// All mistakes are reported at once, and the good tags of the same write stay as they were.
#[tokio::test]
async fn all_at_once() {
    let (world, s) = (app().await, stream("ns/app"));
    let before = world.stream(&s).await;
    let spec = [("a", from_tag("no:x")), ("b", pointer("p.test/a/b:1")), ("c", from_image("app@ff"))];
    let Err(SpecError::Refused(refusals)) = world.set_spec(&s, &spec).await else { panic!("it was taken") };
    let reasons: Vec<_> = refusals.into_iter().map(|refusal| refusal.reason).collect();
    assert_eq!(reasons, [Reason::StreamNotFound, Reason::ImageNotFound { id: "ff".to_owned() }]);
    assert_eq!(world.stream(&s).await, before);
}

/// A source in a stream that exists but a tag that does not is no mistake.
#[tokio::test]
async fn a_tag_without_history_is_no_error() {
    let (world, s) = (app().await, stream("ns/app"));
    world.set_tag(&s, "t", Some(from_tag("app:nosuch"))).await.unwrap();
    assert_eq!(world.items(&s, "t").await, []);
    assert_eq!(world.generations(&s).await.1["t"], 3);
}

/// Without being told to, a change makes no stream.
#[tokio::test]
async fn no_stream() {
    let (world, s) = (World::new(), stream("ns/app"));
    let (tags, actor) = ([].into(), Actor::anonymous());
    let tags = NewTags::All(tags);
    let change =
        ChangeSpec { stream: &s, tags, lookup_local: None, source_repository: None, create: None, actor: &actor };
    assert!(matches!(world.records.transact(&change).await, Err(SpecError::NoStream(id)) if id == s));
}
