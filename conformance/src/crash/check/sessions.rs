//! Upload sessions: each that answers says truly how far it is.

use anyhow::{Context as _, Result, ensure};
use reqwest::{Body, Method, StatusCode};

use super::{Crash, Observer};
use crate::api::Api;
use crate::crash::client::Client;
use crate::crash::findings::Subject;
use crate::crash::ledger::{Belief, IN_MEMORY, Kind, Session};

/// What became of a session.
enum State {
    Gone,
    At(usize),
}

impl Observer {
    /// Asks every open session where it is. Half of them are finished from there, which their digest proves; the clients
    /// go on with the others.
    pub(super) async fn check_sessions(&mut self, clients: &mut [Client]) -> Result<()> {
        for client in clients {
            for mut session in std::mem::take(&mut client.ledger.sessions) {
                let found = self.where_is(&session).await;
                let offset = match found {
                    Ok(State::At(offset)) => offset,
                    Ok(State::Gone) => {
                        self.findings.looked(Subject::Sessions);
                        continue;
                    }
                    Err(error) => {
                        self.findings.note(Subject::Sessions, Err(error));
                        continue;
                    }
                };
                self.findings.looked(Subject::Sessions);
                session.ending = false;
                session.acknowledged = offset;
                session.sent = offset;
                if self.random.percent(50) {
                    client.ledger.sessions.push(session);
                    continue;
                }
                let finished = finish(&self.api, &session).await;
                let digest = session.parcel.layer().digest;
                let place = client.ledger.begin(session.repository, &digest, Kind::Blob(None));
                client.ledger.settle(place, if finished.is_ok() { Belief::Present } else { Belief::Unknown });
                let what = || format!("the session {} that was finished at {offset}", session.location);
                self.findings.note(Subject::Sessions, finished.with_context(what));
            }
        }
        Ok(())
    }

    async fn where_is(&self, upload: &Session) -> Result<State> {
        let answer = self.api.request(Method::GET, &upload.location).send().await?;
        let status = answer.status();
        let (location, acknowledged) = (&upload.location, upload.acknowledged);
        if status == StatusCode::NOT_FOUND {
            ensure!(
                upload.ending || self.crash == Crash::Machine || acknowledged <= IN_MEMORY,
                "the session {location} is gone, which {acknowledged} bytes were acknowledged of"
            );
            return Ok(State::Gone);
        }
        ensure!(status == StatusCode::NO_CONTENT, "the session {location} is answered {status}");
        let range = crate::api::header(answer.headers(), "range")?;
        let final_byte: usize = range.strip_prefix("0-").with_context(|| format!("the range is {range}"))?.parse()?;
        // No chunk has one byte, so that this is a session without any.
        let offset = if final_byte == 0 { 0 } else { final_byte + 1 };
        // The end of a session may have taken its bytes away already.
        let least = if self.crash == Crash::Machine || upload.ending { 0 } else { acknowledged };
        let most = if upload.ending { upload.parcel.size } else { upload.sent };
        ensure!(
            (least..=most).contains(&offset),
            "the session {location} is at {offset}; {least} bytes were acknowledged and {most} sent"
        );
        Ok(State::At(offset))
    }
}

/// Sends what is missing, and reads the blob.
async fn finish(api: &Api, session: &Session) -> Result<()> {
    let blob = session.parcel.layer();
    let rest = blob.bytes.slice(session.acknowledged..);
    let put = api.request(Method::PUT, &format!("{}?digest={}", session.location, blob.digest)).body(Body::from(rest));
    crate::api::expect(put.send().await?, StatusCode::CREATED).await?;
    api.blob(session.repository, &blob.digest).await?;
    Ok(())
}
