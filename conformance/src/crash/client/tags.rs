//! Tags: reading, moving and deleting them, and what deleting a manifest does to them.

use anyhow::Result;
use reqwest::header::ACCEPT;
use reqwest::{Method, StatusCode};

use super::uploads::required;
use super::{CONTENDED, Client, REPOSITORIES, Role, Verdict};
use crate::api::MANIFESTS;
use crate::content::digest_of;
use crate::crash::ledger::{Belief, Kind, Sighting, TagName};
use crate::history;
use crate::linearizability::{Action, Call};

/// How many events of a history a client looks at.
const GLANCE: usize = 20;

impl Client {
    pub(super) async fn read_tag(&mut self) -> Result<()> {
        let repository = self.repository();
        let mut tag = self.tag(repository);
        if self.role == Role::Reader && self.random.percent(50) {
            // Where most is going on, most is to be seen.
            tag = TagName { repository: REPOSITORIES[0], tag: CONTENDED[0].to_owned() };
        }
        let path = format!("/v2/{}/manifests/{}", tag.repository, tag.tag);
        let method = if self.random.percent(50) { Method::HEAD } else { Method::GET };
        let exchange = self.wire.call(self.wire.request(method.clone(), &path).header(ACCEPT, MANIFESTS)).await;
        let began = exchange.began;
        let verdict = self.judge_any(&path, exchange, &[StatusCode::OK, StatusCode::NOT_FOUND]).await;
        let Verdict::Done { at, reply } = &verdict else { return Ok(()) };
        let answered = Some(*at);
        if reply.status == StatusCode::NOT_FOUND {
            self.ledger.note(&tag, Call { began, answered, action: Action::Read(None) });
            return Ok(());
        }
        let whole = method == Method::HEAD || reply.header("docker-content-digest") == Some(digest_of(&reply.body));
        let digest = required(&verdict, "docker-content-digest")?;
        if !whole {
            self.fault(&format!("{path} is served as {digest:?}, which it does not hash to"));
        }
        self.ledger.note(&tag, Call { began, answered, action: Action::Read(digest) });
        Ok(())
    }

    /// Gives a manifest of one's own one more tag.
    pub(super) async fn retag(&mut self) -> Result<()> {
        let own = self.ledger.recent(|holding| holding.manifest().is_some());
        let Some(&place) = (!own.is_empty()).then(|| self.random.pick(&own)) else { return Ok(()) };
        let holding = &self.ledger.holdings[place];
        let (repository, digest) = (holding.repository, holding.digest.clone());
        let get = self.wire.request(Method::GET, &format!("/v2/{repository}/manifests/{digest}"));
        let exchange = self.wire.call(get.header(ACCEPT, MANIFESTS)).await;
        let verdict = self.judge("GET of a manifest", exchange, StatusCode::OK).await;
        let media_type = required(&verdict, "content-type")?;
        let (Verdict::Done { reply, .. }, Some(media_type)) = (verdict, media_type) else { return Ok(()) };
        let tag = self.tag(repository);
        if let Kind::Manifest(manifest) = &mut self.ledger.holdings[place].kind
            && !manifest.tags.contains(&tag)
        {
            manifest.tags.push(tag.clone());
        }
        let (began, verdict) =
            self.put(&format!("/v2/{repository}/manifests/{}", tag.tag), &media_type, reply.body).await;
        self.note(&tag, began, &verdict, Action::Write(digest));
        Ok(())
    }

    pub(super) async fn delete_tag(&mut self) -> Result<()> {
        let repository = self.repository();
        let tag = self.tag(repository);
        let path = format!("/v2/{repository}/manifests/{}", tag.tag);
        let exchange = self.wire.call(self.wire.request(Method::DELETE, &path)).await;
        let began = exchange.began;
        let verdict = self.judge_any(&path, exchange, &[StatusCode::ACCEPTED, StatusCode::NOT_FOUND]).await;
        let existed = match &verdict {
            Verdict::Done { reply, .. } => Some(reply.status == StatusCode::ACCEPTED),
            Verdict::Nothing | Verdict::Unknown => None,
        };
        self.note(&tag, began, &verdict, Action::Delete { existed });
        Ok(())
    }

    /// Deletes a manifest by its digest, and with it the tags that mean it.
    pub(super) async fn delete_manifest(&mut self) -> Result<()> {
        let own = self.ledger.recent(|holding| holding.manifest().is_some() && !holding.pinned);
        let Some(&place) = (!own.is_empty()).then(|| self.random.pick(&own)) else { return Ok(()) };
        let holding = &self.ledger.holdings[place];
        let tags = holding.manifest().map(|manifest| manifest.tags.clone()).unwrap_or_default();
        let digest = holding.digest.clone();
        let path = format!("/v2/{}/manifests/{digest}", holding.repository);
        let exchange = self.wire.call(self.wire.request(Method::DELETE, &path)).await;
        let began = exchange.began;
        let verdict = self.judge(&format!("DELETE {path}"), exchange, StatusCode::ACCEPTED).await;
        self.ledger.settle(place, verdict.belief(Belief::Present, Belief::Absent));
        for tag in &tags {
            self.note(tag, began, &verdict, Action::Forget(digest.clone()));
        }
        Ok(())
    }

    /// Looks at the newest events of a tag.
    pub(super) async fn read_history(&mut self) -> Result<()> {
        let repository = self.repository();
        let tag = self.tag(repository);
        let path = history::path(repository, &tag.tag, GLANCE);
        let exchange = self.wire.call(self.wire.request(Method::GET, &path)).await;
        if let Verdict::Done { reply, .. } = self.judge(&path, exchange, StatusCode::OK).await {
            self.ledger.sightings.push(Sighting { tag, events: history::parse(&reply.body)? });
        }
        Ok(())
    }
}
