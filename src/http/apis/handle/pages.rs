//! Where a list goes on: what a `continue` token says.
//!
//! A page shows the present, not the state of the first page: an object that was changed since is shown as it is now, and
//! one whose key lies before the page is not shown again. The revision of the first page goes along, so that a watch from
//! there sees every change that any page may have missed.

use serde::{Deserialize, Serialize};
use weir_storage::Revision;

use crate::http::apis::options::ListOptions;
use crate::http::apis::refusal::Refusal;

/// The place of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The key of the last object before it; empty at the beginning.
    pub(super) after: String,
    /// The revision of the first page; zero on the first.
    pub(super) revision: Revision,
    /// How many objects came before.
    pub(super) seen: u64,
}

/// A token, before it is encoded.
#[derive(Debug, Serialize, Deserialize)]
struct Token {
    #[serde(rename = "v")]
    version: String,
    #[serde(rename = "rv")]
    revision: u64,
    start: String,
    #[serde(default)]
    seen: u64,
}

const VERSION: &str = "meta.k8s.io/v1";

impl Place {
    /// Reads where a list is to begin, and that its revision has come.
    pub(super) fn parse(options: &ListOptions, current: Revision) -> Result<Self, Refusal> {
        if !options.continue_token.is_empty() {
            let resource_version = options.resource_version.as_str();
            if !matches!(resource_version, "" | "0") {
                return Err(Refusal::bad_request("specifying resource version is not allowed when using continue"));
            }
            return Self::decode(&options.continue_token);
        }
        if !options.resource_version.is_empty() {
            let text = &options.resource_version;
            let asked: u64 = text.parse().map_err(|_| {
                Refusal::bad_request(format!(
                    "invalid resource version: resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
                ))
            })?;
            if asked > current.0 {
                return Err(Refusal::too_new(asked, current.0));
            }
            if options.resource_version_match == "Exact" && asked < current.0 {
                return Err(Refusal::expired(
                    "The provided resource version is too old to be listed: only the present can be",
                ));
            }
        }
        Ok(Self::default())
    }

    fn decode(text: &str) -> Result<Self, Refusal> {
        use base64::Engine as _;
        let invalid =
            |why: String| Refusal::bad_request(format!("invalid continue token: continue key is not valid: {why}"));
        let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let content = engine.decode(text).map_err(|error| invalid(error.to_string()))?;
        let token: Token = serde_json::from_slice(&content).map_err(|error| invalid(error.to_string()))?;
        if token.version != VERSION {
            return Err(invalid(format!("server does not recognize this encoded version {:?}", token.version)));
        }
        Ok(Self { after: token.start, revision: Revision(token.revision), seen: token.seen })
    }

    /// The token for this place.
    pub(super) fn print(&self) -> String {
        use base64::Engine as _;
        let token = Token {
            version: VERSION.to_owned(),
            revision: self.revision.0,
            start: self.after.clone(),
            seen: self.seen,
        };
        let content = serde_json::to_vec(&token).unwrap_or_default();
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(token: &str) -> ListOptions {
        ListOptions { continue_token: token.to_owned(), ..ListOptions::default() }
    }

    #[test]
    fn a_token_leads_back_to_its_place() {
        let place = Place { after: "team/app".to_owned(), revision: Revision(7), seen: 2 };
        assert_eq!(Place::parse(&options(&place.print()), Revision(9)).unwrap(), place);
    }

    #[test]
    fn garbage_is_no_token() {
        for token in ["garbage", "e30", "!", "eyJ2IjoieCIsInJ2IjoxLCJzdGFydCI6IiJ9"] {
            assert!(Place::parse(&options(token), Revision(9)).is_err(), "{token}");
        }
    }

    #[test]
    fn a_revision_that_is_still_to_come_is_refused() {
        let asked = |version: &str| ListOptions { resource_version: version.to_owned(), ..ListOptions::default() };
        assert!(Place::parse(&asked("9"), Revision(9)).is_ok());
        assert_eq!(Place::parse(&asked("10"), Revision(9)).unwrap_err().into_status().code, 504);
        assert_eq!(Place::parse(&asked("abc"), Revision(9)).unwrap_err().into_status().code, 400);
    }
}
