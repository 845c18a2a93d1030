//! A proxy in front of a real registry that spoils what comes from it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::exchange::{Answer, Request};
use super::fault::{Demand, Fault, LATE, Manner, Place};
use crate::server::free_address;

/// What the login of the run is, as clients send it.
const LOGIN: &str = "Basic YWxpY2U6c2VjcmV0";
/// A slow body comes in pieces of so much, with so long a wait after each.
const PIECE: (usize, Duration) = (256 * 1024, Duration::from_millis(20));

/// The proxy. It listens until it is dropped.
#[derive(Debug)]
pub(super) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

/// The registries behind a proxy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Behind {
    pub(super) plain: SocketAddr,
    /// The one that speaks TLS, with the same content.
    pub(super) tls: SocketAddr,
    /// Another host that has everything.
    pub(super) other: SocketAddr,
}

#[derive(Debug)]
struct Shared {
    itself: SocketAddr,
    behind: Behind,
    demand: Demand,
    state: Mutex<State>,
    /// Told when the fault becomes another one.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    fault: Fault,
    /// Whether a body was cut already.
    cut: bool,
    /// The number of the token that is good.
    token: u32,
    /// Whether anybody sent a login or token.
    saw_proof: bool,
    /// How often the fault did something.
    touched: u32,
}

impl Proxy {
    /// Begins to listen.
    pub(super) async fn start(behind: Behind, demand: Demand) -> Result<Self> {
        let address = free_address()?;
        let state = Mutex::new(State { fault: Fault::None, cut: false, token: 0, saw_proof: false, touched: 0 });
        let shared = Arc::new(Shared { itself: address, behind, demand, state, changed: Notify::new() });
        let mut proxy = Self { address, shared, listening: None };
        proxy.listen().await?;
        Ok(proxy)
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether anybody sent it a login or token.
    pub(super) fn saw_proof(&self) -> bool {
        self.shared.state().saw_proof
    }

    /// How often the fault did something so far. Of one below HTTP nothing is known.
    pub(super) fn touched(&self) -> u32 {
        self.shared.state().touched
    }

    /// Does this to all answers from now on.
    pub(super) async fn set(&mut self, fault: Fault) -> Result<()> {
        {
            let mut state = self.shared.state();
            (state.fault, state.cut, state.touched) = (fault, false, 0);
            if fault == Fault::TokenExpired {
                state.token += 1;
            }
        }
        self.shared.changed.notify_waiters();
        match (fault, self.listening.take()) {
            (Fault::Down, Some(listening)) => {
                listening.abort();
                // The port is free once the task has gone.
                drop(listening.await);
            }
            (Fault::Down, None) => {}
            (_, Some(listening)) => self.listening = Some(listening),
            (_, None) => self.listen().await?,
        }
        Ok(())
    }

    async fn listen(&mut self) -> Result<()> {
        let listener = TcpListener::bind(self.address).await.context("the proxy's port was taken")?;
        let shared = Arc::clone(&self.shared);
        self.listening = Some(tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                // Whoever is at the other end sees how it ended.
                tokio::spawn(async move { drop(shared.serve(client).await) });
            }
        }));
        Ok(())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(listening) = &self.listening {
            listening.abort();
        }
    }
}

impl Shared {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(&self, mut client: TcpStream) -> Result<()> {
        client.set_nodelay(true)?;
        if self.demand == Demand::Tls {
            let plain = self.state().fault == Fault::PlainHttp;
            let mut upstream = TcpStream::connect(if plain { self.behind.plain } else { self.behind.tls }).await?;
            tokio::select! {
                relayed = tokio::io::copy_bidirectional(&mut client, &mut upstream) => { relayed?; }
                // What is open speaks the other protocol.
                () = self.changed.notified() => {}
            }
            return Ok(());
        }
        let mut client = BufReader::new(client);
        let Some(request) = Request::read(&mut client).await? else {
            // As Go's server answers the beginning of TLS.
            return Ok(client.write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n").await?);
        };
        let mut answer = match self.refusal(&request) {
            Some(refusal) => refusal,
            None => self.ask(&request).await?,
        };
        let manner =
            if self.is_of_tokens(&request, &answer) { Manner::Whole } else { self.spoil(&request, &mut answer) };
        send(client.into_inner(), &request, &answer, manner).await
    }

    /// What is answered to whoever does not prove who asks, or asks for a token.
    fn refusal(&self, request: &Request) -> Option<Answer> {
        let mut state = self.state();
        let proof = request.field("authorization");
        state.saw_proof |= proof.is_some();
        match self.demand {
            Demand::Nothing | Demand::Tls => None,
            Demand::Login => (proof != Some(LOGIN)).then(|| challenge("Basic realm=\"conformance\"")),
            Demand::Token if request.path.starts_with("/token") => {
                let token = format!("token-{}", state.token);
                Some(Answer::document(200, &json!({ "token": token, "expires_in": 300 })))
            }
            Demand::Token => {
                let good = format!("Bearer token-{}", state.token);
                let realm = format!("Bearer realm=\"http://{}/token\",service=\"conformance\"", self.itself);
                let refused = proof != Some(good.as_str());
                state.touched += u32::from(refused && proof.is_some());
                refused.then(|| challenge(&realm))
            }
        }
    }

    /// Whether an answer belongs to proving who asks, which nothing happens to.
    fn is_of_tokens(&self, request: &Request, answer: &Answer) -> bool {
        self.demand == Demand::Token && (request.path.starts_with("/token") || answer.status == 401)
    }

    fn spoil(&self, request: &Request, answer: &mut Answer) -> Manner {
        let mut state = self.state();
        let fault = state.fault;
        // Who was not let in yet is asked for the login as ever.
        if answer.status == 401 && fault != Fault::LoginRefused {
            return Manner::Whole;
        }
        let before = (answer.head(), answer.body.clone());
        let mut place = Place { other: self.behind.other, itself: self.itself, cut: &mut state.cut };
        let manner = fault.spoil(request, answer, &mut place);
        let touched = manner != Manner::Whole || before != (answer.head(), answer.body.clone());
        state.touched += u32::from(touched);
        manner
    }

    async fn ask(&self, request: &Request) -> Result<Answer> {
        let mut upstream = TcpStream::connect(self.behind.plain).await?;
        upstream.write_all(request.forward(&self.behind.plain.to_string()).as_bytes()).await?;
        Answer::read(&mut BufReader::new(upstream)).await
    }
}

fn challenge(how: &str) -> Answer {
    let mut answer = Answer::refusal(401, "UNAUTHORIZED");
    answer.set("www-authenticate", how);
    answer
}

async fn send(mut to: TcpStream, request: &Request, answer: &Answer, manner: Manner) -> Result<()> {
    if manner == Manner::Late {
        sleep(LATE).await;
    }
    to.write_all(answer.head().as_bytes()).await?;
    let body: &[u8] = if request.method == "HEAD" { &[] } else { &answer.body };
    match manner {
        Manner::Whole | Manner::Late => to.write_all(body).await?,
        Manner::Slowly => {
            let (piece, wait) = PIECE;
            for piece in body.chunks(piece) {
                to.write_all(piece).await?;
                sleep(wait).await;
            }
        }
        Manner::CutAfter(count) => to.write_all(&body[..count.min(body.len())]).await?,
        Manner::StopAfter(count) => {
            to.write_all(&body[..count.min(body.len())]).await?;
            if count < body.len() {
                // Until the other side has enough.
                drop(to.read(&mut [0]).await);
            }
        }
    }
    to.shutdown().await?;
    Ok(())
}
