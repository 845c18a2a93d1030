//! What the registry is: `/v2/` and the list of its extensions.

use http::{Response, StatusCode};
use serde_json::json;

use super::{Answer, Failure};
use crate::auth::Permit;
use crate::config::TagHistory;
use crate::http::app::App;
use crate::http::{Body, respond};

/// `GET /v2/`
pub(super) fn ping(_permit: &Permit) -> Response<Body> {
    respond::json(StatusCode::OK, &json!({}))
}

/// `GET /v2/_oci/ext/discover`, of the distribution-spec's `_oci` extension.
pub(super) fn extensions(app: &App, _permit: &Permit) -> Answer {
    match app.tag_history {
        TagHistory::Off => Err(Failure::not_found("UNSUPPORTED", "this registry offers no extensions")),
        TagHistory::Draft => Ok(respond::json(
            StatusCode::OK,
            &json!({ "extensions": [{
                "name": "_oci",
                "url": "https://github.com/opencontainers/distribution-spec/pull/606",
                "description": "the history of tags, after the draft of pull request 606",
                "endpoints": ["_oci/tag-history", "_oci/ext/discover"],
            }] }),
        )),
    }
}
