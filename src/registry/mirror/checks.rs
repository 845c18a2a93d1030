//! What registries were asked lately, and what they are asked now.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quick_cache::sync::Cache;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::oci::{Reference, StreamId};
use crate::upstream::fill::FillError;

/// So many answers are remembered: all tags that a busy site pulls. A client that asks for what there is not pushes out no
/// more than these, and what is forgotten is asked again.
const REMEMBERED: usize = 65_536;

/// How long a registry that failed is not asked again for the same, if it does not say.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// The longest that a registry can ask for.
const LONGEST_PAUSE: Duration = Duration::from_mins(10);

/// What is asked for.
pub(super) type Asked = (StreamId, Reference);

/// What a registry answered.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// What is here is what it has.
    Confirmed,
    /// It has no such thing.
    Unknown,
    /// It did not say.
    Failed(FillError),
}

/// What is remembered of the last answer.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    pub(super) answer: Answer,
    /// When it came.
    pub(super) at: Instant,
    /// When the registry last confirmed what is here.
    pub(super) confirmed: Option<Instant>,
    /// Since when every answer was a failure; `None` where the last was none.
    pub(super) failing: Option<Instant>,
}

impl Checked {
    /// Until when a registry that failed is left alone.
    pub(super) fn paused_until(&self) -> Option<Instant> {
        let Answer::Failed(error) = &self.answer else { return None };
        let wanted = match error {
            FillError::Upstream { error, .. } => error.retry_after(),
            FillError::Storage(_) | FillError::GivenUp => None,
        };
        Some(self.at + wanted.unwrap_or(AFTER_FAILURE).clamp(AFTER_FAILURE, LONGEST_PAUSE))
    }
}

/// A question that is asked now.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) begun: Instant,
    answer: watch::Receiver<Option<Answer>>,
}

impl Question {
    /// Waits for the answer.
    pub(super) async fn answered(mut self) -> Answer {
        match self.answer.wait_for(Option::is_some).await {
            Ok(answer) => answer.clone().unwrap_or(Answer::Failed(FillError::GivenUp)),
            // The server stops.
            Err(_) => Answer::Failed(FillError::GivenUp),
        }
    }
}

/// Whoever asks a question.
#[derive(Debug)]
pub(super) struct Asker {
    checks: Checks,
    asked: Asked,
    answer: watch::Sender<Option<Answer>>,
}

/// What somebody who wants an answer finds.
#[derive(Debug)]
pub(super) enum Found {
    /// It is asked already.
    Running(Question),
    /// Nobody asks.
    Mine(Question, Asker),
    /// It was answered since one began to want it.
    Answered(Answer),
}

/// The checks of one mirror.
#[derive(Debug, Clone)]
pub(super) struct Checks(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    remembered: Cache<Asked, Checked>,
    running: Mutex<HashMap<Asked, Question>>,
}

impl Default for Checks {
    fn default() -> Self {
        Self::new()
    }
}

impl Checks {
    pub(super) fn new() -> Self {
        Self(Arc::new(Shared { remembered: Cache::new(REMEMBERED), running: Mutex::default() }))
    }

    /// The last answer.
    pub(super) fn last(&self, asked: &Asked) -> Option<Checked> {
        self.0.remembered.get(asked)
    }

    /// Whether the registry said, no longer ago than this, that it does not know what is asked for.
    pub(super) fn is_unknown(&self, asked: &Asked, since: Duration) -> bool {
        self.last(asked).is_some_and(|last| matches!(last.answer, Answer::Unknown) && last.at.elapsed() < since)
    }

    /// Joins the question that is asked now, or begins it. An answer that came after `since` does as well.
    pub(super) fn join(&self, asked: &Asked, since: Instant) -> Found {
        let mut running = self.0.running();
        // An answer is remembered before its question leaves the table: one of the two is seen.
        if let Some(checked) = self.last(asked).filter(|checked| checked.at >= since) {
            return Found::Answered(checked.answer);
        }
        match running.entry(asked.clone()) {
            Entry::Occupied(question) => Found::Running(question.get().clone()),
            Entry::Vacant(place) => {
                let (answer, receiver) = watch::channel(None);
                let question = Question { begun: since, answer: receiver };
                place.insert(question.clone());
                Found::Mine(question, Asker { checks: self.clone(), asked: asked.clone(), answer })
            }
        }
    }
}

impl Asker {
    /// Remembers the answer, and tells it to all who wait.
    pub(super) fn answer(self, answer: Answer) {
        let at = Instant::now();
        let last = self.checks.last(&self.asked);
        let confirmed = match answer {
            Answer::Confirmed => Some(at),
            Answer::Unknown | Answer::Failed(_) => last.as_ref().and_then(|last| last.confirmed),
        };
        let failing = match answer {
            Answer::Failed(_) => last.and_then(|last| last.failing).or(Some(at)),
            Answer::Confirmed | Answer::Unknown => None,
        };
        let checked = Checked { answer: answer.clone(), at, confirmed, failing };
        self.checks.0.remembered.insert(self.asked.clone(), checked);
        self.answer.send_replace(Some(answer));
    }
}

impl Drop for Asker {
    /// Also where nothing was answered, since the task ended early.
    fn drop(&mut self) {
        self.checks.0.running().remove(&self.asked);
    }
}

impl Shared {
    /// A panic elsewhere leaves the table whole.
    fn running(&self) -> MutexGuard<'_, HashMap<Asked, Question>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
