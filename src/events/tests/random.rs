//! Random writers against several watchers: each is told what the model says, whenever it came and however often it left.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use weir_storage::Revision;

use super::model::Model;
use super::site::{PATIENCE, Site, What, digest, parse, stream, version};
use crate::events::options::{Selection, Start};
use crate::events::projection::Watched;
use crate::oci::StreamId;
use crate::records::{ImportPolicy, ReferencePolicy, SpecTag};

const WRITERS: u64 = 4;
const WRITES: u64 = 60;

/// A small generator: the tests want the same sequence each time, and nothing more.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn index(&mut self, bound: usize) -> usize {
        usize::try_from(self.below(bound as u64)).unwrap()
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.index(of.len())]
    }
}

fn pool() -> Vec<StreamId> {
    ["a/one", "a/two", "b/one", "b/three"].map(stream).to_vec()
}

fn labels(even: bool) -> BTreeMap<String, String> {
    BTreeMap::from([("even".to_owned(), even.to_string())])
}

fn what(random: &mut Random) -> What {
    let tag = ["v1", "v2", "latest"][usize::try_from(random.below(3)).unwrap()].parse().unwrap();
    match random.below(20) {
        0..=2 => What::Label(labels(random.below(2) == 0)),
        3 => What::Delete,
        4 | 5 => What::Untag(tag),
        6 | 7 => What::Spec { tag, spec: (random.below(3) > 0).then(|| spec(random.below(9))) },
        8 => What::Elsewhere,
        _ => What::Push { tag, image: digest(&random.below(6).to_string()) },
    }
}

fn spec(generation: u64) -> SpecTag {
    SpecTag {
        from: None,
        annotations: BTreeMap::from([("round".to_owned(), generation.to_string())]),
        reference: false,
        generation: i64::try_from(generation).ok(),
        import_policy: ImportPolicy::default(),
        reference_policy: ReferencePolicy::Source,
    }
}

async fn write(site: &Site, seed: u64) {
    let mut random = Random(seed);
    for _ in 0..WRITES {
        let id = random.pick(&pool()).clone();
        site.write(&id, what(&mut random)).await;
    }
}

/// The last that is written: whatever a watcher selects, the last event of it is here.
async fn finish(site: &Site) {
    for id in pool() {
        for tag in ["v1", "v2", "latest"] {
            site.push(&id, tag, "last").await;
            site.push(&id, tag, "very last").await;
        }
        site.write(&id, What::Label(labels(true))).await;
    }
}

fn selections(resource: Watched) -> Vec<Selection> {
    let namespace = |name: &str| Selection { namespace: Some(name.to_owned()), ..Selection::default() };
    let even = Selection {
        filter: Some(Arc::new(|traits| traits["metadata"]["labels"]["even"] == "true")),
        ..Selection::default()
    };
    let name = if resource == Watched::Streams { "one" } else { "one:v1" };
    let one = Selection { name: Some(name.to_owned()), ..namespace("a") };
    match resource {
        Watched::Images | Watched::Kept(_) | Watched::Quotas => vec![Selection::default()],
        Watched::Streams | Watched::StreamTags | Watched::ImageTags => {
            vec![
                Selection::default(),
                namespace("b"),
                Selection { namespace: Some("a".into()), ..even.clone() },
                even,
                one,
            ]
        }
    }
}

/// Watches, and leaves now and then to come back after the last revision that it heard of, as one does whose connection
/// breaks: also between the events of one commit. What it hears again it keeps to itself.
async fn restless(
    site: Arc<Site>,
    resource: Watched,
    selection: Selection,
    seed: u64,
    to: mpsc::UnboundedSender<Value>,
) {
    let mut random = Random(seed);
    let (mut last, mut heard) = (0, Vec::new());
    loop {
        let mut watch = site.watch(resource, selection.clone(), Start::After(Revision(last)));
        let mut pieces = 1 + random.below(4);
        while pieces > 0 {
            pieces -= 1;
            let Some(piece) = watch.next().await else { return };
            let events = parse(&piece);
            let cut = if pieces > 0 { events.len() } else { 1 + random.index(events.len()) };
            for event in events.into_iter().take(cut) {
                if version(&event) != last {
                    (last, heard) = (version(&event), Vec::new());
                } else if heard.contains(&event) {
                    continue;
                }
                heard.push(event.clone());
                if to.send(event).is_err() {
                    return;
                }
            }
        }
    }
}

