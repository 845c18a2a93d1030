//! One connection of the load client, and the exchange that is going on over it.

use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use super::answer::Head;
use super::chunks;
use super::script::{Request, Script};

/// Room for a head, and for what usually comes with it. What does not fit is thrown away by the kernel, which costs no copy.
const HEAD: usize = 4 * 1024;
/// The most that is taken in one call, so that the connections of a thread take turns.
pub(super) const TURN: usize = 1024 * 1024;

/// A connection that does what its script says.
pub(super) struct Connection {
    stream: TcpStream,
    script: Box<dyn Script>,
    request: Request,
    /// The next byte to send: a part (the head is the first) and a place in it.
    next: (usize, usize),
    input: Box<[u8]>,
    filled: usize,
    phase: Phase,
    body: Vec<u8>,
    /// When the unit in work began, or should have.
    begun: Instant,
    /// Whether a unit is in work.
    within: bool,
}

#[derive(Debug)]
enum Phase {
    Idle,
    /// The head of the answer is not whole.
    Head,
    /// This many bytes of the body are to come.
    Body {
        head: Head,
        left: u64,
    },
    /// The body comes in chunks; they are kept as they are until the last.
    Chunks {
        head: Head,
    },
}

/// How far a connection came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It waits for the other side.
    Waiting,
    /// An exchange ended within a unit.
    Exchange,
    /// A unit ended.
    Unit,
}

/// What a connection did in one turn.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) progress: Progress,
    /// Bytes of bodies that arrived.
    pub(super) received: u64,
}

impl Connection {
    /// Connects.
    pub(super) fn open(address: SocketAddr, script: Box<dyn Script>) -> Result<Self> {
        let stream = TcpStream::connect(address).context("the server takes no connection")?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            script,
            request: Request::default(),
            next: (0, 0),
            input: vec![0; HEAD].into(),
            filled: 0,
            phase: Phase::Idle,
            body: Vec::new(),
            begun: Instant::now(),
            within: false,
        })
    }

    /// Begins the next request, and sends what fits; false if the script has none. A unit counts from `begun`.
    pub(super) fn begin(&mut self, begun: Instant) -> Result<bool> {
        if !self.script.next(&mut self.request)? {
            return Ok(false);
        }
        if !self.within {
            self.within = true;
            self.begun = begun;
        }
        self.next = (0, 0);
        self.filled = 0;
        self.phase = Phase::Head;
        self.send()?;
        Ok(true)
    }

    /// When the unit in work began.
    pub(super) fn begun(&self) -> Instant {
        self.begun
    }

    /// Whether something is left to send.
    pub(super) fn is_sending(&self) -> bool {
        !self.unsent().is_empty()
    }

    /// Sends what the socket takes.
    pub(super) fn send(&mut self) -> Result<()> {
        let mut budget = TURN;
        while budget > 0 {
            let unsent = self.unsent();
            if unsent.is_empty() {
                return Ok(());
            }
            let most = unsent.len().min(TURN);
            match send(&self.stream, &unsent[..most], SendFlags::NOSIGNAL) {
                Ok(sent) => {
                    self.advance(sent);
                    budget = budget.saturating_sub(sent);
                }
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error).context("the server took only a part of a request"),
            }
        }
        Ok(())
    }

    fn unsent(&self) -> &[u8] {
        let (part, place) = self.next;
        match part {
            0 => &self.request.head[place..],
            _ => self.request.body.get(part - 1).map_or(&[], |body| &body[place..]),
        }
    }

    fn advance(&mut self, sent: usize) {
        self.next.1 += sent;
        if self.unsent().is_empty() && self.next.0 < self.request.body.len() {
            self.next = (self.next.0 + 1, 0);
        }
    }

    /// Takes what has arrived. `waste` lends its length to calls that throw bytes away.
    pub(super) fn receive(&mut self, waste: &mut [u8]) -> Result<Turn> {
        match &mut self.phase {
            Phase::Idle => bail!("the server says something that nobody asked for, or closes an idle connection"),
            Phase::Head => self.receive_head(),
            Phase::Body { left, .. } => {
                let most = usize::try_from(*left).unwrap_or(usize::MAX).min(waste.len());
                let count = if self.request.keep {
                    let place = self.body.len();
                    self.body.resize(place + most, 0);
                    let count = take(&self.stream, &mut self.body[place..], RecvFlags::empty());
                    self.body.truncate(place + *count.as_ref().unwrap_or(&0));
                    count?
                } else {
                    take(&self.stream, &mut waste[..most], RecvFlags::TRUNC)?
                };
                *left -= count as u64;
                self.conclude(count)
            }
            Phase::Chunks { .. } => {
                let place = self.body.len();
                self.body.resize(place + HEAD, 0);
                let count = take(&self.stream, &mut self.body[place..], RecvFlags::empty());
                self.body.truncate(place + *count.as_ref().unwrap_or(&0));
                self.conclude(count?)
            }
        }
    }

    fn receive_head(&mut self) -> Result<Turn> {
        ensure!(self.filled < self.input.len(), "the head of an answer is longer than {HEAD} bytes");
        self.filled += take(&self.stream, &mut self.input[self.filled..], RecvFlags::empty())?;
        let Some(head) = Head::parse(&self.input[..self.filled])? else {
            return Ok(Turn { progress: Progress::Waiting, received: 0 });
        };
        let early = &self.input[head.size..self.filled];
        self.body.clear();
        // What goes wrong is told in the body.
        self.request.keep |= head.status >= 400;
        if self.request.keep || head.length.is_none() {
            self.body.extend_from_slice(early);
        }
        let received = early.len();
        self.phase = match head.length {
            Some(length) => {
                let left = length.checked_sub(received as u64).context("more arrives than was asked for")?;
                Phase::Body { head, left }
            }
            None => Phase::Chunks { head },
        };
        self.conclude(received)
    }

    /// Shows the answer to the script once it is whole.
    fn conclude(&mut self, received: usize) -> Result<Turn> {
        let received = received as u64;
        let input = &self.input[..self.filled];
        let answer = match &self.phase {
            Phase::Body { head, left: 0 } => {
                let body = self.request.keep.then_some(self.body.as_slice());
                head.answer(input, head.length.unwrap_or_default(), body)?
            }
            Phase::Chunks { head } if chunks::join(&mut self.body)? => {
                head.answer(input, self.body.len() as u64, Some(&self.body))?
            }
            _ => return Ok(Turn { progress: Progress::Waiting, received }),
        };
        let whole = self.script.answered(&answer)?;
        ensure!(!self.is_sending(), "the server answers before it has read the request");
        self.phase = Phase::Idle;
        self.within = !whole;
        Ok(Turn { progress: if whole { Progress::Unit } else { Progress::Exchange }, received })
    }
}

/// Takes bytes from a socket that has some; a connection that ended has none to give. A wake-up for nothing takes nothing.
fn take(stream: &TcpStream, room: &mut [u8], flags: RecvFlags) -> Result<usize> {
    match recv(stream, room, flags) {
        Ok((_, 0)) => bail!("the server closed the connection before its answer was whole"),
        Ok((_, count)) => Ok(count),
        Err(Errno::AGAIN | Errno::INTR) => Ok(0),
        Err(error) => Err(error).context("the connection broke"),
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
