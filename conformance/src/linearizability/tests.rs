//! Histories that are right, and histories that are known to be wrong.

use std::time::{Duration, Instant};

use super::{Action, Call, Log, Value, explain};
use crate::history::Event;

/// Calls with times in milliseconds.
struct Script {
    zero: Instant,
    calls: Vec<Call>,
}

impl Script {
    fn new() -> Self {
        Self { zero: Instant::now(), calls: Vec::new() }
    }

    fn at(&self, milliseconds: u64) -> Instant {
        self.zero + Duration::from_millis(milliseconds)
    }

    fn call(mut self, began: u64, answered: u64, action: Action) -> Self {
        let call = Call { began: self.at(began), answered: Some(self.at(answered)), action };
        self.calls.push(call);
        self
    }

    fn lost(mut self, began: u64, action: Action) -> Self {
        let call = Call { began: self.at(began), answered: None, action };
        self.calls.push(call);
        self
    }

    fn log(mut self, before: Option<&str>, events: &[Event]) -> bool {
        explain(&Log { before: before.map(Value::from), events }, &mut self.calls)
    }
}

fn write(value: &str) -> Action {
    Action::Write(value.into())
}

fn read(value: &str) -> Action {
    Action::Read(Some(value.into()))
}

const ABSENT: Action = Action::Read(None);
const DELETED: Action = Action::Delete { existed: Some(true) };

fn tagged(value: &str) -> Event {
    Event::tagged(value)
}

fn deleted(value: &str) -> Event {
    Event::deleted(value)
}

#[test]
fn calls_one_after_another_are_explained_in_their_order_alone() {
    let good = Script::new().call(0, 1, ABSENT).call(2, 3, write("a")).call(4, 5, read("a"));
    assert!(good.log(None, &[tagged("a")]));
    let stale = || Script::new().call(0, 1, write("a")).call(2, 3, write("b")).call(4, 5, read("a"));
    assert!(!stale().log(None, &[tagged("a"), tagged("b")]));
    assert!(!stale().log(None, &[tagged("b"), tagged("a")]));
    assert!(!Script::new().call(0, 1, read("a")).log(Some("b"), &[]));
}

#[test]
fn an_acknowledged_write_that_is_gone_is_found() {
    for events in [vec![], vec![tagged("b")]] {
        assert!(!Script::new().call(0, 1, write("b")).call(2, 3, ABSENT).log(None, &events));
        assert!(!Script::new().call(0, 1, write("b")).call(2, 3, read("a")).log(Some("a"), &events));
    }
    assert!(!Script::new().call(0, 1, write("b")).log(Some("a"), &[]), "gone although nobody looked");
}

#[test]
fn overlapping_writes_may_take_effect_in_either_order_but_in_one() {
    let writes = || Script::new().call(0, 10, write("a")).call(0, 10, write("b"));
    let (forth, back) = ([tagged("a"), tagged("b")], [tagged("b"), tagged("a")]);
    assert!(writes().call(11, 12, read("b")).log(None, &forth));
    assert!(writes().call(11, 12, read("a")).log(None, &back));
    assert!(!writes().call(11, 12, read("a")).log(None, &forth));
    assert!(writes().call(2, 3, read("a")).call(4, 5, read("b")).log(None, &forth));
    for events in [forth, back] {
        let flicker = writes().call(2, 3, read("a")).call(4, 5, read("b")).call(6, 7, read("a"));
        assert!(!flicker.log(None, &events));
    }
}

#[test]
fn a_lost_call_took_effect_late_or_never_but_not_before_it_began() {
    let late = || Script::new().lost(0, write("a")).call(1, 2, ABSENT);
    assert!(late().log(None, &[]));
    assert!(late().log(None, &[tagged("a")]));
    assert!(late().call(3, 4, read("a")).log(None, &[tagged("a")]));
    assert!(!Script::new().call(1, 2, read("a")).lost(3, write("a")).log(None, &[tagged("a")]));
}

#[test]
fn what_a_reader_saw_and_a_crash_took_back_is_found() {
    // The write's answer was lost, so that it may be there or not; but somebody saw it.
    for events in [vec![], vec![tagged("b")]] {
        let older = Script::new().lost(0, write("b")).call(1, 2, read("b")).call(5, 6, read("a"));
        assert!(!older.log(Some("a"), &events));
        let absent = Script::new().lost(0, write("b")).call(1, 2, read("b")).call(5, 6, ABSENT);
        assert!(!absent.log(None, &events));
    }
}

