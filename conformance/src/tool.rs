//! Programs that the run drives.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::process::Command;

/// A program, with what every call of it begins with.
#[derive(Debug, Clone)]
pub(crate) struct Tool {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(&'static str, OsString)>,
}

/// A program that this machine lacks. It has a type of its own because a run may be told to do without.
#[derive(Debug)]
pub(crate) struct Missing(&'static str);

impl fmt::Display for Missing {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{} is not installed (searched in PATH)", self.0)
    }
}

impl std::error::Error for Missing {}

impl Tool {
    /// Finds a program in `PATH`. Its home is `home`, so that nobody's own configuration, credentials or caches take part.
    pub(crate) fn find(name: &'static str, home: &Path) -> Result<Self> {
        let path = std::env::var_os("PATH").context("PATH is not set")?;
        let program = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
        Ok(Self::at(program.ok_or(Missing(name))?, home))
    }

    /// The program at a known path.
    pub(crate) fn at(program: PathBuf, home: &Path) -> Self {
        let environment =
            ["HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"].map(|name| (name, home.into())).into();
        Self { program, arguments: Vec::new(), environment }
    }

    /// Begins every call with these arguments.
    pub(crate) fn with<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets a variable of every call's environment.
    pub(crate) fn environment(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// Runs it to its end; what it printed on standard output, if it succeeded.
    pub(crate) async fn run<A: AsRef<str>>(&self, arguments: &[A]) -> Result<String> {
        self.run_in(Path::new("/"), arguments).await
    }

    /// The same in a directory.
    pub(crate) async fn run_in<A: AsRef<str>>(&self, directory: &Path, arguments: &[A]) -> Result<String> {
        String::from_utf8(self.bytes_in(directory, arguments).await?).context("its output is not UTF-8")
    }

    /// Runs it to its end; the bytes that it printed on standard output, if it succeeded.
    pub(crate) async fn bytes<A: AsRef<str>>(&self, arguments: &[A]) -> Result<Vec<u8>> {
        self.bytes_in(Path::new("/"), arguments).await
    }

    async fn bytes_in<A: AsRef<str>>(&self, directory: &Path, arguments: &[A]) -> Result<Vec<u8>> {
        let done = self
            .command(arguments)
            .current_dir(directory)
            .output()
            .await
            .with_context(|| format!("failed to run {}", self.program.display()))?;
        if !done.status.success() {
            bail!(
                "{} ended with {}\n{}{}",
                self.line(arguments),
                done.status,
                String::from_utf8_lossy(&done.stdout),
                String::from_utf8_lossy(&done.stderr)
            );
        }
        Ok(done.stdout)
    }

    /// Runs it to its end; all that it printed, if it succeeded.
    pub(crate) async fn run_loud<A: AsRef<str>>(&self, arguments: &[A]) -> Result<String> {
        let done = self.command(arguments).output().await?;
        let said = [done.stdout, done.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        ensure!(done.status.success(), "{} ended with {}\n{said}", self.line(arguments), done.status);
        Ok(said)
    }

    /// Runs it where it must fail, and say why in these words (compared without case).
    pub(crate) async fn refused<A: AsRef<str>>(&self, arguments: &[A], words: &[&str]) -> Result<()> {
        let done = self.command(arguments).output().await?;
        ensure!(!done.status.success(), "{} succeeded", self.line(arguments));
        let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        let said = said.to_lowercase();
        ensure!(words.iter().any(|word| said.contains(word)), "it failed for another reason: {said}");
        Ok(())
    }

    /// A command that runs beside the caller, and dies with it.
    pub(crate) fn command<A: AsRef<str>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .args(arguments.iter().map(AsRef::as_ref))
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    fn line<A: AsRef<str>>(&self, arguments: &[A]) -> String {
        let arguments: Vec<_> = arguments.iter().map(AsRef::as_ref).collect();
        format!("{} … {}", self.program.display(), arguments.join(" "))
    }
}
