//! A registry whose tags move and which fails as it is told.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::oci::{Algorithm, Digest, MediaType};

/// What it does with each request from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    /// As a registry should.
    Well,
    /// Answers with a status and a header.
    Refuses(u16, &'static str),
    /// Never answers.
    Hangs,
    /// Closes the connection at once.
    Drops,
    /// Answers after so long.
    Lingers(Duration),
    /// Sends bodies in pieces, with so long between them.
    Trickles(Duration),
    /// Sends so many bytes of a body, and then no more.
    Stalls(usize),
    /// Closes the connection after so many bytes of a body.
    Cuts(usize),
    /// The same, of one body only.
    CutsOnce(usize),
    /// Sends one wrong byte.
    Spoils,
    /// States that a body is shorter than it is, and sends as much.
    Shortens,
    /// States no length, and closes the connection at the end.
    Unstated,
    /// Sends whoever asks to another host.
    Redirects(SocketAddr),
    /// Sends whoever asks back to where they ask.
    Loops,
    /// Wants tokens, of which only the latest is good.
    Tokens,
}

/// A registry over plain HTTP.
pub(super) struct Hub {
    pub(super) address: SocketAddr,
    state: Arc<Mutex<State>>,
    accepting: JoinHandle<()>,
}

struct State {
    address: SocketAddr,
    mood: Mood,
    /// Content by what follows the name of a repository: `manifests/<digest>`, `blobs/<digest>`.
    content: HashMap<String, (String, Bytes)>,
    /// What tags mean, by `<repository>:<tag>`.
    tags: HashMap<String, Digest>,
    asked: Vec<String>,
    /// How many tokens were given out, and whether the last has expired.
    tokens: (usize, bool),
}

/// A request, as far as it matters.
struct Request {
    method: String,
    path: String,
    token: Option<String>,
}

/// An image that was put there.
#[derive(Debug, Clone)]
pub(super) struct Image {
    pub(super) digest: Digest,
    pub(super) manifest: Bytes,
    pub(super) config: Digest,
    pub(super) config_bytes: Bytes,
    pub(super) layer: Digest,
    pub(super) layer_bytes: Bytes,
}

