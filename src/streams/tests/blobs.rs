//! A blob store in memory. Changes of a stream read manifests and upload nothing.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use weir_storage::{Algorithm, BlobReader, BlobStore, Digest, Error, Result, Upload, UploadId};

#[derive(Debug, Default)]
pub(super) struct MemoryBlobs(Mutex<HashMap<Digest, Bytes>>);

fn no_uploads() -> Error {
    Error::Unavailable("this store takes no uploads".to_owned())
}

#[async_trait]
impl BlobStore for MemoryBlobs {
    async fn size(&self, digest: &Digest) -> Result<Option<u64>> {
        Ok(self.0.lock().unwrap().get(digest).map(|content| content.len() as u64))
    }

    async fn open(&self, digest: &Digest) -> Result<Box<dyn BlobReader>> {
        match self.0.lock().unwrap().get(digest) {
            Some(content) => Ok(Box::new(content.clone())),
            None => Err(Error::BlobNotFound(digest.clone())),
        }
    }

    async fn put(&self, digest: &Digest, content: Bytes) -> Result<()> {
        self.0.lock().unwrap().insert(digest.clone(), content);
        Ok(())
    }

    async fn begin(&self, _label: &str, _algorithm: Algorithm) -> Result<Box<dyn Upload>> {
        Err(no_uploads())
    }

    async fn resume(&self, _id: UploadId) -> Result<Box<dyn Upload>> {
        Err(no_uploads())
    }

    async fn sweep_uploads(&self, _idle_since: SystemTime) -> Result<usize> {
        Ok(0)
    }

    async fn delete(&self, digest: &Digest) -> Result<()> {
        self.0.lock().unwrap().remove(digest);
        Ok(())
    }

    async fn close(&self) -> Result<()> {
        Ok(())
    }

    async fn ready(&self) -> Result<()> {
        Ok(())
    }
}
