//! The keys that secrets are encrypted with, and the file that they come from.
//!
//! The file holds keys of 32 bytes in base64, one a line; lines that begin with `#` are comments. The first key encrypts,
//! all of them decrypt: a key is changed by writing a new one above it. `openssl rand -base64 32` makes one. Each value
//! says which key it was encrypted with, by a name that follows from the key.

use std::fmt;
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use tokio::sync::OnceCell;
use weir_storage::Algorithm;
use weir_storage::durable_file::{self, Readable};

use crate::records::Sealed;

/// Bytes of a key.
const KEY: usize = 32;

/// Digits of a key's name. It tells keys apart; it proves nothing.
const NAME: usize = 12;

/// Why something could not be encrypted or decrypted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyringError {
    /// The file could not be read or written.
    #[error(transparent)]
    File(#[from] weir_storage::Error),
    /// The file is not as it should be.
    #[error("line {line} of {} is no key: it must be {KEY} bytes in base64", path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// Which line, the first being 1.
        line: usize,
    },
    /// The file has no key at all.
    #[error("there is no key in {}", path.display())]
    Empty {
        /// Which file.
        path: PathBuf,
    },
    /// The file that the operator named is not there.
    #[error("there is no file {}", path.display())]
    Missing {
        /// Which file.
        path: PathBuf,
    },
    /// It was encrypted with a key that is not in the file.
    #[error("it was encrypted with the key {key}, which is not in {}", path.display())]
    UnknownKey {
        /// The name of the key.
        key: String,
        /// Which file.
        path: PathBuf,
    },
    /// What is stored was changed, or belongs elsewhere.
    #[error("it is damaged, or was moved from another place")]
    Damaged,
    /// The system gave no random bytes.
    #[error("failed to make random bytes")]
    Random,
    /// The thread that made the file ended early.
    #[error("the thread that made the keys ended: {0}")]
    Ended(#[from] tokio::task::JoinError),
}

/// All keys: read when the server starts, or made when the first secret is written.
#[derive(Debug)]
pub(crate) struct Keyring {
    path: PathBuf,
    keys: OnceCell<Keys>,
}

/// Keys, the one that encrypts first.
struct Keys(Vec<NamedKey>);

struct NamedKey {
    name: String,
    key: RandomizedNonceKey,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.name)).finish()
    }
}

impl Keyring {
    /// Reads the keys in a file that must be there. Blocks on the disk.
    pub(crate) fn configured(path: PathBuf) -> Result<Self, KeyringError> {
        let keys = read(&path)?.ok_or_else(|| KeyringError::Missing { path: path.clone() })?;
        Ok(Self { path, keys: OnceCell::new_with(Some(keys)) })
    }

    /// Reads the keys in a file of the server's own, which is made when it is needed. Blocks on the disk.
    pub(crate) fn own(path: PathBuf) -> Result<Self, KeyringError> {
        let keys = read(&path)?;
        Ok(Self { path, keys: OnceCell::new_with(keys) })
    }

    /// Encrypts something that belongs in one place, which [`open`](Self::open) must name again.
    pub(crate) async fn seal(&self, place: &str, content: &[u8]) -> Result<Sealed, KeyringError> {
        let keys = self.keys.get_or_try_init(|| make(self.path.clone())).await?;
        let key = keys.0.first().ok_or_else(|| KeyringError::Empty { path: self.path.clone() })?;
        let mut sealed = content.to_vec();
        let nonce = key.key.seal_in_place_append_tag(Aad::from(place.as_bytes()), &mut sealed);
        let nonce = nonce.map_err(|_| KeyringError::Random)?;
        Ok(Sealed { key: key.name.clone(), nonce: BASE64.encode(nonce.as_ref()), content: BASE64.encode(&sealed) })
    }

    /// Decrypts something.
    pub(crate) fn open(&self, place: &str, sealed: &Sealed) -> Result<Vec<u8>, KeyringError> {
        let known = self.keys.get().and_then(|keys| keys.0.iter().find(|key| key.name == sealed.key));
        let key = known.ok_or_else(|| KeyringError::UnknownKey { key: sealed.key.clone(), path: self.path.clone() })?;
        let damaged = |_| KeyringError::Damaged;
        let nonce = BASE64.decode(&sealed.nonce).map_err(damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(&nonce).map_err(|_| KeyringError::Damaged)?;
        let mut content = BASE64.decode(&sealed.content).map_err(damaged)?;
        let opened = key.key.open_in_place(nonce, Aad::from(place.as_bytes()), &mut content);
        opened.map(|content| content.to_vec()).map_err(|_| KeyringError::Damaged)
    }
}

fn read(path: &Path) -> Result<Option<Keys>, KeyringError> {
    let Some(text) = durable_file::read(path)? else { return Ok(None) };
    let mut keys = Vec::new();
    for (index, line) in String::from_utf8_lossy(&text).lines().map(str::trim).enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let key = BASE64.decode(line).ok().and_then(|bytes| named(&bytes));
        let broken = || KeyringError::Line { path: path.to_owned(), line: index.saturating_add(1) };
        keys.push(key.ok_or_else(broken)?);
    }
    if keys.is_empty() { Err(KeyringError::Empty { path: path.to_owned() }) } else { Ok(Some(Keys(keys))) }
}

