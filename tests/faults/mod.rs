//! Every operation of the API while one call of a store fails: the client gets the right error in the protocol's own form,
//! nothing is there by half, and the next attempt succeeds.
//!
//! The calls that an operation makes are counted once; then each of them fails in turn, in a repository of its own, with
//! each kind of error. What is visible is compared as a whole: after the fault it is what it was before, or what it is when
//! the operation was done.

mod operation;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use weir_storage::Error;
use weir_storage::blob::faulty::{BlobFault, BlobOperation};
use weir_storage::metadata::faulty::{Operation as MetadataOperation, When};

use crate::harness::{Faults, Reply, Weir};
use operation::{Operation, Trial};

/// More calls of a kind than any operation makes.
const MOST: u64 = 40;

const METADATA: [MetadataOperation; 4] =
    [MetadataOperation::Get, MetadataOperation::Scan, MetadataOperation::Check, MetadataOperation::Commit];

const BLOBS: [BlobOperation; 11] = [
    BlobOperation::Size,
    BlobOperation::Open,
    BlobOperation::Put,
    BlobOperation::Begin,
    BlobOperation::Resume,
    BlobOperation::Read,
    BlobOperation::Append,
    BlobOperation::Save,
    BlobOperation::RollBack,
    BlobOperation::Commit,
    BlobOperation::Cancel,
];

/// A call of a store.
#[derive(Debug, Clone, Copy)]
enum Call {
    Metadata(MetadataOperation, When),
    Blobs(BlobOperation),
}

/// What a store says, and the status that it becomes.
#[derive(Debug, Clone, Copy)]
enum Failure {
    Unavailable,
    Full,
    Device,
}

impl Failure {
    const ALL: [Self; 3] = [Self::Unavailable, Self::Full, Self::Device];

    fn error(self) -> Error {
        match self {
            Self::Unavailable => Error::Unavailable("for a test".to_owned()),
            Self::Full => Error::Full { detail: "for a test".to_owned() },
            Self::Device => Error::io("read", "a test", std::io::Error::from_raw_os_error(5)),
        }
    }

    fn status(self) -> u16 {
        match self {
            Self::Unavailable => 503,
            Self::Full => 507,
            Self::Device => 500,
        }
    }
}

/// Whether an operation can be done although this call failed.
fn harmless(operation: Operation, call: Call) -> bool {
    match call {
        // What the session holds beyond its last save only spares the client from sending it again.
        Call::Blobs(BlobOperation::RollBack) => true,
        // An upload that is refused for another reason is ended on the way out.
        Call::Blobs(BlobOperation::Cancel) => operation != Operation::CancelUpload,
        _ => false,
    }
}

/// Tries every call of an operation with every failure.
async fn try_all(operation: Operation) {
    let (weir, faults) = Weir::faulty();
    let mut number = 0;
    let mut struck = 0;
    let metadata = METADATA.iter().flat_map(|of| [When::Before, When::After].map(|when| Call::Metadata(*of, when)));
    for call in metadata.chain(BLOBS.map(Call::Blobs)) {
        for nth in 1..=MOST {
            let mut came = false;
            for failure in Failure::ALL {
                number += 1;
                came |= attempt(&weir, &faults, operation, number, (call, nth, failure)).await;
            }
            if !came {
                break;
            }
            struck += 1;
            assert!(nth < MOST, "{operation:?} makes {call:?} without end");
        }
    }
    assert!(struck > 0, "{operation:?} asks no store for anything");
}

/// Does the operation while one call fails; whether the call came.
async fn attempt(
    weir: &Weir,
    faults: &Faults,
    operation: Operation,
    number: usize,
    (call, nth, failure): (Call, u64, Failure),
) -> bool {
    let mut trial = Trial::prepare(weir, operation, number).await;
    let before = trial.view().await;
    let strikes = arm(faults, call, nth, failure);
    let reply = trial.act().await;
    faults.blobs.heal();
    faults.metadata.heal();
    let what = format!("{operation:?} while {call:?} number {nth} fails with {failure:?}");
    let after = trial.view().await;
    if strikes.load(Ordering::SeqCst) == 0 {
        assert_eq!(reply.status.as_u16(), operation.done(), "{what}, which did not come");
        return false;
    }
    let done = reply.status.as_u16() == operation.done();
    assert!(!done || harmless(operation, call), "{what}, and it is answered {}", reply.status);
    if !done {
        check_form(operation, &reply, failure, &what);
    }
    trial.repeat(&after, &before).await;
    let end = trial.view().await;
    assert_ne!(before, end, "{what}: done again, it has no effect");
    assert!(after == before || after == end, "{what}: half is there\nbefore {before}\nafter  {after}\nend    {end}");
    true
}

/// Lets a call fail once; counts how often it did.
fn arm(faults: &Faults, call: Call, nth: u64, failure: Failure) -> Arc<AtomicUsize> {
    let strikes = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&strikes);
    let error = move || {
        count.fetch_add(1, Ordering::SeqCst);
        failure.error()
    };
    match call {
        Call::Metadata(of, when) => faults.metadata.fail_nth(of, nth, when, error),
        Call::Blobs(of) => faults.blobs.fail(BlobFault::NthOf(of, nth), error),
    }
    strikes
}

/// The refusal has the form of its protocol, the status of its reason, and words.
#[track_caller]
fn check_form(operation: Operation, reply: &Reply, failure: Failure, what: &str) {
    assert_eq!(reply.status.as_u16(), failure.status(), "{what}: {}", String::from_utf8_lossy(&reply.body));
    let body = reply.json();
    let message = if operation.of_streams() {
        assert_eq!((&body["kind"], &body["code"]), (&"Status".into(), &failure.status().into()), "{what}: {body}");
        &body["message"]
    } else {
        assert!(body["errors"][0]["code"].is_string(), "{what}: {body}");
        &body["errors"][0]["message"]
    };
    let message = message.as_str().unwrap_or_default();
    assert!(!message.is_empty(), "{what}: {body}");
    assert!(!matches!(failure, Failure::Full) || message.contains("full"), "{what}: {body}");
}

/// One test an operation, so that they run side by side.
macro_rules! tests {
    ($($name:ident: $operation:ident,)*) => {$(
        #[tokio::test]
        async fn $name() {
            try_all(Operation::$operation).await;
        }
    )*};
}

tests! {
    an_upload_is_begun: BeginUpload,
    a_chunk_is_appended: AppendToUpload,
    an_upload_ends: EndUpload,
    an_upload_ends_with_its_body: EndUploadWithBody,
    a_blob_is_pushed_in_one_request: PushInOneRequest,
    a_blob_is_mounted: MountBlob,
    an_upload_is_cancelled: CancelUpload,
    a_new_tag_is_pushed: PushNewTag,
    a_tag_is_moved: MoveTag,
    a_manifest_is_pushed_by_digest: PushByDigest,
    an_index_is_pushed: PushIndex,
    a_referrer_is_pushed: PushReferrer,
    a_tag_is_deleted: DeleteTag,
    a_manifest_is_deleted: DeleteManifest,
    a_blob_is_deleted: DeleteBlob,
    a_stream_is_made: CreateStream,
    a_stream_is_replaced: ReplaceStream,
}
