//! Whether what clients saw of a tag, and what its history says, can be explained by calls that took effect one at a time.
//!
//! Each call took effect at one moment between its beginning and its answer; one whose answer was lost took effect at any
//! moment after its beginning, or never. A tag is a register: a read finds what the last change left. And every change
//! of it is the next event of its history, as that was read when all calls had ended. The [search] looks for an order
//! that fits both, in the manner of Wing and Gong: it takes any call that no pending answer precedes, and goes on from
//! the state after it. As Lowe showed, it suffices to remember which calls were taken and the state they led to; each
//! such pair is tried once. The history leaves few choices, so that this is fast where a search over the register alone
//! is not: many lost writes could each explain anything.

mod log;
mod search;

#[cfg(test)]
mod tests;

use std::time::Instant;

pub(crate) use log::Log;
pub(crate) use search::explain;

/// What a tag can mean: a digest.
pub(crate) type Value = String;

/// A call to one tag.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) began: Instant,
    /// When it was answered; `None` where the answer was lost, and with it whether the call had any effect.
    pub(crate) answered: Option<Instant>,
    pub(crate) action: Action,
}

/// What a call did, as far as its client knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// The tag came to mean this.
    Write(Value),
    /// The tag was deleted. `None` where the answer that tells whether there was one was lost.
    Delete { existed: Option<bool> },
    /// This was deleted, and the tag with it if it meant this.
    Forget(Value),
    /// The tag meant this; `None` where it was absent.
    Read(Option<Value>),
}
