//! One file of the journal: made whole, read frame by frame, and ended where it is torn.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::files::{preallocate, sync_directory};
use super::format::{self, Chain, FRAME_HEAD, Frame, FrameHead, HEADER, Header, MARKER};
use crate::metadata::Revision;
use crate::{Error, Result};

const EXTENSION: &str = "journal";
/// What a segment is called until it is whole. Leftovers are deleted.
pub(super) const UNFINISHED: &str = "journal-new";
/// Twenty digits hold every revision, and sort as numbers do.
const DIGITS: usize = 20;

/// Where the segment that begins with a revision lies.
pub(super) fn path(directory: &Path, first: Revision) -> PathBuf {
    directory.join(format!("{first:0>DIGITS$}.{EXTENSION}", first = first.0))
}

/// The first revision of the segment with this name; `None` where it is no segment's.
pub(super) fn first_revision(path: &Path) -> Option<Revision> {
    let digits = path.file_stem()?.to_str().filter(|digits| digits.len() == DIGITS)?;
    (path.extension()? == EXTENSION).then_some(Revision(digits.parse().ok()?))
}

/// Makes a segment of at least `size` bytes. It has its name only once it is whole and durable.
///
/// Its space is taken at once, so that a full disk shows here and not in the middle of a batch.
pub(super) fn create(directory: &Path, header: &Header, size: u64) -> Result<File> {
    let name = path(directory, header.first);
    let unfinished = name.with_extension(UNFINISHED);
    let made = fill(&unfinished, header, size);
    if made.is_err() {
        // Best effort: the first failure is the one to tell, and the next start deletes leftovers.
        let _ = std::fs::remove_file(&unfinished);
    }
    let file = made?;
    std::fs::rename(&unfinished, &name).map_err(|source| Error::io("rename", &unfinished, source))?;
    sync_directory(directory)?;
    Ok(file)
}

fn fill(path: &Path, header: &Header, size: u64) -> Result<File> {
    let file = File::options().read(true).write(true).create(true).truncate(true).open(path);
    let file = file.map_err(|source| Error::io("create", path, source))?;
    preallocate(&file, size).map_err(|source| Error::io("allocate", path, source))?;
    let written = std::os::unix::fs::FileExt::write_all_at(&file, &header.encode(), 0);
    written.map_err(|source| Error::io("write", path, source))?;
    file.sync_all().map_err(|source| Error::io("fsync", path, source))?;
    Ok(file)
}

/// What stands at a place of a segment.
#[derive(Debug)]
pub(super) enum Step {
    /// A frame whose checksum is right.
    Frame(Frame<Vec<u8>>),
    /// No whole frame: the end of the log, or damage.
    NoFrame,
}

/// Reads a segment frame by frame. It checks checksums; the chain is for whoever reads from the start.
#[derive(Debug)]
pub(super) struct SegmentReader {
    path: PathBuf,
    file: BufReader<File>,
    size: u64,
    header: Header,
    salt: u32,
    offset: u64,
}

