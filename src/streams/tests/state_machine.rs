//! Random changes of a stream, compared with a plain model after each step.

use std::collections::BTreeMap;

use proptest::prelude::*;
use weir_storage::Digest;

use super::model::{Item, Model, Source};
use super::world::{World, digest, from_image, from_tag, own_spec, pointer, stream};
use crate::oci::{StreamId, Tag};
use crate::records::{AmendedImage, LogEntry, LogKind, PullSpec, SpecTag, keys};
use crate::streams::history::entries;
use crate::streams::spec::refusal::SpecError;

const TAGS: usize = 4;
const IMAGES: usize = 5;

#[derive(Debug, Clone)]
enum Step {
    Push {
        tag: usize,
        image: usize,
    },
    /// Pushes what the tag means already.
    PushAgain {
        tag: usize,
    },
    PushElsewhere {
        image: usize,
    },
    Set {
        tag: usize,
        source: Source,
        renew: bool,
    },
    Forget {
        tag: usize,
    },
    Delete {
        tag: usize,
    },
    /// Time goes on. Between two of these everything happens at once.
    Tick,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let source = prop_oneof![
        4 => (0..IMAGES).prop_map(Source::Image),
        6 => (0..TAGS).prop_map(Source::Tag),
        1 => Just(Source::Elsewhere),
        2 => (0..2_usize).prop_map(Source::Pointer),
    ];
    let step = prop_oneof![
        6 => (0..TAGS, 0..IMAGES).prop_map(|(tag, image)| Step::Push { tag, image }),
        2 => (0..TAGS).prop_map(|tag| Step::PushAgain { tag }),
        1 => (0..IMAGES).prop_map(|image| Step::PushElsewhere { image }),
        8 => (0..TAGS, source, prop::bool::weighted(0.2))
            .prop_map(|(tag, source, renew)| Step::Set { tag, source, renew }),
        1 => (0..TAGS).prop_map(|tag| Step::Forget { tag }),
        2 => (0..TAGS).prop_map(|tag| Step::Delete { tag }),
        4 => Just(Step::Tick),
    ];
    prop::collection::vec(step, 1..60)
}

fn image(number: usize) -> Digest {
    digest(&format!("{number}a"))
}

fn tag(number: usize) -> String {
    format!("t{number}")
}

fn app() -> StreamId {
    stream("ns/app")
}

fn elsewhere() -> StreamId {
    stream("ns/elsewhere")
}

/// The spec tag of a source.
fn spec(source: &Source) -> SpecTag {
    match source {
        Source::Image(number) => from_image(&format!("app@{}", image(*number))),
        Source::Tag(number) => from_tag(&tag(*number)),
        Source::Elsewhere => from_tag("elsewhere:e"),
        Source::Pointer(number) => pointer(&format!("p.test/x/y:{number}")),
    }
}

fn pull_spec(item: &Item) -> String {
    match item.reference {
        Ok(number) => format!("registry:5000/ns/app@{}", image(number)),
        Err(number) => format!("p.test/x/y:{number}"),
    }
}

/// What is compared with the model, and the log as it was after the last step.
struct Machine {
    world: World,
    model: Model,
    logs: BTreeMap<usize, Vec<LogEntry>>,
    now: i64,
}

impl Machine {
    async fn new() -> Self {
        let world = World::new();
        world.create(&app()).await;
        Self { world, model: Model { generation: 1, ..Model::default() }, logs: BTreeMap::new(), now: 1_000 }
    }

    async fn push(&self, s: &StreamId, tag: &str, number: usize) {
        self.world.event(s, tag, own_spec(s, &image(number)), Some(&image(number))).await;
    }

    async fn take(&mut self, step: &Step) {
        match step {
            Step::Push { tag: number, image } => {
                self.push(&app(), &tag(*number), *image).await;
                self.model.push(*number, *image, self.now);
            }
            Step::PushAgain { tag: number } => {
                let Some(Item { reference: Ok(image), .. }) = self.model.top(*number) else { return };
                self.push(&app(), &tag(*number), image).await;
                self.model.push(*number, image, self.now);
            }
            Step::PushElsewhere { image } => self.push_elsewhere(*image).await,
            Step::Set { tag: number, source, renew } => self.set(*number, source, *renew).await,
            Step::Forget { tag: number } => {
                self.world.set_tag(&app(), &tag(*number), None).await.unwrap();
                self.model.forget(*number);
            }
            Step::Delete { tag: number } => {
                let there = self.model.spec.contains_key(number) || self.model.status.contains_key(number);
                assert_eq!(self.world.delete_tag(&app(), &tag(*number)).await, there);
                self.model.delete(*number);
            }
            Step::Tick => {
                self.world.tick();
                self.now += 1;
            }
        }
    }

    async fn push_elsewhere(&mut self, number: usize) {
        self.push(&elsewhere(), "e", number).await;
        let item = Item { created: self.now, reference: Ok(number), generation: 1 };
        let same = self.model.elsewhere.as_ref().is_some_and(|old| old.reference == item.reference);
        if !same {
            self.model.elsewhere = Some(item);
        }
    }

