//! Another registry, to import from: Debian's `docker-registry`, as a process of its own.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::net::TcpSocket;
use weir::config::Config;

use super::{Blob, Manifest, folder, sha256};

/// The program. It belongs to the package of the same name.
const PROGRAM: &str = "docker-registry";

/// How long it may take to be there.
const PATIENCE: Duration = Duration::from_mins(1);

/// The password of `alice` is `secret`.
const PASSWORDS: &str = "alice:$2b$04$gs9tdATxUWDocfHN9yYH2OOYWm5wTz8Z6siSGtgrHpuZm05OfX5Wi\n";

/// Another registry. Its content is put on its disk as it would put it there itself: so it can
/// have manifests whose layers nobody has.
pub(crate) struct Upstream {
    process: Option<Child>,
    /// Holds its port while it is not there.
    _port: TcpSocket,
    address: SocketAddr,
    folder: TempDir,
    /// Whether it asks for the password of `alice`.
    private: bool,
    /// Whether it speaks TLS.
    secure: bool,
}

impl Upstream {
    /// One that serves everybody over plain HTTP.
    pub(crate) fn start() -> Self {
        Self::with(false, false)
    }

    /// One that asks for the password `secret` of `alice`, over plain HTTP.
    pub(crate) fn private() -> Self {
        Self::with(true, false)
    }

    /// One that serves everybody over TLS.
    pub(crate) fn secure() -> Self {
        Self::with(false, true)
    }

    /// One that asks for the password `secret` of `alice`, over TLS.
    pub(crate) fn secure_private() -> Self {
        Self::with(true, true)
    }

    fn with(private: bool, secure: bool) -> Self {
        let (port, address) = hold_port();
        let mut upstream = Self { process: None, _port: port, address, folder: folder::temporary(), private, secure };
        if secure {
            let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
            fs::write(upstream.file("tls.crt"), made.cert.pem()).unwrap();
            fs::write(upstream.file("tls.key"), made.signing_key.serialize_pem()).unwrap();
        }
        upstream.resume();
        upstream
    }

    /// Starts it again where it was stopped.
    pub(crate) fn resume(&mut self) {
        let config = self.file("config.yml");
        fs::write(&config, self.configuration()).unwrap();
        let log = fs::File::options().create(true).append(true).open(self.log()).unwrap();
        let mut command = Command::new(PROGRAM);
        command.arg("serve").arg(&config).stdin(Stdio::null()).stdout(log).stderr(Stdio::null());
        self.process = Some(command.spawn().expect("docker-registry is installed: it is a package of Debian"));
        let began = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            assert!(began.elapsed() < PATIENCE, "docker-registry does not listen at {}", self.address);
            std::thread::yield_now();
        }
    }

    /// Stops it. Its content and its address stay.
    pub(crate) fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    fn configuration(&self) -> String {
        let (root, address) = (self.file("data"), self.address);
        let tls = if self.secure {
            let (certificate, key) = (self.file("tls.crt"), self.file("tls.key"));
            format!("  tls: {{certificate: {}, key: {}}}\n", certificate.display(), key.display())
        } else {
            String::new()
        };
        let auth = if self.private {
            let file = self.file("passwords");
            fs::write(&file, PASSWORDS).unwrap();
            format!("auth:\n  htpasswd:\n    realm: test\n    path: {}\n", file.display())
        } else {
            String::new()
        };
        format!(
            "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n{tls}{auth}",
            root.display()
        )
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn log(&self) -> PathBuf {
        self.file("log")
    }

    /// The certificate of its authority, where it speaks TLS.
    pub(crate) fn authority(&self) -> Option<String> {
        self.secure.then(|| fs::read_to_string(self.file("tls.crt")).unwrap())
    }

    /// `host:port`
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    /// The requests that it answered so far, method and path.
    pub(crate) fn requests(&self) -> Vec<String> {
        let log = fs::read_to_string(self.log()).unwrap();
        let request = |line: &str| Some(line.split('"').nth(1)?.rsplit_once(" HTTP/")?.0.to_owned());
        log.lines().filter_map(request).collect()
    }

    /// Puts an image under a tag, with a config of its own and a layer that is nowhere. Returns its manifest.
    pub(crate) fn put_image(&self, repository: &str, tag: &str, name: &str) -> Manifest {
        let manifest = self.put_untagged_image(repository, name);
        self.put_manifest(repository, Some(tag), &manifest.bytes);
        manifest
    }

    /// Puts an image that only its digest names.
    pub(crate) fn put_untagged_image(&self, repository: &str, name: &str) -> Manifest {
        let config = serde_json::json!({
            "architecture": "amd64", "os": "linux", "comment": name, "created": "2026-01-10T08:00:00Z",
        });
        let config = Blob::of(config.to_string());
        let manifest = Manifest::docker_image(&config, &[&Blob::of(format!("layer of {name}"))]);
        self.put_blob(repository, &config.bytes);
        self.put_manifest(repository, None, &manifest.bytes);
        manifest
    }

    /// Puts a blob into a repository.
    pub(crate) fn put_blob(&self, repository: &str, content: &[u8]) {
        let digest = self.put_content(content);
        self.link(&format!("repositories/{repository}/_layers/{}", path(&digest)), &digest);
    }

    /// Puts a manifest into a repository, under a tag or only by its digest.
    pub(crate) fn put_manifest(&self, repository: &str, tag: Option<&str>, content: &[u8]) {
        let digest = self.put_content(content);
        let manifests = format!("repositories/{repository}/_manifests");
        self.link(&format!("{manifests}/revisions/{}", path(&digest)), &digest);
        if let Some(tag) = tag {
            self.link(&format!("{manifests}/tags/{tag}/index/{}", path(&digest)), &digest);
            self.link(&format!("{manifests}/tags/{tag}/current"), &digest);
        }
    }

    /// Takes a tag away.
    pub(crate) fn remove_tag(&self, repository: &str, tag: &str) {
        fs::remove_dir_all(self.root().join(format!("repositories/{repository}/_manifests/tags/{tag}"))).unwrap();
    }

    fn root(&self) -> PathBuf {
        self.file("data/docker/registry/v2")
    }

    fn put_content(&self, content: &[u8]) -> String {
        let digest = sha256(content);
        let hex = digest.strip_prefix("sha256:").unwrap();
        write(&self.root().join(format!("blobs/sha256/{}/{hex}/data", &hex[..2])), content);
        digest
    }

    fn link(&self, place: &str, digest: &str) {
        write(&self.root().join(place).join("link"), digest.as_bytes());
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.stop();
    }
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a registry at {}", self.address)
    }
}

/// Lets a server read registries on this machine, and import by itself.
pub(crate) fn importing(config: &mut Config) {
    config.upstreams.allow_addresses = vec!["127.0.0.0/8".parse().unwrap()];
    config.upstreams.import.automatic = true;
}

/// Lets a server read registries on this machine, where it is asked to.
pub(crate) fn reading(config: &mut Config) {
    config.upstreams.allow_addresses = vec!["127.0.0.0/8".parse().unwrap()];
}

/// A port that the system gives to nobody else while the socket is there. It does not listen, so a server may that reuses
/// addresses, as Go's do.
fn hold_port() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// `sha256:ab…` as a path.
fn path(digest: &str) -> String {
    digest.replacen(':', "/", 1)
}

/// Writes a file in one step, so that nobody reads a part of it.
fn write(file: &Path, content: &[u8]) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let new = file.with_extension("new");
    fs::write(&new, content).unwrap();
    fs::rename(&new, file).unwrap();
}
