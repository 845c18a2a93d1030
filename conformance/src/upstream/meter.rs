//! A proxy in front of a registry that counts what comes from it, and can slow it down or take it away.
//!
//! It has threads of its own: what it takes to the clients of the run, it does not wait for.

use std::io::{self, Error, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

/// How much is taken at once.
const ROOM: usize = 256 * 1024;

/// The proxy. It listens until it is dropped.
#[derive(Debug)]
pub(super) struct Meter {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    /// Bytes that came from the registry, heads included.
    received: AtomicU64,
    /// Bytes a second of each connection; 0 for as fast as may be.
    rate: AtomicU64,
    /// Whether connections are closed at once.
    away: AtomicBool,
    /// Whether connections are taken and left.
    silent: AtomicBool,
    stop: AtomicBool,
}

impl Meter {
    /// Begins to listen.
    pub(super) fn start(upstream: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            upstream,
            received: AtomicU64::new(0),
            rate: AtomicU64::new(0),
            away: AtomicBool::new(false),
            silent: AtomicBool::new(false),
            stop: AtomicBool::new(false),
        });
        let listening = Arc::clone(&shared);
        thread::Builder::new().name("meter".to_owned()).spawn(move || listen(&listener, &listening))?;
        Ok(Self { address, shared })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The bytes that came from the registry since this was asked last.
    pub(super) fn take(&self) -> u64 {
        self.shared.received.swap(0, Ordering::Relaxed)
    }

    /// The bytes that came from the registry, which are not forgotten.
    pub(super) fn so_far(&self) -> u64 {
        self.shared.received.load(Ordering::Relaxed)
    }

    /// Lets so many bytes a second through each connection; 0 for all.
    pub(super) fn slow_down(&self, rate: u64) {
        self.shared.rate.store(rate, Ordering::Relaxed);
    }

    /// Takes connections and never answers from now on. Those that are open break.
    pub(super) fn fall_silent(&self) {
        self.shared.silent.store(true, Ordering::Relaxed);
    }

    /// Closes connections at once, or does so no longer.
    pub(super) fn go_away(&self, away: bool) {
        self.shared.away.store(away, Ordering::Relaxed);
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // It looks once somebody comes.
        drop(TcpStream::connect(self.address));
    }
}

fn listen(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.stop.load(Ordering::Relaxed) {
            return;
        }
        let Ok(client) = client else { continue };
        if shared.away.load(Ordering::Relaxed) {
            continue;
        }
        let shared = Arc::clone(shared);
        // Where there is no thread to be had, the connection ends, and whoever made it says so.
        drop(thread::Builder::new().spawn(move || drop(relay(&client, &shared))));
    }
}

/// Relays both ways, until both have ended.
fn relay(client: &TcpStream, shared: &Arc<Shared>) -> io::Result<()> {
    if shared.silent() {
        // Until the client leaves.
        return copy(client, |_| Ok(()));
    }
    let upstream = TcpStream::connect(shared.upstream)?;
    client.set_nodelay(true)?;
    upstream.set_nodelay(true)?;
    thread::scope(|scope| {
        scope.spawn(|| {
            // A connection that breaks is seen at its other end.
            drop(copy(client, |bytes| if shared.silent() { Err(silence()) } else { (&upstream).write_all(bytes) }));
            upstream.shutdown(Shutdown::Both)
        });
        let begun = Instant::now();
        let mut relayed = 0_u64;
        let counted = |bytes: &[u8]| {
            let count = bytes.len() as u64;
            shared.received.fetch_add(count, Ordering::Relaxed);
            relayed += count;
            // Whoever wakes early sends early, and waits for longer the next time.
            thread::park_timeout(shared.due(relayed).saturating_sub(begun.elapsed()));
            let mut client = client;
            client.write_all(bytes)
        };
        drop(copy(&upstream, counted));
        // Whoever still waits for the other one learns that it has left.
        drop(upstream.shutdown(Shutdown::Both));
        client.shutdown(Shutdown::Both)
    })
}

impl Shared {
    fn silent(&self) -> bool {
        self.silent.load(Ordering::Relaxed)
    }

    /// How long so many bytes take.
    #[expect(clippy::cast_precision_loss, reason = "nothing here counts beyond 2^52")]
    fn due(&self, bytes: u64) -> Duration {
        match self.rate.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            rate => Duration::from_secs_f64(bytes as f64 / rate as f64),
        }
    }
}

fn silence() -> Error {
    Error::other("nothing is relayed any more")
}

/// Reads to the end, and gives each piece away.
fn copy(mut from: &TcpStream, mut to: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut room = vec![0; ROOM];
    loop {
        let count = from.read(&mut room)?;
        if count == 0 {
            return Ok(());
        }
        to(&room[..count])?;
    }
}
