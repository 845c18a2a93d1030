//! The latest events of a resource, bounded in bytes and in number, with an index for each kind of listener.
//!
//! A thousand watchers of a stream each would all have to look at every event only to pass it over, and one of them whose
//! stream rests would lose its place although it missed nothing. So what concerns the listeners of a namespace or a name
//! stands in a queue of theirs, which holds no event of its own, and only they are woken.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::sync::watch;
use weir_storage::Revision;

use super::object::{Event, Happening, Traits};

/// How much a ring may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RingLimits {
    pub(crate) bytes: usize,
    pub(crate) events: usize,
}

impl Default for RingLimits {
    /// A minute of 200 events a second, which is longer than any client that still reads takes to come back; and no more
    /// than a small server can spare for each of a handful of resources.
    fn default() -> Self {
        Self { bytes: 32 << 20, events: 16_384 }
    }
}

/// Listeners that are woken together: few enough that nobody else waits long for them.
const TOGETHER: usize = 32;

/// So many queues are kept before those that nobody listens to are looked for.
const QUEUES: usize = 64;

/// Whose events: those of a namespace, or of all; those with a name, or with any.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Interest {
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
}

impl Interest {
    /// Everyone who may be interested in an object.
    fn all(of: &Traits) -> [Self; 4] {
        let (namespace, name) = (Some(of.namespace.clone()), Some(of.name.clone()));
        [
            Self::default(),
            Self { namespace: namespace.clone(), name: None },
            Self { namespace: None, name: name.clone() },
            Self { namespace, name },
        ]
    }
}

/// Who asks for what came after a revision is told everything, or that it is no longer here.
#[derive(Debug)]
pub(crate) struct Ring {
    limits: RingLimits,
    events: VecDeque<Arc<Event>>,
    bytes: usize,
    /// Every event after this revision is here.
    floor: Revision,
    /// What happened up to this revision is known.
    head: Revision,
    queues: HashMap<Interest, Queue>,
    /// With so many queues, those that nobody listens to are looked for.
    look_at: usize,
    /// Groups of listeners who have something to read and were not woken.
    unwoken: VecDeque<(Interest, usize)>,
}

/// What concerns some listeners.
#[derive(Debug)]
struct Queue {
    events: VecDeque<Arc<Event>>,
    /// Every event that concerns them after this revision is here.
    floor: Revision,
    groups: Vec<Group>,
}

/// Listeners that are woken together.
#[derive(Debug)]
struct Group {
    bell: watch::Sender<()>,
    /// Whether it stands among those who have something to read.
    waits: bool,
}

/// What a watcher reads at once.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) events: Vec<Arc<Event>>,
    /// Who has these has everything up to this revision.
    pub(crate) upto: Revision,
}

/// Events after a revision are no longer here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone {
    /// Those after this revision are.
    pub(crate) floor: Revision,
}

impl Ring {
    /// A ring that begins after a revision.
    pub(crate) fn after(floor: Revision, limits: RingLimits) -> Self {
        Self {
            limits,
            events: VecDeque::new(),
            bytes: 0,
            floor,
            head: floor,
            queues: HashMap::new(),
            look_at: QUEUES,
            unwoken: VecDeque::new(),
        }
    }

    pub(crate) fn floor(&self) -> Revision {
        self.floor
    }

    /// Adds a listener. Its bell rings when there is something to [`read`](Self::read).
    pub(crate) fn listen(&mut self, interest: &Interest) -> watch::Receiver<()> {
        if !self.queues.contains_key(interest) {
            self.add_queue(interest);
        }
        let groups = self.queues.get_mut(interest).map(|queue| &mut queue.groups);
        let Some(groups) = groups else { return watch::Sender::new(()).subscribe() };
        if let Some(group) = groups.iter().find(|group| group.bell.receiver_count() < TOGETHER) {
            return group.bell.subscribe();
        }
        let bell = watch::Sender::new(());
        let listener = bell.subscribe();
        groups.push(Group { bell, waits: false });
        listener
    }

    fn add_queue(&mut self, interest: &Interest) {
        if self.queues.len() >= self.look_at {
            self.queues.retain(|_, queue| queue.groups.iter().any(|group| group.bell.receiver_count() > 0));
            self.look_at = (2 * self.queues.len()).max(QUEUES);
        }
        let concerns = |event: &&Arc<Event>| Interest::all(event.happening.traits()).contains(interest);
        let events = self.events.iter().filter(concerns).cloned().collect();
        let queue = Queue { events, floor: self.floor, groups: Vec::new() };
        self.queues.insert(interest.clone(), queue);
    }

