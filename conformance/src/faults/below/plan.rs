//! Which call of the server fails next, and which were seen.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Result, bail};

use super::call::{Call, Fault, Kind, Place};

/// A fault and where it strikes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Injection {
    pub(crate) at: Call,
    pub(crate) fault: Fault,
    /// Whether every later call that the fault applies to meets it too, as on a disk that is gone.
    pub(crate) lasting: bool,
}

impl std::fmt::Display for Injection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { at, fault, lasting } = self;
        write!(f, "{at}: {fault}{}", if *lasting { " from then on" } else { "" })
    }
}

/// A call that the server made.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) call: Call,
    pub(crate) path: PathBuf,
    /// What was done to it.
    pub(crate) struck: Option<Fault>,
}

/// The calls of which store are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Scope {
    /// The journal and the blobs: what an answer waits for.
    #[default]
    Answers,
    /// The index, which is written when it likes.
    Index,
}

/// Shared by the tracer, which asks what to do with each call, and the run, which says it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    scope: Scope,
    recording: bool,
    injection: Option<Injection>,
    struck: bool,
    counts: HashMap<(Kind, Place), usize>,
    seen: Vec<Seen>,
    /// Why the tracer ended before the server did.
    broken: Option<String>,
}

impl Plan {
    /// Begins a record, with a fault or without.
    pub(crate) fn begin(&self, scope: Scope, injection: Option<Injection>) {
        let mut state = self.state();
        let broken = state.broken.take();
        *state = State { scope, recording: true, injection, broken, ..State::default() };
    }

    /// The fault goes; the record goes on.
    pub(crate) fn heal(&self) {
        self.state().injection = None;
    }

    /// Ends the record: every call since it began.
    pub(crate) fn end(&self) -> Result<Vec<Seen>> {
        let mut state = self.state();
        state.recording = false;
        state.injection = None;
        if let Some(reason) = &state.broken {
            bail!("the tracer ended: {reason}");
        }
        Ok(std::mem::take(&mut state.seen))
    }

    /// How many calls were seen so far, and whether the fault struck.
    pub(crate) fn progress(&self) -> (usize, bool) {
        let state = self.state();
        (state.seen.len(), state.struck)
    }

    /// The tracer cannot go on.
    pub(crate) fn fail(&self, reason: String) {
        self.state().broken = Some(reason);
    }

    pub(crate) fn recording(&self) -> bool {
        self.state().recording
    }

    /// Notes a call below the data directory, and says what it meets.
    pub(crate) fn meet(&self, kind: Kind, path: &Path) -> Option<Fault> {
        let mut state = self.state();
        let place = Place::of(path);
        if !state.recording || (place == Place::Index) != (state.scope == Scope::Index) {
            return None;
        }
        let nth = state.counts.entry((kind, place)).or_default();
        *nth += 1;
        let call = Call { kind, place, nth: *nth };
        let struck = state.strike(call);
        state.seen.push(Seen { call, path: path.to_owned(), struck });
        struck
    }

    /// A panic elsewhere leaves it whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn strike(&mut self, call: Call) -> Option<Fault> {
        let Injection { at, fault, lasting } = self.injection?;
        let again = lasting && self.struck && fault.applies(call.kind);
        if call != at && !again {
            return None;
        }
        self.struck = true;
        Some(fault)
    }
}
