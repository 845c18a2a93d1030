//! What streams say of how often their tags are imported.
//!
//! Most changes of a stream say nothing new of it; only one that does has all of its tags looked at.

use std::collections::HashMap;

use super::rhythm::SCHEDULE;
use crate::oci::StreamId;
use crate::records::Stream;

/// What was said when it was looked at last, by those streams that say anything.
#[derive(Debug, Default)]
pub(super) struct Schedules(HashMap<StreamId, String>);

impl Schedules {
    /// Notes what a stream says now, `None` for one that is gone. Returns whether that is new.
    pub(super) fn note(&mut self, id: &StreamId, stream: Option<&Stream>) -> bool {
        let said = stream.and_then(|stream| stream.annotations.get(SCHEDULE));
        if self.0.get(id) == said {
            return false;
        }
        match said {
            Some(said) => _ = self.0.insert(id.clone(), said.clone()),
            None => _ = self.0.remove(id),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::keys;
    use crate::streams::tests::world::{World, stream};

    #[tokio::test]
    async fn only_a_schedule_that_differs_is_new() {
        let (world, id) = (World::new(), stream("ns/app"));
        world.create(&id).await;
        let mut record = world.records.get(&keys::stream(&id)).await.unwrap().unwrap().record;
        let mut schedules = Schedules::default();
        assert!(!schedules.note(&id, Some(&record)), "it says nothing");
        record.annotations.insert(SCHEDULE.to_owned(), "6h".to_owned());
        assert!(schedules.note(&id, Some(&record)));
        assert!(!schedules.note(&id, Some(&record)));
        assert!(schedules.note(&id, None), "it is gone");
        assert!(!schedules.note(&id, None));
    }
}
