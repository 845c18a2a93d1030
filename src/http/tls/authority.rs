//! A certificate authority of the server's own: made once, and kept as two PEM files.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use weir_storage::Algorithm;
use weir_storage::durable_file::{self, Readable};

use super::TlsError;

/// How long a certificate is good for. It is made anew at each start, and in time before it ends.
pub(super) const VALIDITY: Duration = Duration::from_hours(24 * 90);

/// How long the authority is good for: nobody is there to renew what clients have been told to trust, so it outlives
/// them.
const AUTHORITY_YEARS: i16 = 100;

/// Clocks of clients that are late by less than this still take a new certificate.
const LATE_CLOCKS: Duration = Duration::from_hours(24);

/// The name that every certificate has, beside those that it is made for.
const LOCALHOST: &str = "localhost";

/// An authority, ready to sign.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    path: PathBuf,
}

/// A certificate, those that vouch for it, and its key.
pub(super) struct Issued {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl Authority {
    /// Reads the authority in `folder`, or makes one there. Blocks on the disk.
    pub(super) fn open(folder: &Path, now: SystemTime) -> Result<Self, TlsError> {
        let (certificate_path, key_path) = (folder.join("ca.crt"), folder.join("ca.key"));
        let (certificate, key) = (durable_file::read(&certificate_path)?, durable_file::read(&key_path)?);
        let key = match (key, &certificate) {
            (Some(key), _) => read_key(&key_path, &key)?,
            (None, None) => make_key(&key_path)?,
            (None, Some(_)) => {
                return Err(TlsError::HalfAnAuthority { missing: key_path, found: certificate_path });
            }
        };
        let params = params(&key, now);
        let certificate = if let Some(pem) = certificate {
            let read = CertificateDer::from_pem_slice(&pem);
            read.map_err(|source| not_pem("certificate", &certificate_path, source))?
        } else {
            // Also where a first start ended between the two files: nobody has seen that key's certificate.
            let made = params.self_signed(&key)?;
            durable_file::write(&certificate_path, made.pem().as_bytes(), Readable::ByAll)?;
            made.der().clone()
        };
        let authority = Self { issuer: Issuer::new(params, key), certificate, path: certificate_path };
        authority.check(now)?;
        Ok(authority)
    }

    /// A certificate for `names`, which are host names and IP addresses, and for `localhost`.
    pub(super) fn issue(&self, names: &[String], now: SystemTime) -> Result<Issued, TlsError> {
        let mut all = vec![LOCALHOST.to_owned()];
        all.extend(names.iter().filter(|name| *name != LOCALHOST).cloned());
        let mut params = CertificateParams::new(all)?;
        params.distinguished_name.push(DnType::CommonName, "weir");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let last = now.checked_add(VALIDITY).unwrap_or(now);
        set_validity(&mut params, day(now, LATE_CLOCKS), day(last, Duration::ZERO));
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let chain = vec![certificate.der().clone(), self.certificate.clone()];
        Ok(Issued { chain, key: PrivatePkcs8KeyDer::from(key.serialize_der()).into() })
    }

    /// The error for a certificate of this authority that cannot be used.
    pub(super) fn unusable(&self, source: rustls::Error) -> TlsError {
        TlsError::Authority { certificate: self.path.clone(), source }
    }

    /// Whether a client that trusts the stored certificate takes what is signed with the stored key.
    fn check(&self, now: SystemTime) -> Result<(), TlsError> {
        let issued = self.issue(&[], now)?;
        let unusable = |source| self.unusable(source);
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).map_err(unusable)?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider).build();
        let verifier = verifier.map_err(|error| unusable(rustls::Error::General(error.to_string())))?;
        let server = ServerName::try_from(LOCALHOST);
        let server = server.map_err(|error| unusable(rustls::Error::General(error.to_string())))?;
        let now = UnixTime::since_unix_epoch(now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default());
        let leaf = issued.chain.first().unwrap_or(&self.certificate);
        verifier.verify_server_cert(leaf, &[], &server, &[], now).map(drop).map_err(unusable)
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("certificate", &self.path).finish_non_exhaustive()
    }
}