fn hand_on(piece: &Bytes, to: &mpsc::UnboundedSender<Value>) -> bool {
    parse(piece).into_iter().all(|event| to.send(event).is_ok())
}

/// Watches from the list on, and stays.
async fn steady(site: Arc<Site>, resource: Watched, selection: Selection, to: mpsc::UnboundedSender<Value>) {
    let mut watch = site.watch(resource, selection, Start::Initial { marked: true });
    while let Some(piece) = watch.next().await {
        if !hand_on(&piece, &to) {
            return;
        }
    }
}

async fn receive(events: &mut mpsc::UnboundedReceiver<Value>) -> Value {
    tokio::time::timeout(PATIENCE, events.recv()).await.expect("an event is missing").expect("a watch ended")
}

async fn expect(events: &mut mpsc::UnboundedReceiver<Value>, wanted: Vec<Value>) {
    for (place, wanted) in wanted.into_iter().enumerate() {
        assert_eq!(receive(events).await, wanted, "at {place}");
    }
}

async fn compare(site: Site, resource: Watched) {
    let site = Arc::new(site);
    let mut tasks = JoinSet::new();
    let mut watchers = Vec::new();
    for (seed, selection) in selections(resource).into_iter().enumerate() {
        let (to, events) = mpsc::unbounded_channel();
        tasks.spawn(restless(Arc::clone(&site), resource, selection.clone(), seed as u64, to));
        watchers.push((selection.clone(), events, false));
        let (to, events) = mpsc::unbounded_channel();
        tasks.spawn(steady(Arc::clone(&site), resource, selection.clone(), to));
        watchers.push((selection, events, true));
    }
    let writers: Vec<_> = (0..WRITERS)
        .map(|seed| {
            let site = Arc::clone(&site);
            tokio::spawn(async move { write(&site, seed).await })
        })
        .collect();
    // Some come late.
    writers
        .into_iter()
        .collect::<futures_util::stream::FuturesUnordered<_>>()
        .for_each(async |done| done.unwrap())
        .await;
    for selection in selections(resource) {
        let (to, events) = mpsc::unbounded_channel();
        tasks.spawn(steady(Arc::clone(&site), resource, selection.clone(), to));
        watchers.push((selection, events, true));
    }
    finish(&site).await;
    let model = Model::of(&site, resource).await;
    for (selection, mut events, initial) in watchers {
        let mut after = 0;
        if initial {
            let mut listed = Vec::new();
            after = loop {
                let event = receive(&mut events).await;
                if event["type"] == "BOOKMARK" {
                    assert_eq!(event["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
                    break version(&event);
                }
                listed.push(event);
            };
            assert_eq!(listed, model.initial(&selection, after), "{selection:?}");
        }
        let wanted = model.events(&selection, after);
        expect(&mut events, wanted).await;
    }
    tasks.abort_all();
    site.events.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_told_as_they_were() {
    compare(Site::in_memory(), Watched::Streams).await;
    compare(Site::on_disk().await, Watched::Streams).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_told_as_they_were() {
    compare(Site::in_memory(), Watched::StreamTags).await;
    compare(Site::on_disk().await, Watched::StreamTags).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn image_tags_are_told_as_they_were() {
    compare(Site::in_memory(), Watched::ImageTags).await;
    compare(Site::on_disk().await, Watched::ImageTags).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn images_are_told_as_they_were() {
    compare(Site::in_memory(), Watched::Images).await;
    compare(Site::on_disk().await, Watched::Images).await;
}
