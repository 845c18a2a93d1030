//! The tags of a repository that is imported whole.

use std::time::Duration;

use super::fetch::FetchError;
use super::refusal::Asked;
use super::wanted::{self, Terms, Wanted};
use super::{Importer, better, is_refused, order};
use crate::oci::Tag;
use crate::streams::object::{RepositoryImportSpec, Status};
use crate::telemetry::imports::ImportResult;
use crate::upstream::Credentials;

/// Why the tags of a repository are not known.
pub(super) struct Refused {
    pub(super) status: Status,
    /// How long the registry, or its record, asks to wait.
    pub(super) retry_after: Option<Duration>,
}

/// A repository of which the tags are to be imported.
pub(super) struct Listed {
    /// Why its tags are not known.
    pub(super) refused: Option<Refused>,
    pub(super) wanted: Vec<Wanted>,
    /// Tags beyond the limit.
    pub(super) additional: Vec<String>,
}

impl Importer {
    /// The tags of a repository, the most wanted first, up to the limit.
    pub(super) async fn list(&self, spec: &RepositoryImportSpec, terms: &Terms<'_>, logins: &Credentials) -> Listed {
        let refused = |status, retry_after| {
            let refused = Some(Refused { status, retry_after });
            Listed { refused, wanted: Vec::new(), additional: Vec::new() }
        };
        let name = &spec.from.name;
        let Some(source) = wanted::repository(name, spec.import_policy.insecure) else {
            return refused(Asked { name, source: None, reference: "" }.status(&FetchError::Name), None);
        };
        let mut listed = self.upstreams.repository(&source, logins).tags().await;
        if let Err(error) = &listed
            && is_refused(error)
            && logins.login(&source).is_some()
        {
            let anonymous = self.upstreams.repository(&source, &Credentials::none()).tags().await;
            listed = better(listed, anonymous, is_refused);
        }
        let mut tags = match listed {
            Ok(tags) => tags,
            Err(error) => {
                let retry_after = error.retry_after();
                let status = Asked { name, source: Some(&source), reference: "" }.status(&error.into());
                let (scheduled, result) = (spec.import_policy.scheduled, ImportResult::Failed(&status.reason));
                self.upstreams.metrics().imports.imported(&source.registry, scheduled, result);
                return refused(status, retry_after);
            }
        };
        order::sort(&mut tags);
        tags.dedup();
        let additional = tags.split_off(tags.len().min(terms.import.tags));
        let read = |tag: &String| Some(Wanted::of_repository(spec, &tag.parse::<Tag>().ok()?, terms));
        Listed { refused: None, wanted: tags.iter().filter_map(read).collect(), additional }
    }
}
