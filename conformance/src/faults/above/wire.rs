//! Connections that send literal bytes, as slowly or as wrongly as is wanted.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// The server as attackers see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub(super) plain: SocketAddr,
    pub(super) tls: SocketAddr,
    /// How long a connection may be silent before its first byte.
    pub(super) first_byte: Duration,
    /// How long a connection may rest.
    pub(super) idle: Duration,
}

impl Target {
    /// When a resting connection must be gone: the watchdog looks four times in the period, closes, and looks again.
    pub(super) fn deadline(&self) -> Duration {
        self.idle * 2 + Duration::from_secs(2)
    }

    pub(super) async fn connect(&self) -> Result<TcpStream> {
        TcpStream::connect(self.plain).await.context("the server takes no connection")
    }

    /// Sends bytes over a connection of their own, and reads what comes back until the server closes.
    pub(super) async fn exchange(&self, bytes: &[u8]) -> Result<String> {
        let mut stream = self.connect().await?;
        // The server may have seen enough before the last byte.
        let _ = stream.write_all(bytes).await;
        read_to_end(&mut stream, self.deadline()).await
    }
}

/// Reads until the server closes, by whatever means; fails where it does not.
pub(super) async fn read_to_end(stream: &mut TcpStream, patience: Duration) -> Result<String> {
    let mut read = Vec::new();
    // A reset is a close as well; what came before it counts.
    timeout(patience, stream.read_to_end(&mut read))
        .await
        .context("the server keeps the connection")?
        .map_or_else(drop, drop);
    Ok(String::from_utf8_lossy(&read).into_owned())
}

/// The status of the first answer in some bytes.
pub(super) fn status(answer: &str) -> &str {
    answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).unwrap_or("none")
}

/// Does something on many connections at once, and collects what they say.
pub(super) async fn many<F, T>(count: usize, attack: impl Fn(usize) -> F) -> Result<Vec<T>>
where
    F: Future<Output = Result<T>> + Send + 'static,
    T: Send + 'static,
{
    let mut running = JoinSet::new();
    for number in 0..count {
        running.spawn(attack(number));
    }
    let mut said = Vec::new();
    while let Some(one) = running.join_next().await {
        said.push(one??);
    }
    Ok(said)
}

/// Fails unless all said one of these; how often each was said.
pub(super) fn all_said(said: &[String], allowed: &[&str]) -> Result<String> {
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    for one in said {
        *counts.entry(one).or_default() += 1;
    }
    let told = counts.iter().map(|(what, count)| format!("{count} × {what}")).collect::<Vec<_>>().join(", ");
    ensure!(counts.keys().all(|what| allowed.contains(what)), "{told}; allowed is {}", allowed.join(", "));
    Ok(told)
}
