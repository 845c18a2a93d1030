//! What a server may say when its disk failed, and what it may do afterwards.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Result, bail, ensure};
use reqwest::StatusCode;
use serde_json::Value;

use super::call::{Fault, Kind, Place};
use super::operation::Operation;
use super::plan::Seen;
use super::trial::{Answer, Trial};

/// What the client was told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// It was done all the same.
    Done,
    /// It was refused, in the form of its protocol.
    Refused(u16),
    /// A download ended before its end, and the client could tell.
    CutOff,
}

/// Whether an operation can be done although this call failed.
fn harmless(operation: Operation, seen: &Seen) -> bool {
    match (seen.call.kind, seen.call.place) {
        // What is not removed now is found by the next start, unless removing was the task.
        (Kind::Unlink, _) => operation != Operation::CancelUpload,
        // - Taking blocks ahead only makes files lie in fewer pieces, and syncs cheaper.
        // - Whoever reads a whole small file asks for its size only to make room.
        // - The disk is started on an upload that arrives by opening it once more, and syncing it. Whether that sync failed
        //   in time to matter is what `trusted` looks at.
        (Kind::Allocate | Kind::Advise, _)
        | (Kind::Look, Place::UploadState)
        | (Kind::Open | Kind::Sync, Place::UploadData) => true,
        _ => seen.struck == Some(Fault::Short),
    }
}

/// Judges an answer by what the server met.
pub(crate) fn judge(trial: &Trial, answer: &Answer, struck: &[Seen]) -> Result<Verdict> {
    let operation = trial.operation;
    let fatal = struck.iter().find(|seen| !harmless(operation, seen));
    if answer.status == operation.done() {
        return match (&answer.body, fatal) {
            (Err(_), Some(_)) if operation.pulls() => Ok(Verdict::CutOff),
            (Err(error), _) => bail!("the body is cut off: {error}"),
            (Ok(_), Some(Seen { call, path, .. })) => {
                bail!("it is answered {} although this failed: {call}, {}", answer.status, path.display())
            }
            (Ok(body), None) => {
                ensure!(!operation.pulls() || trial.is_pulled(body), "other bytes are served");
                Ok(Verdict::Done)
            }
        };
    }
    ensure!(
        struck.iter().any(|seen| seen.struck != Some(Fault::Short)),
        "moving half of the bytes is no failure, but is answered {}: {}",
        answer.status,
        answer.words()
    );
    let message = refusal(operation, answer)?;
    let full = struck.iter().all(|seen| seen.struck == Some(Fault::Full));
    match answer.status {
        StatusCode::INSUFFICIENT_STORAGE => ensure!(message.contains("full"), "507 does not say why: {message}"),
        StatusCode::SERVICE_UNAVAILABLE => {}
        StatusCode::INTERNAL_SERVER_ERROR if !full => {}
        status => bail!("it is answered {status}: {message}"),
    }
    Ok(Verdict::Refused(answer.status.as_u16()))
}

impl Trial {
    fn is_pulled(&self, body: &[u8]) -> bool {
        match self.operation {
            Operation::PullManifest => body == self.manifest.bytes,
            _ => body == self.layer.bytes,
        }
    }
}

/// The message of a refusal that has the form of its protocol.
fn refusal(operation: Operation, answer: &Answer) -> Result<String> {
    let words = answer.words();
    ensure!(answer.media_type.starts_with("application/json"), "{} comes as {}", answer.status, answer.media_type);
    let body: Value = serde_json::from_str(&words)?;
    let (message, well_formed) = if operation.of_streams() {
        let code = body["code"].as_u64() == Some(u64::from(answer.status.as_u16()));
        (&body["message"], body["kind"] == "Status" && body["status"] == "Failure" && code)
    } else {
        let error = &body["errors"][0];
        (&error["message"], error["code"].is_string())
    };
    let message = message.as_str().unwrap_or_default();
    ensure!(well_formed && !message.is_empty(), "{} is answered as {words}", answer.status);
    Ok(message.to_owned())
}

/// What is known of a file whose sync failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    /// The kernel may have dropped what was written, and the next sync would not tell.
    Lost,
    /// The doubtful end was cut off, and that is not synced yet.
    Cut,
}

/// Whether the server kept from trusting a file whose sync had failed, for the kernel reports such a loss once.
///
/// - Content: the file never gets its name; whoever wants to store the content sends it again.
/// - The journal, and any other log: nothing is appended before the doubtful end is cut off, and that is synced.
pub(crate) fn trusted(seen: &[Seen]) -> Result<()> {
    let mut doubts: HashMap<&Path, Doubt> = HashMap::new();
    for Seen { call, path, struck } in seen {
        let doubt = doubts.get(path.as_path()).copied();
        let failed = struck.is_some_and(|fault| fault != Fault::Short);
        match (call.kind, failed) {
            (Kind::Sync, true) if call.place.is_log() || matches!(call.place, Place::UploadData | Place::Temporary) => {
                doubts.insert(path, Doubt::Lost);
            }
            (Kind::Rename, false) if doubt.is_some() => {
                bail!("{} got its name after its sync had failed", path.display())
            }
            (Kind::Write, false) if doubt.is_some() && call.place.is_log() => {
                bail!("{} was appended to after its sync had failed: {call}", path.display())
            }
            (Kind::Truncate, false) if doubt.is_some() => {
                doubts.insert(path, Doubt::Cut);
            }
            (Kind::Sync, false) if doubt == Some(Doubt::Cut) && call.place.is_log() => {
                doubts.remove(path.as_path());
            }
            (Kind::Unlink, false) => {
                doubts.remove(path.as_path());
            }
            _ => {}
        }
    }
    Ok(())
}
