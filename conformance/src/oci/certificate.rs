//! A certificate for this run alone.

use std::fs;
use std::path::Path;

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};

use crate::server::Tls;

/// A name that certificates are good for beside the loopback address, and that no resolver knows.
pub(crate) const NAME: &str = "registry.test";

/// Makes an authority and a certificate for the loopback address, and writes both.
pub(crate) fn write(directory: &Path) -> Result<Tls> {
    let tls = Tls {
        certificate: directory.join("certificate.pem"),
        key: directory.join("key.pem"),
        authority: directory.join("authority.pem"),
    };
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    authority.distinguished_name.push(DnType::CommonName, "Authority of a conformance run");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let key = KeyPair::generate()?;
    let names = ["127.0.0.1", "localhost", NAME].map(str::to_owned);
    let certificate = CertificateParams::new(names)?.signed_by(&key, &authority)?;
    fs::write(&tls.certificate, certificate.pem())?;
    fs::write(&tls.key, key.serialize_pem())?;
    fs::write(&tls.authority, authority.pem())?;
    Ok(tls)
}