impl SegmentReader {
    /// Opens the segment that begins with a revision.
    pub(super) fn open(directory: &Path, first: Revision) -> Result<Self> {
        let path = path(directory, first);
        let file = File::open(&path).map_err(|source| Error::io("open", &path, source))?;
        let size = file.metadata().map_err(|source| Error::io("read", &path, source))?.len();
        let mut file = BufReader::with_capacity(256 << 10, file);
        let mut bytes = [0; HEADER];
        let header = match file.read_exact(&mut bytes) {
            Ok(()) => Header::decode(&bytes).map_err(|error| corrupt(&path, &error.to_string()))?,
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                return Err(corrupt(&path, "it is shorter than its header"));
            }
            Err(source) => return Err(Error::io("read", path, source)),
        };
        if header.first != first {
            return Err(corrupt(&path, &format!("its name says revision {first}, its header {}", header.first)));
        }
        let salt = header.salt();
        Ok(Self { path, file, size, header, salt, offset: HEADER as u64 })
    }

    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the next frame begins, in bytes from the start of the file.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Goes on reading at an [`offset`](Self::offset) that a reader of this segment once had.
    pub(super) fn resume(&mut self, offset: u64) -> Result<()> {
        self.file.seek(SeekFrom::Start(offset)).map_err(|source| Error::io("read", &self.path, source))?;
        self.offset = offset;
        Ok(())
    }

    /// The frame at the current place, which moves behind it.
    pub(super) fn step(&mut self) -> Result<Step> {
        let mut head = [0; FRAME_HEAD];
        if !self.fill(&mut head)? {
            return Ok(Step::NoFrame);
        }
        let Some(head) = FrameHead::decode(&head) else { return Ok(Step::NoFrame) };
        let left = self.size.saturating_sub(self.offset + FRAME_HEAD as u64);
        if head.body_length() as u64 > left {
            return Ok(Step::NoFrame);
        }
        let mut body = vec![0; head.body_length()];
        if !self.fill(&mut body)? {
            return Ok(Step::NoFrame);
        }
        let Some(frame) = head.with_body(body, self.salt) else { return Ok(Step::NoFrame) };
        self.offset += (FRAME_HEAD + frame.body.len()) as u64;
        Ok(Step::Frame(frame))
    }

    /// Fills the buffer; false where the file ends before.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<bool> {
        match self.file.read_exact(buffer) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
            Err(source) => Err(Error::io("read", &self.path, source)),
        }
    }

    /// Says what follows the last whole frame, where the record of revision `next` should be.
    ///
    /// Of a batch that was being written when the machine stopped any part may be there: nobody was told of it. But a
    /// batch was begun only once all before it were durable, so that a frame of a later batch shows that bytes are
    /// missing here which were acknowledged.
    pub(super) fn tail(&mut self, next: Revision) -> Result<Tail> {
        let offset = self.offset;
        self.resume(offset)?;
        let mut rest = Vec::new();
        self.file.read_to_end(&mut rest).map_err(|source| Error::io("read", &self.path, source))?;
        self.resume(offset)?;
        if rest.iter().all(|byte| *byte == 0) {
            return Ok(Tail::Clean);
        }
        match frames_within(&rest, self.salt).find(|frame| frame.batch > next) {
            None => Ok(Tail::Torn),
            Some(later) => Err(corrupt(
                &self.path,
                &format!(
                    "the record of revision {next} at byte {offset} is damaged, but it was acknowledged: \
                     records of the batch that begins with revision {} follow it",
                    later.batch
                ),
            )),
        }
    }
}

/// Every frame that begins anywhere in the bytes and is whole.
fn frames_within(bytes: &[u8], salt: u32) -> impl Iterator<Item = Frame<&[u8]>> {
    let [first, ..] = MARKER;
    let candidates = bytes.iter().enumerate().filter(move |(_, byte)| **byte == first);
    candidates.filter_map(move |(start, _)| format::decode_frame(bytes.get(start..)?, salt))
}

/// What follows the last whole frame of the last segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    /// Nothing.
    Clean,
    /// Remains of a batch that was never acknowledged.
    Torn,
}

/// The records of a segment from its first one on, each checked against the chain and the revision before it.
#[derive(Debug)]
pub(super) struct Records {
    reader: SegmentReader,
    chain: Chain,
    last: Revision,
}

impl Records {
    pub(super) fn open(directory: &Path, first: Revision) -> Result<Self> {
        let reader = SegmentReader::open(directory, first)?;
        let chain = reader.header().chain;
        Ok(Self { reader, chain, last: Revision(first.0.saturating_sub(1)) })
    }

    /// The body of the next record; `None` where no whole frame follows.
    pub(super) fn next_body(&mut self) -> Result<Option<Vec<u8>>> {
        let Step::Frame(frame) = self.reader.step()? else { return Ok(None) };
        let revision = format::body_revision(&frame.body);
        if revision != Some(self.last.next()) {
            let found = revision.map_or("none".to_owned(), |revision| revision.to_string());
            return Err(self.corrupt(&format!("revision {} should follow, not {found}", self.last.next())));
        }
        self.chain = format::next_chain(&self.chain, &frame.body);
        if self.chain != frame.chain {
            return Err(self.corrupt(&format!("the chain of hashes breaks at revision {}", self.last.next())));
        }
        self.last = self.last.next();
        Ok(Some(frame.body))
    }

    /// The chain value of the last record that was read, or of the one before the segment.
    pub(super) fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The revision of the last record that was read, or of the one before the segment.
    pub(super) fn last(&self) -> Revision {
        self.last
    }

    pub(super) fn reader(&mut self) -> &mut SegmentReader {
        &mut self.reader
    }

    pub(super) fn corrupt(&self, detail: &str) -> Error {
        corrupt(self.reader.path(), detail)
    }
}

/// A segment that is not as it was written.
pub(super) fn corrupt(path: &Path, detail: &str) -> Error {
    Error::Corrupt { what: format!("segment {} of the metadata journal", path.display()), detail: detail.to_owned() }
}