fn named(bytes: &[u8]) -> Option<NamedKey> {
    let key = RandomizedNonceKey::new(&AES_256_GCM, bytes).ok().filter(|_| bytes.len() == KEY)?;
    let name = Algorithm::Sha256.digest(bytes).hex().chars().take(NAME).collect();
    Some(NamedKey { name, key })
}

/// What a file of the server's own begins with.
const HEADING: &str =
    "# What secrets are encrypted with; without this file they are lost. The first key encrypts, all decrypt.\n";

/// Makes a file with a new key.
async fn make(path: PathBuf) -> Result<Keys, KeyringError> {
    let making = tokio::task::spawn_blocking(move || {
        let mut key = [0; KEY];
        rand::fill(&mut key).map_err(|_| KeyringError::Random)?;
        let text = format!("{HEADING}{}\n", BASE64.encode(key));
        durable_file::write(&path, text.as_bytes(), Readable::ByOwner)?;
        tracing::info!(secrets.key_file = %path.display(), "made a key for secrets: keep a copy of its file");
        named(&key).map(|key| Keys(vec![key])).ok_or(KeyringError::Random)
    });
    making.await?
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn ring(path: &Path) -> Keyring {
        Keyring::own(path.to_owned()).unwrap()
    }

    #[tokio::test]
    async fn a_key_is_made_when_it_is_needed_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/secrets");
        let first = ring(&path);
        assert!(!path.exists());
        let sealed = first.seal("a/b", b"hush").await.unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        for ring in [first, ring(&path), Keyring::configured(path.clone()).unwrap()] {
            assert_eq!(ring.open("a/b", &sealed).unwrap(), b"hush");
            assert!(matches!(ring.open("a/c", &sealed), Err(KeyringError::Damaged)));
        }
    }

    #[tokio::test]
    async fn a_new_key_encrypts_and_the_old_one_still_decrypts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets");
        let old = ring(&path).seal("", b"old").await.unwrap();
        let keys = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{}\n{keys}", BASE64.encode([7; KEY]))).unwrap();
        let both = ring(&path);
        let new = both.seal("", b"new").await.unwrap();
        assert_ne!(new.key, old.key);
        assert_eq!((both.open("", &old).unwrap(), both.open("", &new).unwrap()), (b"old".to_vec(), b"new".to_vec()));

        std::fs::write(&path, BASE64.encode([7; KEY])).unwrap();
        assert!(matches!(ring(&path).open("", &old), Err(KeyringError::UnknownKey { .. })));
    }

    #[tokio::test]
    async fn what_was_changed_is_not_decrypted() {
        let folder = tempfile::tempdir().unwrap();
        let ring = ring(&folder.path().join("secrets"));
        let sealed = ring.seal("", b"hush").await.unwrap();
        let mut content = BASE64.decode(&sealed.content).unwrap();
        content[0] ^= 1;
        for damaged in [
            Sealed { content: BASE64.encode(content), ..sealed.clone() },
            Sealed { content: String::new(), ..sealed.clone() },
            Sealed { nonce: "AAAA".to_owned(), ..sealed.clone() },
        ] {
            assert!(matches!(ring.open("", &damaged), Err(KeyringError::Damaged)));
        }
        assert!(!format!("{ring:?}{sealed:?}").contains("hush"));
    }

    #[test]
    fn files_that_hold_no_keys_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets");
        assert!(matches!(Keyring::configured(path.clone()), Err(KeyringError::Missing { .. })));
        std::fs::write(&path, "# nothing\n\n").unwrap();
        assert!(matches!(Keyring::own(path.clone()), Err(KeyringError::Empty { .. })));
        std::fs::write(&path, "# one\nc2hvcnQ=\n").unwrap();
        assert!(matches!(Keyring::own(path), Err(KeyringError::Line { line: 2, .. })));
    }
}
