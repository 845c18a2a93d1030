//! Which system calls reach the disk, and where they say on which file. Numbers and registers are those of x86-64.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use nix::libc;
use nix::unistd::Pid;

use super::call::Kind;

/// The registers of a stopped thread.
pub(super) type Registers = libc::user_regs_struct;

/// Longest path that Linux takes.
const PATH: usize = 4096;

/// Where a call names its file.
#[derive(Debug, Clone, Copy)]
enum Named {
    /// By the descriptor in this argument.
    Descriptor(usize),
    /// By the path in this argument.
    Path(usize),
    /// By the path in the second argument, or, where that is empty, the descriptor in the first.
    Either,
}

/// A call that reaches the disk.
#[derive(Debug)]
pub(super) struct DiskCall {
    pub(super) kind: Kind,
    pub(super) path: PathBuf,
}

/// What a thread is about to do, if it concerns a file that can be named. Every file of the server is named from the root.
pub(super) fn read(thread: Pid, registers: &Registers) -> Option<DiskCall> {
    let (kind, named) = shape(registers)?;
    let path = match named {
        Named::Descriptor(at) => descriptor(thread, argument(registers, at)),
        Named::Path(at) => text(thread, argument(registers, at)),
        Named::Either => {
            let path = text(thread, argument(registers, 1));
            if path.as_ref().is_ok_and(|path| path.as_os_str().is_empty()) {
                descriptor(thread, argument(registers, 0))
            } else {
                path
            }
        }
    };
    let kind = if kind == Kind::Write && fills(thread, registers) { Kind::Allocate } else { kind };
    // A name that cannot be read is one that the call itself will be refused for.
    path.ok().map(|path| DiskCall { kind, path })
}

/// Whether a write has no content: logs are filled ahead with zeros, in blocks far longer than this, and none of their records
/// begins so.
fn fills(thread: Pid, registers: &Registers) -> bool {
    let mut begin = [1; 64];
    registers.orig_rax == libc::SYS_pwrite64.unsigned_abs()
        && registers.rdx >= begin.len() as u64
        && memory(thread).and_then(|memory| memory.read_exact_at(&mut begin, registers.rsi)).is_ok()
        && begin == [0; 64]
}

fn shape(registers: &Registers) -> Option<(Kind, Named)> {
    use Named::{Descriptor, Either, Path};
    let number = i64::try_from(registers.orig_rax).ok()?;
    Some(match number {
        libc::SYS_open => (opened(argument(registers, 1)), Path(0)),
        libc::SYS_openat => (opened(argument(registers, 2)), Path(1)),
        libc::SYS_read | libc::SYS_pread64 | libc::SYS_readv | libc::SYS_preadv | libc::SYS_preadv2 => {
            (Kind::Read, Descriptor(0))
        }
        libc::SYS_sendfile => (Kind::Read, Descriptor(1)),
        libc::SYS_splice => (Kind::Read, Descriptor(0)),
        libc::SYS_write | libc::SYS_pwrite64 | libc::SYS_writev | libc::SYS_pwritev | libc::SYS_pwritev2 => {
            (Kind::Write, Descriptor(0))
        }
        libc::SYS_fsync | libc::SYS_fdatasync | libc::SYS_syncfs => (Kind::Sync, Descriptor(0)),
        libc::SYS_rename => (Kind::Rename, Path(0)),
        libc::SYS_renameat | libc::SYS_renameat2 => (Kind::Rename, Path(1)),
        libc::SYS_unlink | libc::SYS_rmdir => (Kind::Unlink, Path(0)),
        libc::SYS_unlinkat => (Kind::Unlink, Path(1)),
        libc::SYS_truncate => (Kind::Truncate, Path(0)),
        libc::SYS_ftruncate => (Kind::Truncate, Descriptor(0)),
        libc::SYS_fallocate => (Kind::Allocate, Descriptor(0)),
        libc::SYS_mkdir => (Kind::MakeFolder, Path(0)),
        libc::SYS_mkdirat => (Kind::MakeFolder, Path(1)),
        libc::SYS_stat | libc::SYS_lstat | libc::SYS_access => (Kind::Look, Path(0)),
        libc::SYS_fstat => (Kind::Look, Descriptor(0)),
        libc::SYS_statx | libc::SYS_newfstatat | libc::SYS_faccessat | libc::SYS_faccessat2 => (Kind::Look, Either),
        libc::SYS_statfs => (Kind::AskSpace, Path(0)),
        libc::SYS_fstatfs => (Kind::AskSpace, Descriptor(0)),
        libc::SYS_getdents64 => (Kind::List, Descriptor(0)),
        libc::SYS_sync_file_range | libc::SYS_fadvise64 | libc::SYS_readahead => (Kind::Advise, Descriptor(0)),
        _ => return None,
    })
}

fn opened(flags: u64) -> Kind {
    let writes = u64::from((libc::O_WRONLY | libc::O_RDWR | libc::O_CREAT).unsigned_abs());
    if flags & writes == 0 { Kind::Open } else { Kind::Create }
}

fn argument(registers: &Registers, at: usize) -> u64 {
    match at {
        0 => registers.rdi,
        1 => registers.rsi,
        _ => registers.rdx,
    }
}

fn descriptor(thread: Pid, number: u64) -> io::Result<PathBuf> {
    std::fs::read_link(format!("/proc/{thread}/fd/{number}"))
}

fn text(thread: Pid, address: u64) -> io::Result<PathBuf> {
    let mut bytes = vec![0; PATH];
    let count = memory(thread)?.read_at(&mut bytes, address)?;
    bytes.truncate(bytes[..count].iter().position(|byte| *byte == 0).unwrap_or(count));
    Ok(OsString::from_vec(bytes).into())
}

fn memory(thread: Pid) -> io::Result<File> {
    File::open(format!("/proc/{thread}/mem"))
}

/// Changes a call so that it moves half of its bytes, at least one; false where it moves no more than that anyway.
///
/// A call with a list of buffers becomes the one of its first buffer.
pub(super) fn halve(thread: Pid, registers: &mut Registers) -> io::Result<bool> {
    let single = match i64::try_from(registers.orig_rax).unwrap_or_default() {
        libc::SYS_writev => Some(libc::SYS_write),
        libc::SYS_readv => Some(libc::SYS_read),
        libc::SYS_pwritev | libc::SYS_pwritev2 => Some(libc::SYS_pwrite64),
        libc::SYS_preadv | libc::SYS_preadv2 => Some(libc::SYS_pread64),
        _ => None,
    };
    if let Some(single) = single {
        let mut buffer = [0; 16];
        memory(thread)?.read_exact_at(&mut buffer, registers.rsi)?;
        let (base, length) = buffer.split_at(8);
        registers.orig_rax = single.unsigned_abs();
        registers.rsi = u64::from_ne_bytes(base.try_into().map_err(io::Error::other)?);
        registers.rdx = u64::from_ne_bytes(length.try_into().map_err(io::Error::other)?);
    }
    let length =
        if registers.orig_rax == libc::SYS_sendfile.unsigned_abs() { &mut registers.r10 } else { &mut registers.rdx };
    let shortened = *length > 1;
    *length = (*length / 2).max(1);
    Ok(shortened || single.is_some())
}
