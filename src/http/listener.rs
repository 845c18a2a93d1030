//! Listeners: they bind first, so that a start that cannot serve fails at once, and serve then.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::Connections;
use super::extension::Scheme;
use super::stack::Application;
use super::tls::{Certificates, OwnTls, TlsError};
use crate::config::{Limits, Listener};

/// Connections that the system keeps for us while we are at our limit, or busy.
const BACKLOG: u32 = 1024;

/// How often the files of certificates are looked at. Renewals come days before an expiry.
const RENEWAL: Duration = Duration::from_secs(10);

/// How long nothing is accepted after the system refused, as when there are no more file descriptors: until a
/// connection ends, trying again at once would only burn time.
const BACK_OFF: Duration = Duration::from_millis(100);

/// How much longer than the grace period a stop may take: connections end with it, and their tasks right after.
const STRAGGLERS: Duration = Duration::from_secs(5);

/// Listeners that are bound and do not serve yet. Connections wait in the backlog meanwhile.
#[derive(Debug)]
pub struct Listeners {
    bound: Vec<Bound>,
}

/// Where a listener listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenerAddress {
    /// The address, with the port that the system chose where the configuration says 0.
    pub address: SocketAddr,
    /// Whether it is TLS.
    pub scheme: Scheme,
}

impl fmt::Display for ListenerAddress {
    /// As a URL: `http://127.0.0.1:5000`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        write!(f, "{scheme}://{}", self.address)
    }
}

/// A listener could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The system refused the address.
    #[error("failed to listen on {address}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Its certificate cannot be used.
    #[error("failed to set up TLS on {address}")]
    Tls {
        /// For which listener.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: TlsError,
    },
}

#[derive(Debug)]
struct Bound {
    /// Its place in the configuration.
    index: usize,
    listener: TcpListener,
    address: SocketAddr,
    certificates: Option<Arc<Certificates>>,
}

impl Listeners {
    /// Binds all listeners, or none. They share the limit of connections.
    pub async fn bind(listeners: &[Listener], own: &OwnTls) -> Result<Self, BindError> {
        let mut bound = Vec::with_capacity(listeners.len());
        for (index, listener) in listeners.iter().enumerate() {
            bound.push(Bound::new(index, listener, own).await?);
        }
        Ok(Self { bound })
    }

    /// Where they listen, in the order of the configuration.
    pub fn addresses(&self) -> Vec<ListenerAddress> {
        let scheme = |bound: &Bound| if bound.certificates.is_some() { Scheme::Https } else { Scheme::Http };
        self.bound.iter().map(|bound| ListenerAddress { address: bound.address, scheme: scheme(bound) }).collect()
    }

    /// Begins to serve. All that it starts is a task of `tasks`, which is for this alone: [`Serving::stop`] waits for it.
    pub fn serve<A: Application>(self, application: &A, limits: &Limits, tasks: TaskTracker) -> Serving {
        let stop = CancellationToken::new();
        let connections = Arc::new(Connections::new(limits, tasks.clone(), stop.clone()));
        // A listener that waits for a connection holds its place already, so each needs one.
        let places = limits.connections.clamp(self.bound.len(), Semaphore::MAX_PERMITS);
        let places = Arc::new(Semaphore::new(places));
        for bound in self.bound {
            bound.renew_certificates(&tasks, &stop);
            let accepting = Accepting {
                bound,
                application: application.clone(),
                connections: Arc::clone(&connections),
                places: Arc::clone(&places),
                tasks: tasks.clone(),
                stop: stop.clone(),
            };
            tasks.spawn(accepting.run());
        }
        Serving { stop, tasks, grace: limits.grace }
    }
}

impl Bound {
    async fn new(index: usize, listener: &Listener, own: &OwnTls) -> Result<Self, BindError> {
        let address = listener.address;
        let certificates = match &listener.tls {
            Some(tls) => {
                let loaded = Certificates::load(tls, own).await;
                Some(Arc::new(loaded.map_err(|source| BindError::Tls { address, source })?))
            }
            None => None,
        };
        let listen = || {
            let listener = listen(address)?;
            let address = listener.local_addr()?;
            Ok((listener, address))
        };
        let (listener, address) = listen().map_err(|source| BindError::Listen { address, source })?;
        Ok(Self { index, listener, address, certificates })
    }

    fn renew_certificates(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        if let Some(certificates) = self.certificates.clone() {
            let stop = stop.clone();
            tasks.spawn(async move { certificates.renew(RENEWAL, stop).await });
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restart need not wait for connections of its predecessor to be forgotten.
    socket.set_reuseaddr(true)?;
    // Inherited by what is accepted: finds peers that are gone while a response waits for news.
    socket.set_keepalive(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// One listener that serves.
struct Accepting<A> {
    bound: Bound,
    application: A,
    connections: Arc<Connections>,
    /// As many as there may be connections.
    places: Arc<Semaphore>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl<A: Application> Accepting<A> {
    async fn run(self) {
        let mut refused = false;
        while let Some(accepted) = self.stop.run_until_cancelled(accept(&self.places, &self.bound.listener)).await {
            match accepted {
                Ok((stream, peer, place)) => {
                    refused = false;
                    self.spawn(stream, peer, place);
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    // Once, not ten times a second.
                    if !refused {
                        tracing::error!(%error, listener.address = %self.bound.address, "failed to accept connections");
                    }
                    refused = true;
                    if self.stop.run_until_cancelled(tokio::time::sleep(BACK_OFF)).await.is_none() {
                        return;
                    }
                }
            }
        }
    }

    fn spawn(&self, stream: TcpStream, peer: SocketAddr, place: OwnedSemaphorePermit) {
        // Answers are written whole; waiting for more to send with them would only delay them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(client.address = %peer, %error, "failed to set TCP_NODELAY");
        }
        let connections = Arc::clone(&self.connections);
        let application = self.application.clone();
        let listener = self.bound.index;
        let tls = self.bound.certificates.as_ref().map(|certificates| certificates.current());
        self.tasks.spawn(async move {
            connections.serve(application, stream, (listener, peer), tls).await;
            drop(place);
        });
    }
}

/// Takes a place first, and then a connection: those above the limit wait with the system, not with us.
async fn accept(
    places: &Arc<Semaphore>,
    listener: &TcpListener,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, place))
}

/// Whether the error is about a connection that is gone already, and says nothing about the next.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, NetworkUnreachable, TimedOut,
    };
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | HostUnreachable | NetworkUnreachable | TimedOut
    )
}

/// Listeners that serve.
#[derive(Debug)]
#[must_use = "a server that is not stopped loses what is in flight"]
pub struct Serving {
    stop: CancellationToken,
    tasks: TaskTracker,
    grace: Duration,
}

impl Serving {
    /// Stops: nothing more is accepted, requests in flight have the grace period to end, bodies included, and what is
    /// left then is cut. Returns when nothing runs any more.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        let patience = self.grace.saturating_add(STRAGGLERS);
        if tokio::time::timeout(patience, self.tasks.wait()).await.is_err() {
            tracing::error!(tasks = self.tasks.len(), "stopped although tasks still run");
        }
    }
}
