//! Listings: repositories, tags and referrers, each a page with a `Link` to the next.
//!
//! Source: distribution-spec "Content Discovery"; `_catalog` of distribution. `last` need not exist. Links are relative,
//! so that clients keep the scheme and host that they came by.

use http::{Response, StatusCode, header};
use oci_spec::distribution::{RepositoryListBuilder, TagListBuilder};
use oci_spec::image::Descriptor;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Answer, Failure, index, mirrored};
use crate::auth::Permit;
use crate::http::app::App;
use crate::http::query::Query;
use crate::http::respond::{WithHeader, json, names};
use crate::http::{Body, Head};
use crate::oci::{Digest, RepositoryName, StreamId};
use crate::records::Referrer;
use crate::registry::referrers::Wanted;

/// How many tags a page holds where the client does not say: enough for all tags of most repositories, as clients that
/// never follow a `Link` see this page alone.
const TAGS: usize = 1000;

/// How many repositories a page holds where the client does not say, as in distribution.
const REPOSITORIES: usize = 100;

/// How many referrers a page holds where the client does not say.
const REFERRERS: usize = 1000;

/// The largest page of names. A client that asks for more gets this much and a `Link`.
const LARGEST: usize = 10_000;

/// What need not be escaped in a query.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'/').remove(b':');

/// `GET /v2/_catalog`
pub(super) async fn catalog(app: &App, _permit: &Permit, head: &Head) -> Answer {
    let query = Query::parse(head.uri.query());
    let limit = match page_size(&query, REPOSITORIES)? {
        0 => return Err(bad_page_size()),
        limit => limit,
    };
    let page = app.registry.catalog(query.get("last"), limit).await?;
    let list = RepositoryListBuilder::default().repositories(page.names).build();
    let response = json(StatusCode::OK, &list.map_err(|error| Failure::unprintable(&error))?);
    Ok(linked(response, page.next_after.map(|last| format!("/v2/_catalog?n={limit}&last={}", escape(&last)))))
}

/// `GET /v2/<name>/tags/list`
pub(super) async fn tags(app: &App, _permit: &Permit, name: &RepositoryName, head: &Head) -> Answer {
    let query = Query::parse(head.uri.query());
    let limit = page_size(&query, TAGS)?;
    let page = app.registry.tags(&StreamId::from(name), query.get("last"), limit).await?;
    let list = TagListBuilder::default().name(name.as_str()).tags(page.names).build();
    let response = json(StatusCode::OK, &list.map_err(|error| Failure::unprintable(&error))?);
    let next = page.next_after.filter(|_| limit > 0);
    Ok(linked(response, next.map(|last| format!("/v2/{name}/tags/list?n={limit}&last={}", escape(&last)))))
}

/// `GET /v2/<name>/referrers/<digest>`. Of what comes from another registry, its list is told, too.
pub(super) async fn referrers(
    app: &App,
    _permit: &Permit,
    name: &RepositoryName,
    subject: &Digest,
    head: &Head,
) -> Answer {
    let query = Query::parse(head.uri.query());
    let limit = page_size(&query, REFERRERS)?.max(1);
    let types: Vec<String> = query.all("artifactType").filter(|kind| !kind.is_empty()).map(str::to_owned).collect();
    let last = query.get("last").map(str::parse::<Digest>).transpose();
    let last = last.map_err(|error| Failure::bad_request("DIGEST_INVALID", error.to_string()))?;
    let wanted = Wanted { subject, artifact_types: &types, last: last.as_ref(), limit };
    let (page, freshness) = app.registry.carried_referrers(name, &wanted).await?;
    let manifests = page.referrers.iter().map(|(digest, referrer)| descriptor(digest, referrer));
    let mut response = mirrored::told(index::answer(manifests.collect::<Result<_, _>>()?)?, &freshness);
    if !types.is_empty() {
        response = response.with(names::OCI_FILTERS_APPLIED, "artifactType");
    }
    let next = page.next_after.map(|last| {
        let filter = types.iter().flat_map(|kind| ["&artifactType=".to_owned(), escape(kind)]);
        format!("/v2/{name}/referrers/{subject}?n={limit}&last={last}{}", filter.collect::<String>())
    });
    Ok(linked(response, next))
}

fn descriptor(digest: &Digest, referrer: &Referrer) -> Result<Descriptor, Failure> {
    let annotations = referrer.annotations.clone().into_iter().collect();
    let mut descriptor = index::descriptor(&referrer.media_type, digest, referrer.size, annotations)?;
    descriptor.set_artifact_type(referrer.artifact_type.as_deref().map(Into::into));
    Ok(descriptor)
}

/// The page size that `n` asks for.
pub(super) fn page_size(query: &Query, default: usize) -> Result<usize, Failure> {
    match query.get("n") {
        None => Ok(default),
        Some(n) if n.bytes().all(|byte| byte.is_ascii_digit()) && !n.is_empty() => {
            Ok(n.parse().unwrap_or(LARGEST).min(LARGEST))
        }
        Some(_) => Err(bad_page_size()),
    }
}

fn bad_page_size() -> Failure {
    Failure::bad_request("PAGINATION_NUMBER_INVALID", "n is the number of entries of a page")
}

/// Adds the `Link` to the next page.
pub(super) fn linked(response: Response<Body>, next: Option<String>) -> Response<Body> {
    match next {
        Some(next) => response.with(header::LINK, &format!("<{next}>; rel=\"next\"")),
        None => response,
    }
}

pub(super) fn escape(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}