impl Hub {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (content, tags) = (HashMap::new(), HashMap::new());
        let state = Arc::new(Mutex::new(State {
            address,
            mood: Mood::Well,
            content,
            tags,
            asked: Vec::new(),
            tokens: (0, false),
        }));
        let shared = Arc::clone(&state);
        let accepting = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                // A client that leaves is none of its troubles.
                tokio::spawn(async move { serve(&state, socket).await.ok() });
            }
        });
        Self { address, state, accepting }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(super) fn becomes(&self, mood: Mood) {
        self.state().mood = mood;
    }

    /// Has all that another one has, its moods aside.
    pub(super) fn has_all_of(&self, other: &Self) {
        let (mut state, other) = (self.state(), other.state());
        (state.content, state.tags) = (other.content.clone(), other.tags.clone());
    }

    /// Refuses the tokens that it gave out.
    pub(super) fn expire_tokens(&self) {
        self.state().tokens.1 = true;
    }

    /// What was asked since the last time.
    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state().asked)
    }

    /// Is gone: connections are refused.
    pub(super) async fn stop(self) {
        self.accepting.abort();
        let _ = self.accepting.await;
    }

    fn put(&self, family: &str, media_type: &str, content: &Bytes) -> Digest {
        let digest = Algorithm::Sha256.digest(content);
        self.state().content.insert(format!("{family}/{digest}"), (media_type.to_owned(), content.clone()));
        digest
    }

    /// Puts an image there, which has a layer of its own.
    pub(super) fn image(&self, word: &str) -> Image {
        let config = json!({ "architecture": "amd64", "os": "linux", "config": { "Env": [word] }, "rootfs": { "type": "layers", "diff_ids": [] } });
        let config = Bytes::from(config.to_string());
        let layer_bytes = Bytes::from(word.repeat(100_000));
        let octets = "application/octet-stream";
        let (config_digest, layer) = (self.put("blobs", octets, &config), self.put("blobs", octets, &layer_bytes));
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MediaType::OCI_MANIFEST,
            "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": config_digest, "size": config.len() },
            "layers": [{ "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": layer, "size": layer_bytes.len() }],
        });
        let manifest = Bytes::from(manifest.to_string());
        let digest = self.put("manifests", MediaType::OCI_MANIFEST, &manifest);
        Image { digest, manifest, config: config_digest, config_bytes: config, layer, layer_bytes }
    }

    /// Puts a list of images there.
    pub(super) fn list(&self, images: &[&Image]) -> Digest {
        let manifests: Vec<Value> = images
            .iter()
            .map(|image| json!({ "mediaType": MediaType::OCI_MANIFEST, "digest": image.digest, "size": image.manifest.len(), "platform": { "architecture": "amd64", "os": "linux" } }))
            .collect();
        let list = json!({ "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": manifests });
        self.put("manifests", MediaType::OCI_INDEX, &Bytes::from(list.to_string()))
    }

    /// Puts an artifact there that refers to an image, as signatures do. Nothing lists it yet.
    pub(super) fn signature(&self, image: &Image, word: &str) -> Image {
        let (config_bytes, layer_bytes) = (Bytes::from_static(b"{}"), Bytes::from(word.to_owned()));
        let octets = "application/octet-stream";
        let (config, layer) = (self.put("blobs", octets, &config_bytes), self.put("blobs", octets, &layer_bytes));
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MediaType::OCI_MANIFEST,
            "artifactType": "application/vnd.test.signature",
            "config": { "mediaType": "application/vnd.oci.empty.v1+json", "digest": config, "size": 2 },
            "layers": [{ "mediaType": "text/plain", "digest": layer, "size": layer_bytes.len() }],
            "subject": { "mediaType": MediaType::OCI_MANIFEST, "digest": image.digest, "size": image.manifest.len() },
        });
        let manifest = Bytes::from(manifest.to_string());
        let digest = self.put("manifests", MediaType::OCI_MANIFEST, &manifest);
        Image { digest, manifest, config, config_bytes, layer, layer_bytes }
    }

    /// Lists artifacts as referring to an image: as a registry does, or, where `tagged`, as clients do under a tag.
    pub(super) fn lists(&self, image: &Image, signatures: &[&Image], tagged: bool) {
        let manifests: Vec<Value> = signatures
            .iter()
            .map(|found| json!({ "mediaType": MediaType::OCI_MANIFEST, "digest": found.digest, "size": found.manifest.len(), "artifactType": "application/vnd.test.signature", "annotations": { "by": "alice" } }))
            .collect();
        let list = json!({ "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": manifests });
        let list = Bytes::from(list.to_string());
        if tagged {
            let digest = self.put("manifests", MediaType::OCI_INDEX, &list);
            self.tag(&format!("team/app:{}", image.digest.as_str().replace(':', "-")), &digest);
        } else {
            let place = format!("referrers/{}", image.digest);
            self.state().content.insert(place, (MediaType::OCI_INDEX.to_owned(), list));
        }
    }

    pub(super) fn tag(&self, name: &str, digest: &Digest) {
        self.state().tags.insert(name.to_owned(), digest.clone());
    }

    pub(super) fn untag(&self, name: &str) {
        self.state().tags.remove(name);
    }
}

