//! A tag that keeps a history.

use super::{Action, Value};
use crate::history::Event;

/// A register whose every change is the next of these events, and all of them are such changes. Its state is how many of
/// them have happened.
#[derive(Debug)]
pub(crate) struct Log<'a> {
    /// What the tag meant before the first event.
    pub(crate) before: Option<Value>,
    /// The events, oldest first.
    pub(crate) events: &'a [Event],
}

impl Log<'_> {
    /// The state after a call; `None` where the call could not have gone like that.
    pub(super) fn after(&self, state: usize, action: &Action) -> Option<usize> {
        let top = self.top(state);
        match action {
            // A push that changes nothing is no event.
            Action::Write(value) if top == Some(value) => Some(state),
            Action::Write(value) => self.appended(state, &Event::Tagged(value.clone())),
            Action::Delete { existed } if existed.is_some_and(|existed| existed != top.is_some()) => None,
            Action::Delete { .. } if top.is_none() => Some(state),
            Action::Delete { .. } => self.deleted(state),
            Action::Forget(value) if top == Some(value) => self.deleted(state),
            Action::Forget(_) => Some(state),
            Action::Read(value) => (top == value.as_ref()).then_some(state),
        }
    }

    /// Whether all events have happened.
    pub(super) fn is_complete(&self, state: usize) -> bool {
        state == self.events.len()
    }

    fn top(&self, state: usize) -> Option<&Value> {
        match state.checked_sub(1).and_then(|last| self.events.get(last)) {
            None => self.before.as_ref(),
            Some(Event::Tagged(value)) => Some(value),
            Some(Event::Deleted(_)) => None,
        }
    }

    /// The state after this event, if it is the next one.
    fn appended(&self, state: usize, event: &Event) -> Option<usize> {
        (self.events.get(state)? == event).then_some(state + 1)
    }

    fn deleted(&self, state: usize) -> Option<usize> {
        let top = self.top(state)?;
        self.appended(state, &Event::Deleted(top.clone()))
    }
}
