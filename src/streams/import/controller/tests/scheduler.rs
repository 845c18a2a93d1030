//! The schedule, played through by a clock of its own.
//!
//! The tests have the names of those of OpenShift's scheduler. That has a ring of buckets; here each tag has a phase within the
//! interval, and each registry a budget. What both promise is tested: everything that is scheduled comes exactly once in each
//! interval, spread over it, and what is removed comes no more.

use std::collections::BTreeMap;

use super::super::*;

/// An interval of the tests.
const EVERY: Duration = Duration::from_mins(15);

fn start() -> Moment {
    Moment::parse("2026-11-22T10:00:00Z").unwrap()
}

fn after(seconds: u64) -> Moment {
    start().plus(Duration::from_secs(seconds))
}

fn stream(number: usize) -> StreamId {
    format!("team/app{number}").parse().unwrap()
}

fn tag() -> Part {
    "latest".parse().ok()
}

/// When a stream's tag is due next after a moment.
fn next(id: &StreamId, after: Moment) -> Due {
    let at = Rhythm::Every(EVERY).next(after, Phase::of(id, tag().as_ref())).unwrap();
    Due { at, why: Why::Scheduled, registry: "quay.io".to_owned() }
}

/// Lets so many seconds pass, and imports what is due in each; tells when each stream was.
fn play(plans: &mut Plans, budget: &mut Budget, seconds: std::ops::Range<u64>) -> BTreeMap<StreamId, Vec<u64>> {
    let mut imported: BTreeMap<StreamId, Vec<u64>> = BTreeMap::new();
    for second in seconds {
        let now = after(second);
        while let Some((id, due)) = plans.begin(now) {
            match budget.take(&due[0].1.registry, now) {
                Ok(()) => {
                    imported.entry(id.clone()).or_default().push(second);
                    plans.end(&id, &[tag()]);
                    plans.set(&id, &tag(), Some(next(&id, now)));
                }
                Err(at) => {
                    plans.postpone(&id, &tag(), at);
                    plans.end(&id, []);
                }
            }
        }
    }
    imported
}

fn plenty() -> Budget {
    Budget::new(10_000)
}

#[test]
fn scheduler() {
    let mut plans = Plans::default();
    assert!(play(&mut plans, &mut plenty(), 0..1000).is_empty(), "nothing comes of nothing");
    let id = stream(0);
    plans.set(&id, &tag(), Some(next(&id, start())));
    assert!(plans.begin(start()).is_none(), "what is added is not due at once");
    let due = plans.next().unwrap();
    plans.not_before(&id, &tag(), due.plus(EVERY));
    assert!(plans.begin(due).is_none(), "nor is what was put off when it was");
    let whole = EVERY.as_secs();
    let imported = play(&mut plans, &mut plenty(), 0..3 * whole);
    assert_eq!(imported[&id].len(), 2);
}

#[test]
fn scheduler_add_and_delay() {
    let mut plans = Plans::default();
    for number in 0..600 {
        plans.set(&stream(number), &tag(), Some(next(&stream(number), start())));
    }
    let delayed = stream(7);
    plans.not_before(&delayed, &tag(), after(EVERY.as_secs()));
    plans.not_before(&stream(1000), &tag(), after(5));
    assert_eq!(plans.len(), 600, "what is not there is not put off");
    let imported = play(&mut plans, &mut plenty(), 0..EVERY.as_secs() + 1);
    let mut thirds = [0; 3];
    for second in imported.iter().filter(|(id, _)| **id != delayed).map(|(_, seconds)| seconds[0]) {
        thirds[usize::try_from(second.min(899) / 300).unwrap()] += 1;
    }
    assert!(thirds.iter().all(|count| (150..250).contains(count)), "{thirds:?}");
    assert_eq!(imported[&delayed], [EVERY.as_secs()], "at the end of the interval");
}

#[test]
fn scheduler_remove() {
    let mut plans = Plans::default();
    let id = stream(0);
    plans.set(&id, &tag(), None);
    assert_eq!(plans.len(), 0, "what is not there is not removed");
    for _ in 0..2 {
        plans.set(&id, &tag(), Some(next(&id, start())));
    }
    assert_eq!(plans.len(), 1, "what is added twice is there once");
    plans.set(&id, &tag(), None);
    assert_eq!((plans.len(), plans.next()), (0, None));
    assert!(play(&mut plans, &mut plenty(), 0..2 * EVERY.as_secs()).is_empty());
}

/// Each comes once in an interval; also under a budget that has just room for all of them, however they fell together.
#[test]
fn scheduler_sanity() {
    let (count, whole) = (150, EVERY.as_secs());
    for per_minute in [10_000, 11] {
        let (mut plans, mut budget) = (Plans::default(), Budget::new(per_minute));
        for number in 0..count {
            plans.set(&stream(number), &tag(), Some(next(&stream(number), start())));
        }
        for round in 0..4 {
            let imported = play(&mut plans, &mut budget, round * whole..(round + 1) * whole);
            let late = per_minute == 11;
            let once = imported.values().filter(|seconds| seconds.len() == 1).count();
            assert!(once == count || (late && once >= count - 15), "{per_minute} a minute, round {round}: {once}");
            let seconds: usize = imported.values().map(Vec::len).sum();
            assert!(seconds <= count + 15, "{per_minute} a minute, round {round}: {seconds}");
        }
    }
}