async fn serve(state: &Mutex<State>, mut socket: TcpStream) -> std::io::Result<()> {
    let Some(request) = read(&mut socket).await? else { return Ok(()) };
    let (mood, found, token) = {
        let mut state = state.lock().unwrap();
        state.asked.push(format!("{} {}", request.method, request.path.trim_start_matches("/v2/")));
        let token = if state.mood == Mood::Tokens { state.token(&request) } else { None };
        (state.mood, state.find(&request.path), token)
    };
    if let Some(answer) = token {
        return socket.write_all(answer.as_bytes()).await;
    }
    match mood {
        Mood::Hangs => return std::future::pending().await,
        Mood::Drops => return Ok(()),
        Mood::Lingers(pause) => tokio::time::sleep(pause).await,
        Mood::Refuses(status, header) => return socket.write_all(empty(status, header).as_bytes()).await,
        Mood::Redirects(to) => {
            let location = format!("Location: http://{to}{}", request.path);
            return socket.write_all(empty(307, &location).as_bytes()).await;
        }
        Mood::Loops => {
            let location = format!("Location: {}", request.path);
            return socket.write_all(empty(302, &location).as_bytes()).await;
        }
        _ => {}
    }
    let Some((media_type, content)) = found else {
        return socket.write_all(empty(404, "Docker-Distribution-Api-Version: registry/2.0").as_bytes()).await;
    };
    let digest = Algorithm::Sha256.digest(&content);
    let length = if mood == Mood::Shortens { content.len() / 2 } else { content.len() };
    let stated = if mood == Mood::Unstated { String::new() } else { format!("Content-Length: {length}\r\n") };
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\n{stated}Docker-Content-Digest: {digest}\r\nConnection: close\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).await?;
    if request.method == "GET" {
        body(state, mood, &mut socket, content[..length].to_vec()).await?;
    }
    socket.shutdown().await
}

/// Sends a body as the mood is.
async fn body(state: &Mutex<State>, mood: Mood, socket: &mut TcpStream, mut body: Vec<u8>) -> std::io::Result<()> {
    match mood {
        Mood::Stalls(at) if at < body.len() => {
            socket.write_all(&body[..at]).await?;
            std::future::pending::<()>().await;
        }
        Mood::Cuts(at) | Mood::CutsOnce(at) if at < body.len() => {
            if mood == Mood::CutsOnce(at) {
                state.lock().unwrap().mood = Mood::Well;
            }
            return socket.write_all(&body[..at]).await;
        }
        Mood::Trickles(pause) => {
            for piece in body.chunks(body.len().div_ceil(5)) {
                socket.write_all(piece).await?;
                tokio::time::sleep(pause).await;
            }
            return Ok(());
        }
        Mood::Spoils => *body.last_mut().unwrap() ^= 1,
        _ => {}
    }
    socket.write_all(&body).await
}

/// An answer without a body.
fn empty(status: u16, header: &str) -> String {
    format!("HTTP/1.1 {status} -\r\n{header}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

/// A request; `None` where something else comes, such as TLS, which is tried first.
async fn read(socket: &mut TcpStream) -> std::io::Result<Option<Request>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = socket.read_u8().await?;
        if head.is_empty() && !byte.is_ascii_uppercase() {
            return Ok(None);
        }
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap_or_default();
    let mut words = head.split(' ');
    let mut word = || words.next().unwrap_or_default().to_owned();
    let (method, path) = (word(), word());
    let token = head.lines().find_map(|line| line.strip_prefix("authorization: Bearer ")).map(str::to_owned);
    Ok(Some(Request { method, path, token }))
}

impl State {
    /// The answer to who asks for a token, or needs one.
    fn token(&mut self, request: &Request) -> Option<String> {
        if request.path.starts_with("/token") {
            self.tokens = (self.tokens.0 + 1, false);
            let body = json!({ "token": format!("t{}", self.tokens.0) }).to_string();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            return Some(head + &body);
        }
        let (latest, expired) = (format!("t{}", self.tokens.0), self.tokens.1);
        if !expired && request.token.as_ref() == Some(&latest) {
            return None;
        }
        let challenge = format!("WWW-Authenticate: Bearer realm=\"http://{}/token\",service=\"hub\"", self.address);
        Some(empty(401, &challenge))
    }

    fn find(&self, path: &str) -> Option<(String, Bytes)> {
        let (rest, reference) = path.trim_start_matches("/v2/").rsplit_once('/')?;
        let (name, family) = rest.rsplit_once('/')?;
        let digest = self.tags.get(&format!("{name}:{reference}")).map_or(reference, Digest::as_str);
        self.content.get(&format!("{family}/{digest}")).cloned()
    }
}
