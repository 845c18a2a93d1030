//! A server that answers as a test wants it to, byte for byte.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request, as it came.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: String,
    /// With its query.
    pub(super) path: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(written, _)| written == name).map(|(_, value)| value.as_str())
    }
}

/// What becomes of a request.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// These bytes, and the end of the connection.
    Bytes(Vec<u8>),
    /// These bytes, and silence.
    Silence(Vec<u8>),
}

impl Answer {
    /// A status, headers, one a line, and a body with its length.
    pub(super) fn new(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let mut bytes = Self::head(status, &format!("content-length: {}\n{headers}", body.len()));
        bytes.extend_from_slice(body);
        Self::Bytes(bytes)
    }

    /// The head of an answer.
    pub(super) fn head(status: u16, headers: &str) -> Vec<u8> {
        let headers = headers.trim_end().replace('\n', "\r\n");
        let headers = if headers.is_empty() { headers } else { headers + "\r\n" };
        format!("HTTP/1.1 {status} -\r\n{headers}connection: close\r\n\r\n").into_bytes()
    }
}

/// The server. It ends when it is dropped.
pub(super) struct Faulty {
    /// `host:port`.
    pub(super) address: String,
    requests: Arc<Mutex<Vec<Request>>>,
    serving: JoinHandle<()>,
}

impl Faulty {
    /// Serves what `answer` makes of the number of a request, from 0, and the request.
    pub(super) async fn start(answer: impl Fn(usize, &Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (seen, answer) = (Arc::clone(&requests), Arc::new(answer));
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                tokio::spawn(async move { serve(stream, &seen, &*answer).await });
            }
        });
        Self { address, requests, serving }
    }

    /// All requests so far.
    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The methods and paths of all requests so far.
    pub(super) fn lines(&self) -> Vec<String> {
        self.requests().iter().map(|request| format!("{} {}", request.method, request.path)).collect()
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Answers one request. What is no HTTP, such as the beginning of TLS, is answered as Go's server does.
async fn serve(stream: TcpStream, seen: &Mutex<Vec<Request>>, answer: &(dyn Fn(usize, &Request) -> Answer + Sync)) {
    let mut stream = BufReader::new(stream);
    let Some(request) = read(&mut stream).await else {
        let _gone = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n400 Bad Request").await;
        return;
    };
    let number = {
        let mut seen = seen.lock().unwrap();
        seen.push(request.clone());
        seen.len() - 1
    };
    match answer(number, &request) {
        // The client may have left.
        Answer::Bytes(bytes) => drop(stream.write_all(&bytes).await),
        Answer::Silence(bytes) => {
            drop(stream.write_all(&bytes).await);
            // Until the client leaves.
            drop(stream.read(&mut [0]).await);
        }
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut first = Vec::new();
    stream.read_until(b'\n', &mut first).await.ok()?;
    let first = String::from_utf8(first).ok()?;
    let (method, rest) = first.split_once(' ')?;
    let path = rest.split_once(' ')?.0.to_owned();
    let (method, mut headers) = (method.to_owned(), Vec::new());
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or(Ok(0), |(_, value)| value.parse());
    let mut body = vec![0; length.ok()?];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request { method, path, headers, body: String::from_utf8(body).ok()? })
}
