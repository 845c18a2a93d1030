//! What is measured of imports.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::upstreams::label;

/// Reasons that have a series of their own: those that the API knows.
const REASONS: [&str; 6] = ["NotFound", "Unauthorized", "Forbidden", "TooManyRequests", "InternalError", "Invalid"];

/// The label of every other reason.
const OTHER: &str = "other";

/// Counts of imports.
#[derive(Debug, Default)]
pub(crate) struct ImportMetrics {
    images: Family<ImportLabels, Counter>,
}

/// What came of the import of one tag, or of one image that was asked for without a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ImportResult<'a> {
    /// An image was read.
    Imported,
    /// The registry was asked, and still has what was read the last time.
    Unchanged,
    /// Nothing could be had, for this reason, in the word of the API.
    Failed(&'a str),
}

/// Compare `openshift_imagestreamcontroller_{success,error}_count`, which counts streams. The registry is one of those that
/// have a series of their own, as with all that is measured of other registries.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ImportLabels {
    registry: &'static str,
    scheduled: &'static str,
    result: &'static str,
    reason: &'static str,
}

impl ImportMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let registry = registry.sub_registry_with_prefix("import");
        let help = "Imports of single tags, by whether the tag is imported again and again, and what came of them";
        registry.register("images", help, metrics.images.clone());
        metrics
    }

    /// Counts an import. `registry` is empty where the name of the image names none.
    pub(crate) fn imported(&self, registry: &str, scheduled: bool, result: ImportResult<'_>) {
        let (result, reason) = match result {
            ImportResult::Imported => ("imported", ""),
            ImportResult::Unchanged => ("unchanged", ""),
            ImportResult::Failed(reason) => ("failed", known(reason)),
        };
        let scheduled = if scheduled { "true" } else { "false" };
        self.images.get_or_create(&ImportLabels { registry: label(registry), scheduled, result, reason }).inc();
    }
}

fn known(reason: &str) -> &'static str {
    REASONS.into_iter().find(|known| *known == reason).unwrap_or(OTHER)
}

#[cfg(test)]
mod tests {
    use super::super::metrics::Metrics;
    use super::*;

    #[test]
    fn imports_are_counted_with_labels_of_a_bounded_number() {
        let metrics = Metrics::new();
        metrics.imports.imported("quay.io", true, ImportResult::Imported);
        metrics.imports.imported("a.test", false, ImportResult::Failed("Unauthorized"));
        metrics.imports.imported("b.test", false, ImportResult::Failed("Unauthorized"));
        metrics.imports.imported("", false, ImportResult::Failed("What nobody knows"));
        let text = metrics.encode().unwrap();
        for line in [
            "weir_import_images_total{registry=\"quay.io\",scheduled=\"true\",result=\"imported\",reason=\"\"} 1\n",
            "weir_import_images_total{registry=\"other\",scheduled=\"false\",result=\"failed\",reason=\"Unauthorized\"} 2\n",
            "weir_import_images_total{registry=\"other\",scheduled=\"false\",result=\"failed\",reason=\"other\"} 1\n",
        ] {
            assert!(text.contains(line), "no {line} in\n{text}");
        }
    }
}
