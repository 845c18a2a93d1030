//! The machinery over real sockets. Deadlines are short here, as a paused clock does not stop a socket.

mod access_log;
mod deadlines;
mod limits;
mod protocols;
mod shutdown;

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::{Request, Response, StatusCode};
use rustls::RootCertStore;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::task::TaskTracker;

use super::body::{Body, RequestBody};
use super::listener::{Listeners, Serving};
use super::stack::stack;
use super::{Endpoint, OwnTls, Peer};
use crate::config::{CertificateFiles, Limits, Listener, Log, LogFormat, Tls};
use crate::telemetry::metrics::Metrics;

/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(5);

/// Bytes of one [`chunk`].
const CHUNK_BYTES: usize = 64 * 1024;

/// Limits that no test reaches unless it lowers them.
fn limits() -> Limits {
    Limits {
        connections: 100,
        requests: 100,
        first_byte: PATIENCE,
        idle: PATIENCE,
        header_bytes: 8 * 1024,
        grace: PATIENCE,
    }
}

/// A server on a port of its own.
struct Server {
    address: SocketAddr,
    serving: Serving,
    metrics: Arc<Metrics>,
    /// The certificate's files, and what trusts it.
    tls: Option<(TempDir, RootCertStore)>,
}

async fn start(limits: &Limits) -> Server {
    start_on(None, None, limits).await
}

async fn start_tls(limits: &Limits) -> Server {
    let directory = TempDir::new().unwrap();
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let paths =
        CertificateFiles { certificate: directory.path().join("tls.crt"), key: directory.path().join("tls.key") };
    std::fs::write(&paths.certificate, pair.cert.pem()).unwrap();
    std::fs::write(&paths.key, pair.signing_key.serialize_pem()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(pair.cert.der().clone()).unwrap();
    start_on(Some(Tls::Files(paths)), Some((directory, roots)), limits).await
}

async fn start_on(paths: Option<Tls>, tls: Option<(TempDir, RootCertStore)>, limits: &Limits) -> Server {
    let listener = Listener { address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), tls: paths, mirror: None };
    let own = OwnTls { folder: "/nowhere".into(), names: Vec::new(), clock: Arc::new(weir_storage::SystemClock) };
    let listeners = Listeners::bind(&[listener], &own).await.unwrap();
    let address = listeners.addresses()[0].address;
    let metrics = Arc::new(Metrics::new());
    let tasks = TaskTracker::new();
    let log = Log { filter: "off".to_owned(), format: LogFormat::Text, access: false };
    let application = stack(tower::service_fn(handle), limits, &log, &metrics, &tasks);
    Server { address, serving: listeners.serve(&application, limits, tasks), metrics, tls }
}

impl Server {
    async fn connect(&self) -> Connection {
        Connection(TcpStream::connect(self.address).await.unwrap())
    }
}

/// What the server under test does: a path for each behaviour.
async fn handle(request: Request<RequestBody>) -> Result<Response<Body>, Infallible> {
    let mut response = Response::default();
    match request.uri().path() {
        "/hello" => *response.body_mut() = Body::full("hello"),
        "/who" => {
            let Peer { address, scheme, .. } = request.extensions().get().unwrap();
            *response.body_mut() = Body::full(format!("{address} by {scheme} with {:?}", request.version()));
        }
        "/count" => {
            let count = request.into_body().into_stream().try_fold(0, async |sum, data| Ok(sum + data.len())).await;
            *response.body_mut() = Body::full(count.map_or_else(|error| error.to_string(), |count| count.to_string()));
        }
        "/refuse" => {
            *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
            *response.body_mut() = Body::full("too large");
        }
        "/slow" => {
            tokio::time::sleep(Duration::from_millis(500)).await;
            *response.body_mut() = Body::full("at last");
        }
        "/endless" => {
            *response.body_mut() = Body::streaming(stream::repeat_with(|| Ok::<_, Infallible>(chunk())));
        }
        "/watch" => {
            let news = stream::once(async {
                tokio::time::sleep(Duration::from_millis(500)).await;
                Ok::<_, Infallible>(Bytes::from_static(b"news"))
            });
            *response.body_mut() = Body::streaming(news);
        }
        "/hold" => {
            *response.body_mut() =
                Body::streaming(stream::once(async { Ok::<_, Infallible>(chunk()) }).chain(stream::pending()));
        }
        "/broken" => {
            *response.body_mut() = Body::streaming(stream::iter([Err::<Bytes, _>("the disk is gone")]));
        }
        "/panic" => panic!("as asked"),
        _ => *response.status_mut() = StatusCode::NOT_FOUND,
    }
    if response.status() == StatusCode::OK {
        response.extensions_mut().insert(Endpoint { name: "test" });
    }
    Ok(response)
}

/// A part of a body that has more.
fn chunk() -> Bytes {
    static CHUNK: [u8; CHUNK_BYTES] = [7; CHUNK_BYTES];
    Bytes::from_static(&CHUNK)
}

/// The client's side of a connection, byte by byte.
struct Connection(TcpStream);

impl Connection {
    async fn send(&mut self, text: impl AsRef<[u8]>) {
        self.0.write_all(text.as_ref()).await.unwrap();
    }

    async fn get(&mut self, path: &str) {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: weir\r\n\r\n")).await;
    }

    async fn put(&mut self, path: &str, length: usize) {
        self.send(format!("PUT {path} HTTP/1.1\r\nhost: weir\r\ncontent-length: {length}\r\n\r\n")).await;
    }

    /// Reads until this has come.
    async fn read_until(&mut self, end: &str) -> String {
        let mut read = Vec::new();
        let reading = async {
            while !read.windows(end.len()).any(|window| window == end.as_bytes()) {
                assert_ne!(self.0.read_buf(&mut read).await.unwrap(), 0, "no {end} before the end");
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.unwrap_or_else(|_| panic!("no {end} in time"));
        String::from_utf8_lossy(&read).into_owned()
    }

    /// Reads until the server closes the connection, or resets it.
    async fn read_to_end(&mut self) -> String {
        let mut read = Vec::new();
        let reading = async { while self.0.read_buf(&mut read).await.is_ok_and(|count| count > 0) {} };
        tokio::time::timeout(PATIENCE, reading).await.expect("the connection should end in time");
        String::from_utf8_lossy(&read).into_owned()
    }

    /// Whether the server has nothing to say, and keeps the connection, for so long.
    async fn is_quiet_for(&mut self, time: Duration) -> bool {
        tokio::time::timeout(time, self.0.read_u8()).await.is_err()
    }
}
