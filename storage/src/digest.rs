//! Content digests: parsing, hashing, and hash states that can be put aside.
//!
//! Source: image-spec `descriptor.md` ("Digests"). `sha256` and `sha512` are taken, in lower-case hexadecimal.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use sha2::digest::common::hazmat::SerializableState;
use sha2::{Digest as _, Sha256, Sha512};

/// A hash algorithm that content may be addressed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// SHA-256, which every registry implements.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// All algorithms, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::Sha256, Self::Sha512];

    /// The name as it stands before the colon of a digest.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// How many hexadecimal characters follow the colon.
    pub fn hex_length(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }

    /// The digest of `content`.
    pub fn digest(self, content: &[u8]) -> Digest {
        let mut hasher = Hasher::new(self);
        hasher.update(content);
        hasher.finish()
    }
}

impl FromStr for Algorithm {
    type Err = InvalidDigest;

    fn from_str(name: &str) -> Result<Self, InvalidDigest> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name).ok_or(InvalidDigest::Unsupported)
    }
}

/// Why a text is no digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDigest {
    /// The text is not of the form `algorithm:encoded`.
    #[error("a digest has the form algorithm:hex")]
    Malformed,
    /// The algorithm is not one of [`Algorithm::ALL`].
    #[error("the digest algorithm is not supported; sha256 and sha512 are")]
    Unsupported,
    /// What follows the colon is not lower-case hexadecimal of the algorithm's length.
    #[error("the encoded part of the digest is not lower-case hexadecimal of the right length")]
    Encoding,
}

/// The name of content: algorithm and hash, as `sha256:…`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest {
    algorithm: Algorithm,
    text: Arc<str>,
}

impl Digest {
    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The part after the colon.
    pub fn hex(&self) -> &str {
        self.text.get(self.algorithm.name().len() + 1..).unwrap_or_default()
    }

    /// The whole digest, `algorithm:hex`.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for Digest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        let (name, encoded) = text.split_once(':').ok_or(InvalidDigest::Malformed)?;
        let algorithm = Algorithm::from_str(name)?;
        let hexadecimal = encoded.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if encoded.len() != algorithm.hex_length() || !hexadecimal {
            return Err(InvalidDigest::Encoding);
        }
        Ok(Self { algorithm, text: text.into() })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl serde::Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> serde::Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A running hash whose state can be saved and taken up again, in this process or another.
#[derive(Clone)]
pub struct Hasher(State);

#[derive(Clone)]
enum State {
    Sha256(Sha256),
    Sha512(Sha512),
}

impl Hasher {
    /// A hash over nothing yet.
    pub fn new(algorithm: Algorithm) -> Self {
        Self(match algorithm {
            Algorithm::Sha256 => State::Sha256(Sha256::new()),
            Algorithm::Sha512 => State::Sha512(Sha512::new()),
        })
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        match self.0 {
            State::Sha256(_) => Algorithm::Sha256,
            State::Sha512(_) => Algorithm::Sha512,
        }
    }

    /// Takes more content.
    pub fn update(&mut self, content: &[u8]) {
        match &mut self.0 {
            State::Sha256(hasher) => hasher.update(content),
            State::Sha512(hasher) => hasher.update(content),
        }
    }

    /// The digest of everything taken.
    pub fn finish(self) -> Digest {
        let algorithm = self.algorithm();
        let mut text = String::with_capacity(algorithm.name().len() + 1 + algorithm.hex_length());
        text.push_str(algorithm.name());
        text.push(':');
        match self.0 {
            State::Sha256(hasher) => push_hex(&mut text, &hasher.finalize()),
            State::Sha512(hasher) => push_hex(&mut text, &hasher.finalize()),
        }
        Digest { algorithm, text: text.into() }
    }

    /// The state, to be given to [`Hasher::restore`]. Its form belongs to the version of the hash library: a state that
    /// another version wrote may be refused, and the content is then hashed again.
    pub fn save(&self) -> Vec<u8> {
        match &self.0 {
            State::Sha256(hasher) => hasher.serialize().to_vec(),
            State::Sha512(hasher) => hasher.serialize().to_vec(),
        }
    }

    /// Takes up a saved state; `None` where it cannot be read.
    pub fn restore(algorithm: Algorithm, state: &[u8]) -> Option<Self> {
        if blocks_taken(algorithm, state)? > MOST_BLOCKS {
            return None;
        }
        match algorithm {
            Algorithm::Sha256 => {
                let state = state.try_into().ok()?;
                Sha256::deserialize(&state).ok().map(|hasher| Self(State::Sha256(hasher)))
            }
            Algorithm::Sha512 => {
                let state = state.try_into().ok()?;
                Sha512::deserialize(&state).ok().map(|hasher| Self(State::Sha512(hasher)))
            }
        }
    }
}

/// More blocks than any content has. A state that says more is damaged, and the library's length in bits would overflow.
const MOST_BLOCKS: u128 = 1 << 54;

/// How many whole blocks a saved state has taken: a little-endian number behind the words of the hash.
fn blocks_taken(algorithm: Algorithm, state: &[u8]) -> Option<u128> {
    match algorithm {
        Algorithm::Sha256 => Some(u64::from_le_bytes(state.get(32..40)?.try_into().ok()?).into()),
        Algorithm::Sha512 => Some(u128::from_le_bytes(state.get(64..80)?.try_into().ok()?)),
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hasher").field(&self.algorithm()).finish()
    }
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        for nibble in [byte >> 4, byte & 0x0f] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
}
