//! The history of a tag.
//!
//! Source: distribution-spec pull request 606, the draft of July 2026: an index whose descriptors are the events, newest
//! first, with reserved annotations; empty, never 404, for what is not known. The draft may still move: the setting
//! `registry.tag_history` names the version that is served, and the URL stays.

use std::collections::HashMap;

use oci_spec::image::Descriptor;

use super::listings::{escape, linked, page_size};
use super::{Answer, Failure, index};
use crate::auth::Permit;
use crate::config::TagHistory;
use crate::http::Head;
use crate::http::app::App;
use crate::http::query::Query;
use crate::oci::{RepositoryName, StreamId, Tag};
use crate::records::Moment;
use crate::registry::history::{HistoryQuery, TagEvent, TagEventKind};

/// How many events a page holds where the client does not say.
const EVENTS: usize = 100;

/// `GET /v2/<name>/_oci/tag-history/<tag>`, with `n`, `before`, `since`, `digest`.
pub(super) async fn read(app: &App, _permit: &Permit, name: &RepositoryName, tag: &Tag, head: &Head) -> Answer {
    if app.tag_history == TagHistory::Off {
        return Err(Failure::not_found("UNSUPPORTED", "this registry does not offer the history of tags"));
    }
    let query = Query::parse(head.uri.query());
    let limit = page_size(&query, EVENTS)?;
    let wanted = HistoryQuery {
        before: moment(&query, "before")?,
        since: moment(&query, "since")?,
        digest: digest(&query)?,
        below: below(&query)?,
    };
    let (events, next_below) = if limit == 0 {
        (Vec::new(), None)
    } else {
        let history = app.registry.tag_history(&StreamId::from(name), tag, &wanted, limit).await?;
        (history.events, history.next_below)
    };
    let manifests = events.iter().map(descriptor).collect::<Result<_, _>>()?;
    let next = next_below.map(|below| next_page(name, tag, limit, below, &wanted));
    Ok(linked(index::answer(manifests)?, next))
}

/// An event as a descriptor. The annotations of the draft come first; those of Weir say why, by whom and from where.
fn descriptor(event: &TagEvent) -> Result<Descriptor, Failure> {
    let kind = match event.kind {
        TagEventKind::Created => "created",
        TagEventKind::Deleted => "deleted",
    };
    let mut annotations = HashMap::from([
        ("org.opencontainers.distribution.tag.timestamp".to_owned(), event.at.to_string()),
        ("org.opencontainers.distribution.tag.event".to_owned(), kind.to_owned()),
        ("dev.weir.tag.cause".to_owned(), event.cause.name().to_owned()),
        ("dev.weir.tag.actor".to_owned(), event.actor.as_str().to_owned()),
        ("dev.weir.tag.generation".to_owned(), event.generation.to_string()),
    ]);
    if let Some(source) = event.cause.source() {
        annotations.insert("dev.weir.tag.source".to_owned(), source.to_owned());
    }
    index::descriptor(&event.manifest.media_type, &event.digest, event.manifest.size, annotations)
}

fn next_page(name: &RepositoryName, tag: &Tag, limit: usize, below: u64, wanted: &HistoryQuery) -> String {
    let since = wanted.since.map(|since| format!("&since={}", escape(&since.to_string()))).unwrap_or_default();
    let digest = wanted.digest.as_ref().map(|digest| format!("&digest={digest}")).unwrap_or_default();
    format!("/v2/{name}/_oci/tag-history/{tag}?n={limit}&below={below}{since}{digest}")
}

fn moment(query: &Query, name: &str) -> Result<Option<Moment>, Failure> {
    let Some(text) = query.get(name) else { return Ok(None) };
    let moment = Moment::parse(text);
    moment.map(Some).ok_or_else(|| malformed(format!("{name} takes a time as RFC 3339 has it")))
}

fn digest(query: &Query) -> Result<Option<crate::oci::Digest>, Failure> {
    let digest = query.get("digest").map(str::parse).transpose();
    digest.map_err(|error: crate::oci::InvalidDigest| Failure::bad_request("DIGEST_INVALID", error.to_string()))
}

fn below(query: &Query) -> Result<Option<u64>, Failure> {
    let below = query.get("below").map(str::parse).transpose();
    below.map_err(|_| malformed("below is taken from a Link, as it is".to_owned()))
}

fn malformed(message: String) -> Failure {
    Failure::bad_request("PAGINATION_NUMBER_INVALID", message)
}