#[test]
fn a_lost_write_takes_effect_once() {
    let twice = || Script::new().lost(0, write("b")).call(1, 2, read("b")).call(3, 4, write("a")).call(5, 6, read("b"));
    assert!(!twice().log(None, &[tagged("b"), tagged("a")]));
    assert!(!twice().log(None, &[tagged("b"), tagged("a"), tagged("b")]));
}

#[test]
fn deletions_say_whether_there_was_something() {
    assert!(Script::new().call(0, 1, DELETED).call(2, 3, ABSENT).log(Some("a"), &[deleted("a")]));
    assert!(!Script::new().call(0, 1, DELETED).log(None, &[]));
    let unknown = Action::Delete { existed: Some(false) };
    assert!(Script::new().call(0, 1, unknown.clone()).log(None, &[]));
    assert!(!Script::new().call(0, 1, unknown).log(Some("a"), &[]));
    let both = Script::new().call(0, 10, DELETED).call(0, 10, DELETED);
    assert!(!both.log(Some("a"), &[deleted("a")]), "one deletion found what another had deleted");
}

#[test]
fn a_forgotten_value_takes_only_the_tags_that_mean_it() {
    let forget = |value: &str| Action::Forget(value.into());
    assert!(Script::new().call(0, 1, forget("a")).call(2, 3, ABSENT).log(Some("a"), &[deleted("a")]));
    assert!(!Script::new().call(0, 1, forget("a")).call(2, 3, read("a")).log(Some("a"), &[]));
    assert!(Script::new().call(0, 1, forget("b")).call(2, 3, read("a")).log(Some("a"), &[]));
}

#[test]
fn a_log_has_every_change_and_no_other() {
    let calls = || Script::new().call(0, 1, write("a")).call(2, 3, write("a")).call(4, 5, DELETED);
    assert!(calls().log(None, &[tagged("a"), deleted("a")]));
    assert!(!calls().log(None, &[tagged("a")]), "a lost event");
    assert!(!calls().log(None, &[tagged("a"), tagged("a"), deleted("a")]), "an event twice");
    assert!(!calls().log(None, &[tagged("a"), deleted("a"), tagged("c")]), "an event of nobody");
    assert!(calls().log(Some("x"), &[tagged("a"), deleted("a")]));
    assert!(calls().log(Some("a"), &[deleted("a")]));
}

#[test]
fn a_log_keeps_the_order_of_calls() {
    let calls = || Script::new().call(0, 1, write("a")).call(2, 3, write("b"));
    assert!(calls().log(None, &[tagged("a"), tagged("b")]));
    assert!(!calls().log(None, &[tagged("b"), tagged("a")]));
    let overlapping = Script::new().call(0, 5, write("a")).call(2, 3, write("b"));
    assert!(overlapping.log(None, &[tagged("b"), tagged("a")]));
}

#[test]
fn readers_and_the_log_agree() {
    let calls = || Script::new().call(0, 9, write("a")).call(0, 9, write("b")).call(10, 11, read("b"));
    assert!(calls().log(None, &[tagged("a"), tagged("b")]));
    assert!(!calls().log(None, &[tagged("b"), tagged("a")]));
    let lost = Script::new().lost(0, write("a")).call(1, 2, read("a"));
    assert!(!lost.log(None, &[]), "a reader saw what the log does not have");
}

#[test]
fn long_histories_with_much_going_on_at_once_end() {
    let mut script = Script::new();
    let mut events = Vec::new();
    for round in 0..60 {
        for client in 0..12 {
            let value = format!("{round} {client}");
            script = script.call(round * 10, round * 10 + 15, write(&value));
            events.push(tagged(&value));
        }
        script = script.lost(round * 10, write(&format!("lost {round}")));
    }
    let mut wrong = events.clone();
    wrong.swap(0, 600);
    let calls = Script { zero: script.zero, calls: script.calls.clone() };
    assert!(script.call(2000, 2001, read("59 11")).log(None, &events));
    assert!(!calls.log(None, &wrong));
}
