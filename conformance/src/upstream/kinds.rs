//! Group `kinds`: images come whole from every kind of registry, behind a mirror prefix and by an import.

use std::fs;

use anyhow::{Result, ensure};
use serde_json::json;
use tempfile::TempDir;

use super::import::import;
use super::registry::{Kind, PASSWORD, Registry, Setup, USER};
use crate::api::Api;
use crate::content::{Content, Image, Index};
use crate::oci::certificate;
use crate::report::Checks;
use crate::server::{Settings, Weir, path};

/// The repository on the other side.
pub(super) const REPOSITORY: &str = "team/app";

/// Goes through the kinds.
pub(super) async fn run(program: &std::path::Path, checks: &mut Checks<'_>) -> Result<()> {
    let keys = TempDir::new()?;
    let tls = Some(certificate::write(keys.path())?);
    let plain = Setup::default;
    let debian = [
        ("open", plain()),
        ("with a password", Setup { password: true, ..plain() }),
        ("over TLS of a private authority", Setup { tls: tls.clone(), ..plain() }),
        ("over TLS with a password", Setup { tls: tls.clone(), password: true, ..plain() }),
    ];
    let others = [
        (Kind::Distribution, "open", plain()),
        (Kind::Distribution, "over TLS with a password", Setup { tls: tls.clone(), password: true, ..plain() }),
        (Kind::Weir(program.to_owned()), "open", plain()),
        (Kind::Weir(program.to_owned()), "over TLS", Setup { tls, ..plain() }),
    ];
    for (kind, how, setup) in debian.map(|(how, setup)| (Kind::Debian, how, setup)).into_iter().chain(others) {
        let name = format!("{}, {how}", kind.name());
        if kind.program().is_none() {
            checks.leave_out(&name, "it is not installed");
            continue;
        }
        checks.step(&name, one(program, kind, setup)).await;
    }
    Ok(())
}

/// An image and an index come through Weir, whole.
async fn one(program: &std::path::Path, kind: Kind, setup: Setup) -> Result<()> {
    let upstream = Registry::start(kind, setup).await?;
    let api = upstream.api()?;
    let (image, index) = (Image::new("base", "image", "amd64")?, Index::new("base", "index")?);
    push(&api, "image", &image).await?;
    push(&api, "index", &index).await?;

    let folder = TempDir::new()?;
    let weir = Weir::start_with_settings(
        program,
        &Settings { sections: &sections(&upstream, &folder)?, ..Settings::default() },
    )
    .await?;
    let here = Api::new(&weir.address().to_string())?;
    let served = async {
        here.serves(&format!("up/{REPOSITORY}"), "image", &image).await?;
        here.serves(&format!("up/{REPOSITORY}"), "index", &index).await?;
        let from = |tag: &str| format!("{}/{REPOSITORY}:{tag}", upstream.address());
        import(&here, ("kinds", "app"), "image", &from("image")).await?;
        import(&here, ("kinds", "app"), "index", &from("index")).await?;
        here.serves("kinds/app", "image", &image).await?;
        here.serves("kinds/app", "index", &index).await
    };
    let served = served.await;
    if served.is_err() {
        weir.show_log()?;
        upstream.show_log()?;
    }
    served
}

/// Pushes content with all that it is made of.
pub(super) async fn push(api: &Api, tag: &str, content: &impl Content) -> Result<()> {
    for blob in content.blobs() {
        api.push_blob(REPOSITORY, blob).await?;
    }
    for child in content.children() {
        api.push_manifest(REPOSITORY, &child.digest, child).await?;
    }
    api.push_manifest(REPOSITORY, tag, content.manifest()).await
}

/// What Weir must be told to read this registry.
fn sections(upstream: &Registry, folder: &TempDir) -> Result<String> {
    let (address, setup) = (upstream.address(), upstream.setup());
    let trust = match &setup.tls {
        None => format!("insecure = [\"{address}\"]\n"),
        Some(tls) => format!("ca_file = {:?}\n", path(&tls.authority)?),
    };
    let mut login = String::new();
    if setup.password {
        let file = folder.path().join("config.json");
        let hosts = json!({ address.to_string(): { "username": USER, "password": PASSWORD } });
        fs::write(&file, json!({ "auths": hosts }).to_string())?;
        login = format!("credentials_file = {:?}\n", path(&file)?);
    }
    ensure!(address.ip().is_loopback(), "{address} is no loopback address");
    Ok(format!(
        "[upstreams]\nallow_addresses = [\"127.0.0.0/8\"]\n{trust}{login}[[mirror]]\nprefix = \"up\"\nregistry = \"{address}\"\n"
    ))
}
