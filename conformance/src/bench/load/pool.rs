//! The connections of one thread, and the kernel's word on which of them can go on.

use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::event::{Timespec, epoll};
use rustix::fd::OwnedFd;

use super::connection::{Connection, Progress, TURN};

/// Connections that one thread drives.
pub(super) struct Pool {
    epoll: OwnedFd,
    pub(super) connections: Vec<Connection>,
    /// Those that wait for room to send.
    blocked: Vec<bool>,
    events: Vec<epoll::Event>,
    waste: Vec<u8>,
}

/// What came of one wait.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    /// Connections whose exchange ended, and whether the unit did.
    pub(super) ended: Vec<(usize, bool)>,
    /// Bytes of bodies.
    pub(super) received: u64,
}

impl Pool {
    /// Watches some connections.
    pub(super) fn new(connections: Vec<Connection>) -> Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        for (index, connection) in connections.iter().enumerate() {
            epoll::add(&epoll, connection, epoll::EventData::new_u64(index as u64), epoll::EventFlags::IN)?;
        }
        let count = connections.len();
        Ok(Self {
            epoll,
            connections,
            blocked: vec![false; count],
            events: Vec::with_capacity(count.max(1)),
            waste: vec![0; TURN],
        })
    }

    /// Begins the next request of a connection; false if it has none.
    pub(super) fn begin(&mut self, index: usize, begun: std::time::Instant) -> Result<bool> {
        let more = self.connections[index].begin(begun)?;
        self.watch(index)?;
        Ok(more)
    }

    /// Waits at most this long, and lets every connection that can go on take one turn.
    pub(super) fn turn(&mut self, patience: Duration, arrivals: &mut Arrivals) -> Result<()> {
        arrivals.ended.clear();
        arrivals.received = 0;
        let patience = Timespec::try_from(patience).context("the patience is too long")?;
        self.events.clear();
        let room = rustix::buffer::spare_capacity(&mut self.events);
        match epoll::wait(&self.epoll, room, Some(&patience)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error).context("waiting for connections failed"),
        }
        for place in 0..self.events.len() {
            // Copies, for the kernel packs its structure.
            let epoll::Event { flags, data } = self.events[place];
            let index = usize::try_from(data.u64())?;
            if flags.contains(epoll::EventFlags::OUT) {
                self.connections[index].send()?;
                self.watch(index)?;
            }
            if flags.intersects(epoll::EventFlags::IN | epoll::EventFlags::HUP | epoll::EventFlags::ERR) {
                let turn = self.connections[index].receive(&mut self.waste)?;
                arrivals.received += turn.received;
                match turn.progress {
                    Progress::Waiting => {}
                    Progress::Exchange => arrivals.ended.push((index, false)),
                    Progress::Unit => arrivals.ended.push((index, true)),
                }
            }
        }
        Ok(())
    }

    /// Asks for a word when there is room to send, as long as something waits for it.
    fn watch(&mut self, index: usize) -> Result<()> {
        let connection = &self.connections[index];
        let sending = connection.is_sending();
        if sending != self.blocked[index] {
            let flags = if sending { epoll::EventFlags::IN | epoll::EventFlags::OUT } else { epoll::EventFlags::IN };
            epoll::modify(&self.epoll, connection, epoll::EventData::new_u64(index as u64), flags)?;
            self.blocked[index] = sending;
        }
        Ok(())
    }
}
