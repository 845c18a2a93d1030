//! Going through a transcript.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Child;
use tokio::time::{Instant, sleep, timeout};

use super::expectation::{compare, fill};
use super::site::Site;
use super::transcript::{Entry, Manner, UPSTREAMS, words};
use crate::report::Checks;
use crate::tool::Tool;

/// How long a command may take, and one in the background to print what is expected of it.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long one in the background is left alone, to have it print what is not expected.
const SETTLE: Duration = Duration::from_millis(200);
/// How much of a command names its step.
const NAME: usize = 110;

/// Somebody at a terminal.
#[derive(Debug)]
pub(super) struct Session<'a> {
    pub(super) site: &'a mut Site,
    /// Programs by the names that transcripts have for them.
    pub(super) programs: BTreeMap<&'static str, PathBuf>,
    background: Option<Child>,
}

/// What a command did.
#[derive(Debug)]
struct Done {
    status: i32,
    output: String,
    errors: String,
}

impl<'a> Session<'a> {
    pub(super) fn new(site: &'a mut Site, programs: BTreeMap<&'static str, PathBuf>) -> Self {
        Self { site, programs, background: None }
    }

    /// Types every command; each is a step.
    pub(super) async fn go_through(&mut self, entries: &[Entry], checks: &mut Checks<'_>) {
        for entry in entries {
            let name: String = entry.line.chars().take(NAME).collect();
            checks.step(&name, self.take(entry)).await;
        }
    }

    async fn take(&mut self, entry: &Entry) -> Result<()> {
        let words = words(&fill(&entry.line, &self.site.variables)?)?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["push", repository, tag, name] => self.site.push(repository, tag, name).await.map(drop),
            ["push-list", repository, tag, name] => self.site.push_list(repository, tag, name).await,
            ["pull", repository, reference, name] => self.site.pull(repository, reference, name).await,
            [UPSTREAMS] => self.site.upstreams().map(drop),
            ["stop", "docker.io"] => self.site.stop_hub().await,
            ["restart"] => self.site.weir.restart().await,
            ["end"] => self.end(entry).await,
            typed => match entry.manner {
                Manner::Once => self.once(entry, typed).await,
                Manner::Background => self.begin(typed).await,
                Manner::Again => self.again(entry, typed).await,
            },
        }
    }

    async fn once(&self, entry: &Entry, typed: &[&str]) -> Result<()> {
        let done = self.run(typed, entry.input.as_deref()).await?;
        self.judge(entry, &done)
    }

    /// Types it until it tells what it should.
    async fn again(&self, entry: &Entry, typed: &[&str]) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let judged = self.once(entry, typed).await;
            if judged.is_ok() || Instant::now() > deadline {
                return judged;
            }
            sleep(SETTLE).await;
        }
    }

    fn judge(&self, entry: &Entry, done: &Done) -> Result<()> {
        let Done { status, output, errors } = done;
        let variables = &self.site.variables;
        compare("output", &entry.output, output, variables).with_context(|| format!("it also said: {errors}"))?;
        compare("standard error", &entry.errors, errors, variables)?;
        ensure!(*status == entry.status, "it ended with {status}, not {}", entry.status);
        Ok(())
    }

    async fn run(&self, typed: &[&str], input: Option<&str>) -> Result<Done> {
        let (tool, arguments) = self.tool(typed)?;
        let mut command = tool.command(arguments);
        command.current_dir(self.site.home()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
        let mut child = command.spawn()?;
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
            let input = fill(input, &self.site.variables)?;
            stdin.write_all(input.as_bytes()).await?;
        }
        let done = timeout(PATIENCE, child.wait_with_output()).await.context("it does not end")??;
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).context("it printed what is not UTF-8");
        let status = done.status.code().context("a signal ended it")?;
        Ok(Done { status, output: text(done.stdout)?, errors: text(done.stderr)? })
    }

    async fn begin(&mut self, typed: &[&str]) -> Result<()> {
        ensure!(self.background.is_none(), "there is something in the background already");
        let (tool, arguments) = self.tool(typed)?;
        let mut command = tool.command(arguments);
        let child = command.current_dir(self.site.home()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        self.background = Some(child);
        // It prints what is there before it watches; nothing else tells that it has begun.
        sleep(Duration::from_secs(2)).await;
        Ok(())
    }

    /// Waits until the command in the background has printed what is expected, and ends it.
    async fn end(&mut self, entry: &Entry) -> Result<()> {
        let mut child = self.background.take().context("there is nothing in the background")?;
        let mut stdout = child.stdout.take().context("its output is read here")?;
        let deadline = Instant::now() + PATIENCE;
        let mut printed = Vec::new();
        let mut piece = [0; 4096];
        while String::from_utf8_lossy(&printed).matches('\n').count() < entry.output.len() {
            let read = timeout(deadline - Instant::now(), stdout.read(&mut piece)).await;
            let Ok(Ok(length @ 1..)) = read else { break };
            printed.extend_from_slice(&piece[..length]);
        }
        sleep(SETTLE).await;
        let id = child.id().context("it ended by itself")?;
        kill_process(Pid::from_raw(i32::try_from(id)?).context("no process")?, Signal::TERM)?;
        stdout.read_to_end(&mut printed).await?;
        child.wait().await?;
        compare("output", &entry.output, &String::from_utf8(printed)?, &self.site.variables)
    }

    /// The program that is meant, and its arguments.
    fn tool<'t>(&self, typed: &'t [&'t str]) -> Result<(Tool, &'t [&'t str])> {
        let (editor, typed) = match typed {
            [first, rest @ ..] if first.starts_with("EDITOR=") => (first.strip_prefix("EDITOR="), rest),
            typed => (None, typed),
        };
        let [name, arguments @ ..] = typed else { bail!("there is no command") };
        let program = self.programs.get(name).with_context(|| format!("nobody said where {name} is"))?;
        let tool = self.site.client(program.clone());
        Ok((editor.map_or(tool.clone(), |editor| tool.environment("EDITOR", editor)), arguments))
    }
}
