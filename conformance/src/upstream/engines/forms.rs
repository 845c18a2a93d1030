//! How engines are told to pull from Weir what they know as docker.io's.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::bed::{Bed, NAME};
use super::containerd::{Containerd, Ctr};
use super::puller::{Engine, Puller, Skopeo};
use crate::clients::dockerd::{Daemon, Dockerd};
use crate::clients::podman::with_store;
use crate::server::path;
use crate::tool::Tool;

/// What tells the config of an image of docker's or podman's.
const INSPECT: &[&str] = &["image", "inspect", "--format", "{{.Id}}"];
/// The same of buildah's.
const INSPECT_BUILDAH: &[&str] = &["inspect", "--type", "image", "--format", "{{.FromImageID}}"];

/// An engine that was told in one way where to pull from.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) name: &'static str,
    /// The last part of the name of the repository that only this form pulls.
    own: &'static str,
    pub(super) puller: Puller,
    /// What stands before the repository.
    before: String,
}

impl Form {
    /// Its repository, as the other registry has it.
    pub(super) fn repository(&self) -> String {
        format!("library/{}", self.own)
    }

    /// A tag or a digest of it, as its engine writes that.
    pub(super) fn reference(&self, reference: &str) -> String {
        let separator = if reference.contains(':') { '@' } else { ':' };
        format!("{}{}{separator}{reference}", self.before, self.repository())
    }
}

/// The daemons, and what the others need.
#[derive(Debug)]
pub(super) struct Engines {
    dockerd: Dockerd,
    docker: Tool,
    /// What dockerd takes for `/etc/docker`.
    etc: PathBuf,
    containerd: Containerd,
}

impl Engines {
    /// Starts both daemons. docker has Weir among its mirrors, and is told of no insecure registry.
    pub(super) async fn start(bed: &Bed) -> Result<Self> {
        let (home, etc) = (bed.home("docker")?, bed.home("etc")?);
        let mirror = format!("--registry-mirror=http://{}", bed.mirror);
        let daemon = Daemon { arguments: &[&mirror], etc: Some(&etc) };
        let dockerd = Dockerd::start_as(&home, &daemon, |tool| bed.confine(tool)).await?;
        let docker = dockerd.client(&home)?;
        Ok(Self { docker, dockerd, etc, containerd: Containerd::start(&bed.home("containerd")?).await? })
    }

    /// docker takes a certificate of nobody that it knows for what it is.
    pub(super) async fn is_suspicious(&self) -> Result<()> {
        self.docker.refused(&["pull", &format!("{NAME}/docker.io/library/any:v1")], &["unknown authority"]).await
    }

    /// Tells docker of Weir's authority, as its documentation says.
    pub(super) fn trust(&self, bed: &Bed) -> Result<()> {
        let folder = self.etc.join("certs.d").join(NAME);
        fs::create_dir_all(&folder)?;
        fs::copy(&bed.tls.authority, folder.join("ca.crt"))?;
        Ok(())
    }

    /// docker, at Weir's listener over TLS.
    pub(super) fn docker(&self) -> Puller {
        Puller::Engine(Engine { tool: self.docker.clone(), pull: vec!["pull".to_owned()], inspect: INSPECT })
    }

    /// All forms.
    pub(super) fn forms(&self, bed: &Bed) -> Result<Vec<Form>> {
        Ok([self.of_docker(bed), of_podman(bed)?, of_tools(bed)?, self.of_containerd(bed)?]
            .into_iter()
            .flatten()
            .collect())
    }

    /// Ends both daemons.
    pub(super) async fn stop(self) -> Result<()> {
        self.dockerd.stop().await?;
        self.containerd.stop().await
    }

    fn of_docker(&self, bed: &Bed) -> Vec<Form> {
        let form = |name, own, before| Form { name, own, puller: self.docker(), before };
        vec![
            form("docker, prefix", "docker-prefix", format!("{}/docker.io/", bed.plain())),
            form("docker, prefix over TLS", "docker-tls", format!("{NAME}/docker.io/")),
            form("docker, registry-mirrors", "docker-mirror", "docker.io/".to_owned()),
        ]
    }

    fn of_containerd(&self, bed: &Bed) -> Result<Vec<Form>> {
        let home = bed.home("ctr")?;
        let plain = hosts(&home.join("plain"), &format!("[host.\"http://{}\"]\n", bed.plain()))?;
        let authority = path(&bed.tls.authority)?;
        let secured =
            hosts(&home.join("secured"), &format!("[host.\"https://{}\"]\nca = {authority:?}\n", bed.secured))?;
        let form = |name, own, pull: &[&str], before: &str| -> Result<Form> {
            let pull = pull.iter().map(|&word| word.to_owned()).collect();
            let puller = Puller::Containerd(Ctr { tool: bed.confine(self.containerd.client(&home)?), pull });
            Ok(Form { name, own, puller, before: before.to_owned() })
        };
        let prefix = format!("{}/docker.io/", bed.plain());
        Ok(vec![
            form("ctr, prefix", "ctr-prefix", &["--plain-http"], &prefix)?,
            form("ctr, hosts.toml", "ctr-hosts", &["--hosts-dir", &plain], "docker.io/")?,
            form("ctr, hosts.toml over TLS", "ctr-tls", &["--hosts-dir", &secured], "docker.io/")?,
        ])
    }
}