    /// Adds all that happened in the next commit, and forgets the oldest where the limits ask for it. The last commit
    /// always stays.
    pub(crate) fn push(&mut self, revision: Revision, happened: Vec<Happening>) {
        self.head = revision;
        for happening in happened {
            self.bytes += happening.bytes();
            let event = Arc::new(Event { revision, happening });
            for interest in Interest::all(event.happening.traits()) {
                let Some(queue) = self.queues.get_mut(&interest) else { continue };
                queue.events.push_back(Arc::clone(&event));
                for (place, group) in queue.groups.iter_mut().enumerate().filter(|(_, group)| !group.waits) {
                    group.waits = true;
                    self.unwoken.push_back((interest.clone(), place));
                }
            }
            self.events.push_back(event);
        }
        while self.bytes > self.limits.bytes || self.events.len() > self.limits.events {
            match self.events.front() {
                Some(oldest) if oldest.revision < revision => self.forget(oldest.revision),
                _ => break,
            }
        }
    }

    /// Forgets a commit, whole.
    fn forget(&mut self, revision: Revision) {
        while self.events.front().is_some_and(|event| event.revision <= revision) {
            let Some(oldest) = self.events.pop_front() else { break };
            self.bytes = self.bytes.saturating_sub(oldest.happening.bytes());
            for interest in Interest::all(oldest.happening.traits()) {
                let Some(queue) = self.queues.get_mut(&interest) else { continue };
                while queue.events.front().is_some_and(|event| event.revision <= revision) {
                    queue.events.pop_front();
                }
                queue.floor = revision;
            }
        }
        self.floor = revision;
    }

    /// Forgets everything, and begins after a revision. All listeners have something to read: that it is gone.
    pub(crate) fn restart(&mut self, floor: Revision) {
        (self.floor, self.head, self.bytes) = (floor, floor, 0);
        self.events.clear();
        for (interest, queue) in &mut self.queues {
            queue.events.clear();
            queue.floor = floor;
            for (place, group) in queue.groups.iter_mut().enumerate().filter(|(_, group)| !group.waits) {
                group.waits = true;
                self.unwoken.push_back((interest.clone(), place));
            }
        }
    }

    /// Wakes some listeners who have something to read; how many. Zero where there are none.
    pub(crate) fn wake_some(&mut self) -> usize {
        while let Some((interest, place)) = self.unwoken.pop_front() {
            let group = self.queues.get_mut(&interest).and_then(|queue| queue.groups.get_mut(place));
            let Some(group) = group else { continue };
            group.waits = false;
            let listeners = group.bell.receiver_count();
            if listeners > 0 {
                group.bell.send_replace(());
                return listeners;
            }
        }
        0
    }

    /// Whether there are listeners to wake.
    pub(crate) fn has_unwoken(&self) -> bool {
        !self.unwoken.is_empty()
    }

    /// Wakes all listeners, whatever there is to read.
    pub(crate) fn wake_all(&self) {
        for group in self.queues.values().flat_map(|queue| &queue.groups) {
            group.bell.send_replace(());
        }
    }

    /// How many listen.
    pub(crate) fn listeners(&self) -> usize {
        let groups = self.queues.values().flat_map(|queue| &queue.groups);
        groups.map(|group| group.bell.receiver_count()).sum()
    }

    /// The events after a revision that concern a listener, whole commits, about `limit` events.
    pub(crate) fn read(&self, interest: &Interest, after: Revision, limit: usize) -> Result<Batch, Gone> {
        let Some(queue) = self.queues.get(interest).filter(|queue| after >= queue.floor) else {
            return Err(Gone { floor: self.floor });
        };
        let begin = queue.events.partition_point(|event| event.revision <= after);
        let mut events: Vec<Arc<Event>> = Vec::new();
        for event in queue.events.range(begin..) {
            let last = events.last().map(|last| last.revision);
            if events.len() >= limit && last != Some(event.revision) {
                return Ok(Batch { events, upto: last.unwrap_or(after) });
            }
            events.push(Arc::clone(event));
        }
        Ok(Batch { events, upto: self.head.max(after) })
    }
}
