//! Debian's `docker-registry`, as a process of its own.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use http::header;
use reqwest::{Certificate, Client, Response};
use tempfile::TempDir;
use tokio::net::TcpSocket;

use super::digest;
use crate::oci::{Digest, MediaType};

/// The program. It belongs to the package of the same name.
const PROGRAM: &str = "docker-registry";

/// How long it may take to be there.
const PATIENCE: Duration = Duration::from_mins(1);

/// The password of `alice` is `secret`.
const PASSWORDS: &str = "alice:$2b$04$gs9tdATxUWDocfHN9yYH2OOYWm5wTz8Z6siSGtgrHpuZm05OfX5Wi\n";

/// A registry that runs until it is dropped.
pub(super) struct Real {
    process: Child,
    folder: TempDir,
    /// `host:port`.
    pub(super) address: String,
    client: Client,
    scheme: &'static str,
}

/// What it asks of clients, and how it speaks.
#[derive(Default)]
pub(super) struct Kind {
    /// Whether it asks for the password of `alice`.
    pub(super) password: bool,
    /// Whether it speaks TLS. Its authority is [`Real::authority`].
    pub(super) tls: bool,
    /// Who gives tokens, and the certificate of whoever signs them.
    pub(super) tokens: Option<(String, String)>,
}

impl Real {
    pub(super) fn start(kind: &Kind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = free_address().to_string();
        let config = folder.path().join("config.yml");
        std::fs::write(&config, configuration(kind, folder.path(), &address)).unwrap();
        let mut command = Command::new(PROGRAM);
        command.arg("serve").arg(&config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().expect("docker-registry is installed: it is a package of Debian");
        let mut client = Client::builder();
        if kind.tls {
            let authority = std::fs::read(folder.path().join("tls.crt")).unwrap();
            client = client.tls_certs_only([Certificate::from_pem(&authority).unwrap()]);
        }
        let scheme = if kind.tls { "https" } else { "http" };
        let real = Self { process, folder, address, client: client.build().unwrap(), scheme };
        real.wait();
        real
    }

    fn wait(&self) {
        let began = Instant::now();
        while TcpStream::connect(&self.address).is_err() {
            assert!(began.elapsed() < PATIENCE, "docker-registry does not listen at {}", self.address);
            std::thread::yield_now();
        }
    }

    /// The file of the authority that its certificate comes from.
    pub(super) fn authority(&self) -> PathBuf {
        self.folder.path().join("tls.crt")
    }

    /// Pushes a blob with the value of `Authorization`, if any.
    pub(super) async fn push_blob(&self, repository: &str, content: &[u8], proof: Option<&str>) -> Digest {
        let proof = |request: reqwest::RequestBuilder| match proof {
            Some(proof) => request.header(header::AUTHORIZATION, proof),
            None => request,
        };
        let uploads = format!("{}://{}/v2/{repository}/blobs/uploads/", self.scheme, self.address);
        let begun = succeeded(proof(self.client.post(uploads)).send().await.unwrap());
        let mut location: reqwest::Url = begun.headers()[header::LOCATION].to_str().unwrap().parse().unwrap();
        let digest = digest(content);
        location.query_pairs_mut().append_pair("digest", digest.as_str());
        let put = proof(self.client.put(location).body(content.to_vec()));
        succeeded(put.send().await.unwrap());
        digest
    }

    /// Pushes an image of one layer, and returns its manifest.
    pub(super) async fn push(&self, repository: &str, tag: &str, layer: &[u8], proof: Option<&str>) -> String {
        let config = br#"{"architecture":"amd64","os":"linux"}"#;
        let described = |digest: Digest, content: &[u8], media_type: &str| serde_json::json!({"mediaType": media_type, "digest": digest, "size": content.len()});
        let layer_type = "application/vnd.docker.image.rootfs.diff.tar.gzip";
        let layer_digest = self.push_blob(repository, layer, proof).await;
        let manifest = serde_json::json!({
            "schemaVersion": 2,
            "mediaType": MediaType::DOCKER_MANIFEST,
            "config": described(self.push_blob(repository, config, proof).await, config, MediaType::DOCKER_CONFIG),
            "layers": [described(layer_digest, layer, layer_type)],
        })
        .to_string();
        let url = format!("{}://{}/v2/{repository}/manifests/{tag}", self.scheme, self.address);
        let mut put = self.client.put(url).header(header::CONTENT_TYPE, MediaType::DOCKER_MANIFEST);
        if let Some(proof) = proof {
            put = put.header(header::AUTHORIZATION, proof);
        }
        succeeded(put.body(manifest.clone()).send().await.unwrap());
        manifest
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.process.kill().and_then(|()| self.process.wait());
    }
}

fn succeeded(response: Response) -> Response {
    let status = response.status();
    assert!(status.is_success(), "docker-registry answered {status}");
    response
}

/// An address that nobody listens at, until somebody is told to: a socket that does not listen holds its port until this
/// process ends, so that the system gives it to nobody else. Servers may listen there all the same, for they reuse addresses.
pub(crate) fn free_address() -> SocketAddr {
    static HELD: Mutex<Vec<TcpSocket>> = Mutex::new(Vec::new());
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let address = socket.local_addr().unwrap();
    HELD.lock().unwrap().push(socket);
    address
}

fn configuration(kind: &Kind, folder: &Path, address: &str) -> String {
    let storage = folder.join("storage");
    let file = |name: &str, content: &str| {
        let path = folder.join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let mut text = format!(
        "version: 0.1\nlog: {{level: error}}\nstorage:\n  filesystem: {{rootdirectory: {}}}\n  delete: {{enabled: true}}\nhttp:\n  addr: {address}\n",
        storage.display()
    );
    if kind.tls {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        let (certificate, key) =
            (file("tls.crt", &made.cert.pem()), file("tls.key", &made.signing_key.serialize_pem()));
        writeln!(text, "  tls: {{certificate: {}, key: {}}}", certificate.display(), key.display()).unwrap();
    }
    if kind.password {
        let path = file("passwords", PASSWORDS);
        writeln!(text, "auth:\n  htpasswd: {{realm: test, path: {}}}", path.display()).unwrap();
    }
    if let Some((realm, certificate)) = &kind.tokens {
        let bundle = file("tokens.crt", certificate);
        writeln!(
            text,
            "auth:\n  token: {{realm: \"{realm}\", service: weir-test, issuer: weir-test, rootcertbundle: {}}}",
            bundle.display()
        )
        .unwrap();
    }
    text
}
