//! `[upstreams.import]`: what imports of tags do.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::super::HumanDuration;
use super::super::reader::Section;
use super::super::setting::{Setting, choice};
use super::super::tree::Value;

/// What imports of tags do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Whether tags are imported that nobody asks for: after a change of what is wanted of them, after a failure, and by
    /// schedule.
    pub automatic: bool,
    /// What becomes of a manifest list where the import says `Legacy`, as `oc` always does.
    pub legacy: ImportMode,
    /// Tags of a repository that are imported at once; more are only listed.
    pub tags: usize,
    /// How often scheduled tags are imported anew.
    pub schedule: Duration,
    /// Scheduled imports a minute. 0 schedules none.
    pub scheduled_per_minute: usize,
    /// Whether the layers of what is imported are fetched at once, and not only when they are pulled.
    pub prefetch: bool,
}

/// What becomes of a manifest list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportMode {
    /// The tag means the image of one platform.
    Legacy,
    /// The tag means the list.
    PreserveOriginal,
}

impl ImportMode {
    const CHOICES: [(&str, Self); 2] = [("legacy", Self::Legacy), ("preserve-original", Self::PreserveOriginal)];

    /// The word for it in a configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::PreserveOriginal => "preserve-original",
        }
    }
}

impl Setting for ImportMode {
    fn read(value: Value) -> Result<Self, String> {
        choice(value, &Self::CHOICES)
    }
}

const TAGS: RangeInclusive<usize> = 0..=1_000_000;
const SCHEDULE: RangeInclusive<HumanDuration> = HumanDuration(Duration::from_secs(1))..=HumanDuration(Duration::MAX);

impl Import {
    pub(super) fn read(mut section: Section<'_>, default: &Self) -> Self {
        let import = Self {
            automatic: section.or("automatic", default.automatic),
            legacy: section.or("legacy", default.legacy),
            tags: section.within("tags", default.tags, TAGS),
            schedule: section.within("schedule", HumanDuration(default.schedule), SCHEDULE).0,
            scheduled_per_minute: section.within("scheduled_per_minute", default.scheduled_per_minute, TAGS),
            prefetch: section.or("prefetch", default.prefetch),
        };
        section.finish();
        import
    }
}
