//! Many watches at once, with as little work as a client can do: one thread, one epoll set, and of each event only its
//! revision is read.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use rustix::event::{Timespec, epoll};

/// How much is taken at once.
const ROOM: usize = 256 * 1024;
/// How often the thread looks whether it is to end.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
/// How long the head of an answer may take.
const HEAD: Duration = Duration::from_secs(10);

/// Watches that are open, and the thread that listens to them.
pub(super) struct Audience {
    thread: JoinHandle<Result<Vec<Ear>>>,
    counts: Arc<Counts>,
}

/// What the thread tells while it works.
#[derive(Debug, Default)]
struct Counts {
    events: AtomicU64,
    ended: AtomicU64,
    stop: AtomicBool,
}

/// What watches were told.
pub(super) struct Told(Vec<Ear>);

/// One watch.
#[derive(Debug)]
struct Ear {
    stream: TcpStream,
    path: String,
    /// A line that has not come to its end.
    line: Vec<u8>,
    /// The revisions of its events, in the order in which they came.
    revisions: Vec<u64>,
    bytes: u64,
    /// How the answer ended, if it did.
    end: Option<End>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// With the last chunk.
    Whole,
    /// Without.
    Cut,
}

impl Audience {
    /// Begins a watch on each path.
    pub(super) fn open(address: SocketAddr, paths: Vec<String>) -> Result<Self> {
        let ears = paths.into_iter().map(|path| Ear::open(address, path)).collect::<Result<Vec<_>>>()?;
        let counts = Arc::<Counts>::default();
        let shared = Arc::clone(&counts);
        let thread = std::thread::Builder::new().name("audience".to_owned()).spawn(move || listen(ears, &shared))?;
        Ok(Self { thread, counts })
    }

    /// Waits for so many events, and closes all watches.
    pub(super) fn told(self, events: u64, patience: Duration) -> Result<Told> {
        let deadline = Instant::now() + patience;
        while self.counts.events.load(Ordering::Relaxed) < events && !self.thread.is_finished() {
            if Instant::now() >= deadline {
                break;
            }
            std::thread::park_timeout(Duration::from_millis(1));
        }
        let told = Told(self.close()?);
        let count: usize = told.0.iter().map(|ear| ear.revisions.len()).sum();
        ensure!(count as u64 == events, "{count} events were told, not {events}");
        Ok(told)
    }

    /// Waits until the server has ended all watches, in good order.
    pub(super) fn ended(self, patience: Duration) -> Result<()> {
        let deadline = Instant::now() + patience;
        while !self.thread.is_finished() && Instant::now() < deadline {
            std::thread::park_timeout(Duration::from_millis(1));
        }
        for ear in self.close()? {
            ensure!(ear.end == Some(End::Whole), "{} ended so: {:?}", ear.path, ear.end);
        }
        Ok(())
    }

    fn close(self) -> Result<Vec<Ear>> {
        self.counts.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_panic| anyhow!("the audience panicked"))?
    }
}

impl Told {
    /// Fails unless each was told in order and nothing twice, and, where all see the same, all were told the same.
    pub(super) fn check(&self, alike: bool) -> Result<()> {
        let mut sequences: BTreeMap<&[u64], usize> = BTreeMap::new();
        for ear in &self.0 {
            let ordered = ear.revisions.windows(2).all(|pair| pair[0] < pair[1]);
            ensure!(ordered, "{} was told out of order, or twice: {:?}", ear.path, ear.revisions);
            ensure!(ear.end.is_none(), "{} ended: {:?}", ear.path, ear.end);
            *sequences.entry(&ear.revisions).or_default() += 1;
        }
        ensure!(!alike || sequences.len() == 1, "watches of the same were told {} different things", sequences.len());
        Ok(())
    }

    pub(super) fn mebibytes(&self) -> u64 {
        self.0.iter().map(|ear| ear.bytes).sum::<u64>() >> 20
    }
}

fn listen(mut ears: Vec<Ear>, counts: &Counts) -> Result<Vec<Ear>> {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    for (index, ear) in ears.iter().enumerate() {
        epoll::add(&epoll, &ear.stream, epoll::EventData::new_u64(index as u64), epoll::EventFlags::IN)?;
    }
    let mut room = vec![0; ROOM];
    let mut events: Vec<epoll::Event> = Vec::with_capacity(256);
    let mut open = ears.len();
    while open > 0 && !counts.stop.load(Ordering::Relaxed) {
        events.clear();
        match epoll::wait(&epoll, rustix::buffer::spare_capacity(&mut events), Some(&LOOK)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error).context("waiting for events failed"),
        }
        // A copy of each, for the kernel packs its structure.
        for epoll::Event { data, .. } in events.iter().copied() {
            let ear = &mut ears[usize::try_from(data.u64())?];
            let told = ear.listen(&mut room)?;
            counts.events.fetch_add(told, Ordering::Relaxed);
            if ear.end.is_some() {
                epoll::delete(&epoll, &ear.stream)?;
                counts.ended.fetch_add(1, Ordering::Relaxed);
                open -= 1;
            }
        }
    }
    Ok(ears)
}

impl Ear {
    fn open(address: SocketAddr, path: String) -> Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(HEAD))?;
        stream
            .write_all(format!("GET {path} HTTP/1.1\r\nHost: watch\r\nAccept: application/json\r\n\r\n").as_bytes())?;
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).with_context(|| format!("{path} is not answered"))?;
            head.extend_from_slice(&byte);
        }
        let text = String::from_utf8_lossy(&head);
        ensure!(text.starts_with("HTTP/1.1 200"), "{path} is answered {text}");
        stream.set_nonblocking(true)?;
        Ok(Self { stream, path, line: Vec::new(), revisions: Vec::new(), bytes: 0, end: None })
    }

    /// Takes what has arrived; how many events came to their end.
    fn listen(&mut self, room: &mut [u8]) -> Result<u64> {
        let count = match self.stream.read(room) {
            Ok(0) => {
                self.end = Some(End::Cut);
                return Ok(0);
            }
            Ok(count) => count,
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::Interrupted) => {
                return Ok(0);
            }
            Err(error) => return Err(error).with_context(|| format!("{} broke", self.path)),
        };
        self.bytes += count as u64;
        let before = self.revisions.len();
        let mut rest = &room[..count];
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = rest.split_at(end + 1);
            rest = after;
            if self.line.is_empty() {
                self.take(line)?;
            } else {
                let mut whole = std::mem::take(&mut self.line);
                whole.extend_from_slice(line);
                self.take(&whole)?;
            }
        }
        self.line.extend_from_slice(rest);
        Ok((self.revisions.len() - before) as u64)
    }

    /// Takes a line: an event, or what stands between chunks. Events have no line end within.
    fn take(&mut self, line: &[u8]) -> Result<()> {
        if line == b"0\r\n" {
            self.end = Some(End::Whole);
        }
        if !line.starts_with(b"{") {
            return Ok(());
        }
        let text = std::str::from_utf8(line)?;
        if !text.starts_with(r#"{"type":"ADDED"#) && !text.starts_with(r#"{"type":"MODIFIED"#) {
            bail!("{} was told {text}", self.path);
        }
        let (_, revision) = text.split_once(r#""resourceVersion":""#).context("an event without a revision")?;
        let (revision, _) = revision.split_once('"').context("a revision without an end")?;
        self.revisions.push(revision.parse()?);
        Ok(())
    }
}
