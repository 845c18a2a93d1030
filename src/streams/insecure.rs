//! Where plain HTTP, and TLS that proves nothing, will do: what an image stream says of the registries that it comes from.
//!
//! Source: `IdentifyCandidateRepositories` of openshift/image-registry, restated: the annotation of a stream says so of all its
//! registries, the policy of a tag of the one that the tag comes from. Whoever takes that back takes it back at once, also for
//! content that was imported before.

use crate::oci::{DockerReference, Source, StreamId};
use crate::records::{self, Records, SourceKind, SpecTag, Stream, keys};

/// Says of a stream that plain HTTP, and TLS that proves nothing, will do for all that it is imported from.
const INSECURE: &str = "openshift.io/image.insecureRepository";

/// Whether a stream says so of all its registries; `None` where it does not say.
fn said_of_all(stream: &Stream) -> Option<bool> {
    stream.annotations.get(INSECURE).map(|said| said == "true")
}

/// Whether the annotation of a stream says so of all its registries.
pub(crate) fn is_insecure(stream: &Stream) -> bool {
    said_of_all(stream) == Some(true)
}

/// `source` as a stream lets it be read now. Of a registry that it no longer speaks of, as after a rollback, what was said when
/// the content was imported holds on.
pub(crate) async fn as_said(records: &Records, id: &StreamId, source: &Source) -> Result<Source, records::Error> {
    let stream = records.get(&keys::stream(id)).await?.map(|found| found.record);
    let of_all = stream.as_ref().and_then(said_of_all);
    let insecure = if of_all == Some(true) {
        true
    } else {
        let specs = records.scan(&keys::specs_of(id), |scan| scan).await?.records;
        let of_tags = specs.iter().filter_map(|found| said_of(&found.record, &source.registry)).max();
        of_tags.or(of_all).unwrap_or(source.insecure)
    };
    Ok(Source { insecure, ..source.clone() })
}

/// What the policy of a tag says of a registry, if the tag comes from there.
fn said_of(spec: &SpecTag, registry: &str) -> Option<bool> {
    let from = spec.from.as_ref().filter(|from| from.kind == SourceKind::DockerImage)?;
    let reference: DockerReference = from.name.parse().ok()?;
    (Source::of(&reference, false).registry == registry).then_some(spec.import_policy.insecure)
}