    async fn set(&mut self, number: usize, source: &Source, renew: bool) {
        let generation = renew.then_some(0);
        let written = self.world.set_tag(&app(), &tag(number), Some(SpecTag { generation, ..spec(source) })).await;
        let allowed = self.model.set(number, source, renew, self.now);
        match written {
            Ok(_) => assert!(allowed, "it was taken"),
            Err(SpecError::Refused(refusals)) => assert!(!allowed, "{refusals:?}"),
            Err(error) => panic!("{error}"),
        }
    }

    async fn check(&mut self) {
        self.check_objects().await;
        for number in 0..TAGS {
            self.check_trackers(number).await;
            self.check_log(number).await;
        }
    }

    /// The stream as it is shown.
    async fn check_objects(&self) {
        let object = self.world.stream(&app()).await;
        assert_eq!(object.metadata.generation, self.model.generation);
        let wanted: Vec<_> = object.spec.tags.iter().map(|tag| (tag.name.clone(), tag.generation.unwrap())).collect();
        let expected: Vec<_> = self.model.spec.iter().map(|(number, spec)| (tag(*number), spec.generation)).collect();
        assert_eq!(wanted, expected);
        for (shown, (_, wanted)) in object.spec.tags.iter().zip(&self.model.spec) {
            assert_eq!(shown.from.as_ref().unwrap().name, spec(&wanted.source).from.unwrap().name);
        }
        let mut shown = BTreeMap::new();
        for events in object.status.tags {
            let items = events.items.unwrap().into_iter();
            let items = items.map(|item| {
                (item.created.unwrap().seconds(), item.docker_image_reference, item.image, item.generation)
            });
            shown.insert(events.tag, items.collect::<Vec<_>>());
        }
        let expected = self.model.status.iter().map(|(number, items)| {
            let items = items.iter().map(|item| {
                let image = item.reference.map(|number| image(number).to_string()).unwrap_or_default();
                (item.created, pull_spec(item), image, item.generation)
            });
            (tag(*number), items.collect())
        });
        assert_eq!(shown, expected.collect());
    }

    /// The index of followers holds exactly what the spec says.
    async fn check_trackers(&self, number: usize) {
        let followed: Tag = tag(number).parse().unwrap();
        let prefix = keys::trackers_of(&app(), &followed);
        let found = self.world.records.keys(&prefix, |scan| scan).await.unwrap();
        let found: Vec<_> = found.iter().map(|key| keys::part(key, 3).to_owned()).collect();
        let follows = self.model.spec.iter().filter(|(_, wanted)| wanted.source == Source::Tag(number));
        assert_eq!(found, follows.map(|(follower, _)| tag(*follower)).collect::<Vec<_>>());
    }

    /// The log of a tag: no gaps, times that rise, nothing rewritten, and it tells the items.
    async fn check_log(&mut self, number: usize) {
        let name = tag(number).parse().unwrap();
        let mut log = entries(&self.world.records, &app(), &name, 0, u64::MAX, usize::MAX).await.unwrap();
        log.reverse();
        for (index, (sequence, _)) in log.iter().enumerate() {
            assert_eq!(*sequence, index as u64 + 1);
        }
        let log: Vec<LogEntry> = log.into_iter().map(|(_, entry)| entry).collect();
        assert!(log.windows(2).all(|pair| pair[0].at < pair[1].at));
        let before = self.logs.insert(number, log.clone()).unwrap_or_default();
        assert!(log.starts_with(&before), "the log was rewritten");
        let expected = self.model.status.get(&number).into_iter().flatten();
        let expected: Vec<_> = expected
            .map(|item| {
                let image = item.reference.ok().map(image);
                let reference = match &image {
                    Some(image) => own_spec(&app(), image),
                    None => PullSpec::External(pull_spec(item)),
                };
                (reference, image, item.generation)
            })
            .collect();
        assert_eq!(told(&log), expected);
    }
}

/// The items that a log tells of, newest first.
fn told(log: &[LogEntry]) -> Vec<(PullSpec, Option<Digest>, i64)> {
    let mut items = Vec::new();
    for entry in log {
        match &entry.kind {
            LogKind::Event { item, .. } => {
                items.insert(0, (item.reference.clone(), item.image.clone(), item.generation));
            }
            LogKind::Amendment { amendment, .. } => {
                let top = items.first_mut().unwrap();
                top.2 = amendment.generation;
                if let Some(reference) = &amendment.reference {
                    top.0 = reference.clone();
                }
                match &amendment.image {
                    Some(AmendedImage::Image(image)) => top.1 = Some(image.clone()),
                    Some(AmendedImage::None) => top.1 = None,
                    None => {}
                }
            }
            LogKind::Restoration { .. } | LogKind::Trim { .. } => panic!("no step does that"),
            LogKind::Deletion { item, .. } => {
                assert_eq!(items.first(), Some(&(item.reference.clone(), item.image.clone(), item.generation)));
                items.clear();
            }
        }
    }
    items
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_model(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut machine = Machine::new().await;
            for step in &steps {
                machine.take(step).await;
                machine.check().await;
            }
        });
    }
}
