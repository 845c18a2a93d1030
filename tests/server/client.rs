//! A client that keeps its connection, over HTTP/1.1 or HTTP/2, plain or TLS.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use weir::config::{CertificateFiles, Tls};

use crate::harness::Reply;

trait Transport: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Transport for T {}

/// A connection on which one request after the other is sent.
#[derive(Debug)]
pub(super) struct Client {
    sender: Sender,
    /// What stands before each path of HTTP/2.
    origin: String,
}

#[derive(Debug)]
enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Client {
    /// Connects in plain text.
    pub(super) async fn plain(address: SocketAddr, version: Version) -> Self {
        let socket = TcpStream::connect(address).await.unwrap();
        Self::over(socket, version, format!("http://{address}")).await
    }

    /// Connects with TLS, and lets the server choose among both versions unless only one is offered.
    pub(super) async fn tls(address: SocketAddr, authority: &Authority, offer: &[&str]) -> Self {
        Self::tls_as("localhost", address, authority, offer).await
    }

    /// As [`tls`](Self::tls), to a server that must prove to have this name.
    pub(super) async fn tls_as(name: &'static str, address: SocketAddr, authority: &Authority, offer: &[&str]) -> Self {
        let stream = authority.connect(name, address, offer).await;
        let version = match stream.get_ref().1.alpn_protocol() {
            Some(b"h2") => Version::HTTP_2,
            _ => Version::HTTP_11,
        };
        Self::over(stream, version, "https://localhost".to_owned()).await
    }

    async fn over(stream: impl Transport + 'static, version: Version, origin: String) -> Self {
        let sender = if version == Version::HTTP_2 {
            let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            Sender::Http2(sender)
        } else {
            let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            Sender::Http1(sender)
        };
        Self { sender, origin }
    }

    /// The version that is spoken.
    pub(super) fn version(&self) -> Version {
        match self.sender {
            Sender::Http1(_) => Version::HTTP_11,
            Sender::Http2(_) => Version::HTTP_2,
        }
    }

    /// Sends a request without a body.
    pub(super) async fn send(&mut self, method: &str, path: &str) -> Reply {
        self.send_body(method, path, &[], Bytes::new()).await
    }

    /// Sends a request.
    pub(super) async fn send_body(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Bytes) -> Reply {
        let request = match self.sender {
            Sender::Http1(_) => Request::builder().uri(path).header("host", "weir"),
            Sender::Http2(_) => Request::builder().uri(format!("{}{path}", self.origin)),
        };
        let request =
            headers.iter().fold(request.method(method), |request, (name, value)| request.header(*name, *value));
        let request = request.body(Full::new(body)).unwrap();
        let response = match &mut self.sender {
            Sender::Http1(sender) => {
                sender.ready().await.unwrap();
                sender.send_request(request).await.unwrap()
            }
            Sender::Http2(sender) => sender.send_request(request).await.unwrap(),
        };
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Reply { what: format!("{method} {path}"), status: head.status, headers: head.headers, body }
    }
}

/// A certificate of this test's own making, and what trusts it.
#[derive(Debug)]
pub(super) struct Authority {
    roots: RootCertStore,
}

impl Authority {
    /// Makes a certificate for `localhost` and writes it to a folder.
    pub(super) fn new(folder: &Path) -> (Self, Tls) {
        let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let tls = CertificateFiles { certificate: folder.join("tls.crt"), key: folder.join("tls.key") };
        std::fs::write(&tls.certificate, pair.cert.pem()).unwrap();
        std::fs::write(&tls.key, pair.signing_key.serialize_pem()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(pair.cert.der().clone()).unwrap();
        (Self { roots }, Tls::Files(tls))
    }

    /// Trusts the certificates in a PEM file.
    pub(super) fn reading(file: &Path) -> Self {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(file).unwrap() {
            roots.add(certificate.unwrap()).unwrap();
        }
        Self { roots }
    }

    async fn connect(
        &self,
        name: &'static str,
        address: SocketAddr,
        offer: &[&str],
    ) -> tokio_rustls::client::TlsStream<TcpStream> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut config = config.with_root_certificates(self.roots.clone()).with_no_client_auth();
        config.alpn_protocols = offer.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        let socket = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from(name).unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, socket).await.unwrap()
    }
}
