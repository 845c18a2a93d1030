//! A small file system of its own, that can be filled to the last block.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

/// An ext4 image that is mounted on a loop device. It is unmounted when this is dropped.
#[derive(Debug)]
pub(super) struct Volume {
    mounted: PathBuf,
    _folder: TempDir,
}

impl Volume {
    /// Makes and mounts one; that needs root.
    pub(super) fn mount(size: u64) -> Result<Self> {
        let folder = TempDir::new()?;
        let (image, mounted) = (folder.path().join("image"), folder.path().join("mounted"));
        File::create(&image)?.set_len(size)?;
        std::fs::create_dir(&mounted)?;
        // No blocks for root: an operator's server has none either.
        run(Command::new("mkfs.ext4").args(["-q", "-m", "0"]).arg(&image))?;
        run(Command::new("mount").args(["-o", "loop"]).args([&image, &mounted]))
            .context("failed to mount an image; this needs root")?;
        Ok(Self { mounted, _folder: folder })
    }

    pub(super) fn path(&self) -> &Path {
        &self.mounted
    }

    /// Takes space from outside of the server's folder; without a size, all that there is.
    pub(super) fn fill(&self, name: &str, size: Option<u64>) -> Result<u64> {
        let mut file = File::create(self.mounted.join(name))?;
        // Smaller and smaller, so that the last block is found.
        let mut piece = vec![0x5a; 1 << 20];
        let mut written = 0;
        while size.is_none_or(|size| written < size) {
            match file.write(&piece) {
                Ok(count) => written += count as u64,
                Err(error) if error.kind() == ErrorKind::StorageFull && piece.len() > 1 => {
                    piece.truncate(piece.len() / 2);
                }
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => return Err(error.into()),
            }
        }
        match file.sync_all() {
            Err(error) if error.kind() != ErrorKind::StorageFull => Err(error.into()),
            _ => Ok(written),
        }
    }

    /// Gives the space of a filling back.
    pub(super) fn free(&self, name: &str) -> Result<()> {
        std::fs::remove_file(self.mounted.join(name))?;
        // ext4 gives blocks back when its journal says so.
        run(Command::new("sync").arg("-f").arg(&self.mounted))
    }

    /// How much is left, in bytes.
    pub(super) fn left(&self) -> Result<u64> {
        let status = rustix::fs::statvfs(&self.mounted)?;
        Ok(status.f_bavail * status.f_frsize)
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        // Lazily, for a server that was not stopped may have files open there yet.
        if let Err(error) = run(Command::new("umount").arg("-l").arg(&self.mounted)) {
            crate::report::say(format_args!("{error:#}"));
        }
    }
}

fn run(command: &mut Command) -> Result<()> {
    let done = command.output().with_context(|| format!("failed to start {command:?}"))?;
    ensure!(done.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}
