//! An upstream that fails as it is told: in front of content of its own, or of another registry.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Source;

/// What an upstream does with one request.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// Closes the connection after so many bytes of the body.
    Cut(usize),
    /// Sends one wrong byte.
    Spoil(usize),
    /// States that the body is so long, and sends as much.
    Shorten(usize),
    /// States no length, and closes the connection at the end.
    Unstated,
    /// Answers with a status and a header.
    Refuse(u16, &'static str),
    /// Never answers.
    Hang,
    /// Closes the connection at once.
    Drop,
}

/// An upstream over plain HTTP. Each request gets the next fault, and none when there are no more.
pub(super) struct Upstream {
    address: SocketAddr,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

struct State {
    content: Content,
    faults: Mutex<VecDeque<Fault>>,
    /// What was asked: the method, where a range began, and who asked.
    asked: Mutex<Vec<String>>,
    /// How many bytes of a body are sent before it waits.
    gate: watch::Sender<usize>,
}

/// What is behind it.
enum Content {
    Own(Bytes),
    Registry(SocketAddr),
}

impl Upstream {
    pub(super) async fn of(content: &Bytes, faults: impl IntoIterator<Item = Fault>) -> Self {
        Self::start(Content::Own(content.clone()), faults.into_iter().collect()).await
    }

    pub(super) async fn before(registry: SocketAddr) -> Self {
        Self::start(Content::Registry(registry), VecDeque::new()).await
    }

    async fn start(content: Content, faults: VecDeque<Fault>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = State {
            content,
            faults: Mutex::new(faults),
            asked: Mutex::default(),
            gate: watch::Sender::new(usize::MAX),
        };
        let state = Arc::new(state);
        let shared = Arc::clone(&state);
        let accepting = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                // A client that leaves is none of its troubles.
                tokio::spawn(async move { state.serve(socket).await.ok() });
            }
        });
        Self { address, state, accepting }
    }

    pub(super) fn source(&self) -> Source {
        Source::of(&format!("{}/team/app", self.address).parse().unwrap(), true)
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.state.asked.lock().unwrap().clone()
    }

    pub(super) fn then(&self, fault: Fault) {
        self.state.faults.lock().unwrap().push_back(fault);
    }

    /// Sends no more than so many bytes of a body for the time being.
    pub(super) fn hold_at(&self, byte: usize) {
        self.state.gate.send_replace(byte);
    }

    /// Is gone: connections are refused.
    pub(super) async fn stop(self) {
        self.accepting.abort();
        let _ = self.accepting.await;
    }
}

impl State {
    async fn serve(&self, mut socket: TcpStream) -> std::io::Result<()> {
        let Some(request) = head(&mut socket).await? else { return Ok(()) };
        let from = request.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            let range = value.strip_prefix("bytes=")?.strip_suffix('-')?;
            name.eq_ignore_ascii_case("range").then(|| range.parse().ok())?
        });
        let mut asked = request.split(' ').next().unwrap_or_default().to_owned();
        asked.extend(from.map(|from: usize| format!(" {from}-")));
        asked.extend(request.lines().find_map(|line| line.strip_prefix("authorization:")));
        self.asked.lock().unwrap().push(asked);
        let content = match &self.content {
            Content::Own(content) => content.to_vec(),
            Content::Registry(address) => fetched(*address, &request).await?,
        };
        let fault = self.faults.lock().unwrap().pop_front();
        self.answer(&mut socket, content, from.unwrap_or_default(), fault).await
    }

    async fn answer(
        &self,
        socket: &mut TcpStream,
        mut content: Vec<u8>,
        from: usize,
        fault: Option<Fault>,
    ) -> std::io::Result<()> {
        let whole = content.len();
        let mut cut = None;
        let mut stated = true;
        match fault {
            Some(Fault::Refuse(status, header)) => {
                let head =
                    format!("HTTP/1.1 {status} Refused\r\n{header}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                return socket.write_all(head.as_bytes()).await;
            }
            Some(Fault::Hang) => return std::future::pending().await,
            Some(Fault::Drop) => return Ok(()),
            Some(Fault::Cut(at)) => cut = Some(at),
            Some(Fault::Spoil(at)) => content[at] ^= 1,
            Some(Fault::Shorten(to)) => content.truncate(to),
            Some(Fault::Unstated) => stated = false,
            None => {}
        }
        let body = &content[from.min(content.len())..];
        let status = if from > 0 { "206 Partial" } else { "200 OK" };
        let range =
            if from > 0 { format!("Content-Range: bytes {from}-{}/{whole}\r\n", whole - 1) } else { String::new() };
        let length = if stated { format!("Content-Length: {}\r\n", body.len()) } else { String::new() };
        let kind = "Content-Type: application/vnd.oci.image.manifest.v1+json";
        let head = format!("HTTP/1.1 {status}\r\n{range}{length}{kind}\r\nConnection: close\r\n\r\n");
        socket.write_all(head.as_bytes()).await?;
        let end = cut.unwrap_or(content.len());
        let mut gate = self.gate.subscribe();
        let mut at = from;
        while at < end {
            let upto = end.min(at + 10_000);
            let _ = gate.wait_for(|open| *open >= upto).await;
            socket.write_all(&content[at..upto]).await?;
            at = upto;
        }
        socket.shutdown().await
    }
}

/// The head of a request; `None` where something else comes, such as the beginning of TLS.
async fn head(socket: &mut TcpStream) -> std::io::Result<Option<String>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = socket.read_u8().await?;
        if !byte.is_ascii() || (head.is_empty() && !byte.is_ascii_uppercase()) {
            return Ok(None);
        }
        head.push(byte);
    }
    Ok(String::from_utf8(head).ok())
}

/// What a registry answers to the same request without its range.
async fn fetched(address: SocketAddr, request: &str) -> std::io::Result<Vec<u8>> {
    let line = request.lines().next().unwrap_or_default();
    let mut socket = TcpStream::connect(address).await?;
    socket.write_all(format!("{line}\r\nHost: registry\r\nConnection: close\r\n\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await?;
    let body = answer.windows(4).position(|window| window == b"\r\n\r\n").map_or(answer.len(), |end| end + 4);
    Ok(answer.split_off(body))
}