/// A folder that tells containerd of a host for docker.io, in whose place it asks with `?ns=docker.io`.
fn hosts(folder: &Path, host: &str) -> Result<String> {
    let registry = folder.join("docker.io");
    fs::create_dir_all(&registry)?;
    let text = format!("server = \"https://registry-1.docker.io\"\n{host}capabilities = [\"pull\", \"resolve\"]\n");
    fs::write(registry.join("hosts.toml"), text)?;
    path(folder)
}

fn of_podman(bed: &Bed) -> Result<Vec<Form>> {
    let certificates = bed.home("podman-certificates")?;
    fs::copy(&bed.tls.authority, certificates.join("ca.crt"))?;
    let certificates = path(&certificates)?;
    let prefix = format!("{}/docker.io/", bed.plain());
    let form = |name, own, pull: &[&str], registries: &str, before: &str| -> Result<Form> {
        let home = bed.home(own)?;
        write_registries(&home, registries)?;
        let tool = with_store(bed.confine(Tool::find("podman", &home)?), &home).with(["--events-backend=file"]);
        let pull = ["pull"].iter().chain(pull).map(|&word| word.to_owned()).collect();
        let puller = Puller::Engine(Engine { tool, pull, inspect: INSPECT });
        Ok(Form { name, own, puller, before: before.to_owned() })
    };
    Ok(vec![
        form("podman, prefix", "podman-prefix", &["--tls-verify=false"], "", &prefix)?,
        form(
            "podman, prefix over TLS",
            "podman-tls",
            &["--cert-dir", &certificates],
            "",
            &format!("{NAME}/docker.io/"),
        )?,
        form("podman, mirror", "podman-mirror", &[], &mirrored(&format!("{}/docker.io", bed.plain())), "docker.io/")?,
        form(
            "podman, mirror that is a listener",
            "podman-listener",
            &[],
            &mirrored(&bed.mirror.to_string()),
            "docker.io/",
        )?,
        form("podman, remapped", "podman-remapped", &[], &remapped(bed), "docker.io/")?,
    ])
}

fn of_tools(bed: &Bed) -> Result<Vec<Form>> {
    let skopeo = |name, own, arguments: &[&'static str], registries: &str, before: &str| -> Result<Form> {
        let home = bed.home(own)?;
        write_registries(&home, registries)?;
        let tool = bed.confine(Tool::find("skopeo", &home)?).with(["--insecure-policy"]);
        let puller = Puller::Skopeo(Skopeo { tool, arguments: arguments.to_vec(), home });
        Ok(Form { name, own, puller, before: before.to_owned() })
    };
    let home = bed.home("buildah-mirror")?;
    write_registries(&home, &mirrored(&format!("{}/docker.io", bed.plain())))?;
    let tool = with_store(bed.confine(Tool::find("buildah", &home)?), &home);
    let puller = Puller::Engine(Engine { tool, pull: vec!["pull".to_owned()], inspect: INSPECT_BUILDAH });
    let prefix = format!("{}/docker.io/", bed.plain());
    Ok(vec![
        skopeo("skopeo, prefix", "skopeo-prefix", &["--src-tls-verify=false"], "", &prefix)?,
        skopeo("skopeo, remapped", "skopeo-remapped", &[], &remapped(bed), "docker.io/")?,
        Form { name: "buildah, mirror", own: "buildah-mirror", puller, before: "docker.io/".to_owned() },
    ])
}

/// The file where podman, buildah and skopeo read what they are told of registries.
fn write_registries(home: &Path, text: &str) -> Result<()> {
    let folder = home.join(".config/containers");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("registries.conf"), text)?;
    Ok(())
}

/// docker.io has a mirror.
fn mirrored(location: &str) -> String {
    format!(
        "[[registry]]\nprefix = \"docker.io\"\nlocation = \"docker.io\"\n[[registry.mirror]]\nlocation = \"{location}\"\n\
         insecure = true\n"
    )
}

/// docker.io is somewhere else.
fn remapped(bed: &Bed) -> String {
    let location = format!("{}/docker.io", bed.plain());
    format!("[[registry]]\nprefix = \"docker.io\"\nlocation = \"{location}\"\ninsecure = true\n")
}
