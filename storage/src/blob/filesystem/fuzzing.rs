//! The files of an upload session, as somebody else may have left them.

use std::cell::OnceCell;
use std::fs;
use std::sync::Arc;

use bytes::Bytes;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::FilesystemBlobs;
use super::session::{Session, SessionPaths, remove_leftovers};
use crate::{BlobStore, Error, ManualClock, UploadId};

thread_local! {
    static WORKSHOP: OnceCell<Workshop> = const { OnceCell::new() };
}

/// Folders for blobs are many and take long to make, so each thread makes them once.
struct Workshop {
    runtime: Runtime,
    store: FilesystemBlobs,
    folder: TempDir,
}

impl Workshop {
    fn open() -> Self {
        let folder = TempDir::new().expect("a folder can be made");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
        let (blobs, uploads) = (folder.path().join("blobs"), folder.path().join("uploads"));
        let store = FilesystemBlobs::open(blobs, uploads, 0, Arc::new(ManualClock::at(1_800_000_000)));
        Self { runtime, store: store.expect("a store opens"), folder }
    }
}

/// A session's state file, and behind a zero byte its data. It is taken up as it is understood, or it is no session.
///
/// # Panics
///
/// Where a state that is not understood is taken up, or one that is understood loses bytes that its file holds.
pub fn session(data: &[u8]) {
    WORKSHOP.with(|workshop| workshop.get_or_init(Workshop::open).check(data));
}

impl Workshop {
    fn check(&self, input: &[u8]) {
        let split = input.iter().position(|byte| *byte == 0).unwrap_or(input.len());
        let (state, data) = input.split_at(split);
        let data = data.get(1..).unwrap_or_default();
        let id = UploadId::random();
        let paths = SessionPaths::new(&self.folder.path().join("uploads"), id);
        fs::write(&paths.state, state).expect("it writes");
        fs::write(&paths.data, data).expect("it writes");
        match Session::read(&paths.state) {
            Ok(session) => self.taken_up(id, &session.expect("the file is there"), data),
            Err(Error::Corrupt { .. }) => {
                assert!(
                    self.runtime.block_on(self.store.resume(id)).is_err(),
                    "nobody takes up what is not understood"
                );
            }
            Err(other) => assert_eq!(other.to_string(), "", "a damaged state is told as such"),
        }
        remove_leftovers(&paths.folder).expect("leftovers go");
        assert_eq!(paths.state.exists(), paths.data.exists(), "a session has both files or none");
        assert!(Session::read(&paths.state).is_ok(), "what is kept is understood");
        paths.remove().expect("it removes");
    }

    /// A state that is understood: the session goes on with all bytes that its file holds.
    fn taken_up(&self, id: UploadId, session: &Session, data: &[u8]) {
        self.runtime.block_on(async {
            let mut upload = self.store.resume(id).await.expect("a state that is understood is taken up");
            assert_eq!((upload.id(), upload.label()), (id, session.label.as_str()));
            let offset = upload.offset();
            assert_eq!(offset, data.len() as u64);
            upload.append(Bytes::from_static(b"more")).await.expect("it takes more");
            assert_eq!(upload.offset(), offset + 4);
            upload.save().await.expect("it is saved");
            drop(upload);
            let again = self.store.resume(id).await.expect("a session that was saved is there");
            assert_eq!(again.offset(), offset + 4);
        });
    }
}
