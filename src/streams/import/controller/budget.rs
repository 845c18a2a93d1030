//! How often other registries are asked by schedule.

use std::collections::HashMap;
use std::time::Duration;

use crate::records::Moment;

/// A budget for each registry. What is not spent is saved up, for a quarter of a minute.
#[derive(Debug)]
pub(super) struct Budget {
    /// The time that one import costs; none where nothing is allowed.
    cost: Option<Duration>,
    saved: Duration,
    /// Until when the budget of a registry is spent.
    spent: HashMap<String, Moment>,
}

/// So long budgets are saved up.
const SAVED: Duration = Duration::from_secs(15);

/// So many registries are remembered; then those whose budgets are whole again are forgotten.
const REMEMBERED: usize = 1000;

impl Budget {
    /// So many imports a minute, for each registry.
    pub(super) fn new(per_minute: usize) -> Self {
        let per_minute = u32::try_from(per_minute).unwrap_or(u32::MAX);
        let cost = Duration::from_mins(1).checked_div(per_minute);
        Self { cost, saved: SAVED.max(cost.unwrap_or_default()), spent: HashMap::new() }
    }

    /// Whether anything may ever be imported by schedule.
    pub(super) fn allows_any(&self) -> bool {
        self.cost.is_some()
    }

    /// Takes one import out of a registry's budget, or says when there will be one.
    pub(super) fn take(&mut self, registry: &str, now: Moment) -> Result<(), Moment> {
        let Some(cost) = self.cost else { return Err(now.plus(Duration::from_hours(1))) };
        if self.spent.len() >= REMEMBERED {
            self.spent.retain(|_, until| *until > now);
        }
        let until = self.spent.get(registry).copied().unwrap_or(now).max(now);
        let after = until.plus(cost);
        let most = now.plus(self.saved);
        if after > most {
            return Err(now.plus(most.until(after)));
        }
        self.spent.insert(registry.to_owned(), after);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_asked_so_often_and_not_more() {
        let start = Moment::parse("2026-11-22T10:00:00Z").unwrap();
        let mut budget = Budget::new(60);
        let mut taken = 0;
        for tenth in 0..600 {
            let now = start.plus(Duration::from_millis(tenth * 100));
            taken += usize::from(budget.take("quay.io", now).is_ok());
            assert!(tenth > 0 || budget.take("other.example", now).is_ok(), "another has its own");
        }
        assert_eq!(taken, 60 + 14, "with what was saved up");
        let now = start.plus(Duration::from_mins(1));
        let next = budget.take("quay.io", now).and_then(|()| budget.take("quay.io", now)).unwrap_err();
        assert!(next > now && budget.take("quay.io", next).is_ok());
    }

    #[test]
    fn nothing_may_be_allowed() {
        let mut none = Budget::new(0);
        assert!(!none.allows_any());
        assert!(none.take("quay.io", Moment::parse("2026-11-22T10:00:00Z").unwrap()).is_err());
    }
}
