//! `[[listener]]`: where the server listens, plain or with TLS.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::mirror_prefix::{MirrorPrefix, Prefix};
use super::reader::{Reading, Section};
use super::setting::{Setting, text};
use super::tree::{Place, Value};

/// What `tls` says instead of naming files.
pub(super) const SELF_SIGNED: &str = "self-signed";

/// A place to listen at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Address and port; port 0 lets the system choose one.
    pub address: SocketAddr,
    /// The certificate to serve with; plain HTTP without.
    pub tls: Option<Tls>,
    /// The prefix of a mirror that names are taken to begin with which begin with none, as Docker's `registry-mirrors` asks for
    /// them.
    pub mirror: Option<String>,
}

/// Which certificate a listener serves with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// One that the operator brings.
    Files(CertificateFiles),
    /// One of Weir's own making, with an authority that lies in the data directory.
    SelfSigned,
}

/// The files of a certificate, in PEM. They existed and could be opened when the configuration was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate, followed by those that vouch for it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Listener {
    /// Whether only this machine can reach it.
    pub fn is_local(&self) -> bool {
        self.address.ip().to_canonical().is_loopback()
    }

    /// Whether the two could not both be opened.
    fn collides_with(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.address, other.address);
        let same_family = ours.is_ipv4() == theirs.is_ipv4();
        let covers = same_family && (ours.ip().is_unspecified() || theirs.ip().is_unspecified());
        ours.port() != 0 && ours.port() == theirs.port() && (covers || ours.ip() == theirs.ip())
    }
}

/// Reads the listeners from the root section. Whether they may be reached from elsewhere is decided here too, since only
/// here is known where each was written.
pub(super) fn read(root: &mut Section<'_>, default: Vec<Listener>, mirrored: &[MirrorPrefix]) -> (Vec<Listener>, bool) {
    let insecure = root.read("insecure");
    let items = match root.list("listener") {
        Reading::Absent | Reading::Wrong => {
            return (default, matches!(insecure, Reading::Given(true, _)));
        }
        Reading::Given(items, place) if items.is_empty() => {
            root.refuse(place, "listener", "the list is empty: a server without a listener serves nobody");
            return (default, false);
        }
        Reading::Given(items, _) => items,
    };
    let mut found: Vec<(usize, Listener, Place)> = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let section = root.item("listener", index, item);
        if let Some((listener, place)) = Listener::read(section, mirrored) {
            found.push((index, listener, place));
        }
    }
    refuse_collisions(root, &found);
    // A mistaken `insecure` has its own line; what it would have allowed cannot be judged.
    if matches!(insecure, Reading::Absent | Reading::Given(false, _)) {
        refuse_exposed(root, &found);
    }
    let listeners = found.into_iter().map(|(_, listener, _)| listener).collect();
    (listeners, matches!(insecure, Reading::Given(true, _)))
}

fn refuse_collisions(root: &mut Section<'_>, found: &[(usize, Listener, Place)]) {
    for (index, listener, place) in found {
        let earlier = found.iter().take_while(|(other, _, _)| other < index);
        if let Some((other, ..)) = earlier.into_iter().find(|(_, other, _)| other.collides_with(listener)) {
            let problem = format!("{} is taken already by listener[{other}]", listener.address);
            root.refuse_item(place.clone(), *index, problem);
        }
    }
}

fn refuse_exposed(root: &mut Section<'_>, found: &[(usize, Listener, Place)]) {
    for (index, listener, place) in found.iter().filter(|(_, listener, _)| !listener.is_local()) {
        let problem = format!(
            "{} can be reached from other machines, and whoever reaches it may push and delete: listen on 127.0.0.1, or \
             say that this is meant with `insecure = true` (WEIR__INSECURE=true, --insecure)",
            listener.address
        );
        root.refuse_item(place.clone(), *index, problem);
    }
}

impl Listener {
    /// Reads one listener and the place of its address, if it has one.
    fn read(mut section: Section<'_>, mirrored: &[MirrorPrefix]) -> Option<(Self, Place)> {
        let address = match section.read("address") {
            Reading::Given(address, place) => Some((address, place)),
            Reading::Wrong => None,
            Reading::Absent => {
                section.missing("address", "a listener needs an address");
                None
            }
        };
        let tls = match section.word::<SelfSigned>("tls") {
            Reading::Given(SelfSigned, _) => Some(Tls::SelfSigned),
            Reading::Wrong => None,
            Reading::Absent => CertificateFiles::read(section.section("tls")).map(Tls::Files),
        };
        let mirror = match section.read::<Prefix>("mirror") {
            Reading::Given(Prefix(prefix), _) if mirrored.iter().any(|mirror| mirror.prefix == prefix) => Some(prefix),
            Reading::Given(Prefix(prefix), place) => {
                section.refuse(place, "mirror", format!("no [[mirror]] has the prefix {prefix:?}"));
                None
            }
            Reading::Absent | Reading::Wrong => None,
        };
        section.finish();
        address.map(|(address, place)| (Self { address, tls, mirror }, place))
    }
}

/// The word for a certificate of Weir's own making.
struct SelfSigned;

impl Setting for SelfSigned {
    fn read(value: Value) -> Result<Self, String> {
        let expected = format!("\"{SELF_SIGNED}\", or a section with certificate and key");
        match text(value, &expected)? {
            word if word == SELF_SIGNED => Ok(Self),
            other => Err(format!("expected {expected}, found {other:?}")),
        }
    }
}

impl CertificateFiles {
    fn read(mut section: Section<'_>) -> Option<Self> {
        let certificate = readable_file(&mut section, "certificate");
        let key = readable_file(&mut section, "key");
        let missing = match (&certificate, &key) {
            (Reading::Absent, Reading::Absent) => None,
            (Reading::Absent, _) => Some(("certificate", "a key needs its certificate")),
            (_, Reading::Absent) => Some(("key", "a certificate needs its key")),
            _ => None,
        };
        if let Some((absent, why)) = missing {
            section.missing(absent, why);
        }
        section.finish();
        match (certificate, key) {
            (Reading::Given(certificate, _), Reading::Given(key, _)) => Some(Self { certificate, key }),
            _ => None,
        }
    }
}

pub(super) fn readable_file(section: &mut Section<'_>, key: &'static str) -> Reading<PathBuf> {
    match section.read::<PathBuf>(key) {
        Reading::Given(path, place) => match check(&path) {
            Ok(()) => Reading::Given(path, place),
            Err(error) => {
                section.refuse(place, key, format!("cannot read {}: {error}", path.display()));
                Reading::Wrong
            }
        },
        other => other,
    }
}

/// Whether `path` is a file that can be opened. A pipe is not opened: that would wait for its writer.
fn check(path: &Path) -> io::Result<()> {
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    File::open(path).map(drop)
}
