//! The search for an order that explains what was seen.

use std::collections::HashSet;

use super::{Action, Call, Log};

/// Whether calls can have taken effect one at a time and made this log. Sorts them by their beginning.
pub(crate) fn explain(log: &Log<'_>, calls: &mut [Call]) -> bool {
    calls.sort_by_key(|call| call.began);
    let mut seen = HashSet::new();
    let mut open = vec![(Taken::none(calls.len()), 0)];
    while let Some((taken, state)) = open.pop() {
        // A call whose answer was lost may have had no effect.
        let all = calls.iter().enumerate().all(|(index, call)| call.answered.is_none() || taken.has(index));
        if all && log.is_complete(state) {
            return true;
        }
        let read = |index: &usize| {
            matches!(calls[*index].action, Action::Read(_)) && log.after(state, &calls[*index].action).is_some()
        };
        // A read that can be now changes nothing for the others: there is no need to try it later.
        if let Some(index) = next(calls, &taken).find(read) {
            open.push((taken.with(index), state));
            continue;
        }
        for index in next(calls, &taken) {
            let Some(after) = log.after(state, &calls[index].action) else { continue };
            // A lost call that changes nothing may as well not have been made.
            if after == state && calls[index].answered.is_none() {
                continue;
            }
            let step = (taken.with(index), after);
            if seen.insert(step.clone()) {
                open.push(step);
            }
        }
    }
    false
}

/// The calls that may be the next to take effect: those that began before the first answer that is still to come.
fn next<'a>(calls: &'a [Call], taken: &'a Taken) -> impl Iterator<Item = usize> + 'a {
    let missing = |index: &usize| !taken.has(*index);
    let first_answer = (0..calls.len()).filter(missing).filter_map(|index| calls[index].answered).min();
    (0..calls.len())
        .take_while(move |index| first_answer.is_none_or(|answer| calls[*index].began <= answer))
        .filter(missing)
}

/// Which calls have taken effect, a bit for each.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Taken(Vec<u64>);

impl Taken {
    fn none(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    fn has(&self, index: usize) -> bool {
        self.0[index / 64] >> (index % 64) & 1 == 1
    }

    fn with(&self, index: usize) -> Self {
        let mut next = self.clone();
        next.0[index / 64] |= 1 << (index % 64);
        next
    }
}
