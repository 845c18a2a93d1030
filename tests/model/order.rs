//! The order of operations that were made at once.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::content::{MANIFESTS, TAGS, UNIQUE, piece, stream_of};
use super::run::{Run, path};
use super::several::{Done, Effect};

/// The operations in an order that agrees with every history, with the order of each client, and with time: what was
/// answered before another was sent comes before it.
pub(super) async fn ordered(run: &Run, done: &[Done]) -> Vec<Effect> {
    let mut before: BTreeSet<(usize, usize)> = BTreeSet::new();
    for (later, one) in done.iter().enumerate() {
        let earlier = done.iter().enumerate().filter(|(_, other)| other.answered < one.sent);
        before.extend(earlier.map(|(earlier, _)| (earlier, later)));
    }
    let mut events = BTreeMap::new();
    for repository in 0..2 {
        for tag in 0..TAGS.len() {
            let log = log(run, repository, tag, done).await;
            let operations: Vec<usize> = log.iter().map(|event| event.operation).collect();
            complete(&operations, repository, tag, done);
            before.extend(operations.windows(2).filter(|pair| pair[0] != pair[1]).map(|pair| (pair[0], pair[1])));
            before.extend(left(&operations, done));
            if repository == 0 {
                events.insert(tag, log);
            }
        }
    }
    before.extend(renewed(run, &events));
    sorted(done, &before)
}

/// An event of a history, and the operation that it belongs to.
struct Event {
    operation: usize,
    deletion: bool,
    /// The generation of the stream when it was pushed.
    pushed_in: Option<i64>,
}

/// What the history of a tag tells of, oldest first.
async fn log(run: &Run, repository: usize, tag: usize, done: &[Done]) -> Vec<Event> {
    let reply = run.weir.get(path(repository, &format!("_oci/tag-history/{}?n=10000", TAGS[tag]))).await.is(200);
    let mut events = reply.json()["manifests"].as_array().unwrap().clone();
    events.reverse();
    let known = run.model.streams.get(&stream_of(repository)).and_then(|stream| stream.tags.get(&tag));
    // What happened in phases before is known already.
    let events = events.split_off(known.map_or(0, |tag| tag.log.iter().filter(|entry| entry.shown.is_some()).count()));
    let mut deletions = done.iter().enumerate().filter(|(_, one)| one.effect == Effect::DeleteTag { repository, tag });
    let events = events.iter().map(|event| {
        let said = |name: &str| event["annotations"][name].as_str().unwrap();
        Event {
            operation: operation(event, repository, done, &mut deletions),
            deletion: said("org.opencontainers.distribution.tag.event") == "deleted",
            pushed_in: (said("dev.weir.tag.cause") == "push").then(|| said("dev.weir.tag.generation").parse().unwrap()),
        }
    });
    events.collect()
}

/// The tag that follows another loses its spec when it is deleted: the stream has a new generation then, which every push
/// after that notes down.
fn renewed(run: &Run, events: &BTreeMap<usize, Vec<Event>>) -> Vec<(usize, usize)> {
    let stream = &run.model.streams[&0];
    let follower = stream.spec.keys().next().and_then(|tag| events.get(tag)).map(Vec::as_slice).unwrap_or_default();
    let Some(renewal) = follower.iter().find(|event| event.deletion).map(|event| event.operation) else {
        return Vec::new();
    };
    let pushes = events.values().flatten().filter_map(|event| Some((event.operation, event.pushed_in?)));
    let sides =
        pushes.map(|(push, generation)| if generation > stream.generation { (renewal, push) } else { (push, renewal) });
    sides.collect()
}

/// The operation that an event belongs to. Deletions of a tag are one client's, and come in its order.
fn operation<'d>(
    event: &Value,
    repository: usize,
    done: &[Done],
    deletions: &mut impl Iterator<Item = (usize, &'d Done)>,
) -> usize {
    let manifest = (MANIFESTS..MANIFESTS + UNIQUE).find(|manifest| piece(*manifest).digest == event["digest"]);
    let manifest = manifest.expect("an event is about what was pushed");
    let cause = event["annotations"]["dev.weir.tag.cause"].as_str().unwrap();
    let found = match cause {
        "tag-delete" => deletions.next().map(|(number, _)| number),
        "manifest-delete" => {
            done.iter().position(|one| one.effect == Effect::DeleteManifest { repository, manifest })
        }
        _ => done.iter().position(|one| {
            matches!(&one.effect, Effect::Push { repository: of, manifest: pushed, .. } if (*of, *pushed) == (repository, manifest))
        }),
    };
    assert!(found.is_some(), "nobody was told of {event}");
    found.unwrap()
}

/// Every push that was acknowledged is in the history of each of its tags, once; and every deletion of the tag.
fn complete(log: &[usize], repository: usize, tag: usize, done: &[Done]) {
    for (number, one) in done.iter().enumerate() {
        let found = log.iter().filter(|entry| **entry == number).count();
        match &one.effect {
            Effect::Push { repository: of, tags, .. } if *of == repository && tags.contains(&tag) => {
                assert_eq!(found, 1, "{one:?} in the history of {}", TAGS[tag]);
            }
            Effect::DeleteTag { repository: of, tag: deleted } if (*of, *deleted) == (repository, tag) => {
                assert_eq!(found, 1, "{one:?} in the history of {}", TAGS[tag]);
            }
            _ => {}
        }
    }
}

/// A manifest was deleted after every tag had left it that the deletion did not take away.
fn left(log: &[usize], done: &[Done]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for pair in log.windows(2) {
        let Effect::Push { repository, manifest, .. } = done[pair[0]].effect else { continue };
        let deletion = done.iter().position(|one| one.effect == Effect::DeleteManifest { repository, manifest });
        found.extend(deletion.filter(|deletion| *deletion != pair[1]).map(|deletion| (pair[1], deletion)));
    }
    found
}

/// The operations so that each comes after all that are before it.
fn sorted(done: &[Done], before: &BTreeSet<(usize, usize)>) -> Vec<Effect> {
    let mut waiting: BTreeMap<usize, usize> = (0..done.len()).map(|number| (number, 0)).collect();
    for (_, later) in before {
        *waiting.entry(*later).or_default() += 1;
    }
    let mut order = Vec::new();
    while let Some(next) = waiting.iter().find(|(_, count)| **count == 0).map(|(number, _)| *number) {
        waiting.remove(&next);
        order.push(done[next].effect.clone());
        for (_, later) in before.range((next, 0)..(next + 1, 0)) {
            if let Some(count) = waiting.get_mut(later) {
                *count -= 1;
            }
        }
    }
    let stuck: Vec<&Done> = waiting.keys().map(|number| &done[*number]).collect();
    assert!(stuck.is_empty(), "no order agrees with all histories: {stuck:?}");
    order
}
