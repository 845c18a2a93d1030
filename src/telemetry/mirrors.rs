//! What is measured of mirror prefixes: how fresh the answers are.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// Counts of answers behind all prefixes.
#[derive(Debug, Default)]
pub(crate) struct MirrorMetrics {
    answers: Family<AnswerLabels, Counter>,
}

/// What a client was answered that asked for a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MirrorAnswer {
    /// What nobody else could change: it was asked for by digest, or its tag does not follow the registry.
    Settled,
    /// A tag that the registry confirmed within the window.
    Fresh,
    /// A tag that was confirmed for this client, and others who waited with it.
    Revalidated,
    /// A tag that the registry did not confirm.
    Stale,
    /// What was not here before.
    First,
    /// What the registry does not have.
    Unknown,
    /// Nothing, since the registry failed, or this server did.
    Failed,
}

/// The prefixes are those of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnswerLabels {
    prefix: String,
    state: &'static str,
}

impl MirrorAnswer {
    const ALL: [Self; 7] =
        [Self::Settled, Self::Fresh, Self::Revalidated, Self::Stale, Self::First, Self::Unknown, Self::Failed];

    fn as_str(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Fresh => "fresh",
            Self::Revalidated => "revalidated",
            Self::Stale => "stale",
            Self::First => "first",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
        }
    }
}

/// Counts of answers behind one prefix, found once instead of by their labels for each pull.
#[derive(Debug)]
pub(crate) struct PrefixAnswers([(MirrorAnswer, Counter); MirrorAnswer::ALL.len()]);

impl MirrorMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let registry = registry.sub_registry_with_prefix("mirror");
        registry.register("answers", "Manifests that were asked for behind a prefix", metrics.answers.clone());
        metrics
    }

    /// The counts of a prefix.
    pub(crate) fn of(&self, prefix: &str) -> PrefixAnswers {
        let counter = |answer: MirrorAnswer| {
            let labels = AnswerLabels { prefix: prefix.to_owned(), state: answer.as_str() };
            (answer, self.answers.get_or_create_owned(&labels))
        };
        PrefixAnswers(MirrorAnswer::ALL.map(counter))
    }
}

impl PrefixAnswers {
    /// Counts an answer.
    pub(crate) fn count(&self, answer: MirrorAnswer) {
        for (_, counter) in self.0.iter().filter(|(of, _)| *of == answer) {
            counter.inc();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::metrics::Metrics;
    use super::*;

    #[test]
    fn answers_are_counted_by_prefix_and_state() {
        let metrics = Metrics::new();
        let (hub, quay) = (metrics.mirrors.of("docker.io"), metrics.mirrors.of("quay.io"));
        hub.count(MirrorAnswer::Stale);
        hub.count(MirrorAnswer::Stale);
        quay.count(MirrorAnswer::First);
        let text = metrics.encode().unwrap();
        for line in [
            "weir_mirror_answers_total{prefix=\"docker.io\",state=\"stale\"} 2\n",
            "weir_mirror_answers_total{prefix=\"docker.io\",state=\"first\"} 0\n",
            "weir_mirror_answers_total{prefix=\"quay.io\",state=\"first\"} 1\n",
        ] {
            assert!(text.contains(line), "no {line} in\n{text}");
        }
    }
}
