//! A disk in a file: an ext4 file system on a loop device. What the page cache has not written back is not in the file.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::time::{Instant, sleep};

use crate::report::say;
use crate::tool::Tool;

/// Enough for a few minutes of pushes; the file holds only what was written.
const SIZE: u64 = 768 << 20;
/// How long a mount may stay in use after the last process of it was killed.
const RELEASE: Duration = Duration::from_secs(10);
/// ext4 guesses that whoever renames over a file wanted an fsync. Others do not, and Weir must not need it.
const OPTIONS: &str = "noauto_da_alloc";

/// The programs that it takes.
#[derive(Debug)]
pub(crate) struct DiskTools {
    format: Tool,
    loops: Tool,
    mount: Tool,
    unmount: Tool,
    copy: Tool,
}

impl DiskTools {
    pub(crate) fn find(home: &Path) -> Result<Self> {
        Ok(Self {
            format: Tool::find("mkfs.ext4", home)?,
            loops: Tool::find("losetup", home)?,
            mount: Tool::find("mount", home)?,
            unmount: Tool::find("umount", home)?,
            copy: Tool::find("cp", home)?,
        })
    }
}

/// A disk that is mounted.
#[derive(Debug)]
pub(crate) struct Disk {
    image: PathBuf,
    device: String,
    mount: PathBuf,
    attached: bool,
}

impl Disk {
    /// Makes an empty disk, and mounts it.
    pub(crate) async fn create(tools: &DiskTools, image: PathBuf, mount: &Path) -> Result<Self> {
        std::fs::File::create(&image)?.set_len(SIZE)?;
        tools.format.run(&["-q", "-F", "-E", "nodiscard", text(&image)?]).await?;
        Self::attach(tools, image, mount).await
    }

    /// Mounts the disk in a file; the file system replays its own journal.
    pub(crate) async fn attach(tools: &DiskTools, image: PathBuf, mount: &Path) -> Result<Self> {
        std::fs::create_dir_all(mount)?;
        let device = tools.loops.run(&["--find", "--show", text(&image)?]).await?.trim().to_owned();
        let disk = Self { image, device, mount: mount.to_owned(), attached: true };
        tools.mount.run(&["-t", "ext4", "-o", OPTIONS, &disk.device, text(mount)?]).await?;
        Ok(disk)
    }

    /// Copies what is on the disk now, which is what a loss of power would leave.
    pub(crate) async fn copy(&self, tools: &DiskTools, to: PathBuf) -> Result<PathBuf> {
        tools.copy.run(&["--sparse=always", text(&self.image)?, text(&to)?]).await?;
        Ok(to)
    }

    /// Unmounts the disk, and deletes its file.
    pub(crate) async fn destroy(mut self, tools: &DiskTools) -> Result<()> {
        let deadline = Instant::now() + RELEASE;
        while let Err(error) = tools.unmount.run(&[text(&self.mount)?]).await {
            if Instant::now() >= deadline {
                return Err(error);
            }
            sleep(Duration::from_millis(50)).await;
        }
        tools.loops.run(&["--detach", &self.device]).await?;
        self.attached = false;
        std::fs::remove_file(&self.image)?;
        Ok(())
    }
}

impl Drop for Disk {
    /// After a run that failed, nothing of it stays mounted.
    fn drop(&mut self) {
        if !self.attached {
            return;
        }
        let run = |program: &str, arguments: &[&std::ffi::OsStr]| {
            let ended = Command::new(program).args(arguments).stdin(Stdio::null()).status();
            if !ended.is_ok_and(|status| status.success()) {
                say(format_args!("     {program} failed for {}", self.device));
            }
        };
        run("umount", &["--lazy".as_ref(), self.mount.as_ref()]);
        run("losetup", &["--detach".as_ref(), self.device.as_ref()]);
    }
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path of this machine is not UTF-8")
}
