//! A proxy that leads to one place.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The longest head of a request that is read.
const LONGEST: usize = 16 << 10;

/// Engines that have it for a proxy reach one server under one name, and nobody else; it notes for whom else they asked.
#[derive(Debug)]
pub(super) struct Tunnel {
    address: SocketAddr,
    refused: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Tunnel {
    /// Listens, and leads `name` to `target`.
    pub(super) async fn start(name: &'static str, target: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let refused = Arc::new(Mutex::new(Vec::new()));
        let noted = refused.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let noted = noted.clone();
                tokio::spawn(async move {
                    // A client that breaks off is told of by the engine.
                    drop(lead(client, name, target, &noted).await);
                });
            }
        });
        Ok(Self { address, refused, task })
    }

    /// As programs are told of it.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked for beside the one server.
    pub(super) fn refused(&self) -> Vec<String> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn lead(client: TcpStream, name: &str, target: SocketAddr, refused: &Mutex<Vec<String>>) -> Result<()> {
    let mut client = BufReader::new(client);
    let asked = request_line(&mut client).await?;
    if asked != format!("CONNECT {name}:443 HTTP/1.1") {
        refused.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
        client.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await?;
        return Ok(());
    }
    let mut server = TcpStream::connect(target).await?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}

/// Reads a head to its end; its first line.
async fn request_line(client: &mut BufReader<TcpStream>) -> Result<String> {
    let (mut first, mut read) = (None, 0);
    loop {
        let mut line = String::new();
        read += client.read_line(&mut line).await?;
        anyhow::ensure!(!line.is_empty() && read <= LONGEST, "a head without an end");
        let line = line.trim_end();
        if line.is_empty() {
            return first.context("an empty head");
        }
        first.get_or_insert_with(|| line.to_owned());
    }
}
