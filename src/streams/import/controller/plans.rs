//! What is to be imported when.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::due::{Due, Why};
use crate::oci::{StreamId, Tag};
use crate::records::Moment;

/// A tag, or, where there is none, the repository that a whole stream is imported from.
pub(super) type Part = Option<Tag>;

/// What is to be imported when. The parts of a stream that are due together are imported together, and one such import of
/// a stream runs at a time.
#[derive(Debug, Default)]
pub(super) struct Plans {
    dues: HashMap<StreamId, BTreeMap<Part, Due>>,
    queue: BTreeSet<(Moment, StreamId)>,
    queued: HashMap<StreamId, Moment>,
    busy: HashSet<StreamId>,
}

impl Plans {
    /// Plans a part, or no longer does. What was scheduled for an earlier time stays so: nothing is put off by being looked
    /// at.
    pub(super) fn set(&mut self, id: &StreamId, part: &Part, due: Option<Due>) {
        let Some(mut due) = due else {
            if let Some(parts) = self.dues.get_mut(id) {
                parts.remove(part);
            }
            return self.requeue(id);
        };
        let parts = self.dues.entry(id.clone()).or_default();
        if let Some(old) = parts.get(part)
            && (old.why, due.why) == (Why::Scheduled, Why::Scheduled)
        {
            due.at = due.at.min(old.at);
        }
        parts.insert(part.clone(), due);
        self.requeue(id);
    }

    /// Puts a part off.
    pub(super) fn postpone(&mut self, id: &StreamId, part: &Part, at: Moment) {
        if let Some(due) = self.dues.get_mut(id).and_then(|parts| parts.get_mut(part)) {
            due.at = at;
        }
        self.requeue(id);
    }

    /// Puts a part off, if it is due before.
    pub(super) fn not_before(&mut self, id: &StreamId, part: &Part, at: Moment) {
        if let Some(due) = self.dues.get_mut(id).and_then(|parts| parts.get_mut(part)) {
            due.at = due.at.max(at);
        }
        self.requeue(id);
    }

    /// Brings the parts of a namespace forward that were refused: a login may have come.
    pub(super) fn hurry_refused(&mut self, namespace: &str, now: Moment) {
        let mut hurried = Vec::new();
        for (id, parts) in self.dues.iter_mut().filter(|(id, _)| id.namespace() == namespace) {
            for due in parts.values_mut().filter(|due| matches!(due.why, Why::Failed { refused: true })) {
                due.at = due.at.min(now);
                hurried.push(id.clone());
            }
        }
        for id in hurried {
            self.requeue(&id);
        }
    }

    /// When something is due.
    pub(super) fn next(&self) -> Option<Moment> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// The parts of a stream that are due, of the stream that waits longest. It is busy from then on.
    pub(super) fn begin(&mut self, now: Moment) -> Option<(StreamId, Vec<(Part, Due)>)> {
        if self.next()? > now {
            return None;
        }
        let (_, id) = self.queue.pop_first()?;
        self.queued.remove(&id);
        self.busy.insert(id.clone());
        let parts = self.dues.get(&id).into_iter().flatten();
        let due = parts.filter(|(_, due)| due.at <= now).map(|(part, due)| (part.clone(), due.clone())).collect();
        Some((id, due))
    }

    /// An import of a stream ended, or did not begin: these parts are no longer planned.
    pub(super) fn end<'p>(&mut self, id: &StreamId, done: impl IntoIterator<Item = &'p Part>) {
        self.busy.remove(id);
        if let Some(parts) = self.dues.get_mut(id) {
            for part in done {
                parts.remove(part);
            }
        }
        self.requeue(id);
    }

    /// How many parts are planned.
    pub(super) fn len(&self) -> usize {
        self.dues.values().map(BTreeMap::len).sum()
    }

    fn requeue(&mut self, id: &StreamId) {
        if let Some(at) = self.queued.remove(id) {
            self.queue.remove(&(at, id.clone()));
        }
        let next = self.dues.get(id).and_then(|parts| parts.values().map(|due| due.at).min());
        match next {
            None => _ = self.dues.remove(id),
            Some(_) if self.busy.contains(id) => {}
            Some(at) => {
                self.queue.insert((at, id.clone()));
                self.queued.insert(id.clone(), at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::parse("2026-11-22T10:00:00Z").unwrap().plus(Duration::from_secs(seconds))
    }

    fn id(name: &str) -> StreamId {
        name.parse().unwrap()
    }

    fn tag(name: &str) -> Part {
        name.parse().ok()
    }

    fn due(seconds: u64, why: Why) -> Due {
        Due { at: at(seconds), why, registry: String::new() }
    }

    fn wanted(seconds: u64) -> Due {
        due(seconds, Why::Wanted)
    }

    fn scheduled(seconds: u64) -> Due {
        due(seconds, Why::Scheduled)
    }

    #[test]
    fn what_is_due_together_is_begun_together() {
        let mut plans = Plans::default();
        plans.set(&id("a/x"), &tag("1"), Some(wanted(5)));
        plans.set(&id("a/x"), &tag("2"), Some(wanted(3)));
        plans.set(&id("a/x"), &tag("3"), Some(wanted(9)));
        plans.set(&id("a/y"), &None, Some(wanted(4)));
        assert_eq!(plans.next(), Some(at(3)));
        assert!(plans.begin(at(2)).is_none());
        let (first, parts) = plans.begin(at(5)).unwrap();
        let parts: Vec<Part> = parts.into_iter().map(|(part, _)| part).collect();
        assert_eq!((first.clone(), parts.clone()), (id("a/x"), vec![tag("1"), tag("2")]));
        assert_eq!(plans.begin(at(99)).unwrap().0, id("a/y"));
        assert!(plans.begin(at(99)).is_none(), "a stream is imported once at a time");
        plans.end(&first, &parts);
        assert_eq!((plans.next(), plans.len()), (Some(at(9)), 2));
    }

    #[test]
    fn a_schedule_is_not_put_off_by_being_looked_at() {
        let mut plans = Plans::default();
        plans.set(&id("a/x"), &tag("1"), Some(scheduled(10)));
        plans.set(&id("a/x"), &tag("1"), Some(scheduled(25)));
        assert_eq!(plans.next(), Some(at(10)));
        plans.postpone(&id("a/x"), &tag("1"), at(12));
        assert_eq!(plans.next(), Some(at(12)));
        plans.set(&id("a/x"), &tag("1"), None);
        assert_eq!((plans.next(), plans.len()), (None, 0));
    }

    #[test]
    fn a_new_login_hurries_what_was_refused() {
        let mut plans = Plans::default();
        let refused = |refused| due(60, Why::Failed { refused });
        plans.set(&id("a/x"), &tag("1"), Some(refused(false)));
        plans.set(&id("a/y"), &tag("1"), Some(refused(true)));
        plans.set(&id("b/y"), &tag("1"), Some(refused(true)));
        plans.hurry_refused("a", at(1));
        assert_eq!(plans.begin(at(1)).unwrap().0, id("a/y"));
        assert_eq!(plans.next(), Some(at(60)));
    }
}