fn read_key(path: &Path, text: &[u8]) -> Result<KeyPair, TlsError> {
    let der = PrivateKeyDer::from_pem_slice(text).map_err(|source| not_pem("private key", path, source))?;
    Ok(KeyPair::try_from(&der)?)
}

fn make_key(path: &Path) -> Result<KeyPair, TlsError> {
    let key = KeyPair::generate()?;
    durable_file::write(path, key.serialize_pem().as_bytes(), Readable::ByOwner)?;
    Ok(key)
}

/// What an authority with this key is called and may do. Its name follows from the key, so that a certificate that was
/// made long ago has the same one.
fn params(key: &KeyPair, now: SystemTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    let digest = Algorithm::Sha256.digest(key.public_key_raw());
    let short: String = digest.hex().chars().take(8).collect();
    params.distinguished_name.push(DnType::CommonName, format!("Weir authority {short}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let first = day(now, LATE_CLOCKS);
    let last = first.with().year(first.year().saturating_add(AUTHORITY_YEARS)).day(1).build().unwrap_or(Date::MAX);
    set_validity(&mut params, first, last);
    params
}

/// The day on which `earlier` before `time` falls, in UTC.
fn day(time: SystemTime, earlier: Duration) -> Date {
    let time = time.checked_sub(earlier).unwrap_or(time);
    Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC).date()
}

fn set_validity(params: &mut CertificateParams, first: Date, last: Date) {
    let midnight = |day: Date| date_time_ymd(day.year().into(), day.month().unsigned_abs(), day.day().unsigned_abs());
    params.not_before = midnight(first);
    params.not_after = midnight(last);
}

fn not_pem(what: &'static str, path: &Path, source: pem::Error) -> TlsError {
    TlsError::Pem { what, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use tempfile::TempDir;

    use super::*;

    const NOW: Duration = Duration::from_secs(1_790_000_000);

    fn open(folder: &TempDir) -> Result<Authority, TlsError> {
        Authority::open(folder.path(), SystemTime::UNIX_EPOCH + NOW)
    }

    #[test]
    fn an_authority_stays_the_same() {
        let folder = TempDir::new().unwrap();
        let first = open(&folder).unwrap().certificate;
        assert_eq!(open(&folder).unwrap().certificate, first);
        let later = SystemTime::UNIX_EPOCH + NOW + Duration::from_hours(24 * 365 * 50);
        assert_eq!(Authority::open(folder.path(), later).unwrap().certificate, first);
        let mode = fs::metadata(folder.path().join("ca.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_start_that_ended_between_the_two_files_is_finished() {
        let folder = TempDir::new().unwrap();
        open(&folder).unwrap();
        fs::remove_file(folder.path().join("ca.crt")).unwrap();
        open(&folder).unwrap();
    }

    #[test]
    fn another_authority_is_never_made_in_secret() {
        let folder = TempDir::new().unwrap();
        open(&folder).unwrap();
        fs::remove_file(folder.path().join("ca.key")).unwrap();
        assert!(matches!(open(&folder), Err(TlsError::HalfAnAuthority { .. })));
        assert!(!folder.path().join("ca.key").exists());
    }

    #[test]
    fn files_that_do_not_belong_together_are_refused() {
        let (one, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        open(&one).unwrap();
        open(&other).unwrap();
        fs::copy(other.path().join("ca.key"), one.path().join("ca.key")).unwrap();
        assert!(matches!(open(&one), Err(TlsError::Authority { .. })));
        fs::write(other.path().join("ca.key"), "nonsense").unwrap();
        assert!(matches!(open(&other), Err(TlsError::Pem { what: "private key", .. })));
    }

    #[test]
    fn names_of_every_kind_can_be_certified() {
        let folder = TempDir::new().unwrap();
        let authority = open(&folder).unwrap();
        let names = ["127.0.0.1", "::1", "registry.example", "localhost"].map(str::to_owned);
        assert_eq!(authority.issue(&names, SystemTime::UNIX_EPOCH + NOW).unwrap().chain.len(), 2);
    }
}
